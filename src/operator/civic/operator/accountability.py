"""What an operator needs for accountability: erasures, what is overdue, stores that disagree."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from civic.contracts.identifiers import RegistrationId
from civic.identity.adapters.erasure_ledger_dynamodb import DynamoDbErasureLedger
from civic.identity.adapters.request_log_dynamodb import DynamoDbRequestLog
from civic.identity.model.erasure import ErasureRecord, ErasureStore
from civic.identity.model.requests import SubjectRequest
from civic.identity.model.rows import Malformed
from civic.identity.model.sweeping import Walk
from civic.operator.operations import invoke
from civic.stack.target import Target

_PAGE = 500


@dataclass(frozen=True, slots=True)
class ReplayedPage:
    """One page of a replay: how many erasures it published again, and where to continue."""

    replayed: int
    cursor: str | None


def ledger_entries(target: Target) -> Iterator[ErasureRecord]:
    """Return every entry of the erasure ledger, in no particular order."""
    ledger = DynamoDbErasureLedger(target.dynamodb, target.output("ErasureLedgerName"))
    cursor = None
    while True:
        page, cursor = ledger.page(cursor, _PAGE)
        yield from page
        if cursor is None:
            return


def missing_stores(record: ErasureRecord) -> list[ErasureStore]:
    """Return the stores that have not confirmed an erasure."""
    return [store for store in ErasureStore if store not in record.confirmed]


def count_erasures(target: Target) -> int:
    """Return about how many entries the ledger has, for a progress bar."""
    table = target.output("ErasureLedgerName")
    return int(target.dynamodb.describe_table(TableName=table)["Table"].get("ItemCount", 0))


def replay_erasures(target: Target, cursor: str | None, page_size: int) -> Iterator[ReplayedPage]:
    """Publish every erasure of the ledger again, page by page; repeating it does no harm.

    Args:
        target: The stack.
        cursor: Where an earlier replay was interrupted; None to start.
        page_size: How many entries a page has, 1 to 1000.
    """
    while True:
        command = {"action": "replay", "cursor": cursor, "page_size": page_size}
        page = invoke(target, "AccountabilityFunctionName", command)
        cursor = page["cursor"]
        yield ReplayedPage(page["replayed"], cursor)
        if cursor is None:
            return


def run_deadlines(target: Target) -> dict[str, int]:
    """Run the daily job now; return how many were overdue, ended, and could not be read."""
    done = invoke(target, "DeadlinesFunctionName", {})
    return {name: int(done[name]) for name in ("overdue", "ended", "unreadable")}


def reconcile(target: Target) -> Iterator[dict[str, int]]:
    """Compare all stores from the beginning, page by page, and have mended what is wrong.

    Yields:
        What each page found: how often, by the name of the metric that counts it.
    """
    left, start = [walk.value for walk in Walk], True
    while left:
        command = {"walks": left, "from_the_start": start}
        swept = invoke(target, "ReconcilerFunctionName", command)
        left, start = [walk for walk in left if walk not in swept["ended"]], False
        yield swept["found"]


def search_pairs(target: Target) -> Iterator[int]:
    """Look through everybody for registrations that may be of one person, step by step.

    Yields:
        How many pairs were found that nobody knew of.
    """
    ended, command = False, {"from_the_start": True}
    while not ended:
        done = invoke(target, "MatcherFunctionName", command)
        ended, command = done["ended"], {}
        yield int(done["found"])


def overdue_requests(
    target: Target, now: datetime
) -> tuple[list[SubjectRequest], list[RegistrationId]]:
    """Return the overdue requests, the longest overdue first, and whose cannot be read."""
    log = DynamoDbRequestLog(target.dynamodb, target.output("RequestLogName"))
    found = list(log.overdue(now))
    requests = [one for one in found if not isinstance(one, Malformed)]
    unreadable = [one.id for one in found if isinstance(one, Malformed)]
    return sorted(requests, key=lambda request: request.due_at), unreadable


def is_cursor(text: str) -> bool:
    """Return whether a text has the form of a replay's cursor: a key of the ledger, as JSON."""
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False
