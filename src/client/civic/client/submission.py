"""Concurrent registration of many people, a bounded number at a time."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any

from civic.client.api_client import Refused
from civic.client.citizen import Citizen, Receipt
from civic.client.journal import Journal

_IN_FLIGHT_PER_WORKER = 4


@dataclass(frozen=True, slots=True)
class Submitted:
    """One person's outcome: a receipt, or the refusal's code and fields."""

    number: int
    receipt: Receipt | None
    refusal: str | None = None
    known_before: bool = False


def submit_all(
    citizen: Citizen, journal: Journal, payloads: Iterable[dict[str, Any]], workers: int
) -> Iterator[Submitted]:
    """Register everyone, and yield outcomes as they become known, numbered from 1 in input order.

    People who are already in the journal are not sent again.
    """

    def submit(numbered: tuple[int, dict[str, Any]]) -> Submitted:
        number, payload = numbered
        key = journal.key_for(payload)
        known = journal.receipt_for(key)
        if known is not None:
            return Submitted(number, known, known_before=True)
        try:
            receipt = citizen.register(payload, key)
        except Refused as refusal:
            return Submitted(number, None, str(refusal))
        journal.add(key, receipt)
        return Submitted(number, receipt)

    return in_parallel(submit, enumerate(payloads, start=1), workers)


def in_parallel[T, R](work: Callable[[T], R], items: Iterable[T], workers: int) -> Iterator[R]:
    """Apply ``work`` in threads, reading no further ahead than a few items per worker.

    When the caller stops reading, for instance on Ctrl-C, the work under way is finished and
    nothing new is started.
    """
    with ThreadPoolExecutor(workers) as pool:
        pending: set[Future[R]] = set()
        try:
            for item in items:
                pending.add(pool.submit(work, item))
                if len(pending) >= workers * _IN_FLIGHT_PER_WORKER:
                    done, pending = wait(pending, return_when=FIRST_COMPLETED)
                    yield from (future.result() for future in done)
            while pending:
                done, pending = wait(pending, return_when=FIRST_COMPLETED)
                yield from (future.result() for future in done)
        finally:
            for future in pending:
                future.cancel()
