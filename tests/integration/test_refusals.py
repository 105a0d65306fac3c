"""What the API refuses, and how little its refusals reveal."""

import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest

from civic.client.citizen import Citizen, Receipt
from tests.integration.people import idempotency_key, person
from tests.integration.waiting import decided

CANARY = "zzcanary7fQ"
NOBODY = "A" * 43
REQUESTS = {
    "status": ("GET", ""),
    "data": ("GET", "/data"),
    "rectification": ("PUT", ""),
    "erasure": ("DELETE", ""),
}


@pytest.fixture(scope="module")
def living(citizen: Citizen) -> Receipt:
    receipt = citizen.register(person(), idempotency_key())
    decided(citizen, receipt)
    citizen.data(receipt)
    return receipt


@pytest.fixture(scope="module")
def erased(citizen: Citizen) -> Receipt:
    receipt = citizen.register(person(), idempotency_key())
    decided(citizen, receipt)
    citizen.data(receipt)
    citizen.erase(receipt)
    return receipt


def ask(api: httpx.Client, request: str, registration: str, token: str | None) -> httpx.Response:
    method, part = REQUESTS[request]
    headers = {"authorization": f"Bearer {token}"} if token else {}
    body = person() if method == "PUT" else None
    return api.request(method, f"/registrations/{registration}{part}", json=body, headers=headers)


def said(answer: httpx.Response) -> tuple[int, dict[str, str], dict[str, Any]]:
    """Return the content of an answer, without what is new in every answer."""
    body = answer.json()
    assert len(body.pop("trace_id")) == 32
    changing = {"date", "x-amzn-requestid", "x-amz-request-id", "x-amz-id-2", "apigw-requestid"}
    return (
        answer.status_code,
        {name: value for name, value in answer.headers.items() if name not in changing},
        body,
    )


@pytest.mark.parametrize("request_name", REQUESTS)
def test_wrong_token_unknown_and_erased_answer_alike(
    api: httpx.Client, living: Receipt, erased: Receipt, request_name: str
) -> None:
    # An erasure may be repeated with its own token; other tokens must not reveal that.
    of_the_erased = NOBODY if request_name == "erasure" else erased.access_token
    wrong_token = said(ask(api, request_name, living.id, NOBODY))
    assert wrong_token[0] == 404
    assert wrong_token == said(ask(api, request_name, str(uuid4()), NOBODY))
    assert wrong_token == said(ask(api, request_name, erased.id, of_the_erased))
    assert wrong_token == said(ask(api, request_name, CANARY, NOBODY))


@pytest.mark.parametrize("request_name", REQUESTS)
@pytest.mark.parametrize("header", [None, "Basic abc", "Bearer", "bearer"])
def test_request_without_a_token_is_401(
    api: httpx.Client, living: Receipt, request_name: str, header: str | None
) -> None:
    method, part = REQUESTS[request_name]
    answer = api.request(
        method,
        f"/registrations/{living.id}{part}",
        json=person() if method == "PUT" else None,
        headers={"authorization": header} if header else {},
    )
    assert (answer.status_code, answer.json()["code"]) == (401, "token_required")
    assert answer.headers["www-authenticate"] == "Bearer"


def test_token_of_another_registration_opens_nothing(
    api: httpx.Client, citizen: Citizen, living: Receipt
) -> None:
    other = citizen.register(person(), idempotency_key())
    assert ask(api, "status", living.id, other.access_token).status_code == 404
    assert ask(api, "data", living.id, other.access_token).status_code == 404


def with_canary(**changes: Any) -> bytes:
    return json.dumps(person(full_name=CANARY) | changes).encode()


def address(**changes: Any) -> dict[str, Any]:
    return {**person()["address"], **changes}


