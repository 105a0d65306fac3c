"""One citizen's life: register, decide, see, correct, export, erase; and what is left of it."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from civic.cli.citizen import Citizen, Receipt, Refused
from civic.cli.demo import copies
from civic.cli.demo.break_in import BreakIn, Copy
from civic.cli.demo.figures import decision_milliseconds
from civic.cli.failures import CommandFailed
from civic.cli.operations import queue_depths
from civic.cli.target import Target

_PATIENCE_SECONDS = 60.0
_PAUSE_SECONDS = 0.1
_NOT_FOUND = 404


@dataclass(slots=True)
class Life:
    """What happened, as lines to read, and the checks that must hold."""

    decision_ms: float | None = None
    lines: list[tuple[str, str]] = field(default_factory=list)
    checks: dict[str, bool] = field(default_factory=dict)

    def tell(self, step: str, outcome: str) -> None:
        """Add a line."""
        self.lines.append((step, outcome))

    def check(self, fact: str, holds: bool) -> None:  # noqa: FBT001 - a fact and its truth
        """Add a fact that must hold, and a line for it."""
        self.checks[fact] = holds
        self.tell(fact, "yes" if holds else "NO")

    @property
    def unreadable_copies(self) -> int:
        """How many copies resisted the break-in after the erasure."""
        return sum(ok for fact, ok in self.checks.items() if fact.startswith("unreadable: "))


def live(target: Target, citizen: Citizen, payload: dict[str, Any], key: str) -> Life:
    """Walk through the life of one citizen.

    Args:
        target: The stack, with an administrator's rights for looking behind the API.
        citizen: The API.
        payload: The person, in the API's form.
        key: A fresh Idempotency-Key.
    """
    life = Life()
    with copies.event_archive(target) as archive:
        receipt = _register_and_correct(life, citizen, payload, key)
        _export(life, citizen, receipt)
        row, events = copies.vault_item(target, receipt), archive.requests_of(receipt)
    if row is None or not events:
        raise CommandFailed("the record or its event was not found; nothing to show")
    kept = [copies.copy_of_item(row), copies.copy_of_event(events[-1])]
    burglar = BreakIn(target)
    for copy in kept:
        life.check(f"before the erasure a break-in opens the {copy.where}", burglar.opens(copy))
    _erase(life, target, citizen, receipt)
    _try_to_bring_back(life, target, citizen, receipt, _Kept(row, events))
    _attack(life, burglar, kept)
    return life


def _register_and_correct(
    life: Life, citizen: Citizen, payload: dict[str, Any], key: str
) -> Receipt:
    receipt = citizen.register(payload, key)
    life.tell("register", "202, an id and an access token")
    life.tell("status right away", citizen.status(receipt)["status"])
    again = citizen.register(payload, key)
    life.check("the same Idempotency-Key gives the same registration", again == receipt)
    decided = await_decision(citizen, receipt, revision=1)
    life.decision_ms = decision_milliseconds(decided)
    life.tell("decision", f"{decided['decision']}, after {life.decision_ms:.0f} ms")
    shown = citizen.data(receipt)
    life.check("what is shown is what was submitted", _same(shown["data"], payload))
    corrected = payload | {"username": payload["username"] + "-2"}
    citizen.rectify(receipt, corrected)
    decided = await_decision(citizen, receipt, revision=2)
    life.tell("correct the username: decided again", decided["decision"])
    await_that(
        "the correction is stored",
        lambda: citizen.data(receipt)["revision"] == decided["revision"],
    )
    shown = citizen.data(receipt)["data"]
    life.check("what is shown is the correction", holds=_same(shown, corrected))
    return receipt


def _export(life: Life, citizen: Citizen, receipt: Receipt) -> None:
    document = citizen.data(receipt)
    life.tell("export", f"{len(document['data'])} fields, {len(document['purposes'])} purposes")
    life.check("the export is machine-readable", json.loads(json.dumps(document)) == document)


def _erase(life: Life, target: Target, citizen: Citizen, receipt: Receipt) -> None:
    citizen.erase(receipt)
    life.tell("erase", "202")
    life.check("status is not found", _refused(lambda: citizen.status(receipt)))
    await_that(
        "the erasure reached the high-security store",
        lambda: (
            _is_tombstone(copies.vault_item(target, receipt))
            and copies.subject_keys(target, receipt) == 0
        ),
    )
    life.check("data is not found", _refused(lambda: citizen.data(receipt)))
    life.check("the high-security row is gone", _is_tombstone(copies.vault_item(target, receipt)))
    life.check("the decision is gone", _is_tombstone(copies.decision_item(target, receipt)))
    life.check("no subject key is left", copies.subject_keys(target, receipt) == 0)


@dataclass(frozen=True, slots=True)
class _Kept:
    """What was copied before the erasure."""

    row: copies.Item
    events: list[dict[str, Any]]


def _try_to_bring_back(
    life: Life, target: Target, citizen: Citizen, receipt: Receipt, kept: _Kept
) -> None:
    """Replay the archive and restore the backup, then look whether anything came back."""
    grave = copies.vault_item(target, receipt)
    for envelope in kept.events:
        copies.replay(target, envelope)
    await_that("the replayed events are handled", lambda: _queues_are_empty(target))
    life.check(
        "replaying the archive brings nothing back",
        _is_tombstone(copies.vault_item(target, receipt))
        and copies.subject_keys(target, receipt) == 0
        and _refused(lambda: citizen.status(receipt)),
    )
    copies.restore_vault_item(target, kept.row)
    life.check("restoring the backup brings nothing back", _refused(lambda: citizen.data(receipt)))
    if grave is not None:
        copies.restore_vault_item(target, grave)


def _attack(life: Life, burglar: BreakIn, kept: list[Copy]) -> None:
    for copy in kept:
        life.check(f"unreadable: the {copy.where}", not burglar.opens(copy))


def await_decision(citizen: Citizen, receipt: Receipt, revision: int) -> dict[str, Any]:
    """Return the status once a revision is decided."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        status = citizen.status(receipt)
        if status["status"] == "fulfilled" and status["revision"] >= revision:
            return status
        if time.monotonic() > deadline:
            raise CommandFailed(f"no decision in {_PATIENCE_SECONDS:.0f} s; see `civic dlq list`")
        time.sleep(_PAUSE_SECONDS)


def await_that(fact: str, holds: Callable[[], bool]) -> None:
    """Wait until something holds.

    Raises:
        CommandFailed: It does not within a minute.
    """
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not holds():
        if time.monotonic() > deadline:
            raise CommandFailed(f"not within {_PATIENCE_SECONDS:.0f} s: {fact}")
        time.sleep(_PAUSE_SECONDS)


def _queues_are_empty(target: Target) -> bool:
    return all(depth.waiting + depth.in_flight == 0 for depth in queue_depths(target))


def _is_tombstone(item: copies.Item | None) -> bool:
    return item is not None and "erased_at" in item and not item.keys() - _TOMBSTONE


_TOMBSTONE = {"id", "erased_at", "ttl", "access_digest"}


def _refused(call: Callable[[], object]) -> bool:
    try:
        call()
    except Refused as refusal:
        return refusal.status == _NOT_FOUND
    return False


def _same(shown: dict[str, Any], submitted: dict[str, Any]) -> bool:
    return all(shown.get(name) == value for name, value in submitted.items() if value is not None)
