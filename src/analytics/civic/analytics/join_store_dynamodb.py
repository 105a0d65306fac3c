"""Joins in DynamoDB: one row per registration.

``dr`` is the revision of the decision whose day, cohort and reasons the row holds, and ``round``
the number of the human review that made it, or 0. ``sr`` is the stored revision. ``restriction`` is
the number of the last change of a restriction, and ``restricted`` its outcome. A row with
``erased_at`` is a tombstone. Otherwise the tombstone of an erased registration has only its
``ttl``, and that of a registration whose data subject objected not even this, as it must last as
long as the registration does.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, override

from botocore.exceptions import ClientError

from civic.analytics.errors import StoreUnavailable
from civic.analytics.joins import Counted
from civic.analytics.ports import JoinStore
from civic.contracts.events import Cohort, Decision, DecisionMade
from civic.contracts.identifiers import RegistrationId, Revision
from civic.runtime.aws_errors import failed_condition, unavailable_as

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoDbJoins(JoinStore):
    """The join store."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        """Use ``table`` through ``client``."""
        self._client = client
        self._table = table

    @override
    def decided(self, decision: DecisionMade) -> None:
        self._advance(
            decision.id,
            {"dr": decision.revision, "round": decision.round},
            {
                "decided_on": {"S": decision.decided_at.date().isoformat()},
                "region": {"S": decision.cohort.region},
                "age_band": {"S": decision.cohort.age_band},
                "decision": {"S": decision.in_force},
                "reasons": {"L": [{"S": code} for code in decision.codes_in_force]},
            },
        )

    @override
    def stored(self, registration: RegistrationId, revision: Revision) -> None:
        self._advance(registration, {"sr": revision}, {})

    @override
    def restricted(self, registration: RegistrationId, sequence: int) -> None:
        facts = {"restricted": {"BOOL": sequence % 2 == 1}}
        self._advance(registration, {"restriction": sequence}, facts)

    @override
    def erased(self, registration: RegistrationId, at: datetime, expires: datetime) -> None:
        """Replace the row with a tombstone, unless there is an earlier one."""
        item: dict[str, Any] = {
            "id": {"S": registration},
            "erased_at": {"S": at.isoformat()},
            "ttl": {"N": str(int(expires.timestamp()))},
        }
        self._bury(item, "attribute_not_exists(#ttl) OR erased_at > :at")

    @override
    def objected(self, registration: RegistrationId, at: datetime) -> None:
        """Replace the row with a tombstone that does not expire, unless there already is one."""
        item: dict[str, Any] = {"id": {"S": registration}, "erased_at": {"S": at.isoformat()}}
        self._bury(item, "attribute_not_exists(#ttl) AND erased_at > :at")

    @override
    def complete(self) -> Iterator[Counted]:
        with unavailable_as(StoreUnavailable):
            pages = self._client.get_paginator("scan").paginate(
                TableName=self._table,
                FilterExpression="attribute_exists(dr) AND dr = sr"
                " AND (attribute_not_exists(restricted) OR restricted = :no)",
                ExpressionAttributeValues={":no": {"BOOL": False}},
            )
            for page in pages:
                yield from map(_counted, page["Items"])

    def _bury(self, item: dict[str, Any], replaceable: str) -> None:
        """Write a tombstone, unless there already is one that must not be replaced."""
        with _unless_in_the_way():
            self._client.put_item(
                TableName=self._table,
                Item=item,
                ConditionExpression=f"attribute_not_exists(erased_at) OR ({replaceable})",
                ExpressionAttributeNames={"#ttl": "ttl"},
                ExpressionAttributeValues={":at": item["erased_at"]},
            )

    def _advance(
        self, registration: RegistrationId, steps: dict[str, int], facts: dict[str, Any]
    ) -> None:
        """Write facts if their steps, most significant first, are ahead of those in the row."""
        numbers = {name: {"N": str(number)} for name, number in steps.items()}
        written = numbers | facts
        assignments = ", ".join(f"#{name} = :{name}" for name in written)
        with _unless_in_the_way():
            self._client.update_item(
                TableName=self._table,
                Key={"id": {"S": registration}},
                UpdateExpression=f"SET {assignments}",
                ConditionExpression=f"attribute_not_exists(erased_at) AND ({_further(steps)})",
                ExpressionAttributeNames={f"#{name}": name for name in written},
                ExpressionAttributeValues={f":{name}": value for name, value in written.items()},
            )


def _further(steps: Iterable[str]) -> str:
    """Return the condition that steps are ahead of those in the row, if it has any."""
    first, *rest = steps
    further = f"attribute_not_exists(#{first}) OR #{first} < :{first}"
    return f"{further} OR (#{first} = :{first} AND ({_further(rest)}))" if rest else further


def _counted(item: dict[str, Any]) -> Counted:
    return Counted(
        date.fromisoformat(item["decided_on"]["S"]),
        Cohort(region=item["region"]["S"], age_band=item["age_band"]["S"]),
        Decision(item["decision"]["S"]),
        tuple(code["S"] for code in item["reasons"]["L"]),
    )


@contextmanager
def _unless_in_the_way() -> Iterator[None]:
    with unavailable_as(StoreUnavailable):
        try:
            yield
        except ClientError as error:
            if not failed_condition(error):
                raise
