"""Adapters whose services moto does not do justice: DynamoDB's answers are given word by word."""

from typing import Any

from botocore.session import get_session
from botocore.stub import Stubber

from civic.contracts.identifiers import Nullifier
from civic.voting.adapters.ballot_box_dynamodb import DynamoDbBallots
from civic.voting.model.ballot import CastBallot, cast
from civic.voting.ports import Cast
from tests.fakes.ballots import ELECTION, ballot


def made_client() -> Any:
    """Return a client of its own, which speaks to nobody."""
    return get_session().create_client(
        "dynamodb",
        region_name="eu-central-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


def nullifier(number: int) -> Nullifier:
    return Nullifier(number.to_bytes(32))


# ------------------------------------------------------------------ 25 ballots a call
# moto knows no PartiQL with parameters.


def inserted(*responses: dict[str, Any]) -> list[Cast]:
    """Return what becomes of as many ballots as DynamoDB gives responses to."""
    made = [cast(ballot(), nullifier(number), b"k" * 32) for number in range(len(responses))]
    return answered(made, [list(responses)])


def answered(
    made: list[CastBallot], answers: list[list[dict[str, Any]]], **settings: int
) -> list[Cast]:
    client: Any = made_client()
    with Stubber(client) as stubber:
        rest = list(made)
        for responses in answers:
            some, rest = rest[: len(responses)], rest[len(responses) :]
            expected = {"Statements": [statement(one) for one in some]}
            answer: Any = {"Responses": responses}
            stubber.add_response("batch_execute_statement", answer, expected)
        outcome = DynamoDbBallots(client, "ballots", **settings).cast(made)
        stubber.assert_no_pending_responses()
    return outcome


def statement(one: CastBallot) -> dict[str, Any]:
    return {
        "Statement": (
            "INSERT INTO \"ballots\" VALUE {'nullifier': ?, 'salt': ?, 'election': ?, 'ballot': ?}"
        ),
        "Parameters": [
            {"B": one.nullifier},
            {"B": one.salt},
            {"S": ELECTION},
            {"S": one.content.decode()},
        ],
    }


DONE = {"TableName": "ballots"}


def error(code: str) -> dict[str, Any]:
    return {"Error": {"Code": code, "Message": ""}, "TableName": "ballots"}


def test_each_insert_of_a_call_succeeds_or_fails_by_itself() -> None:
    responses = [DONE, error("DuplicateItem"), error("ThrottlingError"), DONE, error("Any")]
    assert inserted(*responses) == [
        Cast.COUNTED,
        Cast.ALREADY,
        Cast.FAILED,
        Cast.COUNTED,
        Cast.FAILED,
    ]


def test_more_than_25_ballots_are_several_calls_in_order() -> None:
    made = [cast(ballot(), nullifier(number), b"k" * 32) for number in range(60)]
    last = [DONE] * 9 + [error("DuplicateItem")]
    outcome = answered(made, [[DONE] * 25, [DONE] * 25, last])
    assert outcome == [Cast.COUNTED] * 59 + [Cast.ALREADY]


def test_calls_hold_as_many_ballots_as_is_said() -> None:
    made = [cast(ballot(), nullifier(number), b"k" * 32) for number in range(5)]
    assert answered(made, [[DONE] * 2, [DONE] * 2, [DONE]], per_call=2) == [Cast.COUNTED] * 5
