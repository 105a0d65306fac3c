from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from civic.client import api_client as module
from civic.client.api_client import Refused
from civic.client.citizen import Citizen, Receipt
from civic.terminal.failures import CommandFailed

RECEIPT = Receipt("5d3c6f0e-0000-4000-8000-000000000000", "token-of-the-citizen")


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_FIRST_PAUSE_SECONDS", 0.0)


def talk(answer: Callable[[httpx.Request], httpx.Response]) -> Citizen:
    return Citizen("http://api.test", local=True, transport=httpx.MockTransport(answer))


def answers(*responses: httpx.Response) -> tuple[Citizen, list[httpx.Request]]:
    left: Iterator[httpx.Response] = iter(responses)
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return next(left)

    return talk(answer), seen


def test_register_sends_the_idempotency_key_and_returns_the_receipt() -> None:
    citizen, seen = answers(httpx.Response(202, json={"id": "i", "access_token": "t"}))
    assert citizen.register({"username": "u"}, "key-of-at-least-16") == Receipt("i", "t")
    assert seen[0].headers["idempotency-key"] == "key-of-at-least-16"


def test_register_is_repeated_with_the_same_key_after_a_503() -> None:
    citizen, seen = answers(
        httpx.Response(503, json={"code": "temporarily_unavailable"}),
        httpx.Response(202, json={"id": "i", "access_token": "t"}),
    )
    citizen.register({}, "key-of-at-least-16")
    assert [request.headers["idempotency-key"] for request in seen] == ["key-of-at-least-16"] * 2


def test_a_conflict_that_asks_for_patience_is_repeated() -> None:
    citizen, seen = answers(
        httpx.Response(409, json={"code": "not_yet_stored"}, headers={"retry-after": "1"}),
        httpx.Response(200, json={"data": {}}),
    )
    assert citizen.data(RECEIPT) == {"data": {}}
    assert len(seen) == 2


@pytest.mark.parametrize(
    ("answer", "roll"),
    [
        (httpx.Response(200, json={"areas": ["N1"]}), {"areas": ["N1"]}),
        (httpx.Response(404, json={"code": "not_found"}), None),
    ],
)
def test_everything_is_the_data_and_the_entry_on_the_roll(
    answer: httpx.Response, roll: dict[str, Any] | None
) -> None:
    citizen, seen = answers(httpx.Response(200, json={"data": {}}), answer)
    assert citizen.everything(RECEIPT) == {"data": {}, "roll": roll}
    assert [request.url.path for request in seen] == [
        f"{RECEIPT.path}/data",
        f"{RECEIPT.path}/roll",
    ]


def test_everything_is_not_told_without_an_answer_of_the_roll() -> None:
    citizen, _ = answers(
        httpx.Response(200, json={"data": {}}), httpx.Response(403, json={"code": "forbidden"})
    )
    with pytest.raises(Refused):
        citizen.everything(RECEIPT)


def test_a_conflict_without_retry_after_is_final() -> None:
    citizen, seen = answers(httpx.Response(409, json={"code": "registration_erased"}))
    with pytest.raises(Refused, match="registration_erased"):
        citizen.register({}, "key-of-at-least-16")
    assert len(seen) == 1


def test_a_refusal_names_code_and_fields() -> None:
    problem = {"code": "invalid_fields", "errors": [{"code": "missing", "pointer": "/username"}]}
    citizen, _ = answers(httpx.Response(422, json=problem))
    with pytest.raises(Refused) as refused:
        citizen.register({}, "key-of-at-least-16")
    assert str(refused.value) == "422 invalid_fields (missing at /username)"


def test_a_refusal_names_a_forbidden_character() -> None:
    error = {"code": "forbidden_character", "pointer": "/full_name", "character": "U+200B"}
    problem = {"code": "invalid_fields", "errors": [error]}
    citizen, _ = answers(httpx.Response(422, json=problem))
    with pytest.raises(Refused, match=r"forbidden_character \(U\+200B\) at /full_name"):
        citizen.register({}, "key-of-at-least-16")


