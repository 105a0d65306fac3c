"""What must always hold of a world."""

import json
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from typing import Any

from civic.contracts.events import ValidationRequest
from civic.contracts.identifiers import RegistrationId, Revision
from civic.identity.model.keys import RecordId
from civic.identity.model.rows import DecisionRow, Tombstone, VaultRow
from tests.fakes.pipeline import Consumer, Pipeline
from tests.fakes.queues import Message
from tests.property.citizens import Citizen
from tests.property.commands import Erase, Lift, Restrict
from tests.property.world import World


def check_always(world: World) -> None:
    """Check what must hold at any moment."""
    for citizen in world.citizens:
        if citizen.receipt is not None:
            nothing_acknowledged_is_forgotten(world, citizen)
            nothing_is_decided_while_restricted(world, citizen)
    what_is_gone_stays_gone(world)
    receipts_are_final(world)


def nothing_acknowledged_is_forgotten(world: World, citizen: Citizen) -> None:
    """An acknowledged revision can be opened, an acknowledged erasure is in force."""
    assert citizen.receipt is not None
    row = world.pipeline.decisions.get(RegistrationId(citizen.receipt.id))
    if citizen.answered(Erase, 202):
        assert isinstance(row, Tombstone), "an acknowledged erasure was forgotten"
    elif not citizen.is_to_go():
        assert isinstance(row, DecisionRow), "an acknowledged registration was forgotten"
        assert row.record.revision >= citizen.promised()
        assert is_safe(world, row.record.id, citizen.promised()), "its data cannot be opened"


def nothing_is_decided_while_restricted(world: World, citizen: Citizen) -> None:
    """From the answer to a restriction until the next request to lift it, no decision is made."""
    row = decision_row(world.pipeline, citizen)
    if row is None or not is_restricted(citizen):
        world.frozen.pop(citizen.name, None)
        return
    assert row.restricted, "an acknowledged restriction was forgotten"
    frozen = world.frozen.setdefault(citizen.name, row.verdict)
    assert row.verdict in {None, frozen}, "decided in spite of the restriction"


def is_restricted(citizen: Citizen) -> bool:
    """Return whether a restriction was acknowledged, and nobody has requested to lift it since."""
    lifts = citizen.of(Lift)
    return any(
        not isinstance(command, Lift) and all(lift.was_over(command.begun) for lift in lifts)
        for command in citizen.answered(Restrict, 200)
    )


def what_is_gone_stays_gone(world: World) -> None:
    """A tombstone is replaced only by one of an earlier request."""
    there = dict(tombstones(world.pipeline))
    for (store, registration), erased_at in world.graves.items():
        later = there.get((store, registration))
        if store == "objections" and later is None:
            later = there.get(("joins", registration)) and erased_at
        assert later is not None, "an erased registration came back"
        assert later <= erased_at
    world.graves.update(there)


def receipts_are_final(world: World) -> None:
    """A receipt is made once."""
    for registration, record in world.pipeline.ledger.rows.items():
        if record.receipt is not None:
            known = world.receipts.setdefault(registration, record.receipt)
            assert record.receipt == known, "a second receipt"


def tombstones(pipeline: Pipeline) -> Iterator[tuple[tuple[str, str], datetime]]:
    """Yield every tombstone with its store."""
    for name, store in (("decisions", pipeline.decisions), ("vault", pipeline.vault)):
        for registration, row in store.rows.items():
            if isinstance(row, Tombstone):
                yield (name, registration), row.erased_at
    for registration, join in pipeline.joins.rows.items():
        if isinstance(join, datetime):
            # That of an objection gives way to that of an erasure at any time.
            kind = "objections" if registration in pipeline.joins.living else "joins"
            yield (kind, registration), join
    for registration, entry in pipeline.roll.rows.items():
        if isinstance(entry, datetime):
            yield ("roll", registration), entry


def decision_row(pipeline: Pipeline, citizen: Citizen) -> DecisionRow | None:
    """Return a citizen's row of the low-security store, unless it is a tombstone."""
    row = pipeline.decisions.rows.get(RegistrationId(citizen.id or ""))
    return row if isinstance(row, DecisionRow) else None


def is_safe(world: World, registration: RegistrationId, promised: int) -> bool:
    """Return whether data of that revision or a later one is stored or on its way, with its key."""
    vault, keys = world.pipeline.vault, world.pipeline.subject_keys
    stored = vault.get(registration)
    if isinstance(stored, VaultRow) and stored.record.revision >= promised:
        return keys.get(stored.record) is not None
    queues = world.queues
    return any(
        revision >= promised and keys.get(RecordId(registration, revision)) is not None
        for message in [*queues.waiting, *queues.in_flight, *queues.dead]
        for revision in on_its_way(message, registration)
    )


def on_its_way(message: Message, registration: RegistrationId) -> Iterator[Revision]:
    """Yield the revision that a message brings to PII storage."""
    if message.consumer is Consumer.STORAGE and registration in message.body:
        envelope = parsed(message.body)
        if envelope["detail-type"] == ValidationRequest.detail_type():
            yield Revision(envelope["detail"]["revision"])


@lru_cache(1000)
def parsed(body: str) -> dict[str, Any]:
    """Return a message as JSON."""
    envelope: dict[str, Any] = json.loads(body)
    return envelope
