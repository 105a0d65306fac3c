"""A polling station: the ballot functions with their real adapters, on AWS in this process."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from civic.contracts.identifiers import ElectionId, StyleId
from civic.lab.memory.rsa_pairs import public_key
from civic.runtime import clients
from civic.voting.adapters.election_secrets_kms import KmsElectionSecrets
from civic.voting.adapters.election_store_dynamodb import DynamoDbElections
from civic.voting.adapters.voter_codes_dynamodb import DynamoDbVoterCodes
from civic.voting.functions import enqueuer, press, processor, results, tally
from civic.voting.model.codes import PostedCode, hash_of, new_code
from civic.voting.model.credential import Credential
from civic.voting.model.election import Election
from civic.voting.model.secrets import ElectionKeys
from tests.fakes.aws import BUCKET, BUS, Aws
from tests.fakes.ballots import ELECTION, SIGNERS, SOUTH, definition
from tests.fakes.lambda_events import http_event

COMPOSED = (
    *(enqueuer.booth, enqueuer._box, enqueuer._queue, enqueuer._settings),
    *(processor.polls, processor.box, processor._settings),
    *(tally.teller, press.press),
    *(results.snapshots, results.elections, results.election, results._settings),
)
SHARD = "shardId-00000000000000000000-00000000"


@dataclass
class Station:
    """The functions, and what is behind them."""

    aws: Aws
    queue: str
    snapshots: str
    election: Election

    def vote(self, body: Any, **headers: str) -> dict[str, Any]:
        """Send a vote."""
        text = body if isinstance(body, str) else json.dumps(body)
        return enqueuer.handler(http_event("POST /votes", text, headers=headers), None)

    def waiting(self) -> list[str]:
        """Return the messages in the ballot queue, and remove them."""
        return _taken(self.queue)

    def asked(self) -> list[str]:
        """Return the requests for snapshots, and remove them."""
        return _taken(self.snapshots)

    def post(self, style: StyleId = SOUTH, number: int = 1) -> PostedCode:
        """Return a code that was posted to a voter."""
        code = new_code(lambda size: bytes((number * 7 + n) % 200 for n in range(size)))
        codes = DynamoDbVoterCodes(clients.dynamodb(), "voter-codes")
        codes.add(self.election.id, style, [hash_of(code, self.keys().codes)])
        return code

    def keys(self) -> ElectionKeys:
        """Return the keys of the election."""
        stored = DynamoDbElections(clients.dynamodb(), "elections").find(self.election.id)
        assert stored is not None
        secrets = KmsElectionSecrets(clients.kms(), self.aws.key_id)
        return ElectionKeys.derive(
            self.election.id, secrets.open(self.election.id, stored.sealed_secret)
        )

    def become(self, **changes: Any) -> None:
        """Change the election, and make every function notice at once."""
        changes["revision"] = self.election.revision + 1
        self.election = self.election.model_copy(update=changes)
        store = DynamoDbElections(clients.dynamodb(), "elections")
        store.announced(store.replace(self.election))
        forget()

    def arrivals(self, *, shard: str | None = SHARD) -> dict[str, Any]:
        """Return the stream's records for all ballots in the box."""
        records = [
            {
                "eventName": "INSERT",
                "eventSourceARN": "arn:aws:dynamodb:eu-central-1:123456789012:table/ballots/stream",
                "dynamodb": {"SequenceNumber": str(number), "NewImage": item},
            }
            for number, item in enumerate(self.aws.items("ballots"), start=98)
        ]
        return {"Records": records} | ({"shardId": shard} if shard else {})


def credential_body(credential: Credential) -> dict[str, str]:
    """Return a credential as a voter's device sends it."""

    document = {"election": str(credential.election), "style": str(credential.style)}
    for name in ("token", "randomizer", "signature"):
        document[name] = urlsafe_b64encode(getattr(credential, name)).decode().rstrip("=")
    return document


def open_now(id_: ElectionId = ELECTION) -> Election:
    """Return an election that opened an hour ago."""
    now = datetime.now(UTC)
    opens, closes = now - timedelta(hours=1), now + timedelta(hours=1)
    return definition(id=id_, opens_at=opens, closes_at=closes)


@contextmanager
def station(aws: Aws) -> Iterator[Station]:
    """Open the functions for voting."""
    with pytest.MonkeyPatch.context() as environment:
        queue = clients.sqs().create_queue(QueueName="ballots")["QueueUrl"]
        fifo: Any = {"FifoQueue": "true"}
        snapshots = clients.sqs().create_queue(QueueName="snaps.fifo", Attributes=fifo)["QueueUrl"]
        settings = {
            "BUS_NAME": BUS,
            "ELECTIONS_TABLE": "elections",
            "BALLOTS_TABLE": "ballots",
            "TALLIES_TABLE": "tallies",
            "VOTER_CODES_TABLE": "voter-codes",
            "BALLOT_QUEUE_URL": queue,
            "QUEUE_URL": queue,
            "SNAPSHOT_QUEUE_URL": snapshots,
            "KMS_KEY_ID": aws.key_id,
            "RESULTS_BUCKET": BUCKET,
        }
        for name, value in settings.items():
            environment.setenv(name, value)
        forget()
        election = open_now()
        store = DynamoDbElections(clients.dynamodb(), "elections")
        secret = KmsElectionSecrets(clients.kms(), aws.key_id).make(election.id)
        store.announced(store.create(election, secret))
        keys = {style: public_key(number, Encoding.DER) for style, number in SIGNERS.items()}
        store.keep_keys(election.id, keys)
        try:
            yield Station(aws, queue, snapshots, election)
        finally:
            forget()


def forget() -> None:
    """Make every function's next invocation its first."""
    for composed in COMPOSED:
        composed.cache_clear()


def _taken(url: str) -> list[str]:
    bodies: list[str] = []
    while (
        found := clients.sqs().receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages")
    ):
        for message in found:
            bodies.append(message["Body"])
            clients.sqs().delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return bodies
