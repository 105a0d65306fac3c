"""What every low-security store does."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from civic.contracts.events import Decision, Reason
from civic.contracts.identifiers import Revision
from civic.identity.adapters.decision_store_dynamodb import DynamoDbDecisions
from civic.identity.adapters.items import RevisionedTable
from civic.identity.errors import StoreUnavailable
from civic.identity.model.keys import AccessDigest, RecordId
from civic.identity.model.rows import Acceptance, DecisionRow, Ruling, Tombstone, Verdict
from civic.lab.memory.identity import MemoryDecisions
from civic.runtime import clients
from tests.fakes.aws import Aws
from tests.fakes.fixtures import each_kind
from tests.fakes.people import ADA

NOW = datetime(2027, 1, 15, 12, 30, 15, 123456, tzinfo=UTC)
DIGEST, ANOTHER = AccessDigest(bytes(range(32))), AccessDigest(bytes(32))
ACCEPTED = Verdict(Decision.ACCEPTED, (), "national-2027.1")
REJECTED = Verdict(
    Decision.REJECTED,
    (Reason(code="phone_invalid", pointer="/phone_number"), Reason(code="a", pointer="/b~1c")),
    "national-2027.1",
)
REVIEW = Verdict(Decision.REVIEW, (), "national-2027.1")
RULING = Ruling(
    1,
    Decision.REJECTED,
    {"address": bytes(16), "email": bytes(range(16))},
    ("N1",),
    ended_acceptance=True,
)
BY_THE_FIRST = Acceptance(Revision(1), ("N1", "DE-BE", "DE"), 3, date(2027, 5, 1))
GRAVE = Tombstone(ADA, NOW, access_digest=DIGEST)

type Decisions = DynamoDbDecisions | MemoryDecisions


def deployed() -> DynamoDbDecisions:
    return DynamoDbDecisions(RevisionedTable(clients.dynamodb(), "decisions"))


decisions = each_kind("dynamodb", MemoryDecisions, deployed)


def row(revision: int = 1, verdict: Verdict | None = None, restriction: int = 0) -> DecisionRow:
    updated = NOW + timedelta(minutes=revision)
    record = RecordId(ADA, Revision(revision))
    changed = NOW if restriction else None
    accepted = verdict is not None and verdict.decision is Decision.ACCEPTED
    acceptance = Acceptance(record.revision) if accepted else None
    return DecisionRow(
        record, DIGEST, NOW, updated, verdict, restriction, changed, acceptance=acceptance
    )


def by_people(number: int, decision: Decision = Decision.ACCEPTED) -> Verdict:
    return Verdict(decision, (Reason(code="decided_by_people", pointer=""),), "r.1", number)


def stand(decisions: Decisions, there: DecisionRow) -> None:
    """Create a row that has been restricted and lifted as often as it says."""
    fresh = replace(there, restriction=0, restriction_changed=None)
    assert (decisions.decide(fresh) if there.verdict else decisions.note_pending(fresh)) is None
    for restriction in range(there.restriction):
        assert decisions.restrict(replace(fresh, restriction=restriction), NOW)
    assert decisions.get(ADA) == there


def test_nothing_is_there_at_first(decisions: Decisions) -> None:
    assert decisions.get(ADA) is None


def test_opened_row_is_returned(decisions: Decisions) -> None:
    assert decisions.note_pending(row()) is None
    assert decisions.get(ADA) == row()


@pytest.mark.parametrize("verdict", [ACCEPTED, REJECTED])
def test_decided_row_is_returned(decisions: Decisions, verdict: Verdict) -> None:
    assert decisions.decide(row(verdict=verdict)) is None
    assert decisions.get(ADA) == row(verdict=verdict)


@pytest.mark.parametrize("verdict", [None, ACCEPTED])
@pytest.mark.parametrize("known", [2, 3])
def test_open_meets_the_same_or_a_later_revision(
    decisions: Decisions, verdict: Verdict | None, known: int
) -> None:
    there = row(known, verdict)
    decisions.decide(there) if verdict else decisions.note_pending(there)
    assert decisions.note_pending(row(2)) == there
    assert decisions.get(ADA) == there


@pytest.mark.parametrize("verdict", [None, REJECTED])
def test_open_replaces_an_earlier_revision(decisions: Decisions, verdict: Verdict | None) -> None:
    decisions.decide(row(1, verdict)) if verdict else decisions.note_pending(row(1))
    assert decisions.note_pending(row(2)) is None
    assert decisions.get(ADA) == row(2)


@pytest.mark.parametrize("known", [1, 2])
def test_decide_replaces_a_pending_or_earlier_revision(decisions: Decisions, known: int) -> None:
    decisions.note_pending(row(known))
    assert decisions.decide(row(2, REJECTED)) is None
    assert decisions.get(ADA) == row(2, REJECTED)


def test_decide_replaces_an_earlier_decision(decisions: Decisions) -> None:
    decisions.decide(row(1, REJECTED))
    assert decisions.decide(row(2, ACCEPTED)) is None
    assert decisions.get(ADA) == row(2, ACCEPTED)


def test_decide_meets_an_earlier_decision_of_the_same_revision(decisions: Decisions) -> None:
    decisions.decide(row(2, REJECTED))
    assert decisions.decide(row(2, ACCEPTED)) == row(2, REJECTED)
    assert decisions.get(ADA) == row(2, REJECTED)


@pytest.mark.parametrize("verdict", [None, ACCEPTED])
def test_decide_meets_a_later_revision(decisions: Decisions, verdict: Verdict | None) -> None:
    there = row(3, verdict)
    decisions.decide(there) if verdict else decisions.note_pending(there)
    assert decisions.decide(row(2, REJECTED)) == there
    assert decisions.get(ADA) == there


@pytest.mark.parametrize("verdict", [None, ACCEPTED])
def test_burial_replaces_the_row(decisions: Decisions, verdict: Verdict | None) -> None:
    decisions.decide(row(1, verdict)) if verdict else decisions.note_pending(row(1))
    assert decisions.bury(GRAVE) is None
    assert decisions.get(ADA) == GRAVE


def test_burial_of_what_is_unknown_is_remembered(decisions: Decisions) -> None:
    assert decisions.bury(GRAVE) is None
    assert decisions.get(ADA) == GRAVE


@pytest.mark.parametrize("there", [row(), row(2, ACCEPTED), row(1, REJECTED, 2)])
def test_foreign_burial_changes_nothing(decisions: Decisions, there: DecisionRow) -> None:
    stand(decisions, there)
    assert decisions.bury(replace(GRAVE, access_digest=ANOTHER)) == there
    assert decisions.get(ADA) == there


def test_foreign_burial_leaves_even_a_tombstone(decisions: Decisions) -> None:
    decisions.bury(GRAVE)
    earlier = replace(GRAVE, erased_at=NOW - timedelta(days=1), access_digest=ANOTHER)
    assert decisions.bury(earlier) == GRAVE
    assert decisions.get(ADA) == GRAVE


@pytest.mark.parametrize("days", [0, 1])
def test_repeated_or_late_burial_finds_the_first_and_changes_nothing(
    decisions: Decisions, days: int
) -> None:
    decisions.bury(GRAVE)
    assert decisions.bury(replace(GRAVE, erased_at=NOW + timedelta(days=days))) == GRAVE
    assert decisions.get(ADA) == GRAVE


@pytest.mark.parametrize("days", [-1, 1])
def test_of_two_tombstones_the_earlier_stays_in_either_order(
    decisions: Decisions, days: int
) -> None:
    apart = timedelta(days=days)
    other = replace(GRAVE, erased_at=NOW + apart)
    decisions.bury(GRAVE)
    decisions.bury(other)
    assert decisions.get(ADA) == (GRAVE if days > 0 else other)


def test_tombstones_are_compared_with_and_without_microseconds(decisions: Decisions) -> None:
    whole = replace(GRAVE, erased_at=NOW.replace(microsecond=0))
    later = replace(GRAVE, erased_at=whole.erased_at + timedelta(microseconds=1))
    for grave in (later, whole, later):
        decisions.bury(grave)
    assert decisions.get(ADA) == whole


@pytest.mark.parametrize("revision", [1, 99])
@pytest.mark.parametrize("restriction", [0, 2])
def test_tombstone_stands_in_the_way_of_everything(
    decisions: Decisions, revision: int, restriction: int
) -> None:
    decisions.bury(GRAVE)
    assert decisions.note_pending(row(revision, None, restriction)) == GRAVE
    assert decisions.decide(row(revision, ACCEPTED, restriction)) == GRAVE
    assert not decisions.overrule(row(revision, by_people(1), restriction))
    assert not decisions.restrict(row(revision, None, restriction), NOW)
    assert not decisions.contest(ADA, NOW)
    assert not decisions.retire(row(revision, None, restriction), GRAVE)
    assert decisions.get(ADA) == GRAVE


@pytest.mark.parametrize("verdict", [REVIEW, REJECTED, ACCEPTED, by_people(1)])
def test_people_overrule_an_earlier_round(decisions: Decisions, verdict: Verdict) -> None:
    stand(decisions, row(2, verdict))
    overruling = row(2, by_people(2, Decision.REJECTED))
    assert decisions.overrule(overruling)
    assert decisions.get(ADA) == overruling


@pytest.mark.parametrize("known", [2, 3])
def test_people_do_not_overrule_the_same_or_a_later_round(decisions: Decisions, known: int) -> None:
    there = row(2, by_people(known, Decision.REJECTED))
    stand(decisions, there)
    assert not decisions.overrule(row(2, by_people(2)))
    assert decisions.get(ADA) == there


@pytest.mark.parametrize("there", [row(1, REVIEW), row(3, REVIEW), row(2), row(1), row(3)])
def test_people_overrule_only_a_decision_on_the_same_revision(
    decisions: Decisions, there: DecisionRow
) -> None:
    stand(decisions, there)
    assert not decisions.overrule(row(2, by_people(1)))
    assert decisions.get(ADA) == there


def test_people_overrule_nothing_where_nothing_is(decisions: Decisions) -> None:
    assert not decisions.overrule(row(1, by_people(1)))
    assert decisions.get(ADA) is None


def test_rules_do_not_overrule_people(decisions: Decisions) -> None:
    stand(decisions, row(1, by_people(1)))
    assert decisions.decide(row(1, REJECTED)) == row(1, by_people(1))
    assert decisions.get(ADA) == row(1, by_people(1))


@pytest.mark.parametrize("verdict", [None, REJECTED, by_people(1)])
@pytest.mark.parametrize("restriction", [0, 1, 2])
def test_restriction_is_counted_on_and_all_else_stays(
    decisions: Decisions, verdict: Verdict | None, restriction: int
) -> None:
    there = row(1, verdict, restriction)
    stand(decisions, there)
    later = NOW + timedelta(days=1)
    assert decisions.restrict(there, later)
    assert decisions.get(ADA) == replace(
        there, restriction=restriction + 1, restriction_changed=later
    )


@pytest.mark.parametrize("believed", [0, 1, 3])
def test_restriction_that_changed_meanwhile_is_not_counted_on(
    decisions: Decisions, believed: int
) -> None:
    there = row(1, None, 2)
    stand(decisions, there)
    assert not decisions.restrict(replace(there, restriction=believed), NOW)
    assert decisions.get(ADA) == there


@pytest.mark.parametrize("restriction", [0, 1])
def test_nothing_that_is_not_there_is_restricted(decisions: Decisions, restriction: int) -> None:
    assert not decisions.restrict(row(1, None, restriction), NOW)
    assert not decisions.contest(ADA, NOW)
    assert decisions.get(ADA) is None


@pytest.mark.parametrize("there", [row(2, REJECTED), row(1, by_people(1), 2), row(1)])
def test_contesting_is_noted_and_all_else_stays(decisions: Decisions, there: DecisionRow) -> None:
    stand(decisions, there)
    assert decisions.contest(ADA, NOW)
    assert decisions.get(ADA) == replace(there, contested=NOW)


@pytest.mark.parametrize(
    "there", [row(), row(2, REJECTED), row(2, by_people(1), 2), row(1, REVIEW)]
)
def test_row_that_is_as_it_was_seen_is_retired(decisions: Decisions, there: DecisionRow) -> None:
    stand(decisions, there)
    assert decisions.retire(there, GRAVE)
    assert not decisions.retire(there, replace(GRAVE, erased_at=NOW - timedelta(days=1)))
    assert decisions.get(ADA) == GRAVE


SEEN = row(2, REJECTED, 2)


@pytest.mark.parametrize(
    "seen",
    [
        replace(SEEN, access_digest=ANOTHER),
        replace(SEEN, record=RecordId(ADA, Revision(1))),
        replace(SEEN, updated=NOW),
        replace(SEEN, verdict=None),
        replace(SEEN, verdict=REVIEW),
        replace(SEEN, verdict=by_people(1, Decision.REJECTED)),
        replace(SEEN, restriction=0),
        replace(SEEN, restriction=1),
        replace(SEEN, restriction_changed=NOW - timedelta(days=1)),
        replace(SEEN, contested=NOW),
        replace(SEEN, acceptance=BY_THE_FIRST),
        replace(SEEN, ruling=RULING),
    ],
)
def test_row_that_is_not_as_it_was_seen_is_not_retired(
    decisions: Decisions, seen: DecisionRow
) -> None:
    stand(decisions, SEEN)
    assert not decisions.retire(seen, GRAVE)
    assert decisions.get(ADA) == SEEN


def test_nothing_that_is_not_there_is_retired(decisions: Decisions) -> None:
    assert not decisions.retire(SEEN, GRAVE)
    assert decisions.get(ADA) is None


IN_FORCE = replace(row(1, ACCEPTED), acceptance=BY_THE_FIRST)
LATER = NOW + timedelta(days=1)


@pytest.mark.parametrize(
    "there",
    [
        row(1),
        row(1, REJECTED),
        row(1, REJECTED, 2),
        row(1, None, 1),
        IN_FORCE,
        replace(row(2, REVIEW), acceptance=BY_THE_FIRST),
        replace(row(2, by_people(1, Decision.REJECTED)), ruling=RULING),
    ],
)
def test_pending_revision_leaves_all_else_as_it_is(
    decisions: Decisions, there: DecisionRow
) -> None:
    fresh = replace(there, restriction=0, restriction_changed=None, acceptance=None, ruling=None)
    stand(decisions, replace(fresh, verdict=REVIEW) if there.ruling else there)
    if there.ruling:
        assert decisions.overrule(there)
    wrong = DecisionRow(
        RecordId(ADA, Revision(3)),
        DIGEST,
        created=NOW - timedelta(days=9),
        updated=LATER,
        restriction=7,
        restriction_changed=LATER,
        contested=LATER,
        acceptance=replace(BY_THE_FIRST, revision=Revision(9)),
        ruling=replace(RULING, number=2),
    )
    assert decisions.note_pending(wrong) is None
    pending = there.corrected(Revision(3), LATER)
    assert decisions.get(ADA) == pending
    assert decisions.note_pending(wrong) == pending
    again = replace(wrong, record=RecordId(ADA, Revision(4)), updated=LATER + timedelta(days=1))
    assert decisions.note_pending(again) is None
    assert decisions.get(ADA) == pending.corrected(Revision(4), again.updated)


def test_first_pending_row_says_nothing_of_what_was_decided(decisions: Decisions) -> None:
    wrong = replace(
        row(), restriction=1, contested=row().updated, acceptance=BY_THE_FIRST, ruling=RULING
    )
    assert decisions.note_pending(wrong) is None
    assert decisions.get(ADA) == row()


@pytest.mark.parametrize("there", [IN_FORCE, replace(row(2, REVIEW), acceptance=BY_THE_FIRST)])
def test_decision_that_forgets_what_is_in_force_is_refused(
    decisions: Decisions, there: DecisionRow
) -> None:
    stand(decisions, there)
    later = replace(row(3, REJECTED), acceptance=BY_THE_FIRST)
    for other in (None, replace(BY_THE_FIRST, revision=Revision(9))):
        assert decisions.decide(replace(later, acceptance=other)) == there
    assert decisions.note_pending(row(3)) is None
    pending = there.corrected(Revision(3), row(3).updated)
    for other in (None, replace(BY_THE_FIRST, revision=Revision(9))):
        assert decisions.decide(replace(later, acceptance=other)) == pending
    assert decisions.decide(later) is None
    assert decisions.get(ADA) == later


def test_acceptance_takes_the_place_of_another(decisions: Decisions) -> None:
    stand(decisions, IN_FORCE)
    assert decisions.note_pending(row(2)) is None
    accepted = replace(row(2, ACCEPTED), acceptance=Acceptance(Revision(2), ("DE",)))
    assert decisions.decide(accepted) is None
    assert decisions.get(ADA) == accepted


def test_areas_of_an_accepted_row_are_renewed_unless_it_has_changed(decisions: Decisions) -> None:
    there = replace(row(1, ACCEPTED), acceptance=BY_THE_FIRST)
    renewed = replace(there, acceptance=replace(BY_THE_FIRST, areas=("N2", "DE"), area_version=4))
    assert not decisions.renew(renewed)
    stand(decisions, there)
    assert not decisions.renew(replace(renewed, updated=LATER))
    assert not decisions.renew(replace(renewed, restriction=1))
    assert not decisions.renew(replace(renewed, record=RecordId(ADA, Revision(9))))
    assert decisions.get(ADA) == there
    assert decisions.renew(renewed)
    assert decisions.get(ADA) == renewed
    assert decisions.note_pending(row(2).after(renewed)) is None
    assert not decisions.renew(renewed)


def test_first_acceptance_is_written_where_none_was(decisions: Decisions) -> None:
    stand(decisions, row(1, REJECTED))
    accepted = replace(row(2, ACCEPTED), acceptance=Acceptance(Revision(2), ("DE",)))
    assert decisions.decide(accepted) is None
    assert decisions.get(ADA) == accepted


def test_acceptance_that_people_ended_is_not_revived(decisions: Decisions) -> None:
    stand(decisions, replace(row(2, REVIEW), acceptance=BY_THE_FIRST))
    rejected = replace(row(2, by_people(1, Decision.REJECTED)), ruling=RULING)
    assert decisions.overrule(rejected)
    assert decisions.decide(replace(row(3, REVIEW), acceptance=BY_THE_FIRST)) == rejected
    assert decisions.decide(row(3, ACCEPTED)) == rejected
    assert decisions.decide(replace(row(3, ACCEPTED), ruling=RULING)) is None


@pytest.mark.usefixtures("aws")
def test_accepted_row_of_an_earlier_release_is_in_force() -> None:
    there = row(1, ACCEPTED)
    stand(deployed(), there)
    clients.dynamodb().update_item(
        TableName="decisions",
        Key={"id": {"S": ADA}},
        UpdateExpression="REMOVE accepted_by, areas",
    )
    assert there.acceptance == Acceptance(Revision(1))
    assert deployed().get(ADA) == there
    later = row(2, REJECTED)
    of_another = Acceptance(Revision(9))
    assert deployed().decide(later) == there
    assert deployed().decide(replace(later, acceptance=of_another)) == there
    assert deployed().note_pending(row(2)) is None
    pending = row(2).after(there)
    assert deployed().get(ADA) == pending
    assert deployed().decide(later) == pending
    assert deployed().decide(replace(later, acceptance=of_another)) == pending
    assert deployed().decide(replace(later, acceptance=there.acceptance)) is None


def as_of_the_last_release(there: DecisionRow) -> None:
    """Write a row as the last release did."""
    stand(deployed(), there)
    clients.dynamodb().update_item(
        TableName="decisions",
        Key={"id": {"S": ADA}},
        UpdateExpression="SET revision = :revision, updated = :updated REMOVE newest, submitted",
        ExpressionAttributeValues={
            ":revision": {"N": str(there.record.revision)},
            ":updated": {"S": there.updated.isoformat()},
        },
    )


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize("verdict", [None, REJECTED])
def test_row_of_the_last_release_is_decided_once(verdict: Verdict | None) -> None:
    there = row(2, verdict)
    as_of_the_last_release(there)
    assert deployed().get(ADA) == there
    assert deployed().decide(row(1, ACCEPTED)) == there
    assert deployed().decide(row(2, ACCEPTED)) == (there if verdict else None)
    assert deployed().get(ADA) == (there if verdict else row(2, ACCEPTED))


@pytest.mark.usefixtures("aws")
def test_row_of_the_last_release_that_waits_is_not_overruled() -> None:
    there = row(2)
    as_of_the_last_release(there)
    assert not deployed().overrule(row(2, by_people(1)))
    assert deployed().get(ADA) == there


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize("verdict", [None, REJECTED])
def test_row_of_the_last_release_is_corrected(verdict: Verdict | None) -> None:
    there = row(2, verdict)
    as_of_the_last_release(there)
    for earlier in (1, 2):
        deployed().note_pending(row(earlier))
        assert deployed().get(ADA) == there
    assert deployed().note_pending(row(3)) is None
    assert deployed().get(ADA) == row(3)
    assert deployed().decide(row(3, ACCEPTED)) is None
    assert deployed().get(ADA) == row(3, ACCEPTED)


def test_acceptance_of_a_revision_that_was_rejected_is_not_made_up(decisions: Decisions) -> None:
    stand(decisions, row(1, REJECTED))
    made_up = replace(row(2, REVIEW), acceptance=BY_THE_FIRST)
    assert decisions.decide(made_up) == row(1, REJECTED)
    assert decisions.note_pending(row(2)) is None
    assert decisions.decide(made_up) == row(2)


def test_ruling_is_kept_as_it_is(decisions: Decisions) -> None:
    there = replace(row(1, by_people(1)), ruling=RULING)
    stand(decisions, replace(there, acceptance=None, ruling=None, verdict=REVIEW))
    assert decisions.overrule(there)
    assert decisions.get(ADA) == there
    later = replace(row(2, REVIEW), acceptance=Acceptance(Revision(1)), ruling=RULING)
    assert decisions.decide(replace(later, ruling=replace(RULING, number=2))) == there
    assert decisions.note_pending(row(2)) is None
    assert decisions.decide(replace(later, ruling=None)) == replace(later, verdict=None)
    assert decisions.decide(later) is None
    assert decisions.get(ADA) == later


def test_decision_that_forgets_what_is_contested_is_refused(decisions: Decisions) -> None:
    there = row(1, REJECTED)
    stand(decisions, there)
    decisions.contest(ADA, there.updated)
    contested = replace(there, contested=there.updated)
    assert decisions.decide(row(2, REVIEW)) == contested
    assert decisions.note_pending(row(2)) is None
    pending = row(2).after(contested)
    assert pending.waits_for_people
    assert decisions.get(ADA) == pending
    assert decisions.decide(row(2, REJECTED)) == pending
    # That is the answer.
    assert decisions.decide(row(2, ACCEPTED)) is None
    assert decisions.get(ADA) == row(2, ACCEPTED)


@pytest.mark.parametrize("asked", [row(1).updated, row(2).updated])
def test_request_that_a_correction_overtook_goes_on_with_it(
    decisions: Decisions, asked: datetime
) -> None:
    stand(decisions, row(1, REJECTED))
    decisions.note_pending(row(2))
    decisions.contest(ADA, asked)
    pending = replace(row(2), contested=row(2).updated)
    assert decisions.get(ADA) == pending
    assert decisions.decide(row(2, REVIEW)) == pending
    waiting = replace(pending, verdict=REVIEW)
    assert decisions.decide(waiting) is None
    assert decisions.get(ADA) == waiting


def test_request_about_a_decision_that_is_no_more_is_no_obstacle(decisions: Decisions) -> None:
    stand(decisions, row(2, REJECTED))
    decisions.contest(ADA, row(1).updated)
    assert decisions.decide(row(3, REJECTED)) is None
    decisions.contest(ADA, row(1).updated)
    assert decisions.note_pending(row(4)) is None
    assert decisions.decide(row(4, REJECTED)) is None


@pytest.mark.parametrize(("known", "believed"), [(1, 0), (2, 0), (2, 1), (1, 2), (2, 3)])
def test_nothing_is_decided_under_another_restriction(
    decisions: Decisions, known: int, believed: int
) -> None:
    pending = row(1, None, known)
    stand(decisions, pending)
    assert decisions.decide(row(1, ACCEPTED, believed)) == pending
    assert decisions.decide(row(2, ACCEPTED, believed)) == pending
    assert decisions.get(ADA) == pending


@pytest.mark.parametrize("restriction", [0, 1, 2])
@pytest.mark.parametrize("verdict", [None, REVIEW])
@pytest.mark.parametrize("revision", [1, 2, 3])
def test_row_under_another_digest_is_decided_by_nobody(
    decisions: Decisions, restriction: int, verdict: Verdict | None, revision: int
) -> None:
    there = row(2, verdict, restriction)
    stand(decisions, there)
    foreign = replace(row(revision, None, restriction), access_digest=ANOTHER)
    assert decisions.note_pending(foreign) == there
    assert decisions.decide(replace(foreign, verdict=ACCEPTED)) == there
    assert not decisions.overrule(replace(foreign, verdict=by_people(1)))
    assert decisions.get(ADA) == there


def test_people_decide_nothing_under_another_restriction(decisions: Decisions) -> None:
    stand(decisions, row(1, REVIEW, 1))
    assert not decisions.overrule(row(1, by_people(1)))
    assert decisions.get(ADA) == row(1, REVIEW, 1)


@pytest.mark.parametrize("restriction", [1, 2])
def test_restriction_is_carried_by_what_is_written_under_it(
    decisions: Decisions, restriction: int
) -> None:
    stand(decisions, row(1, None, restriction))
    assert decisions.note_pending(row(2, None, restriction)) is None
    assert decisions.get(ADA) == row(2, None, restriction)
    assert decisions.decide(row(2, REVIEW, restriction)) is None
    assert decisions.get(ADA) == row(2, REVIEW, restriction)
    assert decisions.overrule(row(2, by_people(1), restriction))
    assert decisions.get(ADA) == row(2, by_people(1), restriction)


@pytest.mark.parametrize("restriction", [0, 2])
def test_first_row_may_carry_a_restriction(decisions: Decisions, restriction: int) -> None:
    # A restore removed the previous row between the read and the write.
    assert decisions.decide(row(1, ACCEPTED, restriction)) is None
    assert decisions.get(ADA) == row(1, ACCEPTED, restriction)


@pytest.mark.parametrize("later", [timedelta(microseconds=1), timedelta(days=400)])
def test_burial_of_an_earlier_life_changes_nothing(decisions: Decisions, later: timedelta) -> None:
    # Its time was before this registration began, so it was ordered about another one.
    there = replace(row(), created=NOW + later)
    stand(decisions, there)
    assert decisions.bury(GRAVE) == there
    assert decisions.get(ADA) == there


def test_reads_are_consistent(aws: Aws) -> None:
    deployed().get(ADA)
    assert [asked["ConsistentRead"] for asked in aws.asked("GetItem")] == [True]


def test_row_holds_nothing_but_the_decision(aws: Aws) -> None:
    deployed().decide(row(verdict=REJECTED))
    (item,) = aws.items("decisions")
    assert set(item) == {
        "id",
        "newest",
        "revision",
        "access_digest",
        "created",
        "updated",
        "decision",
        "reasons",
        "rule_set",
    }


def test_tombstone_holds_nothing_but_itself_and_does_not_expire(aws: Aws) -> None:
    deployed().note_pending(row())
    deployed().bury(GRAVE)
    (item,) = aws.items("decisions")
    assert set(item) == {"id", "erased_at", "access_digest"}


def test_tombstone_of_the_last_release_is_read(aws: Aws) -> None:
    assert aws.items("decisions") == []
    ttl = {"N": str(int((NOW + timedelta(days=400)).timestamp()))}
    old: dict[str, Any] = {
        "id": {"S": ADA},
        "erased_at": {"S": NOW.isoformat()},
        "access_digest": {"B": DIGEST},
        "ttl": ttl,
    }
    clients.dynamodb().put_item(TableName="decisions", Item=old)
    known = deployed().get(ADA)
    assert isinstance(known, Tombstone)
    assert (known.erased_at, known.access_digest) == (NOW, DIGEST)
    assert deployed().bury(GRAVE) == known


@pytest.mark.parametrize("code", ["ThrottlingException", "AccessDeniedException"])
def test_refusal_by_dynamodb_is_unavailability(aws: Aws, code: str) -> None:
    for operation in ("PutItem", "GetItem", "UpdateItem"):
        aws.fail("dynamodb", operation, code)
    store = deployed()
    calls: list[Callable[[], object]] = [
        lambda: store.get(ADA),
        lambda: store.note_pending(row()),
        lambda: store.decide(row(verdict=ACCEPTED)),
        lambda: store.overrule(row(verdict=by_people(1))),
        lambda: store.restrict(row(), NOW),
        lambda: store.contest(ADA, NOW),
        lambda: store.retire(row(), GRAVE),
        lambda: store.bury(GRAVE),
    ]
    for call in calls:
        with pytest.raises(StoreUnavailable):
            call()
