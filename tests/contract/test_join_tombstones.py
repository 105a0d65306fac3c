"""What remains of a forgotten registration in the join table, and for how long."""

from datetime import UTC, datetime, timedelta
from itertools import combinations, permutations

import pytest

from civic.analytics.join_store_dynamodb import DynamoDbJoins
from civic.contracts.identifiers import RegistrationId, Revision
from civic.runtime import clients
from tests.fakes.aws import Aws
from tests.fakes.people import ADA

NOW = datetime(2027, 1, 15, 23, 59, tzinfo=UTC)
EXPIRES = NOW + timedelta(days=400)


def deployed() -> DynamoDbJoins:
    return DynamoDbJoins(clients.dynamodb(), "joins")


def test_tombstone_outlives_every_copy_of_an_event(aws: Aws) -> None:
    deployed().stored(ADA, Revision(1))
    deployed().erased(ADA, NOW, EXPIRES)
    (item,) = aws.items("joins")
    assert set(item) == {"id", "erased_at", "ttl"}
    assert item["ttl"] == {"N": str(int(EXPIRES.timestamp()))}


def test_objection_lasts_as_long_as_the_registration(aws: Aws) -> None:
    deployed().stored(ADA, Revision(1))
    deployed().objected(ADA, NOW)
    (item,) = aws.items("joins")
    assert set(item) == {"id", "erased_at"}
    deployed().erased(ADA, NOW + timedelta(days=900), EXPIRES + timedelta(days=900))
    (item,) = aws.items("joins")
    assert item["ttl"] == {"N": str(int((EXPIRES + timedelta(days=900)).timestamp()))}


EARLY, LATE = NOW, NOW + timedelta(hours=1)
STEPS: list[tuple[str, datetime]] = [
    ("objected", EARLY),
    ("objected", LATE),
    ("erased", EARLY),
    ("erased", LATE),
]


@pytest.mark.usefixtures("aws")
@pytest.mark.parametrize("steps", [*combinations(STEPS, 2), *combinations(STEPS, 3)])
def test_tombstone_is_the_same_in_every_order(steps: tuple[tuple[str, datetime], ...]) -> None:
    last = []
    for index, order in enumerate(permutations(steps)):
        registration = RegistrationId(f"3d4c1f0e-9b57-4c1b-8d0e-2f6f6f1c7a3{index}")
        for name, moment in order:
            expires = (EXPIRES,) if name == "erased" else ()
            getattr(deployed(), name)(registration, moment, *expires)
        last.append(clients.dynamodb().get_item(TableName="joins", Key={"id": {"S": registration}}))
    tombstones = [{**answer["Item"], "id": {}} for answer in last]
    assert tombstones == [tombstones[0]] * len(tombstones)
    erasures = [moment for name, moment in steps if name == "erased"]
    assert tombstones[0]["erased_at"]["S"] == min(erasures or [EARLY]).isoformat()
    assert ("ttl" in tombstones[0]) is bool(erasures)
