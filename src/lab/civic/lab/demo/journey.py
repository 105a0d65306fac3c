"""One citizen's life: register, decide, see, correct, export, erase, and what remains."""

import json
from dataclasses import dataclass
from typing import Any

from civic.client.citizen import Citizen, Receipt
from civic.client.erasing import await_erasure
from civic.lab.demo import copies, rights
from civic.lab.demo.break_in import BreakIn, Copy
from civic.lab.demo.figures import decision_milliseconds
from civic.lab.demo.life import Life, await_decision, await_stored, is_tombstone, refused
from civic.operator.operations import queue_depths
from civic.stack.stacks import IDENTITY
from civic.stack.target import Target
from civic.terminal.failures import CommandFailed
from civic.terminal.waiting import PATIENCE_SECONDS, until


def live(target: Target, citizen: Citizen, payload: dict[str, Any], key: str) -> Life:
    """Walk through the life of one citizen.

    Args:
        target: The system, with an administrator's rights for looking behind the API.
        citizen: The API.
        payload: The person, in the API's form.
        key: A fresh Idempotency-Key.
    """
    life = Life()
    with copies.event_archive(target) as archive:
        receipt, corrected = _register_and_correct(life, citizen, payload, key)
        rights.restrict_and_lift(life, citizen, receipt, corrected)
        rights.be_reviewed(life, target, citizen, receipt, corrected)
        rights.object_to_analytics(life, target, citizen, receipt)
        _export(life, citizen, receipt)
        row, events = copies.vault_item(target, receipt), archive.requests_of(receipt)
    if row is None or not events:
        raise CommandFailed("the record or its event was not found, so there is nothing to show")
    kept = [copies.copy_of_item(row), copies.copy_of_event(events[-1])]
    burglar = BreakIn(target)
    life.chapter("A break-in, with full rights and copies of everything")
    for copy in kept:
        life.check(f"before the erasure a break-in opens the {copy.where}", burglar.opens(copy))
    _erase(life, target, citizen, receipt)
    life.chapter("Trying to bring the citizen back")
    _try_to_bring_back(life, target, citizen, receipt, _Kept(row, events))
    _attack(life, burglar, kept)
    life.requests = citizen.requests(receipt)["requests"]
    return life


def _register_and_correct(
    life: Life, citizen: Citizen, payload: dict[str, Any], key: str
) -> tuple[Receipt, dict[str, Any]]:
    """Return the registration's receipt, and its data after the correction."""
    life.chapter("Register, see, correct (GDPR Art. 15, 16)")
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
    shown = await_stored(citizen, receipt, decided["revision"])
    life.check("what is shown is the correction", _same(shown["data"], corrected))
    return receipt, corrected


def _export(life: Life, citizen: Citizen, receipt: Receipt) -> None:
    life.chapter("Export (GDPR Art. 20)")
    document = citizen.data(receipt)
    life.tell("export", f"{len(document['data'])} fields, {len(document['purposes'])} purposes")
    life.check("the export is machine-readable", json.loads(json.dumps(document)) == document)


def _erase(life: Life, target: Target, citizen: Citizen, receipt: Receipt) -> None:
    life.chapter("Erasure (GDPR Art. 17)")
    citizen.erase(receipt)
    life.tell("erase", "202")
    life.check("status is not found", refused(lambda: citizen.status(receipt)))
    life.check("data is not found", refused(lambda: citizen.data(receipt)))
    status = await_erasure(citizen, receipt, PATIENCE_SECONDS)
    life.check("the high-security row is gone", is_tombstone(copies.vault_item(target, receipt)))
    life.check("the decision is gone", is_tombstone(copies.decision_item(target, receipt)))
    life.check("no subject key is left", copies.subject_keys(target, receipt) == 0)
    rights.keep_receipt(life, citizen, receipt, status)


@dataclass(frozen=True, slots=True)
class _Kept:
    """What an attacker copied before the erasure."""

    row: copies.Item
    events: list[dict[str, Any]]


def _try_to_bring_back(
    life: Life, target: Target, citizen: Citizen, receipt: Receipt, kept: _Kept
) -> None:
    """Replay the archive and restore the backup, and check that nothing came back."""
    grave = copies.vault_item(target, receipt)
    for envelope in kept.events:
        copies.replay(target, envelope)
    until("the replayed events are handled", lambda: _queues_are_empty(target))
    life.check(
        "replaying the archive brings nothing back",
        is_tombstone(copies.vault_item(target, receipt))
        and copies.subject_keys(target, receipt) == 0
        and refused(lambda: citizen.status(receipt)),
    )
    copies.restore_vault_item(target, kept.row)
    life.check("restoring the backup brings nothing back", refused(lambda: citizen.data(receipt)))
    if grave is not None:
        copies.restore_vault_item(target, grave)


def _attack(life: Life, burglar: BreakIn, kept: list[Copy]) -> None:
    for copy in kept:
        life.check(f"unreadable: the {copy.where}", not burglar.opens(copy))


def _queues_are_empty(target: Target) -> bool:
    return all(depth.left == 0 for depth in queue_depths(target, IDENTITY))


def _same(shown: dict[str, Any], submitted: dict[str, Any]) -> bool:
    return all(shown.get(name) == value for name, value in submitted.items() if value is not None)
