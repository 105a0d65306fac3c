"""What every store of renewals does."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from civic.contracts.identifiers import Revision
from civic.identity.adapters.access_renewals_dynamodb import (
    DynamoDbAccessRenewals,
    DynamoDbRegistrations,
)
from civic.identity.adapters.decision_store_dynamodb import DynamoDbDecisions
from civic.identity.adapters.items import RevisionedTable
from civic.identity.errors import StoreUnavailable
from civic.identity.model.keys import RecordId, digest_of
from civic.identity.model.renewal import Half, Renewal
from civic.identity.model.rows import DecisionRow, Tombstone
from civic.lab.memory.identity import MemoryDecisions
from civic.lab.memory.renewals import MemoryAccessRenewals, MemoryRegistrations
from civic.runtime import clients
from tests.fakes.aws import Aws
from tests.fakes.fixtures import each_kind
from tests.fakes.people import ADA, GRACE

NOW = datetime(2027, 1, 15, 12, 30, 15, 123456, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
JANE, JOHN = "arn:aws:iam::123456789012:user/jane", "arn:aws:iam::123456789012:user/john"
FIRST, SECOND = Renewal(ADA, digest_of("first")), Renewal(ADA, digest_of("second"))
ASKED, AGREED = Half(JANE, NOW), Half(JOHN, LATER)

type Store = DynamoDbAccessRenewals | MemoryAccessRenewals


def deployed() -> DynamoDbAccessRenewals:
    return DynamoDbAccessRenewals(clients.dynamodb(), "access-renewals")


renewals = each_kind("dynamodb", MemoryAccessRenewals, deployed)


def test_there_are_none_at_first(renewals: Store) -> None:
    assert renewals.of(ADA) == ()


def test_halves_are_kept_of_each_renewal_of_each_registration(renewals: Store) -> None:
    renewals.ask(FIRST.id, FIRST.digest, ASKED)
    renewals.ask(SECOND.id, SECOND.digest, Half(JOHN, LATER))
    renewals.agree(FIRST.id, FIRST.digest, AGREED)
    of_grace = Renewal(GRACE, FIRST.digest)
    renewals.ask(of_grace.id, of_grace.digest, ASKED)
    assert set(renewals.of(ADA)) == {
        Renewal(ADA, FIRST.digest, ASKED, AGREED),
        Renewal(ADA, SECOND.digest, Half(JOHN, LATER)),
    }
    assert renewals.of(GRACE) == (Renewal(GRACE, FIRST.digest, ASKED),)


def test_first_who_asked_and_who_agreed_stay(renewals: Store) -> None:
    for half in (ASKED, Half(JOHN, LATER)):
        renewals.ask(FIRST.id, FIRST.digest, half)
    for half in (AGREED, Half(JANE, NOW)):
        renewals.agree(FIRST.id, FIRST.digest, half)
    assert renewals.of(ADA) == (Renewal(ADA, FIRST.digest, ASKED, AGREED),)


def test_nobody_agrees_to_what_is_not_there(renewals: Store) -> None:
    renewals.agree(FIRST.id, FIRST.digest, AGREED)
    assert renewals.of(ADA) == ()


def test_expiring_changes_nothing_but_the_time_of_expiry(renewals: Store) -> None:
    renewals.ask(FIRST.id, FIRST.digest, ASKED)
    renewals.expire(ADA, LATER)
    renewals.expire(GRACE, LATER)
    assert renewals.of(ADA) == (Renewal(ADA, FIRST.digest, ASKED),)
    assert renewals.of(GRACE) == ()


def test_every_row_expires_at_the_time_that_was_said_first(aws: Aws) -> None:
    renewals = deployed()
    renewals.ask(FIRST.id, FIRST.digest, ASKED)
    renewals.ask(SECOND.id, SECOND.digest, ASKED)
    for at in (LATER, LATER + timedelta(days=1)):
        renewals.expire(ADA, at)
    times = [item["ttl"] for item in aws.items("access-renewals")]
    assert times == [{"N": str(int(LATER.timestamp()))}] * 2


def test_renewals_are_read_consistently(aws: Aws) -> None:
    deployed().of(ADA)
    (query,) = aws.asked("Query")
    assert query["ConsistentRead"] is True


@pytest.mark.parametrize(
    "planted",
    [
        {"agreed_by": {"S": JOHN}},
        {"agreed_at": {"S": LATER.isoformat()}},
        {"agreed_by": {"S": JOHN}, "agreed_at": {"S": "some day"}},
        {"agreed_by": {"S": JOHN}, "agreed_at": {"S": "2027-01-15T12:00:00"}},
        {"agreed_by": {"S": JOHN}, "agreed_at": {"N": "1"}},
        {"agreed_by": {"M": {}}, "agreed_at": {"S": LATER.isoformat()}},
    ],
)
def test_half_that_is_none_counts_as_absent(aws: Aws, planted: dict[str, object]) -> None:
    renewals = deployed()
    renewals.ask(FIRST.id, FIRST.digest, ASKED)
    (item,) = aws.items("access-renewals")
    clients.dynamodb().put_item(TableName="access-renewals", Item=item | planted)
    assert renewals.of(ADA) == (Renewal(ADA, FIRST.digest, ASKED),)


@pytest.mark.parametrize(
    ("operation", "call"),
    [
        ("Query", lambda: deployed().of(ADA)),
        ("UpdateItem", lambda: deployed().ask(FIRST.id, FIRST.digest, ASKED)),
        ("UpdateItem", lambda: deployed().agree(FIRST.id, FIRST.digest, AGREED)),
        ("Query", lambda: deployed().expire(ADA, NOW)),
        ("GetItem", lambda: DynamoDbRegistrations(clients.dynamodb(), "decisions").has(ADA)),
    ],
)
def test_refusal_of_dynamodb_is_unavailable(
    aws: Aws, operation: str, call: Callable[[], object]
) -> None:
    aws.fail("dynamodb", operation, "ThrottlingException")
    with pytest.raises(StoreUnavailable):
        call()


def kept_in_memory() -> tuple[MemoryDecisions, MemoryRegistrations]:
    decisions = MemoryDecisions()
    return decisions, MemoryRegistrations(decisions)


def kept_on_aws() -> tuple[DynamoDbDecisions, DynamoDbRegistrations]:
    table = RevisionedTable(clients.dynamodb(), "decisions")
    return DynamoDbDecisions(table), DynamoDbRegistrations(clients.dynamodb(), "decisions")


type Kept = (
    tuple[MemoryDecisions, MemoryRegistrations] | tuple[DynamoDbDecisions, DynamoDbRegistrations]
)

kept = each_kind("dynamodb", kept_in_memory, kept_on_aws)


def test_registration_is_there_until_it_is_erased(kept: Kept) -> None:
    decisions, registrations = kept
    digest = digest_of("token")
    assert not registrations.has(ADA)
    decisions.note_pending(DecisionRow(RecordId(ADA, Revision(1)), digest, NOW, NOW))
    assert registrations.has(ADA)
    assert not registrations.has(GRACE)
    decisions.bury(Tombstone(ADA, LATER, access_digest=digest))
    assert not registrations.has(ADA)
