"""The vote path's real handlers on counted AWS: enqueuer, queue, processor, box, stream, tally."""

import base64
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from itertools import batched
from types import ModuleType
from typing import Any
from unittest.mock import patch

from civic.cli.bench.counted_aws import ENVIRONMENT, CountedAws
from civic.cli.bench.logs import LogMeter
from civic.cli.bench.pipeline import HandlerFailed, http_event, sqs_event
from civic.cli.bench.run import Run
from civic.cli.simulate.country import election_of, style_of, vote_body
from civic.cli.simulate.electorate import official
from civic.contracts.identifiers import ElectionId
from civic.runtime import clients
from civic.voting.adapters.election_secrets_kms import KmsElectionSecrets
from civic.voting.adapters.election_store_dynamodb import DynamoDbElections
from civic.voting.adapters.voter_codes_dynamodb import DynamoDbVoterCodes
from civic.voting.entrypoints import enqueuer, processor, tally
from civic.voting.model.codes import PostedCode, hash_of, new_code
from civic.voting.model.secrets import ElectionKeys

ELECTION = ElectionId("0123456789ab")
ELECTIONS, BALLOTS, CODES, TALLIES = "Elections", "Ballots", "VoterCodes", "Tallies"
BALLOT_QUEUE = "https://sqs.us-east-1.amazonaws.com/123456789012/ballots"
SNAPSHOT_QUEUE = "https://sqs.us-east-1.amazonaws.com/123456789012/snapshots.fifo"
FUNCTION_ENVIRONMENT = {
    "ELECTIONS_TABLE": ELECTIONS,
    "BALLOTS_TABLE": BALLOTS,
    "VOTER_CODES_TABLE": CODES,
    "TALLIES_TABLE": TALLIES,
    "BALLOT_QUEUE_URL": BALLOT_QUEUE,
    "SNAPSHOT_QUEUE_URL": SNAPSHOT_QUEUE,
    "KMS_KEY_ID": "key",
    "BALLOTS_PER_CALL": "25",
    "PYDANTIC_DISABLE_PLUGINS": "__all__",
}
"""Of all functions of the vote path; tables are called as here."""

_KEYS = {
    ELECTIONS: ("id", "part"),
    BALLOTS: ("nullifier",),
    CODES: ("code",),
    TALLIES: ("election", "shard"),
}
_FUNCTIONS = {"enqueuer": enqueuer, "processor": processor, "tally": tally}
_CREATED = 201
_MESSAGES_PER_CALL = 10


