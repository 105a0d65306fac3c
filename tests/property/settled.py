"""What must hold of a world once everything has been delivered."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

import pytest

from civic.contracts.events import Decision, ValidationRequest
from civic.contracts.identifiers import RegistrationId
from civic.identity.errors import IdentityError
from civic.identity.model.credentials import RollEntry
from civic.identity.model.erasure import ErasureStore
from civic.identity.model.erasure_receipt import receipt_document
from civic.identity.model.receipt import Receipt
from civic.identity.model.requests import RequestKind
from civic.identity.model.review import Judgement, ReviewCase, ReviewCause
from civic.identity.model.rows import Tombstone
from civic.identity.usecases.review import decide_case
from civic.identity.usecases.rights import object_to_analytics
from tests.fakes.pipeline import NOW, TRACE, Pipeline
from tests.fakes.views import ERASED, View, agreed, opened, without_strays
from tests.property.citizens import MARK, Citizen, Command
from tests.property.commands import ASKED_BY, Rectify, Register
from tests.property.truths import decision_row
from tests.property.world import World


@dataclass(frozen=True)
class Outcome:
    """What all stores hold about a registration, and when they say it was erased."""

    held: object
    on_the_roll: bool | None
    erased: tuple[datetime | None, ...]

    @classmethod
    def of(cls, pipeline: Pipeline, registration: RegistrationId) -> Self:
        """Look at a registration."""
        rows = (pipeline.decisions.rows.get(registration), pipeline.vault.rows.get(registration))
        erased = [row.erased_at if isinstance(row, Tombstone) else None for row in rows]
        joined = pipeline.joins.rows.get(registration)
        erased.append(joined if isinstance(joined, datetime) else None)
        on_roll = pipeline.roll.rows.get(registration)
        erased.append(on_roll if isinstance(on_roll, datetime) else None)
        accepted = on_roll.standing.accepted if isinstance(on_roll, RollEntry) else None
        return cls(agreed(without_strays(pipeline, registration)), accepted, tuple(erased))


def check_settled(world: World) -> None:
    """Check that an orderly run of the same requests would have ended in the same way."""
    orderly = Pipeline()
    for citizen in world.citizens:
        if citizen.id is None:
            continue
        row = decision_row(world.pipeline, citizen)
        if row is None or not row.restricted:
            actual = Outcome.of(world.pipeline, RegistrationId(citizen.id))
            owed = expected(orderly, world, citizen)
            assert_as_asked(owed, world, citizen)
            assert actual == owed, f"{citizen.name}: {actual} instead of {owed}"
        assert_order_of_corrections(citizen)
        assert_erased_for_good(world, citizen)
        assert_nobody_waits_unnoticed(world, citizen)
        assert_requests_are_answered(world, citizen)
    assert counted(world.pipeline) == counted(orderly)
    assert MARK not in repr(world.pipeline.log.lines), "personal data in clear in the log"


def expected(orderly: Pipeline, world: World, citizen: Citizen) -> Outcome:
    """Decide what was decided once more, one after the other; return the outcome.

    A revision that another overtook before it was decided never happened. What is decided depends
    on what was decided before, and on nothing else that happened.
    """
    last = max(citizen.revisions)
    made = [one for one in world.pipeline.decisions.made if one.record.id == citizen.id]
    orderly.now = NOW
    receipt: Receipt | None = None
    for revision in sorted({*(one.record.revision for one in made), last}):
        body = citizen.bodies(revision)[0].registration
        if receipt is None:
            receipt = orderly.register(body)
        else:
            orderly.rectify(receipt, body)
        orderly.drain()
        decide_as_people_did(orderly, receipt, by_people(world, citizen, revision))
    assert receipt is not None
    if citizen.objections:
        orderly.now = min(objection.at for objection in citizen.objections)
        object_to_analytics(orderly.rights, receipt.id, receipt.access_token, TRACE)
        orderly.drain()
    if citizen.deletions:
        orderly.now = min(citizen.deletions)
        orderly.erase(receipt)
        orderly.drain()
    return Outcome.of(orderly, receipt.id)


def assert_as_asked(outcome: Outcome, world: World, citizen: Citizen) -> None:
    """The orderly run itself did what the citizen asked for."""
    if citizen.deletions:
        assert outcome.held == View(ERASED, ERASED, ERASED, ())
        assert outcome.on_the_roll is None
        assert None not in outcome.erased
        return
    last = max(citizen.revisions)
    newest = citizen.bodies(last)[0]
    ruled = by_people(world, citizen, last)
    assert isinstance(outcome.held, tuple)
    data, (behind, verdict), joined, keys = outcome.held
    assert data == newest.registration.model_dump_json()
    row = decision_row(world.pipeline, citizen)
    assert row is not None
    if ruled:
        assert verdict.decision == ruled[max(ruled)]
    elif row.ruling is None and row.standing is None:
        assert verdict.decision == newest.decision
    assert joined == (ERASED if citizen.objections else (0, 0))
    assert (behind, keys) == (0, (0,))
    assert (outcome.on_the_roll is True) is (row.acceptance is not None)


def by_people(world: World, citizen: Citizen, revision: int) -> dict[int, Decision]:
    """Return what people decided on a revision, by round.

    What counts is what was stored: if it was not announced then, the sweep has it announced.
    """
    made = [one for one in world.pipeline.decisions.made if one.record.id == citizen.id]
    verdicts = [one.verdict for one in made if one.record.revision == revision and one.verdict]
    return {one.round: one.decision for one in verdicts if one.round}


def decide_as_people_did(orderly: Pipeline, receipt: Receipt, rounds: dict[int, Decision]) -> None:
    """Repeat people's last decision on a revision."""
    if rounds:
        row = orderly.decisions.get(receipt.id)
        assert row is not None
        assert not isinstance(row, Tombstone)
        orderly.reviews.add(ReviewCase(row.record, NOW, ReviewCause.DATA_SUBJECT))
        judgement = Judgement(rounds[max(rounds)])
        # To take somebody off the roll is for two.
        if decide_case(orderly.review, row.record, judgement, "staff", TRACE) is None:
            decide_case(orderly.review, row.record, judgement, "another", TRACE)
        orderly.drain()


