"""Ballots in DynamoDB: one item per nullifier, with the ballot and the salt of its commitment.

Nothing else stands there: no time, no place, nothing of who voted. Ballots go in by PartiQL INSERT,
up to 25 a call: each is a conditional write of its own ("if there is no item of that key") at the
price of any other, and none is part of a transaction, so the same code is right on a table with
multi-region strong consistency, which has none.
"""

from collections.abc import Iterator, Sequence
from itertools import batched
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from civic.contracts.identifiers import ElectionId, Nullifier
from civic.voting.adapters.botocore_errors import failed_condition, unavailable
from civic.voting.model.ballot import CastBallot
from civic.voting.ports import Cast

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import BatchStatementRequestTypeDef

MOST_PER_CALL = 25
"""The limit of BatchExecuteStatement."""


class DynamoDbBallots:
    """The ballot box."""

    def __init__(self, client: "DynamoDBClient", table: str, per_call: int = MOST_PER_CALL) -> None:
        """Use ``table`` through ``client``, at most so many ballots a call."""
        self._client = client
        self._table = table
        self._per_call = per_call
        self._insert = (
            f'INSERT INTO "{table}" VALUE '
            "{'nullifier': ?, 'salt': ?, 'election': ?, 'ballot': ?}"
        )

    def holds(self, nullifier: Nullifier) -> bool:
        """Look for a ballot; eventually consistent, as the box itself refuses a second one."""
        with unavailable():
            answer = self._client.get_item(
                TableName=self._table,
                Key={"nullifier": {"B": nullifier}},
                ProjectionExpression="nullifier",
            )
        return "Item" in answer

    def cast(self, ballots: Sequence[CastBallot]) -> list[Cast]:
        """Put ballots into the box, each unless there is one of its nullifier."""
        results: list[Cast] = []
        for some in batched(ballots, self._per_call, strict=False):
            with unavailable():
                answer = self._client.batch_execute_statement(
                    Statements=[self._statement(ballot) for ballot in some]
                )
            results += [_result(response) for response in answer["Responses"]]
        return results

    def every(self, election: ElectionId) -> Iterator[CastBallot]:
        """Scan for the ballots of an election, consistently."""
        with unavailable():
            pages = self._client.get_paginator("scan").paginate(
                TableName=self._table,
                ConsistentRead=True,
                FilterExpression="election = :election",
                ExpressionAttributeValues={":election": {"S": election}},
            )
            for page in pages:
                yield from map(ballot_of, page["Items"])

    def _statement(self, ballot: CastBallot) -> "BatchStatementRequestTypeDef":
        return {
            "Statement": self._insert,
            "Parameters": [
                {"B": ballot.nullifier},
                {"B": ballot.salt},
                {"S": ballot.election},
                {"S": ballot.content.decode()},
            ],
        }


class DynamoDbSingleBallots(DynamoDbBallots):
    """The same box for a table that takes no PartiQL: one conditional PutItem per ballot."""

    def cast(self, ballots: Sequence[CastBallot]) -> list[Cast]:
        """Put ballots into the box, each unless there is one of its nullifier."""
        return [self._put(ballot) for ballot in ballots]

    def _put(self, ballot: CastBallot) -> Cast:
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
            return Cast.ALREADY if failed_condition(error) else Cast.FAILED
        except BotoCoreError:
            return Cast.FAILED
        return Cast.COUNTED


def ballot_of(item: dict[str, Any]) -> CastBallot:
    """Return the ballot of an item, as the client gives it.

    Not as a stream event does: there nullifier and salt are base64 text, here they are bytes.
    """
    return CastBallot(
        Nullifier(item["nullifier"]["B"]),
        item["salt"]["B"],
        ElectionId(item["election"]["S"]),
        item["ballot"]["S"].encode(),
    )


def _result(response: Any) -> Cast:
    error = response.get("Error")
    if error is None:
        return Cast.COUNTED
    return Cast.ALREADY if error.get("Code") == "DuplicateItem" else Cast.FAILED