class VotePipeline:
    """The functions in one environment each, with an election of 51 ballot styles that is open."""

    def __init__(self) -> None:
        """Use ``open`` instead."""
        self.aws = CountedAws(_KEYS)
        self.run = Run()
        self.codes_key = b""
        self._tallied = 0

    @classmethod
    @contextmanager
    def open(cls) -> "Iterator[VotePipeline]":
        """Start cold, with the election stored."""
        with ExitStack() as stack:
            stack.enter_context(patch.dict(os.environ, ENVIRONMENT | FUNCTION_ENVIRONMENT))
            for module in _FUNCTIONS.values():
                forget(module)
                # What was composed on counted AWS must not outlive it.
                stack.callback(forget, module)
            clients.forget()
            stack.callback(clients.forget)
            pipeline = cls()
            pipeline.aws.attach(clients.session())
            pipeline.hold_election()
            yield pipeline

    @contextmanager
    def counting(self) -> Iterator[Run]:
        """Count to a run of its own what happens within."""
        outside, self.run = self.run, Run()
        try:
            with self.aws.counting() as ledger:
                self.run.ledger = ledger
                yield self.run
        finally:
            self.run = outside

    def hold_election(self) -> None:
        """Store the election and its secret."""
        vault = KmsElectionSecrets(clients.kms(), "key")
        sealed = vault.make(ELECTION)
        election = election_of(ELECTION, official(), datetime.now(UTC))
        DynamoDbElections(clients.dynamodb(), ELECTIONS).create(election, sealed)
        self.codes_key = ElectionKeys.derive(ELECTION, vault.open(ELECTION, sealed)).codes

    def secret_of(self, sealed: str) -> bytes:
        """Return the secret of the election from its row's base64."""
        vault = KmsElectionSecrets(clients.kms(), "key")
        return vault.open(ELECTION, base64.b64decode(sealed))

    def letters(self, count: int) -> list[PostedCode]:
        """Return codes whose hashes are stored."""
        codes = [new_code(secrets.token_bytes) for _ in range(count)]
        styles = official()
        store = DynamoDbVoterCodes(clients.dynamodb(), CODES)
        for number, code in enumerate(codes):
            style = style_of(styles[number % len(styles)].state)
            store.add(ELECTION, style, [hash_of(code, self.codes_key)])
        return codes

    def vote(self, codes: Sequence[PostedCode], fill: int, stream_fill: int) -> None:
        """Let voters vote and everything that follows from it happen.

        Args:
            codes: Of the voters; each for the next candidate in turn.
            fill: The messages that the processor finds at once.
            stream_fill: The stream records that the tally finds at once.
        """
        for number, code in enumerate(codes):
            self.post(code, number % 5)
        self.drain(fill)
        self.count(stream_fill)

    def post(self, code: PostedCode, choice: int) -> None:
        """Cast one vote; raises HandlerFailed unless it is taken."""
        self.run.requests += 1
        answer = self.invoke("enqueuer", vote_event(code, choice))
        if answer["statusCode"] != _CREATED:
            raise HandlerFailed(f"POST /votes: {answer['body']}")

    def drain(self, fill: int) -> None:
        """Let the processor empty the queue."""
        waiting, self.aws.queues[BALLOT_QUEUE] = self.aws.queues[BALLOT_QUEUE], []
        for message in waiting:
            self.run.send(message)
        for batch in batched(waiting, fill, strict=False):
            # However many messages a batch has, SQS hands out and deletes ten at a time.
            for handed in batched(batch, _MESSAGES_PER_CALL, strict=False):
                self.run.receive(list(handed))
            answer = self.invoke("processor", sqs_event(batch), len(batch))
            if answer["batchItemFailures"]:
                raise HandlerFailed("the processor gave messages back")

    def count(self, fill: int) -> None:
        """Let the tally read the stream."""
        rows = list(self.aws.tables.items[BALLOTS].values())[self._tallied :]
        for batch in batched(rows, fill, strict=False):
            event = stream_event(batch, self._tallied)
            self._tallied += len(batch)
            self.invoke("tally", event, len(batch))
            for message in self.aws.queues.pop(SNAPSHOT_QUEUE, []):
                self.run.send(message)

    def invoke(self, name: str, event: dict[str, Any], messages: int = 1) -> dict[str, Any]:
        """Call one handler as Lambda would, and count it."""
        meter = LogMeter()
        with (
            patch.dict(os.environ, {"POWERTOOLS_SERVICE_NAME": name}),
            self.aws.function(name),
            meter.reading(name),
        ):
            answer: dict[str, Any] = _FUNCTIONS[name].handler(event, None)
        self.run.invocations[name] += 1
        self.run.messages[name] += messages
        self.run.log_bytes[name] += meter.bytes
        self.run.log_lines += meter.lines
        return answer


def vote_event(code: str, choice: int) -> dict[str, Any]:
    """Return a POST /votes."""
    return http_event("POST /votes", vote_body(code, ELECTION, choice), {})


def stream_event(rows: Sequence[dict[str, Any]], first: int) -> dict[str, Any]:
    """Return the stream's event of some ballots, the first of which has this number."""
    return {
        "shardId": "shardId-00000000000000000000-00000001",
        "Records": [
            {
                "eventName": "INSERT",
                "dynamodb": {"SequenceNumber": str(first + number + 1), "NewImage": row},
            }
            for number, row in enumerate(rows)
        ],
    }


def forget(module: ModuleType) -> None:
    """Drop what an entry point composed."""
    for value in vars(module).values():
        clear = getattr(value, "cache_clear", None)
        if clear is not None:
            clear()
