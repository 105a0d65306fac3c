import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from civic.client.citizen import Citizen
from civic.client.journal import Journal
from civic.client.submission import in_parallel, submit_all


def api(seen: list[str], refuse: str | None = None) -> Citizen:
    def answer(request: httpx.Request) -> httpx.Response:
        key = request.headers["idempotency-key"]
        if refuse and refuse.encode() in request.content:
            return httpx.Response(422, json={"code": "invalid_fields"})
        seen.append(key)
        return httpx.Response(202, json={"id": f"id-{key[:8]}", "access_token": "t"})

    return Citizen("http://api.test", local=True, transport=httpx.MockTransport(answer))


def people(count: int) -> list[dict[str, Any]]:
    return [{"username": f"person-{number}"} for number in range(count)]


def test_everyone_is_registered_once(tmp_path: Path) -> None:
    seen: list[str] = []
    outcomes = list(submit_all(api(seen), Journal(tmp_path / "j"), people(50), workers=4))
    assert sorted(outcome.number for outcome in outcomes) == list(range(1, 51))
    assert len(set(seen)) == len(seen) == 50


def test_second_run_sends_nobody_again(tmp_path: Path) -> None:
    seen: list[str] = []
    list(submit_all(api(seen), Journal(tmp_path / "j"), people(10), workers=4))
    outcomes = list(submit_all(api(seen), Journal(tmp_path / "j"), people(10), workers=4))
    assert len(seen) == 10
    assert all(outcome.known_before for outcome in outcomes)


def test_refused_person_does_not_stop_the_others(tmp_path: Path) -> None:
    citizen = api([], refuse="person-3")
    outcomes = list(submit_all(citizen, Journal(tmp_path / "j"), people(6), workers=2))
    refused = [outcome for outcome in outcomes if outcome.receipt is None]
    assert [(outcome.number, outcome.refusal) for outcome in refused] == [(4, "422 invalid_fields")]


def test_in_parallel_reads_only_a_little_ahead() -> None:
    taken = 0
    gate = threading.Event()

    def items() -> Iterator[int]:
        nonlocal taken
        for number in range(1000):
            taken += 1
            yield number

    def work(number: int) -> int:
        gate.wait(5)
        return number

    results = in_parallel(work, items(), workers=2)
    threading.Timer(0.05, gate.set).start()
    next(results)
    assert taken <= 8
    assert len(list(results)) == 999
