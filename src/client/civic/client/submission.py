"""Registering and correcting many people at the same time, a bounded number of them at once."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

from civic.client.api_client import Refused
from civic.client.citizen import Citizen, Receipt
from civic.client.journal import Journal
from civic.client.loading import Step, step_of
from civic.client.people_reader import PersonRow

_IN_FLIGHT_PER_WORKER = 4


@dataclass(frozen=True, slots=True)
class Submitted:
    """What became of one row: a receipt and what was done, or the API's refusal."""

    number: int
    step: Step
    receipt: Receipt | None = None
    refusal: Refused | None = None


def submit_all(
    citizen: Citizen, journal: Journal, rows: Iterable[PersonRow], workers: int
) -> Iterator[Submitted]:
    """Register who is new, correct who changed, and yield what became of each as it is known.

    For those who are in the journal as their row says, nothing is sent.
    """

    def submit(row: PersonRow) -> Submitted:
        marks = journal.marks_of(row)
        entry = journal.entry_of(marks)
        step = step_of(entry, marks)
        try:
            if entry is None:
                receipt = citizen.register(row.payload, journal.idempotency_key(row, marks))
            else:
                receipt = entry.receipt
                if step is Step.CHANGED:
                    citizen.rectify(receipt, row.payload)
        except Refused as refusal:
            return Submitted(row.number, step, refusal=refusal)
        journal.add(marks, receipt)
        return Submitted(row.number, step, receipt)

    return in_parallel(submit, rows, workers)


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