DEEP = b'{"full_name":' + b"[" * 9 + f'"{CANARY}"'.encode() + b"]" * 9 + b"}"
BODIES: dict[str, tuple[int, str, bytes]] = {
    "too_large": (413, "body_too_large", with_canary(username=CANARY * 6000)),
    "not_json": (400, "malformed_json", f'{{"full_name": "{CANARY}'.encode()),
    "nan": (400, "malformed_json", f'{{"full_name": "{CANARY}", "x": NaN}}'.encode()),
    "empty": (400, "malformed_json", b""),
    # The engine gives the function U+FFFD for bytes that are not UTF-8, hence this code.
    "not_utf8": (400, "malformed_json", with_canary() + b"\xff\xfe"),
    "duplicate_key": (
        400,
        "duplicate_key",
        f'{{"full_name": "{CANARY}", "full_name": "{CANARY}"}}'.encode(),
    ),
    "too_deep": (400, "too_deep", DEEP),
    "array": (422, "invalid_fields", f'["{CANARY}"]'.encode()),
    "unknown_field": (422, "invalid_fields", with_canary(**{CANARY: CANARY})),
    "wrong_type": (422, "invalid_fields", with_canary(date_of_birth=0, username=[CANARY])),
    "not_a_date": (422, "invalid_fields", with_canary(date_of_birth=CANARY)),
    "too_long": (422, "invalid_fields", with_canary(username=CANARY * 20)),
    "blank": (422, "invalid_fields", with_canary(username="  ")),
    "control": (422, "invalid_fields", with_canary(username=f"{CANARY}\x07")),
    "bidi": (422, "invalid_fields", with_canary(username=f"{CANARY}\u202e{CANARY}")),
    "country": (422, "invalid_fields", with_canary(address=address(country=CANARY))),
    "yes": (422, "invalid_fields", with_canary(citizenship_attestation=CANARY)),
    "missing": (422, "invalid_fields", json.dumps({"full_name": CANARY}).encode()),
}
JSON = {"content-type": "application/json"}


@pytest.fixture(params=["register", "rectify"])
def send(
    request: pytest.FixtureRequest, api: httpx.Client, living: Receipt
) -> Callable[[bytes, dict[str, str]], httpx.Response]:
    def register(body: bytes, headers: dict[str, str]) -> httpx.Response:
        return api.post("/registrations", content=body, headers=headers)

    def rectify(body: bytes, headers: dict[str, str]) -> httpx.Response:
        token = {"authorization": f"Bearer {living.access_token}"}
        return api.put(f"/registrations/{living.id}", content=body, headers=headers | token)

    return register if request.param == "register" else rectify


@pytest.mark.parametrize("body", BODIES)
def test_bad_body_is_named_and_never_repeated(
    send: Callable[[bytes, dict[str, str]], httpx.Response], body: str
) -> None:
    status, code, content = BODIES[body]
    answer = send(content, JSON)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert CANARY not in answer.text
    assert CANARY not in str(answer.headers)


@pytest.mark.parametrize("kind", ["text/plain", f"application/{CANARY}", "application/jsonx", ""])
def test_body_of_another_type_is_415(
    send: Callable[[bytes, dict[str, str]], httpx.Response], kind: str
) -> None:
    answer = send(with_canary(), {"content-type": kind})
    assert (answer.status_code, answer.json()["code"]) == (415, "not_json")
    assert CANARY not in answer.text


def test_wrong_fields_are_each_named_by_code_and_pointer(api: httpx.Client) -> None:
    body = with_canary(
        date_of_birth="1984-02-30", address=address(lines=[CANARY, " "]), **{CANARY: 1}
    )
    answer = api.post("/registrations", content=body, headers=JSON)
    named = [(error["code"], error["pointer"]) for error in answer.json()["errors"]]
    assert sorted(named) == [
        ("blank", "/address/lines/1"),
        ("not_a_date", "/date_of_birth"),
        ("unknown_field", ""),
    ]


def test_refused_body_leaves_the_registration_as_it_was(
    citizen: Citizen, api: httpx.Client, living: Receipt
) -> None:
    before = citizen.status(living)
    for _, _, content in BODIES.values():
        token = {"authorization": f"Bearer {living.access_token}"}
        api.put(f"/registrations/{living.id}", content=content, headers=JSON | token)
    assert citizen.status(living) == before


def test_method_that_a_path_does_not_have_is_405_and_told_those_that_it_has(
    api: httpx.Client,
) -> None:
    for method, path, allowed in (
        ("GET", "/registrations", "POST"),
        ("PATCH", f"/registrations/{CANARY}", "DELETE, GET, PUT"),
        ("POST", f"/registrations/{CANARY}/objection", "PUT"),
    ):
        answer = api.request(method, path)
        assert (answer.status_code, answer.headers["allow"]) == (405, allowed)
        assert CANARY not in answer.text


def test_unknown_route_is_404(api: httpx.Client) -> None:
    assert api.get(f"/{CANARY}").status_code == 404
    assert CANARY not in api.get(f"/{CANARY}").text
