"""The roll, through the events that update it: who is on it in the end, in any order."""

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import permutations
from typing import Any

import pytest

from civic.contracts.events import (
    Cohort,
    DataChange,
    Decision,
    DecisionDeleted,
    DecisionMade,
    DecisionsMade,
    Event,
    ReviewDecided,
    ValidationResult,
)
from civic.contracts.identifiers import Revision, StyleId
from civic.contracts.voting import CredentialKeysPublished, RollDeleted, StyleAreas
from civic.identity.model.credentials import (
    Noted,
    RequestDigest,
    RollEntry,
    Standing,
    areas_around,
    areas_of,
)
from civic.identity.model.keys import AccessDigest, RecordId
from civic.identity.model.rows import DecisionRow
from tests.fakes.elections import ELECTION, ELSEWHERE, STYLE, ended, published
from tests.fakes.marking import marking
from tests.fakes.people import ADA
from tests.fakes.pipeline import NOW, TRACE, Consumer, Pipeline

DIGEST = AccessDigest(bytes(range(32)))
ACCEPTED, REJECTED, REVIEW = Decision.ACCEPTED, Decision.REJECTED, Decision.REVIEW


def decided(
    decision: Decision = ACCEPTED,
    revision: int = 1,
    round: int = 0,  # noqa: A002 - the contract's own name
    digest: AccessDigest | None = DIGEST,
    kind: type[DecisionsMade] = ValidationResult,
) -> DecisionsMade:
    made = DecisionMade(
        id=ADA,
        revision=Revision(revision),
        decision=decision,
        rule_set="national-2027.1",
        decided_at=NOW,
        cohort=Cohort(region="DE-BE", age_band="25-34"),
        round=round,
        access_digest=digest,
        traceparent=TRACE.traceparent,
    )
    return kind(results=(made,))


def changed(event: DecisionsMade, **facts: Any) -> DecisionsMade:
    """Return an event whose decision also says something else."""
    (made,) = event.results
    return event.model_copy(update={"results": (made.model_copy(update=facts),)})


def erasure(hours: int = 0, digest: AccessDigest | None = DIGEST) -> DecisionDeleted:
    at = NOW + timedelta(hours=hours)
    ended = DataChange(id=ADA, at=at, access_digest=digest, traceparent=TRACE.traceparent)
    return DecisionDeleted(items=(ended,))


def keep(*events: Event) -> Pipeline:
    pipeline = Pipeline()
    for event in events:
        assert pipeline.deliver(Consumer.CREDENTIAL_ROLL, event)
    return pipeline


def standing(pipeline: Pipeline) -> Standing:
    entry = pipeline.roll.rows[ADA]
    assert isinstance(entry, RollEntry)
    return entry.standing


def test_accepted_person_is_on_the_roll_with_their_area_and_digest() -> None:
    assert standing(keep(decided())) == Standing(
        ADA, Revision(1), 0, ("DE-BE", "DE"), accepted=True, access_digest=DIGEST
    )


@pytest.mark.parametrize("decision", [REJECTED, REVIEW])
def test_person_who_is_not_accepted_is_known_and_not_on_the_roll(decision: Decision) -> None:
    assert not standing(keep(decided(decision))).accepted


@pytest.mark.parametrize(
    ("later", "accepted"),
    [
        (decided(REJECTED, revision=2), False),
        (decided(REJECTED, round=1, kind=ReviewDecided), False),
        (decided(ACCEPTED, revision=3, round=0), True),
    ],
)
def test_later_decision_wins_in_either_order(later: DecisionsMade, *, accepted: bool) -> None:
    first = decided(ACCEPTED if not accepted else REJECTED, round=0)
    for order in permutations((first, later)):
        assert standing(keep(*order)).accepted is accepted


def test_decision_says_areas_and_days() -> None:
    facts = {
        "areas": ("N1", "DE-BE", "DE"),
        "area_version": 3,
        "eligible_from": date(2027, 5, 23),
        "registered_at": NOW,
    }
    known = standing(keep(changed(decided(), **facts)))
    assert {name: getattr(known, name) for name in facts} == facts


IN_FORCE = {"standing": ACCEPTED, "areas": ("N1", "DE-BE", "DE"), "registered_at": NOW}
"""What a decision says that leaves an acceptance in force: what that one said."""


@pytest.mark.parametrize("decision", [REJECTED, REVIEW])
def test_acceptance_in_force_is_that_of_the_entry_whatever_the_correction_says(
    decision: Decision,
) -> None:
    moved = Cohort(region="DE-BB", age_band="25-34")
    failed = changed(decided(decision, revision=2), cohort=moved, **IN_FORCE)
    for order in permutations((decided(), failed)):
        known = standing(keep(*order))
        assert (known.accepted, known.areas) == (True, ("N1", "DE-BE", "DE"))
        assert (known.revision, known.registered_at) == (2, NOW)


def test_acceptance_in_force_whose_announcement_was_lost_comes_with_the_correction() -> None:
    assert standing(keep(changed(decided(REVIEW, revision=2), **IN_FORCE))).accepted


def test_acceptance_of_an_earlier_release_that_is_in_force_changes_nothing() -> None:
    failed = changed(decided(REJECTED, revision=2), standing=ACCEPTED)
    for order in permutations((decided(), failed)):
        assert standing(keep(*order)) == standing(keep(decided()))
    assert keep(failed).roll.get(ADA) is None