def counted(pipeline: Pipeline) -> list[str]:
    """Return everybody who counts, without the day."""
    everybody = pipeline.joins.complete()
    return sorted(repr((one.cohort, one.decision, one.reasons)) for one in everybody)


def assert_order_of_corrections(citizen: Citizen) -> None:
    """A request that began after another was answered has the later revision."""
    revision_of: dict[Command, int] = {}
    for revision, commands in sorted(citizen.revisions.items()):
        revision_of |= dict.fromkeys(commands, revision)
    for later in citizen.answered(Rectify, 202):
        for earlier, revision in revision_of.items():
            if earlier.was_over(later.begun):
                assert revision < revision_of[later]
    for command in citizen.answered(Register, 202):
        assert any(command.body in citizen.bodies(revision) for revision in citizen.revisions)


def assert_erased_for_good(world: World, citizen: Citizen) -> None:
    """No copy opens, every store has confirmed, and there is a receipt."""
    registration = RegistrationId(citizen.id or "")
    record = world.pipeline.ledger.get(registration)
    if not citizen.deletions:
        assert record is None
        return
    assert record is not None
    assert record.requested_at in citizen.deletions
    assert record.confirmed.keys() == set(ErasureStore)
    assert record.receipt is not None
    assert record.receipt.document == receipt_document(record, record.receipt.public_key)
    for request in world.pipeline.bus.of(ValidationRequest):
        if request.id == registration:
            with pytest.raises(IdentityError):
                opened(world.pipeline, request)


def assert_nobody_waits_unnoticed(world: World, citizen: Citizen) -> None:
    """Exactly the registrations that wait for a person are in the review queue."""
    row = decision_row(world.pipeline, citizen)
    case = world.pipeline.reviews.get(RegistrationId(citizen.id or ""))
    if case is not None:
        assert row is not None, "the case of an erased registration"
        # What becomes of a correction under a restriction is told once that is lifted.
        held_back = row.restricted and row.verdict is None
        assert held_back or case.record == row.record
    elif row is not None and row.verdict is not None and not row.restricted:
        assert row.verdict.decision != Decision.REVIEW, "nobody will ever decide"


def assert_requests_are_answered(world: World, citizen: Citizen) -> None:
    """No request is open in the log, except those never acknowledged and those that wait."""
    registration = world.registration_of(citizen)
    for known, kind, revision in world.pipeline.requests.pending:
        asked = [one for one in citizen.commands if isinstance(one, ASKED_BY[kind])]
        if known != registration or not all(one.acknowledged for one in asked):
            continue
        if kind is RequestKind.REVIEW:
            assert world.pipeline.reviews.get(registration), "review will never be answered"
        else:
            # Known limit: of two simultaneous corrections the superseded one may stay open.
            assert kind is RequestKind.RECTIFICATION, f"{kind} will never be answered"
            assert was_overtaken(citizen, revision), "rectification will never be answered"


def was_overtaken(citizen: Citizen, revision: int | None) -> bool:
    """Return whether a later revision was on its way before this one was acknowledged."""
    own = citizen.revisions[revision or 0]
    later = [
        one
        for number in citizen.revisions
        if number > (revision or 0)
        for one in citizen.revisions[number]
    ]
    return any(not mine.was_over(other.begun) for mine in own for other in later)
