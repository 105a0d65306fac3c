from collections.abc import Callable, Iterator

import httpx
import pytest

from civic.cli import citizen as module
from civic.cli.citizen import Citizen, Receipt, Refused
from civic.cli.failures import CommandFailed

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
