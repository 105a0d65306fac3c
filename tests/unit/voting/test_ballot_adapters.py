"""The box in DynamoDB: one conditional write per ballot, several at the same time."""

import json
from base64 import b64decode
from collections.abc import Callable, Sequence
from threading import Barrier, Lock
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from civic.contracts.identifiers import Nullifier
from civic.runtime import clients
from civic.voting.adapters.ballot_box_dynamodb import DynamoDbBallots
from civic.voting.errors import StoreUnavailable
from civic.voting.model.ballot import CommittedBallot, commit
from civic.voting.ports import Cast
from tests.fakes.aws import Aws
from tests.fakes.ballots import ballot

PATIENCE = 30
"""Seconds that only a box waits which makes too few calls at a time."""

type Fate = Callable[[int], str | Exception | None]
"""By the number of a ballot: DynamoDB's error code, or the network's error."""


def made(count: int) -> list[CommittedBallot]:
    return [
        commit(ballot(), Nullifier(number.to_bytes(32)), b"k" * 32)
        for number in range(1, count + 1)
    ]


def put(ballots: Sequence[CommittedBallot]) -> list[Cast | StoreUnavailable]:
    return DynamoDbBallots(clients.dynamodb(), "ballots").cast(ballots)


def let_fail(aws: Aws, fate: Fate) -> None:
    def answer(**call: Any) -> Any:
        item = json.loads(call["params"]["body"])["Item"]
        found = fate(int.from_bytes(b64decode(item["nullifier"]["B"])))
        if isinstance(found, Exception):
            raise found
        if found is None:
            return None
        return SimpleNamespace(status_code=400), {"Error": {"Code": found, "Message": ""}}

    aws.hook("dynamodb", "before-call.dynamodb.PutItem", answer)


def code_of(failure: Cast | StoreUnavailable) -> str:
    assert isinstance(failure, StoreUnavailable)
    return str(getattr(failure.__cause__, "response", {})["Error"]["Code"])


def in_box(aws: Aws) -> list[int]:
    return sorted(int.from_bytes(item["nullifier"]["B"]) for item in aws.items("ballots"))


@pytest.mark.parametrize(
    "code",
    [
        "ReplicatedWriteConflictException",
        "ThrottlingException",
        "ProvisionedThroughputExceededException",
        "AccessDeniedException",
    ],
)
def test_a_ballot_that_is_refused_for_now_takes_no_other_with_it(aws: Aws, code: str) -> None:
    put(made(1))
    let_fail(aws, {3: code}.get)
    first, second, third, fourth = put(made(4))
    assert (first, second, fourth) == (Cast.ALREADY, Cast.COUNTED, Cast.COUNTED)
    assert code_of(third) == code
    assert in_box(aws) == [1, 2, 4]


def test_a_ballot_whose_answer_was_lost_takes_no_other_with_it(aws: Aws) -> None:
    lost = ReadTimeoutError(endpoint_url="http://x")
    let_fail(aws, {1: lost}.get)
    first, second = put(made(2))
    assert isinstance(first, StoreUnavailable)
    assert first.__cause__ is lost
    assert second is Cast.COUNTED


def test_an_error_of_our_own_fails_the_batch(aws: Aws) -> None:
    let_fail(aws, {2: ZeroDivisionError()}.get)
    with pytest.raises(ZeroDivisionError):
        put(made(2))


@pytest.mark.usefixtures("aws")
def test_a_ballot_in_the_box_is_not_overwritten() -> None:
    (before,) = made(1)
    put([before])
    after = CommittedBallot(before.nullifier, b"s" * 32, before.election, ballot("o2").canonical())
    assert put([after]) == [Cast.ALREADY]
    assert list(DynamoDbBallots(clients.dynamodb(), "ballots").every(before.election)) == [before]


def test_as_many_ballots_as_there_are_connections_go_at_the_same_time(aws: Aws) -> None:
    together = Barrier(clients.CONNECTIONS)

    def wait(_: int) -> None:
        together.wait(PATIENCE)

    let_fail(aws, wait)
    assert put(made(clients.CONNECTIONS)) == [Cast.COUNTED] * clients.CONNECTIONS


def test_no_more_calls_are_under_way_than_there_are_connections(aws: Aws) -> None:
    counting, under_way, most = Lock(), 0, 0

    def begin(**_call: Any) -> None:
        nonlocal under_way, most
        with counting:
            under_way += 1
            most = max(most, under_way)

    def end(**_call: Any) -> None:
        nonlocal under_way
        with counting:
            under_way -= 1

    aws.hook("dynamodb", "before-call.dynamodb.PutItem", begin)
    aws.hook("dynamodb", "after-call.dynamodb.PutItem", end)
    assert put(made(3 * clients.CONNECTIONS)) == [Cast.COUNTED] * 3 * clients.CONNECTIONS
    assert 1 < most <= clients.CONNECTIONS
