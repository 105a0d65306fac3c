"""The low-security store, as far as those who issue credentials may read it."""

from typing import TYPE_CHECKING, Any, override

from civic.contracts.events import Decision
from civic.contracts.identifiers import RegistrationId
from civic.identity.adapters.items import Item, digest_of, places_of, time_of
from civic.identity.errors import StoreUnavailable
from civic.identity.model.codes import Code
from civic.identity.model.credentials import Person
from civic.identity.model.likeness import Place
from civic.identity.ports.issuing import People
from civic.runtime.aws_errors import unavailable_as

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_PERSON = (
    *("id", "access_digest", "decision", "reasons", "accepted_by", "listed", "held_until"),
    *("updated", "round", "erased_at"),
)
_PLACES = ("id", "listed")


class DynamoDbPeople(People):
    """Rows of the low-security store; its role is allowed no other attributes."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        """Read ``table`` through ``client``."""
        self._client = client
        self._table = table

    @override
    def person(self, registration: RegistrationId) -> Person | None:
        item = self._read(registration, _PERSON)
        if "access_digest" not in item or "erased_at" in item:
            return None
        codes = {reason["L"][0]["S"] for reason in item.get("reasons", {"L": []})["L"]}
        decision = item.get("decision", {}).get("S")
        return Person(
            digest_of(item),
            accepted="accepted_by" in item or decision == Decision.ACCEPTED,
            waits=decision == Decision.REVIEW and Code.REGISTERED_ALREADY in codes,
            listed=places_of(item),
            decided_by_rules=None if "round" in item else time_of(item, "updated"),
            held_until=time_of(item, "held_until"),
        )

    @override
    def places(self, registration: RegistrationId) -> tuple[Place, ...]:
        return places_of(self._read(registration, _PLACES))

    def _read(self, registration: RegistrationId, attributes: tuple[str, ...]) -> Item:
        with unavailable_as(StoreUnavailable):
            answer: Any = self._client.get_item(
                TableName=self._table,
                Key={"id": {"S": registration}},
                ConsistentRead=True,
                ProjectionExpression=", ".join(f"#{name}" for name in attributes),
                ExpressionAttributeNames={f"#{name}": name for name in attributes},
            )
        return {**answer.get("Item", {})}
