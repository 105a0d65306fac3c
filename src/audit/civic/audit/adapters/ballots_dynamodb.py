"""The ballots table, which audit only reads: as a stream, and in full after certification."""

from base64 import b64decode
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, override

from civic.audit.errors import StoreUnavailable
from civic.audit.model.journal import Arrival
from civic.audit.model.openings import Opening
from civic.audit.ports import Ballots
from civic.contracts.identifiers import ElectionId
from civic.contracts.log_entries import ballot_entry, commitment
from civic.runtime.aws_errors import unavailable_as

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_DIGITS = 40
"""DynamoDB gives sequence numbers as up to 40 decimal digits; padded, they sort as text."""


def arrival_of(record: Mapping[str, Any]) -> Arrival:
    """Return the ballot of a stream record, which gives binary values in base64.

    A row that is no ballot must not stop the stream: its entry is empty, and so cannot be logged.
    """
    change = record["dynamodb"]
    try:
        image = change["NewImage"]
        election = image["election"]["S"]
        committed = commitment(b64decode(image["salt"]["B"]), image["ballot"]["S"].encode())
        entry = ballot_entry(ElectionId(election), committed)
    except (KeyError, TypeError, ValueError):
        entry = b""
    return Arrival(change["SequenceNumber"].zfill(_DIGITS), entry)


class DynamoDbBallots(Ballots):
    """The ballots of certified elections."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        """Read ``table`` through ``client``."""
        self._client = client
        self._table = table

    @override
    def every(self, election: ElectionId) -> Iterator[Opening]:
        with unavailable_as(StoreUnavailable):
            pages = self._client.get_paginator("scan").paginate(
                TableName=self._table,
                ConsistentRead=True,
                FilterExpression="election = :election",
                ExpressionAttributeValues={":election": {"S": election}},
                # The opener's role may read no nullifiers, only what opens a commitment.
                Select="SPECIFIC_ATTRIBUTES",
                ProjectionExpression="salt, ballot",
            )
            for page in pages:
                for item in page["Items"]:
                    yield Opening(item["salt"]["B"], item["ballot"]["S"].encode())
