"""A message that is lost for good is made up for by the next sweep, and nothing else is touched."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from civic.contracts.events import (
    DataChange,
    DataDeleted,
    DataStored,
    DataUpdated,
    Decision,
    DecisionDeleted,
    DeletionRequest,
    ErasureUnfinished,
    Event,
    JoinDeleted,
    RestrictionChanged,
    RevalidationDue,
    ReviewDecided,
    ValidationRequest,
    ValidationResult,
)
from civic.contracts.identifiers import Revision
from civic.contracts.voting import RollDeleted
from civic.identity.functions import reconciler
from civic.identity.model.credentials import RollEntry, Standing
from civic.identity.model.keys import AccessDigest, RecordId
from civic.identity.model.receipt import Receipt, issue_receipt
from civic.identity.model.requests import RequestKind, SubjectRequest
from civic.identity.model.rows import DecisionRow, Tombstone, Verdict
from civic.identity.model.sweeping import Buried, Followed
from civic.identity.usecases.rights import lift_restriction, object_to_analytics, restrict
from civic.identity.usecases.storage import erase
from civic.lab.memory.analytics import Join
from tests.fakes.faults import Crash, Faults, Meanwhile
from tests.fakes.people import UNKNOWN
from tests.fakes.pipeline import SUBSCRIPTIONS, TRACE, Consumer, Pipeline
from tests.fakes.reviewing import DOUBTFUL, JANE, JOHN, contested, decide, in_doubt
from tests.fakes.views import decision_of, view
from tests.strategies.registrations import person

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ADA, MOVED = person(), person(username="moved")


@dataclass(frozen=True)
class Lost:
    """What never reaches a consumer, or is acknowledged by it without effect."""

    consumer: Consumer
    event: type[Event]


def deliver(pipeline: Pipeline, start: int, lost: Lost | None = None) -> None:
    """Deliver what was published since ``start``, and what follows, but for what is lost."""
    while start < len(pipeline.bus.events):
        event = pipeline.bus.events[start]
        start += 1
        for consumer in SUBSCRIPTIONS[type(event)]:
            if lost is None or consumer is not lost.consumer or not isinstance(event, lost.event):
                assert pipeline.deliver(consumer, event)


@contextmanager
def losing(pipeline: Pipeline, lost: Lost | None) -> Iterator[None]:
    """Lose some of what is published inside the block."""
    start = len(pipeline.bus.events)
    yield
    deliver(pipeline, start, lost)


def held(pipeline: Pipeline, receipt: Receipt) -> dict[str, Any]:
    """Return what every store holds about somebody."""
    entry = pipeline.ledger.get(receipt.id)
    return {
        "view": view(pipeline, receipt.id),
        "roll": pipeline.overview.on_roll(receipt.id),
        "joins": pipeline.overview.joined(receipt.id),
        "waits": pipeline.reviews.get(receipt.id) is not None,
        "open": {place for place in pipeline.requests.pending if place[0] == receipt.id},
        "erased": entry is not None and entry.receipt is not None,
    }


def registered(pipeline: Pipeline, lost: Lost | None) -> Receipt:
    with losing(pipeline, lost):
        return pipeline.register(ADA)


def corrected_in_doubt(pipeline: Pipeline, lost: Lost | None) -> Receipt:
    """Leave an acceptance in force, by a correction on which people have to decide."""
    receipt = registered(pipeline, None)
    with losing(pipeline, lost):
        pipeline.rectify(receipt, DOUBTFUL)
    return receipt


def doubted(pipeline: Pipeline, lost: Lost | None) -> Receipt:
    with losing(pipeline, lost):
        return pipeline.register(DOUBTFUL)


def corrected(pipeline: Pipeline, lost: Lost | None) -> Receipt:
    receipt = registered(pipeline, None)
    with losing(pipeline, lost):
        pipeline.rectify(receipt, MOVED)
    return receipt


def decided_by_people(pipeline: Pipeline, lost: Lost | None) -> Receipt:
    receipt = contested(pipeline)
    with losing(pipeline, lost):
        # Beside others of the same name it takes two.
        if decide(pipeline, receipt, by=JANE) is None:
            decide(pipeline, receipt, by=JOHN)
    return receipt


def erased(pipeline: Pipeline, lost: Lost | None) -> Receipt:
    receipt = corrected(pipeline, None)
    with losing(pipeline, lost):
        pipeline.erase(receipt)
    return receipt


type Story = Callable[[Pipeline, Lost | None], Receipt]

VALIDATOR, STORAGE, ROLL = Consumer.VALIDATOR, Consumer.STORAGE, Consumer.CREDENTIAL_ROLL
ANALYTICS, ACCOUNTABILITY = Consumer.ANALYTICS, Consumer.ACCOUNTABILITY
LOSSES: list[tuple[Story, Lost, str]] = [
    (registered, Lost(VALIDATOR, ValidationRequest), "DecisionsMended"),
    (registered, Lost(ROLL, ValidationResult), "DecisionsMended"),
    (registered, Lost(ANALYTICS, ValidationResult), "DecisionsMended"),
    (registered, Lost(ANALYTICS, DataStored), "DecisionsMended"),
    (doubted, Lost(VALIDATOR, ValidationRequest), "DecisionsMended"),
    (corrected, Lost(VALIDATOR, ValidationRequest), "DecisionsMended"),
    (corrected, Lost(ROLL, ValidationResult), "DecisionsMended"),
    (corrected_in_doubt, Lost(VALIDATOR, ValidationRequest), "DecisionsMended"),
    (corrected_in_doubt, Lost(ANALYTICS, ValidationResult), "DecisionsMended"),
    (corrected, Lost(ANALYTICS, ValidationResult), "DecisionsMended"),
    (corrected, Lost(ANALYTICS, DataUpdated), "DecisionsMended"),
    (corrected, Lost(ACCOUNTABILITY, DataUpdated), "RequestsMended"),
    (decided_by_people, Lost(ROLL, ReviewDecided), "DecisionsMended"),
    (decided_by_people, Lost(ANALYTICS, ReviewDecided), "DecisionsMended"),
    (erased, Lost(VALIDATOR, DeletionRequest), "ErasuresMended"),
    (erased, Lost(STORAGE, DecisionDeleted), "ErasuresMended"),
    (erased, Lost(ROLL, DecisionDeleted), "ErasuresMended"),
    (erased, Lost(ANALYTICS, DecisionDeleted), "ErasuresMended"),
    (erased, Lost(ACCOUNTABILITY, DecisionDeleted), "ErasuresMended"),
    (erased, Lost(ACCOUNTABILITY, DataDeleted), "ErasuresMended"),
    (erased, Lost(ACCOUNTABILITY, JoinDeleted), "ErasuresMended"),
    (erased, Lost(ACCOUNTABILITY, RollDeleted), "ErasuresMended"),
]


def of_loss(loss: object) -> str:
    if isinstance(loss, Lost):
        return f"{loss.event.__name__}-to-{loss.consumer}"
    return getattr(loss, "__name__", str(loss))


def sweep(pipeline: Pipeline) -> dict[str, int]:
    """Sweep an hour later, and deliver what follows."""
    pipeline.now += HOUR
    start = len(pipeline.bus.events)
    found = pipeline.sweep()
    deliver(pipeline, start)
    return dict(found)


def others(pipeline: Pipeline) -> list[Receipt]:
    """Add people with whom nothing is wrong."""
    stories = (registered, corrected, corrected_in_doubt, erased)
    there = [story(pipeline, None) for story in stories]
    objector = registered(pipeline, None)
    with losing(pipeline, None):
        object_to_analytics(pipeline.rights, objector.id, objector.access_token, TRACE)
    restricted = registered(pipeline, None)
    with losing(pipeline, None):
        restrict(pipeline.rights, restricted.id, restricted.access_token, TRACE)
    return [*there, objector, restricted, in_doubt(pipeline), contested(pipeline)]


@pytest.mark.parametrize(("story", "lost", "metric"), LOSSES, ids=of_loss)
def test_what_was_lost_is_mended_and_counted(story: Story, lost: Lost, metric: str) -> None:
    pipeline, unharmed = Pipeline(), Pipeline()
    for one in (pipeline, unharmed):
        others(one)
    receipt, same = story(pipeline, lost), story(unharmed, None)
    assert receipt == same
    assert held(pipeline, receipt) != held(unharmed, same), "nothing was lost"
    assert sweep(pipeline) == {metric: 1}
    assert held(pipeline, receipt) == held(unharmed, same)
    assert sweep(pipeline) == {}


def test_roll_that_missed_an_acceptance_and_the_doubt_after_it_gets_the_areas() -> None:
    pipeline = Pipeline()
    receipt = registered(pipeline, None)
    before = pipeline.overview.on_roll(receipt.id)
    for correction in (MOVED, person(national_id="not one", address=MOVED.address)):
        with losing(pipeline, Lost(ROLL, ValidationResult)):
            pipeline.rectify(receipt, correction)
    assert pipeline.overview.on_roll(receipt.id) == before
    assert sweep(pipeline) == {"DecisionsMended": 1}
    entry = pipeline.roll.get(receipt.id)
    kept = decision_of(pipeline, receipt.id).acceptance
    assert entry is not None
    assert kept is not None
    assert (kept.revision, entry.standing.areas) == (2, kept.areas)
    assert sweep(pipeline) == {}


def test_where_nothing_is_wrong_nothing_is_published() -> None:
    pipeline = Pipeline()
    people = others(pipeline)
    before = [held(pipeline, one) for one in people]
    published = len(pipeline.bus.events)
    assert sweep(pipeline) == {}
    assert len(pipeline.bus.events) == published
    assert [held(pipeline, one) for one in people] == before


@pytest.mark.parametrize(("story", "lost", "metric"), LOSSES, ids=of_loss)
def test_what_may_still_be_on_its_way_is_left_alone(story: Story, lost: Lost, metric: str) -> None:
    pipeline = Pipeline()
    story(pipeline, lost)
    pipeline.now += HOUR - timedelta(seconds=1)
    assert pipeline.sweep() == {}
    pipeline.now += timedelta(seconds=1)
    assert pipeline.sweep() == {metric: 1}


# ------------------------------------------------------------------ what requests left that failed


def before(call: str) -> Faults:
    """Crash the first request before one of its calls."""
    healthy = Faults()
    Pipeline(healthy).register(ADA, "key")
    return Faults(healthy.names.index(call) + 1)


def answered_503(pipeline: Pipeline, faults: Faults, lost: Lost | None) -> Receipt:
    """Register somebody whose request fails after its event is out, before the pending row."""
    published = len(pipeline.bus.events)
    with pytest.raises(Crash):
        pipeline.register(ADA, "key")
    faults.at = set()
    deliver(pipeline, published, lost)
    (request,) = pipeline.bus.of(ValidationRequest)
    return replace(issue_receipt("key", ADA.model_dump_json().encode(), bytes), id=request.id)


def test_record_without_a_decision_row_gets_one() -> None:
    faults = before("Decisions.note_pending")
    pipeline = Pipeline(faults)
    receipt = answered_503(pipeline, faults, Lost(VALIDATOR, ValidationRequest))
    assert held(pipeline, receipt)["view"].decided is None
    assert sweep(pipeline) == {"DecisionsMended": 1}
    row = pipeline.decisions.rows[receipt.id]
    assert isinstance(row, DecisionRow)
    assert row.verdict is not None
    assert pipeline.overview.on_roll(receipt.id) == Followed(Revision(1), 0, accepted=True)
    assert sweep(pipeline) == {}


def test_correction_that_was_answered_503_is_decided_once_it_is_old_enough() -> None:
    faults = Faults()
    pipeline = Pipeline(faults)
    receipt = registered(pipeline, None)
    pipeline.now += DAY
    published = len(pipeline.bus.events)
    calls = Faults()
    healthy = Pipeline(calls)
    same, before_it = registered(healthy, None), calls.calls
    healthy.rectify(same, MOVED)
    noting = calls.names.index("Decisions.note_pending", before_it) - before_it + 1
    faults.at = {faults.calls + noting}
    with pytest.raises(Crash):
        pipeline.rectify(receipt, MOVED)
    faults.at = set()
    deliver(pipeline, published, Lost(VALIDATOR, ValidationRequest))
    # The row is a day old, but not the record.
    assert pipeline.sweep() == {}
    assert sweep(pipeline) == {"DecisionsMended": 1}
    assert decision_of(pipeline, receipt.id).record.revision == 2
    assert pipeline.overview.on_roll(receipt.id) == Followed(Revision(2), 0, accepted=True)
    assert sweep(pipeline) == {}


def test_row_restored_from_before_its_decision_is_decided_again() -> None:
    pipeline = Pipeline()
    receipt = registered(pipeline, None)
    row = decision_of(pipeline, receipt.id)
    pipeline.decisions.rows[receipt.id] = replace(row, verdict=None)
    assert sweep(pipeline) == {"DecisionsMended": 1}
    assert decision_of(pipeline, receipt.id).verdict == row.verdict
    assert sweep(pipeline) == {}


def test_decision_of_people_may_be_on_its_way_however_old_the_record_is() -> None:
    pipeline = Pipeline()
    receipt = contested(pipeline)
    pipeline.now += DAY
    with losing(pipeline, Lost(ROLL, ReviewDecided)):
        decide(pipeline, receipt)
    assert pipeline.sweep() == {}
    assert sweep(pipeline) == {"DecisionsMended": 1}


@pytest.mark.parametrize("store", ["vault", "joins", "roll"])
def test_row_that_came_back_after_an_erasure_is_erased_again(store: str) -> None:
    pipeline = Pipeline()
    receipt = registered(pipeline, None)
    rows: dict[Any, Any] = getattr(pipeline, store).rows
    before_it = rows[receipt.id]
    with losing(pipeline, None):
        pipeline.erase(receipt)
    gone = held(pipeline, receipt)
    rows[receipt.id] = before_it
    assert sweep(pipeline) == {"ErasuresMended": 1}
    assert held(pipeline, receipt) == gone
    assert sweep(pipeline) == {}


def test_key_of_a_revision_before_the_stored_one_is_destroyed() -> None:
    pipeline = Pipeline()
    receipt = corrected(pipeline, None)
    key = pipeline.subject_keys.rows[RecordId(receipt.id, Revision(2))]
    stale = RecordId(receipt.id, Revision(1))
    pipeline.subject_keys.put(replace(key, record=stale))
    assert sweep(pipeline) == {"KeysMended": 1}
    assert pipeline.subject_keys.owners(receipt.id).keys() == {2}
    assert sweep(pipeline) == {}


def test_key_that_came_back_after_an_erasure_is_destroyed() -> None:
    pipeline = Pipeline()
    receipt = registered(pipeline, None)
    (key,) = pipeline.subject_keys.rows.values()
    with losing(pipeline, None):
        pipeline.erase(receipt)
    pipeline.subject_keys.put(key)
    assert sweep(pipeline) == {"KeysMended": 1}
    assert not pipeline.subject_keys.rows
    assert sweep(pipeline) == {}


def test_key_ahead_of_the_record_is_left_for_the_correction_that_comes_with_it() -> None:
    pipeline = Pipeline()
    receipt = registered(pipeline, None)
    (key,) = pipeline.subject_keys.rows.values()
    pipeline.subject_keys.put(replace(key, record=RecordId(receipt.id, Revision(2))))
    assert sweep(pipeline) == {}
    assert pipeline.subject_keys.owners(receipt.id).keys() == {1, 2}


def test_key_of_nobody_is_counted_and_kept() -> None:
    pipeline = Pipeline(before("MemoryBus.publish"))
    with pytest.raises(Crash):
        pipeline.register(ADA, "key")
    assert sweep(pipeline) == {"KeysOfNobody": 1}
    assert len(pipeline.subject_keys.rows) == 1
    assert not pipeline.bus.events


@pytest.mark.parametrize("kind", RequestKind)
def test_request_of_somebody_erased_that_is_still_open_is_noted(kind: RequestKind) -> None:
    pipeline = Pipeline()
    receipt = erased(pipeline, None)
    revision = Revision(3) if kind is RequestKind.RECTIFICATION else None
    pipeline.requests.note_request(SubjectRequest(receipt.id, kind, pipeline.now, revision))
    assert sweep(pipeline) == {"RequestsMended": 1}
    assert held(pipeline, receipt)["open"] == set()
    assert sweep(pipeline) == {}


# ------------------------------------------------------------------ what is left alone


def test_who_restricted_the_processing_is_left_alone_until_it_is_lifted() -> None:
    pipeline = Pipeline()
    receipt = registered(pipeline, Lost(ROLL, ValidationResult))
    with losing(pipeline, None):
        restrict(pipeline.rights, receipt.id, receipt.access_token, TRACE)
    assert sweep(pipeline) == {}
    with losing(pipeline, Lost(STORAGE, RestrictionChanged)):
        lift_restriction(pipeline.rights, receipt.id, receipt.access_token, TRACE)
    assert sweep(pipeline) == {"DecisionsMended": 1}
    assert pipeline.overview.on_roll(receipt.id) == Followed(Revision(1), 0, accepted=True)


def test_decision_held_back_by_a_restriction_is_made_once_it_is_lifted() -> None:
    pipeline = Pipeline()
    receipt = pipeline.register(ADA)
    restrict(pipeline.rights, receipt.id, receipt.access_token, TRACE)
    deliver(pipeline, 0)
    assert sweep(pipeline) == {}
    with losing(pipeline, Lost(STORAGE, RestrictionChanged)):
        lift_restriction(pipeline.rights, receipt.id, receipt.access_token, TRACE)
    assert sweep(pipeline) == {"DecisionsMended": 1}
    assert held(pipeline, receipt)["view"].decided[1].decision == Decision.ACCEPTED


def test_who_objected_stays_forgotten_when_the_roll_has_missed_a_decision() -> None:
    pipeline = Pipeline()
    receipt = registered(pipeline, Lost(ROLL, ValidationResult))
    with losing(pipeline, None):
        object_to_analytics(pipeline.rights, receipt.id, receipt.access_token, TRACE)
    assert sweep(pipeline) == {"DecisionsMended": 1}
    assert pipeline.overview.joined(receipt.id) == Buried()
    assert not list(pipeline.joins.complete())


def test_decision_of_people_is_announced_as_it_is() -> None:
    pipeline = Pipeline()
    receipt = decided_by_people(pipeline, Lost(ROLL, ReviewDecided))
    sweep(pipeline)
    (made,) = pipeline.bus.of(ValidationResult)[-1].results
    (by_people,) = pipeline.bus.of(ReviewDecided)[-1].results
    assert (made.decision, made.round, made.decided_at) == (
        by_people.decision,
        by_people.round,
        by_people.decided_at,
    )
    assert decision_of(pipeline, receipt.id).verdict == Verdict(
        made.decision, made.reasons, made.rule_set, 1
    )


def test_case_that_was_lost_waits_for_people_again() -> None:
    pipeline = Pipeline()
    receipt = in_doubt(pipeline)
    pipeline.reviews.rows.clear()
    assert sweep(pipeline) == {"DecisionsMended": 1}
    assert held(pipeline, receipt)["waits"]
    assert sweep(pipeline) == {}


def test_erasure_is_announced_only_of_who_has_a_tombstone() -> None:
    # The event in other hands: it names somebody who lives.
    pipeline = Pipeline()
    receipt, published = registered(pipeline, None), len(pipeline.bus.events)
    before = held(pipeline, receipt)
    for somebody in (receipt.id, UNKNOWN):
        event = ErasureUnfinished(id=somebody, traceparent=TRACE.traceparent)
        assert pipeline.deliver(VALIDATOR, event)
    assert len(pipeline.bus.events) == published
    assert held(pipeline, receipt) == before


def test_revalidation_of_who_is_gone_or_unknown_does_nothing() -> None:
    pipeline = Pipeline()
    receipt, published = erased(pipeline, None), len(pipeline.bus.events)
    for somebody in (receipt.id, UNKNOWN):
        event = RevalidationDue(id=somebody, traceparent=TRACE.traceparent)
        assert pipeline.deliver(STORAGE, event)
    assert len(pipeline.bus.events) == published


def test_erasure_from_before_the_ledger_forgot_it_is_finished() -> None:
    pipeline = Pipeline()
    receipt = erased(pipeline, None)
    pipeline.now += 401 * DAY
    del pipeline.ledger.rows[receipt.id]
    assert sweep(pipeline) == {}
    pipeline.roll.rows[receipt.id] = RollEntry(
        Standing(receipt.id, Revision(1), 0, ("DE-BE",), accepted=True, access_digest=None)
    )
    assert sweep(pipeline) == {"ErasuresMended": 1}
    assert pipeline.overview.on_roll(receipt.id) == Buried()


# ------------------------------------------------------------------ what nobody can mend


def lost_record(pipeline: Pipeline, receipt: Receipt) -> None:
    del pipeline.vault.rows[receipt.id]
    pipeline.now += 30 * DAY


def lost_revision(pipeline: Pipeline, receipt: Receipt) -> None:
    row = decision_of(pipeline, receipt.id)
    later = RecordId(receipt.id, Revision(2))
    pipeline.decisions.rows[receipt.id] = replace(row, record=later, verdict=None)
    pipeline.now += 30 * DAY


def lost_key(pipeline: Pipeline, receipt: Receipt) -> None:
    del pipeline.subject_keys.rows[RecordId(receipt.id, Revision(1))]
    del pipeline.roll.rows[receipt.id]


def buried_record(pipeline: Pipeline, receipt: Receipt) -> None:
    pipeline.vault.bury(Tombstone(receipt.id, pipeline.now, pipeline.now))


def buried_on_the_roll(pipeline: Pipeline, receipt: Receipt) -> None:
    pipeline.roll.erased(receipt.id, pipeline.now, pipeline.now)


def planted_digest(pipeline: Pipeline, receipt: Receipt) -> None:
    row = decision_of(pipeline, receipt.id)
    planted = replace(row, access_digest=AccessDigest(bytes(32)))
    pipeline.decisions.rows[receipt.id] = planted


def roll_ahead(pipeline: Pipeline, receipt: Receipt) -> None:
    # The low-security store was restored from before people decided.
    pipeline.roll.decided(
        Standing(receipt.id, Revision(1), 1, ("DE-BE",), accepted=True, access_digest=None)
    )


def statistics_ahead(pipeline: Pipeline, receipt: Receipt) -> None:
    join = pipeline.joins.rows[receipt.id]
    assert isinstance(join, Join)
    assert join.decision is not None
    later = join.decision.model_copy(update={"revision": 2})
    pipeline.joins.rows[receipt.id] = replace(join, decision=later)


@pytest.mark.parametrize(
    "harm",
    [
        *(lost_record, lost_revision, lost_key, buried_record, buried_on_the_roll),
        *(planted_digest, roll_ahead, statistics_ahead),
    ],
)
def test_what_no_message_can_mend_is_counted_every_time(
    harm: Callable[[Pipeline, Receipt], None],
) -> None:
    pipeline = Pipeline()
    others(pipeline)
    receipt = registered(pipeline, None)
    harm(pipeline, receipt)
    published = len(pipeline.bus.events)
    for _ in range(2):
        assert sweep(pipeline) == {"BeyondMending": 1}
    assert len(pipeline.bus.events) == published


def test_acceptance_in_force_that_the_roll_has_not_heard_of_is_announced_again() -> None:
    pipeline = Pipeline()
    with losing(pipeline, Lost(ROLL, ValidationResult)):
        receipt = pipeline.register(ADA)
    with losing(pipeline, Lost(ROLL, ValidationResult)):
        pipeline.rectify(receipt, DOUBTFUL)
    assert pipeline.overview.on_roll(receipt.id) is None
    assert sweep(pipeline) == {"DecisionsMended": 1}
    assert pipeline.overview.on_roll(receipt.id) == Followed(Revision(2), 0, accepted=True)
    assert sweep(pipeline) == {}


def test_acceptance_of_an_earlier_release_that_the_roll_has_is_left_alone() -> None:
    pipeline = Pipeline()
    receipt = registered(pipeline, None)
    row = decision_of(pipeline, receipt.id)
    assert row.acceptance is not None
    earlier = replace(row, acceptance=replace(row.acceptance, areas=()))
    pipeline.decisions.rows[receipt.id] = earlier
    with losing(pipeline, None):
        pipeline.rectify(receipt, DOUBTFUL)
    assert pipeline.overview.on_roll(receipt.id) == Followed(Revision(1), 0, accepted=True)
    assert sweep(pipeline) == {}


@pytest.mark.parametrize("row", ["registered", "without a decision row"])
def test_erasure_while_a_page_is_compared_is_no_contradiction(row: str) -> None:
    meanwhile = Meanwhile()
    pipeline = Pipeline(meanwhile)
    receipt = registered(pipeline, None)
    if row == "registered":
        read, walk = "MemoryOverview.record", "decisions"
    else:
        del pipeline.decisions.rows[receipt.id]
        read, walk = "MemoryOverview.has_key", "records"
    pipeline.now += HOUR

    def bury_meanwhile() -> None:
        if meanwhile.names[-1] == read:
            meanwhile.at = set()
            ended = DataChange(id=receipt.id, at=pipeline.now, traceparent=TRACE.traceparent)
            pipeline.decisions.rows[receipt.id] = Tombstone(receipt.id, pipeline.now, pipeline.now)
            pipeline.roll.erased(receipt.id, pipeline.now, pipeline.now)
            erase(pipeline.storage, ended)

    meanwhile.at = set(range(meanwhile.calls + 1, meanwhile.calls + 9))
    meanwhile.action = bury_meanwhile
    answer = pipeline.invoke(reconciler.handler, {"walks": [walk]})
    assert meanwhile.at == set(), "nobody was erased"
    assert answer is not None
    assert answer["found"] == {}


def test_record_that_may_still_come_is_not_given_up() -> None:
    pipeline = Pipeline()
    receipt = registered(pipeline, None)
    del pipeline.vault.rows[receipt.id]
    pipeline.now += 28 * DAY
    assert sweep(pipeline) == {}
    pipeline.now += DAY
    assert sweep(pipeline) == {"BeyondMending": 1}


# ------------------------------------------------------------------ interrupted, and two at once


def harmed(pipeline: Pipeline) -> list[Receipt]:
    """Register five people whom the roll has missed."""
    return [registered(pipeline, Lost(ROLL, ValidationResult)) for _ in range(5)]


def on_the_roll(pipeline: Pipeline, people: list[Receipt]) -> int:
    return sum(pipeline.overview.on_roll(one.id) is not None for one in people)


@pytest.mark.parametrize("after", [False, True])
def test_sweep_that_breaks_off_at_any_call_is_done_by_the_next_ones(*, after: bool) -> None:
    call = 0
    while True:
        call += 1
        faults = Faults(after=after)
        pipeline = Pipeline(faults)
        people = harmed(pipeline)
        pipeline.now += HOUR
        start = len(pipeline.bus.events)
        faults.at = {faults.calls + call}
        broke_off = pipeline.invoke(reconciler.handler, {}) is None
        faults.at = set()
        for _ in range(3):
            assert pipeline.invoke(reconciler.handler, {}) is not None
        deliver(pipeline, start)
        assert on_the_roll(pipeline, people) == len(people)
        assert sweep(pipeline) == {}
        if not broke_off:
            break
    assert call > 10


def test_two_sweeps_at_once_publish_twice_and_count_once() -> None:
    meanwhile = Meanwhile()
    pipeline = Pipeline(meanwhile)
    people = harmed(pipeline)
    pipeline.now += HOUR
    start = len(pipeline.bus.events)
    other: list[Any] = []
    # After the first has read its place and its page.
    meanwhile.at = {meanwhile.calls + 3}
    meanwhile.action = lambda: other.append(pipeline.invoke(reconciler.handler, {}))
    first = pipeline.invoke(reconciler.handler, {})
    assert first is not None
    # Of the page that both had, only the other one counts.
    assert (first["found"], other[0]["found"]) == ({}, {"DecisionsMended": 2})
    for _ in range(3):
        pipeline.invoke(reconciler.handler, {})
    deliver(pipeline, start)
    assert on_the_roll(pipeline, people) == len(people)
    assert sweep(pipeline) == {}
