"""The vote path's real handlers on counted AWS: enqueuer, queue, processor, box, stream, tally."""

import base64
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import cache
from itertools import batched
from types import ModuleType
from typing import Any
from unittest.mock import patch

from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA384
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from civic.contracts.identifiers import ElectionId, StyleId
from civic.lab.bench.counted_aws import ENVIRONMENT, CountedAws
from civic.lab.bench.logs import LogMeter
from civic.lab.bench.pipeline import HandlerFailed, http_event, sqs_event
from civic.lab.bench.run import Run
from civic.lab.simulate.country import election_of, style_of, vote_body
from civic.lab.simulate.electorate import official
from civic.runtime import clients
from civic.voting.adapters.election_secrets_kms import KmsElectionSecrets
from civic.voting.adapters.election_store_dynamodb import DynamoDbElections
from civic.voting.adapters.voter_codes_dynamodb import DynamoDbVoterCodes
from civic.voting.functions import enqueuer, processor, tally
from civic.voting.model.codes import PostedCode, hash_of, new_code
from civic.voting.model.credential import RANDOMIZER_BYTES, TOKEN_BYTES, Credential
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
_KEY_BITS = 3072
_PADDING = PSS(MGF1(SHA384()), salt_length=SHA384.digest_size)
_CREATED = 201
_MESSAGES_PER_CALL = 10

type Voter = Credential | PostedCode


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
        """Store the election, its secret, and the public keys of its credentials."""
        vault = KmsElectionSecrets(clients.kms(), "key")
        sealed = vault.make(ELECTION)
        election = election_of(ELECTION, official(), datetime.now(UTC))
        store = DynamoDbElections(clients.dynamodb(), ELECTIONS)
        store.create(election, sealed)
        # One key for all: making fifty more takes a minute, and a verification costs the same.
        public = _issuer_key().public_key()
        der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        store.keep_keys(ELECTION, {style.id: der for style in election.styles})
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

    def credentials(self, count: int) -> list[Credential]:
        """Return valid credentials; signed without blinding, which no verifier can tell."""
        styles = official()
        return [_signed(style_of(styles[n % len(styles)].state)) for n in range(count)]

    def vote(self, voters: Sequence[Voter], fill: int, stream_fill: int) -> None:
        """Let voters vote and everything that follows from it happen.

        Args:
            voters: With what entitles them; each for the next candidate in turn.
            fill: The messages that the processor finds at once.
            stream_fill: The stream records that the tally finds at once.
        """
        for number, voter in enumerate(voters):
            self.post(voter, number % 5)
        self.drain(fill)
        self.count(stream_fill)

    def post(self, voter: Voter, choice: int) -> None:
        """Cast one vote; raises HandlerFailed unless it is taken."""
        self.run.requests += 1
        answer = self.invoke("enqueuer", vote_event(voter, choice))
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


@cache
def _issuer_key() -> RSAPrivateKey:
    return generate_private_key(65537, _KEY_BITS)


def _signed(style: StyleId) -> Credential:
    token, randomizer = secrets.token_bytes(TOKEN_BYTES), secrets.token_bytes(RANDOMIZER_BYTES)
    signature = _issuer_key().sign(randomizer + token, _PADDING, SHA384())
    return Credential(ELECTION, style, token, randomizer, signature)


def vote_event(voter: Voter, choice: int) -> dict[str, Any]:
    """Return a POST /votes."""
    return http_event("POST /votes", vote_body(voter, ELECTION, choice), {})


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
