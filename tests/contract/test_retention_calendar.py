"""What every retention calendar does: it finds the registrations whose time is over."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from civic.contracts.events import Decision
from civic.contracts.identifiers import RegistrationId, Revision
from civic.identity.adapters.decision_store_dynamodb import DynamoDbDecisions
from civic.identity.adapters.items import RevisionedTable
from civic.identity.errors import StoreUnavailable
from civic.identity.model.keys import AccessDigest, RecordId
from civic.identity.model.rows import (
    Acceptance,
    DecisionRow,
    Malformed,
    Ruling,
    Tombstone,
    Verdict,
)
from civic.lab.memory.identity import MemoryDecisions
from civic.runtime import clients
from tests.fakes.aws import Aws
from tests.fakes.fixtures import each_kind
from tests.fakes.people import ADA, GRACE

NOW = datetime(2027, 1, 15, 12, 30, 15, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=9999)
MOMENT = timedelta(microseconds=1)
REVIEW, REJECTED, ACCEPTED = Decision.REVIEW, Decision.REJECTED, Decision.ACCEPTED

type Calendar = DynamoDbDecisions | MemoryDecisions


def deployed() -> DynamoDbDecisions:
    return DynamoDbDecisions(RevisionedTable(clients.dynamodb(), "decisions"))


decisions = each_kind("dynamodb", MemoryDecisions, deployed)


def row(decision: Decision | None, updated: datetime, number: int = 0) -> DecisionRow:
    verdict = Verdict(decision, (), "national-2027.1", number) if decision else None
    record = RecordId(ADA, Revision(1))
    return DecisionRow(record, AccessDigest(bytes(32)), LONG_AGO, updated, verdict)


def stand(decisions: Calendar, there: DecisionRow) -> None:
    assert (decisions.decide(there) if there.verdict else decisions.note_pending(there)) is None


@pytest.mark.parametrize("number", [0, 1])
def test_retention_of_the_rejected_ends_once_nothing_has_changed_for_so_long(
    decisions: Calendar, number: int
) -> None:
    there = row(REJECTED, NOW, number)
    stand(decisions, there)
    assert list(decisions.ended(NOW)) == []
    assert list(decisions.ended(NOW + MOMENT)) == [there]


@pytest.mark.parametrize("decision", [None, REVIEW])
def test_what_waits_for_the_office_does_not_end(
    decisions: Calendar, decision: Decision | None
) -> None:
    stand(decisions, row(decision, LONG_AGO))
    assert list(decisions.ended(NOW)) == []


def test_rejected_correction_of_the_accepted_ends_nothing(decisions: Calendar) -> None:
    there = replace(row(REJECTED, LONG_AGO), acceptance=Acceptance(Revision(1)))
    stand(decisions, replace(row(ACCEPTED, LONG_AGO), acceptance=Acceptance(Revision(1))))
    later = replace(there, record=RecordId(ADA, Revision(2)))
    stand(decisions, later)
    assert list(decisions.ended(NOW)) == []


@pytest.mark.parametrize("once_accepted", [False, True])
def test_rejection_by_people_ends_only_whoever_was_never_accepted(
    decisions: Calendar, *, once_accepted: bool
) -> None:
    ruling = Ruling(1, REJECTED, {}, ended_acceptance=once_accepted)
    there = replace(row(REJECTED, LONG_AGO, 1), ruling=ruling)
    stand(decisions, there)
    assert list(decisions.ended(NOW)) == ([] if once_accepted else [there])


@pytest.mark.parametrize("number", [0, 1])
def test_retention_of_the_accepted_never_ends(decisions: Calendar, number: int) -> None:
    stand(decisions, row(ACCEPTED, LONG_AGO, number))
    assert list(decisions.ended(NOW)) == []


@pytest.mark.parametrize("changes", range(4))
def test_retention_waits_while_restricted(decisions: Calendar, changes: int) -> None:
    there = row(REJECTED, LONG_AGO)
    stand(decisions, there)
    for restriction in range(changes):
        assert decisions.restrict(replace(there, restriction=restriction), LONG_AGO)
    there = replace(there, restriction=changes, restriction_changed=LONG_AGO if changes else None)
    assert list(decisions.ended(NOW)) == ([] if changes % 2 else [there])


def test_what_is_erased_has_no_retention(decisions: Calendar) -> None:
    stand(decisions, row(REJECTED, LONG_AGO))
    decisions.bury(Tombstone(ADA, LONG_AGO, access_digest=AccessDigest(bytes(32))))
    assert list(decisions.ended(NOW)) == []


def test_everybody_whose_retention_has_ended_is_found(aws: Aws) -> None:
    people = {RegistrationId(f"3d4c1f0e-9b57-4c1b-8d0e-2f6f6f1c7a2{index}") for index in range(5)}
    for person in people:
        record = RecordId(person, Revision(1))
        deployed().decide(replace(row(REJECTED, LONG_AGO), record=record))

    def two_a_page(**call: object) -> None:
        parameters = call["params"]
        assert isinstance(parameters, dict)
        parameters["Limit"] = 2

    aws.hook("dynamodb", "provide-client-params.dynamodb.Scan", two_a_page)
    found = [one for one in deployed().ended(NOW) if isinstance(one, DecisionRow)]
    assert {one.record.id for one in found} == people
    assert len(aws.asked("Scan")) >= 3


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("created", None),
        ("created", {"S": "yesterday"}),
        ("reasons", {"L": [{"S": "of a later release"}]}),
        ("updated", {"S": LONG_AGO.replace(tzinfo=None).isoformat()}),
    ],
)
def test_row_of_another_release_hides_no_other(
    aws: Aws, name: str, value: dict[str, object] | None
) -> None:
    there = row(REJECTED, LONG_AGO)
    deployed().decide(there)
    foreign = aws.items("decisions")[0] | {"id": {"S": GRACE}, name: value}
    item = {one: kept for one, kept in foreign.items() if kept}
    for one in (item, item | {"id": {"S": "Marked Fullname"}}):
        clients.dynamodb().put_item(TableName="decisions", Item=one)
    found = list(deployed().ended(NOW))
    assert there in found
    # What is no id could be personal.
    assert {one.id for one in found if isinstance(one, Malformed)} == {GRACE, "none"}


@pytest.mark.parametrize("code", ["ThrottlingException", "AccessDeniedException"])
def test_refusal_by_dynamodb_is_unavailability(aws: Aws, code: str) -> None:
    aws.fail("dynamodb", "Scan", code)
    with pytest.raises(StoreUnavailable):
        list(deployed().ended(NOW))
