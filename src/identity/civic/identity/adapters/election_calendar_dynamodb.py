"""The issuer's calendar of elections in DynamoDB, by area, so that no scan is needed.

The row ``(*, election)`` holds the window of an election, the revision that was published last,
and whether it has ended; ``*`` is not an area. A row ``(area, election)`` holds the style of that
area and the revision it belongs to, and counts only while that is the election's revision. So areas
may be written one by one, in any order and repeatedly, and an area that a later revision leaves out
no longer counts.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, override

from botocore.exceptions import ClientError

from civic.contracts.identifiers import ElectionId, StyleId
from civic.identity.adapters.items import Item
from civic.identity.errors import StoreUnavailable
from civic.identity.model.credentials import Entitlement
from civic.identity.ports.issuing import AnnouncedElection, ElectionCalendar
from civic.runtime.aws_errors import failed_condition, unavailable_as

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_EVERYWHERE = "*"
_LATER = "attribute_not_exists(#revision) OR #revision < :revision"


class DynamoDbElectionCalendar(ElectionCalendar):
    """The issuer's calendar of elections."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        """Use ``table`` through ``client``."""
        self._client = client
        self._table = table

    @override
    def publish(self, election: AnnouncedElection) -> None:
        """Note an election as it was published; its own row comes last, as none counts before.

        If an area is given two styles, the first counts.
        """
        revision = {"N": str(election.revision)}
        for one in election.styles:
            for area in one.areas:
                facts = {"revision": revision, "ballot_style": {"S": one.style}}
                self._set(area, election.election, facts, _LATER)
        window = {
            "revision": revision,
            "opens_at": {"S": election.opens_at.isoformat()},
            "closes_at": {"S": election.closes_at.isoformat()},
        }
        self._set(_EVERYWHERE, election.election, window, _LATER)

    @override
    def end(self, election: ElectionId) -> None:
        """Note that an election has ended, whether its publication was seen or not."""
        self._set(_EVERYWHERE, election, {"ended": {"BOOL": True}}, None)

    @override
    def of_area(self, area: str) -> Sequence[Entitlement]:
        with unavailable_as(StoreUnavailable):
            pages = self._client.get_paginator("query").paginate(
                TableName=self._table,
                KeyConditionExpression="area = :area",
                ExpressionAttributeValues={":area": {"S": area}},
            )
            rows = [item for page in pages for item in page["Items"]]
        found = (self._entitlement(row) for row in rows)
        return [one for one in found if one is not None]

    @override
    def find(self, area: str, election: ElectionId) -> Entitlement | None:
        row = self._read(area, election)
        return None if row is None else self._entitlement(row)

    def _entitlement(self, row: Item) -> Entitlement | None:
        election = ElectionId(row["election"]["S"])
        window = self._read(_EVERYWHERE, election)
        if window is None or window.get("revision") != row["revision"]:
            return None
        return Entitlement(
            election,
            StyleId(row["ballot_style"]["S"]),
            datetime.fromisoformat(window["opens_at"]["S"]),
            datetime.fromisoformat(window["closes_at"]["S"]),
            ended=window.get("ended", {"BOOL": False})["BOOL"],
        )

    def _read(self, area: str, election: ElectionId) -> Item | None:
        with unavailable_as(StoreUnavailable):
            answer = self._client.get_item(
                TableName=self._table, Key=_key(area, election), ConsistentRead=True
            )
        return answer.get("Item")

    def _set(self, area: str, election: ElectionId, facts: Item, condition: str | None) -> None:
        """Write facts into a row, unless the condition does not hold."""
        arguments: dict[str, Any] = {"ConditionExpression": condition} if condition else {}
        with unavailable_as(StoreUnavailable):
            try:
                self._client.update_item(
                    TableName=self._table,
                    Key=_key(area, election),
                    UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in facts),
                    ExpressionAttributeNames={f"#{name}": name for name in facts},
                    ExpressionAttributeValues={f":{name}": fact for name, fact in facts.items()},
                    **arguments,
                )
            except ClientError as error:
                if not failed_condition(error):
                    raise


def _key(area: str, election: ElectionId) -> dict[str, Any]:
    return {"area": {"S": area}, "election": {"S": election}}
