"""Queue: put sealed ballots into the box."""

from functools import cache
from typing import Any

from civic.contracts.identifiers import ElectionId
from civic.runtime import clients
from civic.runtime.consumer import Failures
from civic.runtime.observability import describe, invocation
from civic.runtime.settings import Settings
from civic.voting.adapters.ballot_box_dynamodb import DynamoDbBallots
from civic.voting.adapters.ballot_queue_sqs import read_body
from civic.voting.adapters.election_secrets_kms import KmsElectionSecrets
from civic.voting.adapters.election_store_dynamodb import DynamoDbElections
from civic.voting.errors import SealBroken
from civic.voting.ports import BallotBox, Cast
from civic.voting.usecases.counting import count
from civic.voting.usecases.polls import Polls


class Environment(Settings):
    """Environment of the processor."""

    elections_table: str
    kms_key_id: str
    ballots_table: str


def handler(event: dict[str, Any], _context: object) -> Failures:
    """Count one batch; only what cannot be counted is delivered again."""
    with invocation() as line:
        readable: dict[str, tuple[ElectionId, bytes]] = {}
        errors: dict[str, Exception] = {}
        for message in event["Records"]:
            try:
                readable[message["messageId"]] = read_body(message["body"])
            except SealBroken as broken:
                errors[message["messageId"]] = broken
        outcomes = count(list(readable.values()), polls(), box())
        for message_id, outcome in zip(readable, outcomes, strict=True):
            line.count(f"Ballots{outcome.cast.value.capitalize()}")
            if outcome.error is not None:
                errors[message_id] = outcome.error
        for message_id, error in errors.items():
            line.record(message=message_id, error=describe(error))
        already = sum(outcome.cast is Cast.ALREADY for outcome in outcomes)
        line.note(messages=len(event["Records"]), failed=len(errors), already=already)
        return {"batchItemFailures": [{"itemIdentifier": one} for one in errors]}


@cache
def polls() -> Polls:
    """Compose the cache of elections."""
    return Polls(
        DynamoDbElections(clients.dynamodb(), _settings().elections_table),
        KmsElectionSecrets(clients.kms(), _settings().kms_key_id),
        clients.now,
    )


@cache
def box() -> BallotBox:
    """Compose the box."""
    return DynamoDbBallots(clients.dynamodb(), _settings().ballots_table)


@cache
def _settings() -> Environment:
    return Environment.from_environment()
