"""Ballots in DynamoDB: one item per nullifier, with the ballot and the salt of its commitment.

An item has nothing else: no time, no place, nothing about who voted. Each ballot is written by a
PutItem of its own, on the condition that its nullifier has none, several at the same time. Nothing
but this condition is needed, so the same code is right on a table with multi-region strong
consistency, which has no transactions (docs/adr/0025-ballots-one-way.md).
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, override

from botocore.exceptions import ClientError

from civic.contracts.identifiers import ElectionId, Nullifier
from civic.runtime.aws_errors import code_of, failed_condition, unavailable_as
from civic.runtime.clients import CONNECTIONS
from civic.voting.errors import StoreUnavailable
from civic.voting.model.ballot import Ballot, CommittedBallot
from civic.voting.model.tally import Arrival
from civic.voting.ports import BallotBox, Cast

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

SEGMENTS = 8
"""How many parts of the box are counted at the same time."""

_PAUSES = (1.0, 2.0, 4.0, 8.0)
"""Seconds to wait before a page that was throttled is counted again."""

_THROTTLED = {
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ThrottlingException",
}


class DynamoDbBallots(BallotBox):
    """The ballot box."""

    def __init__(
        self,
        client: "DynamoDBClient",
        table: str,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Use ``table`` through ``client``; ``sleep`` waits where a count is throttled."""
        self._client = client
        self._table = table
        self._sleep = sleep

    @override
    def holds(self, nullifier: Nullifier) -> bool:
        """Look for a ballot; eventually consistent, as the box itself refuses a second one."""
        with unavailable_as(StoreUnavailable):
            answer = self._client.get_item(
                TableName=self._table,
                Key={"nullifier": {"B": nullifier}},
                ProjectionExpression="nullifier",
            )
        return "Item" in answer

    @override
    def cast(self, ballots: Sequence[CommittedBallot]) -> list[Cast | StoreUnavailable]:
        with ThreadPoolExecutor(CONNECTIONS) as threads:
            return list(threads.map(self._put, ballots))

    @override
    def every(self, election: ElectionId) -> Iterator[CommittedBallot]:
        with unavailable_as(StoreUnavailable):
            pages = self._client.get_paginator("scan").paginate(
                TableName=self._table,
                ConsistentRead=True,
                FilterExpression="election = :election",
                ExpressionAttributeValues={":election": {"S": election}},
            )
            for page in pages:
                yield from map(ballot_of, page["Items"])

    @override
    def count(self, election: ElectionId) -> int:
        """Count by a parallel scan, read consistently, which returns numbers only."""
        with ThreadPoolExecutor(SEGMENTS) as threads:
            return sum(threads.map(lambda one: self._count(election, one), range(SEGMENTS)))

    def _count(self, election: ElectionId, segment: int) -> int:
        counted, start = 0, None
        while True:
            page = self._counted_page(election, segment, start)
            counted += int(page["Count"])
            start = page.get("LastEvaluatedKey")
            if start is None:
                return counted

    def _counted_page(self, election: ElectionId, segment: int, start: Any) -> Mapping[str, Any]:
        """Count a page; several segments at once may ask more of a partition than it can give."""
        asked: dict[str, Any] = {"ExclusiveStartKey": start} if start else {}
        pauses = iter(_PAUSES)
        while True:
            try:
                with unavailable_as(StoreUnavailable):
                    return self._client.scan(
                        TableName=self._table,
                        Select="COUNT",
                        ConsistentRead=True,
                        FilterExpression="election = :election",
                        ExpressionAttributeValues={":election": {"S": election}},
                        Segment=segment,
                        TotalSegments=SEGMENTS,
                        **asked,
                    )
            except StoreUnavailable as error:
                pause = next(pauses, None)
                if pause is None or not _is_throttled(error):
                    raise
                self._sleep(pause)

    def _put(self, ballot: CommittedBallot) -> Cast | StoreUnavailable:
        try:
            with unavailable_as(StoreUnavailable):
                return self._put_unless_there(ballot)
        except StoreUnavailable as error:
            return error

    def _put_unless_there(self, ballot: CommittedBallot) -> Cast:
        try:
            self._client.put_item(
                TableName=self._table,
                Item={
                    "nullifier": {"B": ballot.nullifier},
                    "salt": {"B": ballot.salt},
                    "election": {"S": ballot.election},
                    "ballot": {"S": ballot.content.decode()},
                },
                ConditionExpression="attribute_not_exists(nullifier)",
            )
        except ClientError as error:
            if failed_condition(error):
                return Cast.ALREADY
            raise
        return Cast.COUNTED


def _is_throttled(error: StoreUnavailable) -> bool:
    cause = error.__cause__
    return isinstance(cause, ClientError) and code_of(cause) in _THROTTLED


def ballot_of(item: Mapping[str, Any]) -> CommittedBallot:
    """Return the ballot in an item that the client has returned.

    A stream record differs: there nullifier and salt are base64 text, here they are bytes.
    """
    return CommittedBallot(
        Nullifier(item["nullifier"]["B"]),
        item["salt"]["B"],
        ElectionId(item["election"]["S"]),
        item["ballot"]["S"].encode(),
    )


def arrival_of(record: Mapping[str, Any]) -> Arrival:
    """Return what a stream record means for the tally.

    Raises:
        SealBroken: It does not hold a ballot.
    """
    change = record["dynamodb"]
    return Arrival(change["SequenceNumber"], Ballot.parse(change["NewImage"]["ballot"]["S"]))
