"""What every view of the cohorts shows of what analytics holds."""

from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pytest

from civic.analytics.join_store_dynamodb import DynamoDbJoins
from civic.contracts.events import Cohort, Decision, DecisionMade
from civic.contracts.identifiers import Revision
from civic.identity.adapters.cohorts_dynamodb import DynamoDbCohorts
from civic.identity.errors import StoreUnavailable
from civic.lab.memory.analytics import MemoryCohorts, MemoryJoins
from civic.runtime import clients
from tests.fakes.aws import Aws
from tests.fakes.fixtures import each_kind
from tests.fakes.people import ADA, GRACE
from tests.fakes.pipeline import TRACE

NOW = datetime(2027, 1, 15, 12, 30, tzinfo=UTC)
COHORT = Cohort(region="DE-BY", age_band="25-34")


class Stores(NamedTuple):
    joins: Any
    cohorts: Any


def in_memory() -> Stores:
    joins = MemoryJoins()
    return Stores(joins, MemoryCohorts(joins))


def deployed() -> Stores:
    dynamodb = clients.dynamodb()
    return Stores(DynamoDbJoins(dynamodb, "joins"), DynamoDbCohorts(dynamodb, "joins"))


stores = each_kind("dynamodb", in_memory, deployed)


def decision(revision: int = 1, cohort: Cohort = COHORT) -> DecisionMade:
    return DecisionMade(
        id=ADA,
        revision=Revision(revision),
        decision=Decision.REJECTED,
        rule_set="national-2027.1",
        decided_at=NOW,
        cohort=cohort,
        traceparent=TRACE.traceparent,
    )


def test_nobody_has_a_cohort_at_first(stores: Stores) -> None:
    assert stores.cohorts.get(ADA) is None


def test_record_alone_has_no_cohort(stores: Stores) -> None:
    stores.joins.stored(ADA, Revision(1))
    assert stores.cohorts.get(ADA) is None


def test_cohort_is_that_of_the_last_decision(stores: Stores) -> None:
    stores.joins.decided(decision())
    assert stores.cohorts.get(ADA) == COHORT
    assert stores.cohorts.get(GRACE) is None
    moved = Cohort(region="DE-BE", age_band="35-44")
    stores.joins.decided(decision(2, moved))
    assert stores.cohorts.get(ADA) == moved


def test_nothing_is_shown_of_who_objected_or_was_erased(stores: Stores) -> None:
    stores.joins.decided(decision())
    stores.joins.objected(ADA, NOW)
    assert stores.cohorts.get(ADA) is None
    stores.joins.erased(ADA, NOW, NOW + timedelta(days=400))
    assert stores.cohorts.get(ADA) is None


def test_read_is_consistent(aws: Aws) -> None:
    deployed().cohorts.get(ADA)
    assert [asked["ConsistentRead"] for asked in aws.asked("GetItem")] == [True]


def test_refusal_by_dynamodb_is_unavailability(aws: Aws) -> None:
    aws.fail("dynamodb", "GetItem", "ThrottlingException")
    with pytest.raises(StoreUnavailable):
        deployed().cohorts.get(ADA)
