"""Joins in DynamoDB: one row per registration.

``dr`` is the revision of the decision whose day, cohort and reasons the row holds, ``sr`` the
revision that is stored. A row with ``erased_at`` is a tombstone and holds nothing else but its
``ttl``.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from civic.analytics.errors import StoreUnavailable
from civic.analytics.model.joins import Counted
from civic.contracts.events import Cohort, Decision, DecisionMade
from civic.contracts.identifiers import RegistrationId, Revision
from civic.contracts.retention import TOMBSTONE_LIFETIME

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoDbJoins:
    """The join store."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        """Use ``table`` through ``client``."""
        self._client = client
        self._table = table

    def decided(self, decision: DecisionMade) -> None:
        """Note a decision."""
        reasons = sorted({reason.code for reason in decision.reasons})
        self._advance(
            decision.id,
            "dr",
            decision.revision,
            {
                "decided_on": {"S": decision.decided_at.date().isoformat()},
                "region": {"S": decision.cohort.region},
                "age_band": {"S": decision.cohort.age_band},
                "decision": {"S": decision.decision},
                "reasons": {"L": [{"S": code} for code in reasons]},
            },
        )

    def stored(self, registration: RegistrationId, revision: Revision) -> None:
        """Note that a revision is stored."""
        self._advance(registration, "sr", revision, {})

    def erased(self, registration: RegistrationId, at: datetime) -> None:
        """Replace the row by a tombstone."""
        item: dict[str, Any] = {
            "id": {"S": registration},
            "erased_at": {"S": at.isoformat()},
            "ttl": {"N": str(int((at + TOMBSTONE_LIFETIME).timestamp()))},
        }
        with _unavailable():
            self._client.put_item(TableName=self._table, Item=item)

    def complete(self) -> Iterator[Counted]:
        """Scan for the rows whose halves are of one revision."""
        with _unavailable():
            pages = self._client.get_paginator("scan").paginate(
                TableName=self._table, FilterExpression="attribute_exists(dr) AND dr = sr"
            )
            for page in pages:
                yield from map(_counted, page["Items"])

    def _advance(
        self, registration: RegistrationId, half: str, revision: Revision, facts: dict[str, Any]
    ) -> None:
        names: Any = {"ExpressionAttributeNames": {f"#{name}": name for name in facts}}
        values = {f":{name}": value for name, value in facts.items()}
        assignments = [f"{half} = :r", *(f"#{name} = :{name}" for name in facts)]
        with _unavailable():
            try:
                self._client.update_item(
                    TableName=self._table,
                    Key={"id": {"S": registration}},
                    UpdateExpression="SET " + ", ".join(assignments),
                    ConditionExpression=f"attribute_not_exists(erased_at) AND "
                    f"(attribute_not_exists({half}) OR {half} < :r)",
                    ExpressionAttributeValues={":r": {"N": str(revision)}, **values},
                    **(names if facts else {}),
                )
            except ClientError as error:
                if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                    raise


def _counted(item: dict[str, Any]) -> Counted:
    return Counted(
        date.fromisoformat(item["decided_on"]["S"]),
        Cohort(region=item["region"]["S"], age_band=item["age_band"]["S"]),
        Decision(item["decision"]["S"]),
        tuple(code["S"] for code in item["reasons"]["L"]),
    )


@contextmanager
def _unavailable() -> Iterator[None]:
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise StoreUnavailable("an AWS service refused or did not answer") from error