def test_a_refusal_says_what_the_problem_is_called() -> None:
    problem = {"code": "nothing_to_review", "title": "There is no decision yet"}
    citizen, _ = answers(httpx.Response(409, json=problem))
    with pytest.raises(Refused) as refused:
        citizen.dispute(RECEIPT)
    assert str(refused.value) == "409 nothing_to_review: There is no decision yet"
    assert (refused.value.status, refused.value.code) == (409, "nothing_to_review")


def test_an_answer_that_is_not_json_is_a_refusal() -> None:
    citizen, _ = answers(httpx.Response(200, text="<html>"))
    with pytest.raises(Refused, match="unreadable_answer"):
        citizen.status(RECEIPT)


def test_a_silent_api_ends_in_one_clear_error() -> None:
    def silent(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    with pytest.raises(CommandFailed, match="does not answer"):
        talk(silent).status(RECEIPT)


def test_requests_on_an_id_carry_the_token() -> None:
    citizen, seen = answers(httpx.Response(202, json={"status": "erasing"}))
    citizen.erase(RECEIPT)
    assert seen[0].headers["authorization"] == "Bearer token-of-the-citizen"


def test_a_receipt_does_not_show_its_token() -> None:
    assert "token-of-the-citizen" not in repr(RECEIPT)


@pytest.mark.parametrize(
    ("ask", "method", "part"),
    [
        (Citizen.status, "GET", ""),
        (Citizen.data, "GET", "/data"),
        (Citizen.erase, "DELETE", ""),
        (Citizen.withdraw, "DELETE", "/consent"),
        (Citizen.erasure, "GET", "/erasure"),
        (Citizen.restrict, "PUT", "/restriction"),
        (Citizen.lift, "DELETE", "/restriction"),
        (Citizen.object, "PUT", "/objection"),
        (Citizen.dispute, "POST", "/review"),
        (Citizen.explanation, "GET", "/explanation"),
        (Citizen.requests, "GET", "/requests"),
    ],
)
def test_each_right_is_asked_for_with_the_token_at_its_place(
    ask: Callable[[Citizen, Receipt], dict[str, Any]], method: str, part: str
) -> None:
    citizen, seen = answers(httpx.Response(200, json={"answer": 1}))
    assert ask(citizen, RECEIPT) == {"answer": 1}
    assert (seen[0].method, seen[0].url.path) == (method, f"/registrations/{RECEIPT.id}{part}")
    assert seen[0].headers["authorization"] == "Bearer token-of-the-citizen"


def test_the_notice_is_for_everybody() -> None:
    citizen, seen = answers(httpx.Response(200, json={"controller": "the office"}))
    assert citizen.notice() == {"controller": "the office"}
    assert "authorization" not in seen[0].headers


def test_data_as_csv_is_asked_for_and_returned_as_it_is() -> None:
    citizen, seen = answers(httpx.Response(200, text="pointer,value\r\n/username,Ada\r\n"))
    assert citizen.data_as_csv(RECEIPT) == "pointer,value\r\n/username,Ada\r\n"
    assert (seen[0].url.path, seen[0].headers["accept"]) == (RECEIPT.path + "/data", "text/csv")


def test_data_as_csv_that_is_refused_is_a_refusal() -> None:
    citizen, _ = answers(httpx.Response(404, json={"code": "not_found"}))
    with pytest.raises(Refused, match="not_found"):
        citizen.data_as_csv(RECEIPT)


def test_an_id_stays_one_part_of_the_path() -> None:
    citizen, seen = answers(httpx.Response(404, json={"code": "not_found"}))
    with pytest.raises(Refused):
        citizen.status(Receipt("../../reviews?x=", "t"))
    assert seen[0].url.raw_path == b"/registrations/..%2F..%2Freviews%3Fx%3D"
