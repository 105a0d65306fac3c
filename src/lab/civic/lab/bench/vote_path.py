"""The vote path's real handlers on counted AWS: enqueuer, queue, processor, box, stream, tally."""

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import batched
from typing import Any

from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.hashes import SHA384
from cryptography.hazmat.primitives.serialization import Encoding

from civic.contracts.identifiers import ElectionId, StyleId
from civic.lab.bench.aws import Item
from civic.lab.bench.functions import Functions, http_event
from civic.lab.memory.rsa_pairs import pair, public_key
from civic.lab.simulate.country import election_of, style_of, vote_body
from civic.lab.simulate.electorate import official
from civic.runtime import clients
from civic.voting.adapters.election_secrets_kms import KmsElectionSecrets
from civic.voting.adapters.election_store_dynamodb import DynamoDbElections
from civic.voting.adapters.voter_codes_dynamodb import DynamoDbVoterCodes
from civic.voting.model.codes import PostedCode, hash_of, new_code
from civic.voting.model.credential import RANDOMIZER_BYTES, TOKEN_BYTES, Credential
from civic.voting.model.secrets import ElectionKeys

ELECTION = ElectionId("0123456789ab")
_KEY = "key"
_PADDING = PSS(MGF1(SHA384()), salt_length=SHA384.digest_size)
_CREATED = 201
_MESSAGES_PER_CALL = 10

type Voter = Credential | PostedCode


class VotePipeline(Functions):
    """The functions of the vote path, with an open election of 51 ballot styles."""

    def start(self) -> None:
        """Store the election, its secret, and the public keys of its credentials."""
        self._tallied: set[str] = set()
        vault = KmsElectionSecrets(clients.kms(), _KEY)
        sealed = vault.make(ELECTION)
        election = election_of(ELECTION, official(), datetime.now(UTC))
        store = DynamoDbElections(clients.dynamodb(), self.named("ELECTIONS_TABLE"))
        store.create(election, sealed)
        # One key for all: making fifty more would take a minute, and verification costs the same.
        der = public_key(1, Encoding.DER)
        store.keep_keys(ELECTION, {style.id: der for style in election.styles})
        self.secret = vault.open(ELECTION, sealed)

    def named(self, variable: str) -> str:
        """Return the table or queue that a variable of the functions' environments names."""
        functions = (self.deployment.functions[name] for name in ("enqueuer", "processor", "tally"))
        environments = (function.environment for function in functions)
        return next(one[variable] for one in environments if variable in one)

    def letters(self, count: int) -> list[PostedCode]:
        """Return codes whose hashes are stored."""
        key = ElectionKeys.derive(ELECTION, self.secret).codes
        store = DynamoDbVoterCodes(clients.dynamodb(), self.named("VOTER_CODES_TABLE"))
        codes = [new_code(secrets.token_bytes) for _ in range(count)]
        for number, code in enumerate(codes):
            store.add(ELECTION, _style(number), [hash_of(code, key)])
        return codes

    @staticmethod
    def credentials(count: int) -> list[Credential]:
        """Return valid credentials, signed without blinding, which no verifier can notice."""
        return [_signed(_style(number)) for number in range(count)]

    def vote(self, voters: Sequence[Voter], fill: int, stream_fill: int) -> None:
        """Let voters vote, each for the next candidate, and let everything that follows happen.

        Args:
            voters: Their credentials or codes.
            fill: How many messages the processor receives in a batch.
            stream_fill: How many stream records the tally receives in a batch.
        """
        for number, voter in enumerate(voters):
            self.post(voter, number)
        self.drain(fill)
        self.count(stream_fill)

    def post(self, voter: Voter, number: int) -> None:
        """Submit one vote; raise HandlerFailed unless it is accepted."""
        self.aws.run.people += 1
        self.request("enqueuer", vote_event(voter, number), _CREATED)

    def drain(self, fill: int) -> None:
        """Let the processor empty the queue."""
        waiting = self.aws.queues.pop(self.named("BALLOT_QUEUE_URL"), [])
        for message in waiting:
            self.aws.run.send(message)
        for batch in batched(waiting, fill, strict=False):
            # However large a batch is, SQS hands out and deletes ten messages at a time.
            for handed in batched(batch, _MESSAGES_PER_CALL, strict=False):
                self.aws.run.receive(handed)
            self.consume("processor", batch)

    def count(self, fill: int) -> None:
        """Let the tally read the stream."""
        rows = {row["nullifier"]["B"]: row for row in self.ballots()}
        new = [row for nullifier, row in rows.items() if nullifier not in self._tallied]
        for batch in batched(new, fill, strict=False):
            self.invoke("tally", stream_event(batch, len(self._tallied)), len(batch))
            self._tallied |= {row["nullifier"]["B"] for row in batch}
            for message in self.aws.queues.pop(self.named("SNAPSHOT_QUEUE_URL"), []):
                self.aws.run.send(message)

    def ballots(self) -> list[Item]:
        """Return the rows of the ballot box, in any order."""
        return self.aws.items(self.named("BALLOTS_TABLE"))


def _style(number: int) -> StyleId:
    styles = official()
    return style_of(styles[number % len(styles)].state)


def _signed(style: StyleId) -> Credential:
    token, randomizer = secrets.token_bytes(TOKEN_BYTES), secrets.token_bytes(RANDOMIZER_BYTES)
    signature = pair(1).sign(randomizer + token, _PADDING, SHA384())
    return Credential(ELECTION, style, token, randomizer, signature)


def vote_event(voter: Voter, number: int) -> Item:
    """Return a POST /votes for the next candidate in turn."""
    return http_event("POST /votes", vote_body(voter, ELECTION, number % 5))


def stream_event(rows: Sequence[Item], first: int) -> dict[str, Any]:
    """Return the stream's event for some ballots, numbered from ``first``."""
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
