"""Every item of a typical registration stays within one write unit of DynamoDB."""

from typing import Any

import pytest

from tests.fakes.deployment import Deployment
from tests.strategies.registrations import address, person

WRITE_UNIT = 1024
TYPICAL = person(
    username="konstantinos.papadopoulos",
    full_name="Κωνσταντίνος Παπαδόπουλος",
    address=address(
        lines=("Λεωφόρος Βασιλίσσης Σοφίας 117", "Αθήνα 3"),
        city="Αθήνα",
        postcode="115 21",
        country="GR",
    ),
    phone_number="+30 21 0123 4567",
    email="konstantinos.papadopoulos@example.org",
    national_id="01013099997",
)


def size(value: dict[str, Any]) -> int:
    """Return at least the size of a value (DynamoDB developer guide, "Item sizes")."""
    ((kind, content),) = value.items()
    if kind == "L":
        return 3 + sum(1 + size(one) for one in content)
    if kind == "N":
        return 21
    if kind == "BOOL":
        return 1
    return len(content.encode() if kind == "S" else content)


def item_size(item: dict[str, Any]) -> int:
    return sum(len(name) + size(value) for name, value in item.items())


@pytest.mark.parametrize("table", ["subject-keys", "decisions", "vault", "joins"])
def test_item_of_a_typical_person_is_one_write_unit(deployment: Deployment, table: str) -> None:
    deployment.http("POST /registrations", TYPICAL.model_dump_json(exclude_none=True))
    deployment.deliver()
    (item,) = deployment.aws.items(table)
    assert "erased_at" not in item
    assert 100 < item_size(item) <= WRITE_UNIT
