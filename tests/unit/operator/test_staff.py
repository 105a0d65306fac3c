"""The staff API's client: requests are signed and sent once, and refusals are explained."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from civic.operator.staff import Staff, StaffRefused, judgement
from civic.stack.target import LOCAL_STACK, Target
from civic.terminal.failures import CommandFailed

CASE = "5d3c6f0e-0000-4000-8000-000000000000"
URL = "http://127.0.0.1:4566/_aws/execute-api/staff-id"


def target() -> Target:
    local = Target(LOCAL_STACK, region="eu-west-1", endpoint="http://127.0.0.1:4566")
    vars(local)["outputs"] = {"ReviewApiId": "staff-id"}
    return local


def staff(*responses: httpx.Response) -> tuple[Staff, list[httpx.Request]]:
    left = iter(responses)
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return next(left)

    return Staff(target(), transport=httpx.MockTransport(answer)), seen


def refusal(status: int, code: str | None) -> str:
    body = {"code": code} if code else {"message": "Forbidden"}
    client, _ = staff(httpx.Response(status, json=body))
    with pytest.raises(StaffRefused) as refused:
        client.show(CASE)
    assert (refused.value.status, refused.value.code) == (status, code or "refused")
    return str(refused.value)


ASK: dict[str, Callable[[Staff], object]] = {
    "list": Staff.cases,
    "show": lambda client: client.show(CASE),
    "decide": lambda client: client.decide(CASE, 1, judgement("accepted")),
}


@pytest.mark.parametrize("name", ASK)
def test_every_request_is_signed_for_the_api(name: str) -> None:
    client, seen = staff(httpx.Response(200, json={"cases": []}))
    ASK[name](client)
    signature = seen[0].headers["authorization"]
    assert signature.startswith("AWS4-HMAC-SHA256 Credential=test/")
    assert "/eu-west-1/execute-api/aws4_request" in signature
    assert "host" in signature
    assert seen[0].headers["x-amz-date"]


def test_decide_sends_the_revision_that_was_looked_at() -> None:
    client, seen = staff(httpx.Response(200, json={"outcome": "decided"}))
    client.decide(CASE, 3, judgement("rejected"))
    assert (seen[0].method, str(seen[0].url)) == ("POST", f"{URL}/reviews/{CASE}")
    assert json.loads(seen[0].content) == {"revision": 3, "decision": "rejected"}
    assert "content-type" in seen[0].headers["authorization"]


def test_list_returns_the_cases() -> None:
    client, seen = staff(httpx.Response(200, json={"cases": [{"id": CASE}]}))
    assert client.cases() == [{"id": CASE}]
    assert str(seen[0].url) == f"{URL}/reviews"


@pytest.mark.parametrize(
    ("status", "code", "hint"),
    [
        (403, None, "these AWS credentials may not"),
        (403, "not_staff", "these AWS credentials may not"),
        (404, "not_found", "civic review list"),
        (409, "restricted", "restricted the processing"),
        (409, "review_outdated", "look at it again"),
        (409, "not_yet_stored", "try again"),
        (429, None, "try again"),
        (503, "temporarily_unavailable", "try again"),
        (500, "internal_error", "refused"),
    ],
)
def test_a_refusal_says_what_to_do(status: int, code: str | None, hint: str) -> None:
    assert hint in refusal(status, code)


def test_proposal_about_nobody_says_that_there_is_no_registration() -> None:
    client, seen = staff(httpx.Response(404, json={"code": "not_found"}))
    proposed = judgement("rejected", reason="died")
    with pytest.raises(StaffRefused, match="no such registration"):
        client.propose(CASE, proposed)
    assert (seen[0].method, json.loads(seen[0].content)) == ("PUT", proposed)


def test_a_refusal_is_not_sent_again() -> None:
    client, seen = staff(httpx.Response(503, json={"code": "temporarily_unavailable"}))
    with pytest.raises(StaffRefused):
        client.show(CASE)
    assert len(seen) == 1


def test_an_answer_that_is_not_json_is_a_refusal() -> None:
    client, _ = staff(httpx.Response(502, text="<html>"))
    with pytest.raises(StaffRefused, match="502"):
        client.cases()


@pytest.mark.parametrize("id_", ["nonsense", "", "../reviews", CASE + "/x"])
def test_what_is_no_id_is_not_sent(id_: str) -> None:
    client, seen = staff()
    with pytest.raises(StaffRefused, match="404"):
        client.show(id_)
    assert seen == []


def test_a_silent_api_ends_in_one_clear_error() -> None:
    def silent(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    with pytest.raises(CommandFailed, match="does not answer"):
        Staff(target(), transport=httpx.MockTransport(silent)).cases()


def test_without_credentials_it_is_botocores_own_error() -> None:
    from botocore.exceptions import NoCredentialsError  # noqa: PLC0415

    class Nobody:
        region_name = "eu-west-1"

        def get_credentials(self) -> None:
            return None

    nobody: Any = target()
    vars(nobody)["session"] = Nobody()
    with pytest.raises(NoCredentialsError):
        Staff(nobody, transport=httpx.MockTransport(lambda _: httpx.Response(200))).cases()


def test_url_of_reviews_on_aws_is_the_stacks_output() -> None:
    on_aws = Target("civic-prod", region="eu-west-1")
    vars(on_aws)["outputs"] = {"ReviewApiUrl": "https://staff.example/"}
    assert on_aws.review_api_url == "https://staff.example"
