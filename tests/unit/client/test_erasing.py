"""Following an erasure: until every store has confirmed, and not for ever."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from civic.client.citizen import Citizen, Receipt
from civic.client.erasing import await_erasure, missing_stores, receipt_file
from civic.terminal import waiting
from civic.terminal.waiting import TookTooLong, until

RECEIPT = Receipt("5d3c6f0e-0000-4000-8000-000000000000", "token")
ERASING = {
    "status": "erasing",
    "stores": [{"store": "decisions", "erased_at": "2027-03-01T09:30:00Z"}, {"store": "records"}],
}
ERASED = ERASING | {"status": "erased", "receipt": {"receipt": "{}", "signature": "c2ln"}}


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "_PAUSE_SECONDS", 0.0)


def citizen(*bodies: dict[str, Any]) -> Citizen:
    left: Iterator[dict[str, Any]] = iter(bodies)
    answer = httpx.MockTransport(lambda _: httpx.Response(200, json=next(left)))
    return Citizen("http://api.test", local=True, transport=answer)


def test_await_erasure_asks_until_it_is_complete() -> None:
    assert await_erasure(citizen(ERASING, ERASING, ERASED), RECEIPT, 60) == ERASED


def test_await_erasure_gives_up_in_time() -> None:
    with pytest.raises(TookTooLong, match="every store has confirmed"):
        await_erasure(citizen(ERASING), RECEIPT, -1)


def test_missing_stores_are_those_without_a_time() -> None:
    assert missing_stores(ERASING) == ["records"]


def test_there_is_no_receipt_file_while_the_erasure_goes_on() -> None:
    assert receipt_file(ERASING) is None


def test_receipt_file_is_the_receipt_as_the_api_gave_it() -> None:
    document = receipt_file(ERASED)
    assert document is not None
    assert httpx.Response(200, text=document).json() == ERASED["receipt"]


def test_until_returns_the_first_answer_that_is_true() -> None:
    left = iter([None, [], ["found"], ["later"]])
    assert until("something is found", lambda: next(left)) == ["found"]
