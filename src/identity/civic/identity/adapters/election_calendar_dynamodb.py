"""The issuer's calendar of elections in DynamoDB, by area, so that no scan is needed.

The row ``(*, election)`` holds the times of an election, the revision that was published last,
and whether it has ended; ``*`` is not an area. A row ``(area, election)`` holds the style of that
area, whether areas within it have other styles, and the revision it belongs to, and counts only
while that is the election's revision. So areas may be written one by one, in any order and
repeatedly, and an area that a later revision leaves out no longer counts.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, override

from botocore.exceptions import ClientError

from civic.contracts.identifiers import ElectionId, StyleId
from civic.identity.adapters.items import Item
from civic.identity.errors import StoreUnavailable
from civic.identity.model.credentials import Entitlement, Window, divided_areas
from civic.identity.ports.issuing import AnnouncedElection, ElectionCalendar
from civic.runtime.aws_errors import failed_condition, unavailable_as

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

type Facts = dict[str, Any]

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
        styles: dict[str, StyleId] = {}
        for one in election.styles:
            styles |= {area: one.style for area in one.areas if area not in styles}
        divided = divided_areas(styles)
        for area in styles.keys() | divided:
            style = styles.get(area)
            facts: Facts = {
                "revision": revision,
                "ballot_style": {"S": style} if style else None,
                "divided": {"BOOL": True} if area in divided else None,
            }
            self._set(area, election.election, facts, _LATER)
        closing = election.roll_closes_at
        times: Facts = {
            "revision": revision,
            "opens_at": {"S": election.opens_at.isoformat()},
            "closes_at": {"S": election.closes_at.isoformat()},
            "day": {"S": election.day.isoformat()} if election.day else None,
            "roll_closes_at": {"S": closing.isoformat()} if closing else None,
        }
        self._set(_EVERYWHERE, election.election, times, _LATER)

    @override
    def end(self, election: ElectionId) -> None:
        """Note that an election has ended, whether its publication was seen or not."""
        self._set(_EVERYWHERE, election, {"ended": {"BOOL": True}}, None)

    @override
    def window(self, election: ElectionId) -> Window | None:
        row = self._read(_EVERYWHERE, election)
        # Of an election that has only ended there is no more.
        return _window(election, row) if row and "revision" in row else None

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
            _window(election, window),
            StyleId(row["ballot_style"]["S"]) if "ballot_style" in row else None,
            divided="divided" in row,
        )

    def _read(self, area: str, election: ElectionId) -> Item | None:
        with unavailable_as(StoreUnavailable):
            answer = self._client.get_item(
                TableName=self._table, Key=_key(area, election), ConsistentRead=True
            )
        return answer.get("Item")

    def _set(self, area: str, election: ElectionId, facts: Facts, condition: str | None) -> None:
        """Write facts into a row, unless the condition does not hold; what is None is removed."""
        arguments: dict[str, Any] = {"ConditionExpression": condition} if condition else {}
        written = {name: fact for name, fact in facts.items() if fact is not None}
        change = "SET " + ", ".join(f"#{name} = :{name}" for name in written)
        if len(written) < len(facts):
            change += " REMOVE " + ", ".join(f"#{name}" for name in facts.keys() - written.keys())
        with unavailable_as(StoreUnavailable):
            try:
                self._client.update_item(
                    TableName=self._table,
                    Key=_key(area, election),
                    UpdateExpression=change,
                    ExpressionAttributeNames={f"#{name}": name for name in facts},
                    ExpressionAttributeValues={f":{name}": fact for name, fact in written.items()},
                    **arguments,
                )
            except ClientError as error:
                if not failed_condition(error):
                    raise


def _window(election: ElectionId, row: Item) -> Window:
    day, closing = row.get("day"), row.get("roll_closes_at")
    return Window(
        election,
        datetime.fromisoformat(row["opens_at"]["S"]),
        datetime.fromisoformat(row["closes_at"]["S"]),
        ended=row.get("ended", {"BOOL": False})["BOOL"],
        day=date.fromisoformat(day["S"]) if day else None,
        roll_closes_at=datetime.fromisoformat(closing["S"]) if closing else None,
    )


def _key(area: str, election: ElectionId) -> dict[str, Any]:
    return {"area": {"S": area}, "election": {"S": election}}
