"""What every join store does."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import permutations

import pytest

from civic.analytics.errors import StoreUnavailable
from civic.analytics.join_store_dynamodb import DynamoDbJoins
from civic.analytics.joins import Counted
from civic.contracts.events import Cohort, Decision, DecisionMade, Reason
from civic.contracts.identifiers import RegistrationId, Revision
from civic.lab.memory.analytics import MemoryJoins
from civic.runtime import clients
from tests.fakes.aws import Aws
from tests.fakes.fixtures import each_kind
from tests.fakes.people import ADA, GRACE
from tests.fakes.pipeline import TRACE

NOW = datetime(2027, 1, 15, 23, 59, tzinfo=UTC)
EXPIRES = NOW + timedelta(days=400)
FIRST, SECOND, THIRD = Revision(1), Revision(2), Revision(3)

type Joins = DynamoDbJoins | MemoryJoins


def deployed() -> DynamoDbJoins:
    return DynamoDbJoins(clients.dynamodb(), "joins")


joins = each_kind("dynamodb", MemoryJoins, deployed)


def decision(
    revision: Revision = FIRST, registration: RegistrationId = ADA, region: str = "DE"
) -> DecisionMade:
    return DecisionMade(
        id=registration,
        revision=revision,
        decision=Decision.REJECTED,
        reasons=(
            Reason(code="phone_invalid", pointer="/phone_number"),
            Reason(code="age_below_minimum", pointer="/date_of_birth"),
            Reason(code="phone_invalid", pointer="/elsewhere"),
        ),
        rule_set="national-2027.1",
        decided_at=NOW,
        cohort=Cohort(region=region, age_band="25-34"),
        traceparent=TRACE.traceparent,
    )


def of_round(number: int, decided: Decision, revision: Revision = FIRST) -> DecisionMade:
    return decision(revision).model_copy(update={"round": number, "decision": decided})


def counted(region: str = "DE") -> Counted:
    return Counted(
        date(2027, 1, 15),
        Cohort(region=region, age_band="25-34"),
        Decision.REJECTED,
        ("age_below_minimum", "phone_invalid"),
    )


def test_nobody_counts_at_first(joins: Joins) -> None:
    assert list(joins.complete()) == []


def test_decision_alone_does_not_count(joins: Joins) -> None:
    joins.decided(decision())
    assert list(joins.complete()) == []


def test_storage_alone_does_not_count(joins: Joins) -> None:
    joins.stored(ADA, FIRST)
    assert list(joins.complete()) == []


@pytest.mark.parametrize("decided_first", [True, False])
def test_both_halves_count_once_in_either_order(joins: Joins, *, decided_first: bool) -> None:
    steps: list[Callable[[], None]] = [
        lambda: joins.decided(decision()),
        lambda: joins.stored(ADA, FIRST),
    ]
    for step in steps if decided_first else steps[::-1]:
        step()
        step()
    assert list(joins.complete()) == [counted()]


def test_halves_of_different_revisions_do_not_count(joins: Joins) -> None:
    joins.decided(decision(FIRST))
    joins.stored(ADA, SECOND)
    assert list(joins.complete()) == []


def test_halves_of_different_people_do_not_count(joins: Joins) -> None:
    joins.decided(decision(FIRST, ADA))
    joins.stored(GRACE, FIRST)
    assert list(joins.complete()) == []


def test_later_revision_replaces_the_earlier_one(joins: Joins) -> None:
    for revision, region in ((FIRST, "DE"), (SECOND, "FR")):
        joins.decided(decision(revision, region=region))
        joins.stored(ADA, revision)
    assert list(joins.complete()) == [counted("FR")]


def test_late_news_of_an_earlier_revision_changes_nothing(joins: Joins) -> None:
    joins.decided(decision(THIRD, region="FR"))
    joins.stored(ADA, THIRD)
    joins.decided(decision(SECOND, region="DE"))
    joins.stored(ADA, SECOND)
    assert list(joins.complete()) == [counted("FR")]


def test_repeated_decision_keeps_the_first_of_its_revision(joins: Joins) -> None:
    joins.stored(ADA, FIRST)
    joins.decided(decision(region="FR"))
    joins.decided(decision(region="DE"))
    assert list(joins.complete()) == [counted("FR")]


ROUNDS = {0: Decision.REVIEW, 1: Decision.REJECTED, 2: Decision.ACCEPTED}


@pytest.mark.parametrize("order", [*permutations(ROUNDS)])
def test_last_round_of_a_revision_counts_in_every_order(
    joins: Joins, order: tuple[int, ...]
) -> None:
    joins.stored(ADA, FIRST)
    for number in order:
        joins.decided(of_round(number, ROUNDS[number]))
    assert list(joins.complete()) == [replace(counted(), decision=Decision.ACCEPTED)]


@pytest.mark.parametrize("order", [*permutations(range(3))])
def test_later_revision_counts_more_than_any_round(joins: Joins, order: tuple[int, ...]) -> None:
    decisions = (
        of_round(0, Decision.REVIEW),
        of_round(3, Decision.REJECTED),
        of_round(0, Decision.ACCEPTED, SECOND),
    )
    joins.stored(ADA, SECOND)
    for index in order:
        joins.decided(decisions[index])
    assert list(joins.complete()) == [replace(counted(), decision=Decision.ACCEPTED)]


@pytest.mark.parametrize("sequence", range(1, 5))
@pytest.mark.parametrize("when", range(3))
def test_restricted_person_does_not_count_until_it_is_lifted(
    joins: Joins, sequence: int, when: int
) -> None:
    steps: list[Callable[[], None]] = [
        lambda: joins.decided(decision()),
        lambda: joins.stored(ADA, FIRST),
    ]
    steps.insert(when, lambda: joins.restricted(ADA, sequence))
    for step in steps:
        step()
    assert list(joins.complete()) == ([] if sequence % 2 else [counted()])


@pytest.mark.parametrize("order", [*permutations((1, 2, 3))])
def test_last_change_of_a_restriction_counts_in_every_order(
    joins: Joins, order: tuple[int, ...]
) -> None:
    joins.decided(decision())
    joins.stored(ADA, FIRST)
    for sequence in (*order, *order):
        joins.restricted(ADA, sequence)
    assert list(joins.complete()) == []
    joins.restricted(ADA, 4)
    assert list(joins.complete()) == [counted()]


def test_restriction_is_of_one_person(joins: Joins) -> None:
    for registration in (ADA, GRACE):
        joins.decided(decision(registration=registration))
        joins.stored(registration, FIRST)
    joins.restricted(GRACE, 1)
    assert list(joins.complete()) == [counted()]


def erased(joins: Joins) -> None:
    joins.erased(ADA, NOW, EXPIRES)


def objected(joins: Joins) -> None:
    joins.objected(ADA, NOW)


@pytest.mark.parametrize("forget", [erased, objected])
def test_forgotten_person_no_longer_counts(joins: Joins, forget: Callable[[Joins], None]) -> None:
    joins.decided(decision())
    joins.stored(ADA, FIRST)
    forget(joins)
    assert list(joins.complete()) == []


@pytest.mark.parametrize("forget", [erased, objected])
def test_news_of_a_forgotten_person_is_ignored(
    joins: Joins, forget: Callable[[Joins], None]
) -> None:
    forget(joins)
    joins.decided(decision(THIRD))
    joins.stored(ADA, THIRD)
    joins.restricted(ADA, 2)
    forget(joins)
    assert list(joins.complete()) == []


def test_everybody_counts(joins: Joins) -> None:
    for registration in (ADA, GRACE):
        joins.decided(decision(registration=registration, region=registration[-1:]))
        joins.stored(registration, FIRST)
    assert {one.cohort.region for one in joins.complete()} == {"0", "1"}


def test_row_holds_codes_and_bands_and_no_pointer(aws: Aws) -> None:
    deployed().decided(decision())
    deployed().stored(ADA, FIRST)
    (item,) = aws.items("joins")
    assert set(item) == {
        "id",
        "dr",
        "sr",
        "round",
        "decided_on",
        "region",
        "age_band",
        "decision",
        "reasons",
    }
    assert "phone_number" not in repr(item)


def test_scan_goes_on_to_the_last_page(aws: Aws) -> None:
    for index in range(5):
        registration = RegistrationId(f"3d4c1f0e-9b57-4c1b-8d0e-2f6f6f1c7a2{index}")
        deployed().decided(decision(registration=registration))
        deployed().stored(registration, FIRST)

    def two_a_page(**call: object) -> None:
        parameters = call["params"]
        assert isinstance(parameters, dict)
        parameters["Limit"] = 2

    aws.hook("dynamodb", "provide-client-params.dynamodb.Scan", two_a_page)
    assert len(list(deployed().complete())) == 5
    assert len(aws.asked("Scan")) >= 3


@pytest.mark.parametrize("code", ["ThrottlingException", "AccessDeniedException"])
def test_refusal_by_dynamodb_is_unavailability(aws: Aws, code: str) -> None:
    for operation in ("UpdateItem", "PutItem", "Scan"):
        aws.fail("dynamodb", operation, code)
    store = deployed()
    calls: list[Callable[[], object]] = [
        lambda: store.decided(decision()),
        lambda: store.stored(ADA, FIRST),
        lambda: store.restricted(ADA, 1),
        lambda: store.erased(ADA, NOW, EXPIRES),
        lambda: store.objected(ADA, NOW),
        lambda: list(store.complete()),
    ]
    for call in calls:
        with pytest.raises(StoreUnavailable):
            call()