CORRECTIONS = [
    decided(),
    changed(decided(), areas=("N1", "DE-BE", "DE"), area_version=1),
    changed(decided(REVIEW, revision=2), **IN_FORCE),
    decided(REJECTED, revision=2, round=1, kind=ReviewDecided),
    changed(decided(REJECTED, revision=3), standing=ACCEPTED),
]


@pytest.mark.parametrize("count", range(1, len(CORRECTIONS) + 1))
def test_decisions_end_in_the_same_entry_in_every_order(count: int) -> None:
    some = CORRECTIONS[:count]
    in_order = standing(keep(*some))
    for order in permutations(some):
        assert standing(keep(*order)) == in_order


def test_ending_of_the_last_release_takes_nobody_off_the_roll() -> None:
    # The roll followed the order itself then, so it is only a confirmation.
    pipeline = keep(decided(), erasure(digest=None))
    assert standing(pipeline).accepted
    assert pipeline.bus.of(RollDeleted) == []


def test_erasure_takes_off_the_roll_and_is_confirmed() -> None:
    pipeline = keep(decided(), erasure())
    assert pipeline.roll.get(ADA) is None
    (confirmed,) = pipeline.bus.of(RollDeleted)
    (item,) = confirmed.items
    assert (item.id, item.at, item.traceparent) == (ADA, NOW, TRACE.traceparent)


LATE = [decided(), decided(revision=2), erasure(hours=1), erasure()]


@pytest.mark.parametrize("order", [*permutations(range(len(LATE)))])
def test_erased_person_never_comes_back(order: Sequence[int]) -> None:
    assert keep(*(LATE[index] for index in order)).roll.rows == {ADA: NOW}


def issue(pipeline: Pipeline) -> Noted:
    """Note a request of somebody whose row has been written; return it."""
    record = RecordId(ADA, Revision(1))
    pipeline.decisions.rows[ADA] = DecisionRow(record, DIGEST, NOW, NOW)
    request = Noted(RequestDigest(bytes(32)), STYLE)
    there = marking(pipeline.decisions, ADA, ELECTION, request)
    assert pipeline.roll.issue(ADA, ELECTION, request, there)
    return request


def test_erasure_forgets_what_was_issued() -> None:
    pipeline = keep(decided())
    issue(pipeline)
    assert pipeline.deliver(Consumer.CREDENTIAL_ROLL, erasure())
    assert pipeline.roll.rows == {ADA: NOW}


def test_later_decision_keeps_what_was_issued() -> None:
    pipeline = keep(decided())
    request = issue(pipeline)
    pipeline.deliver(Consumer.CREDENTIAL_ROLL, decided(revision=2))
    entry = pipeline.roll.get(ADA)
    assert entry is not None
    assert entry.issued == {ELECTION: request}


def test_decision_from_before_the_roll_names_nobody_who_could_ask() -> None:
    assert standing(keep(decided(digest=None))).access_digest is None


def test_published_election_gets_a_key_for_each_style_and_says_so() -> None:
    pipeline = keep(published(NOW, "DE-BE"))
    (told,) = pipeline.bus.of(CredentialKeysPublished)
    assert told.election == ELECTION
    assert {one.style: one.public_key for one in told.keys} == {
        style: pipeline.issuer_keys.public(ELECTION, style) for style in (STYLE, ELSEWHERE)
    }


def test_election_published_again_keeps_its_keys() -> None:
    pipeline = keep(published(NOW, "DE-BE"), published(NOW, "DE-BE"), published(NOW, "DE-BB"))
    first, *others = pipeline.bus.of(CredentialKeysPublished)
    assert len(others) == 2
    assert all(other.keys == first.keys for other in others)


def test_very_many_keys_are_announced_in_several_events() -> None:
    styles = tuple(StyleAreas(style=StyleId(f"s{number}"), areas=()) for number in range(401))
    pipeline = keep(published(NOW).model_copy(update={"styles": styles}))
    told = pipeline.bus.of(CredentialKeysPublished)
    assert [len(one.keys) for one in told] == [200, 200, 1]
    assert max(len(one.model_dump_json()) for one in told) < 256 * 1024


def test_ended_election_stays_ended_in_either_order() -> None:
    for order in permutations((published(NOW, "DE-BE"), ended(NOW))):
        (one,) = keep(*order).calendar.of_area("DE-BE")
        assert one.window.is_over(NOW)


@pytest.mark.parametrize(
    ("region", "areas"),
    [("DE-BE", ("DE-BE", "DE")), ("DE", ("DE",)), ("other", ("other",))],
)
def test_region_votes_in_itself_and_in_its_country(region: str, areas: tuple[str, ...]) -> None:
    assert areas_of(region) == areas


@pytest.mark.parametrize(
    ("area", "around"),
    [("DE", ()), ("DE-BE", ("DE",)), ("DE-BE-N1", ("DE", "DE-BE")), ("N1", ())],
)
def test_area_is_within_those_that_its_name_begins_with(area: str, around: tuple[str, ...]) -> None:
    assert areas_around(area) == around


def test_event_of_another_kind_goes_back() -> None:
    pipeline = Pipeline()
    told = RollDeleted(items=keep(decided(), erasure()).bus.of(RollDeleted)[0].items)
    assert not pipeline.deliver(Consumer.CREDENTIAL_ROLL, told)
