"""HTTP: accept votes into the queue, and report whether that would work."""

import secrets
from collections.abc import Callable
from functools import cache
from typing import Any

from civic.contracts import base64url
from civic.contracts.identifiers import Nullifier
from civic.runtime import clients
from civic.runtime.http import answer, serve
from civic.runtime.observability import Invocation
from civic.runtime.request import Request, Response
from civic.runtime.routes import Access, Answer, Route, Routes
from civic.runtime.settings import Settings
from civic.voting.adapters.ballot_box_dynamodb import DynamoDbBallots
from civic.voting.adapters.ballot_queue_sqs import SqsBallots
from civic.voting.adapters.election_secrets_kms import KmsElectionSecrets
from civic.voting.adapters.election_store_dynamodb import DynamoDbElections
from civic.voting.adapters.voter_codes_dynamodb import DynamoDbVoterCodes
from civic.voting.errors import StoreUnavailable
from civic.voting.http.vote_bodies import Health, Vote, VoteTaken, problem_of
from civic.voting.usecases.polls import Polls
from civic.voting.usecases.submission import Booth, submit

_NOBODY = Nullifier(bytes(32))
"""A nullifier that no credential yields, for checking whether the table responds."""


class Environment(Settings):
    """Environment of the enqueuer."""

    elections_table: str
    kms_key_id: str
    ballots_table: str
    ballot_queue_url: str
    voter_codes_table: str


def handler(event: dict[str, Any], _context: object) -> Response:
    """Answer one request; an accepted vote leaves no log line, and no line says what was sent."""
    return serve(event, ROUTES, problem_of, traced=False)


@cache
def booth() -> Booth:
    """Compose the booth from the environment."""
    settings = _settings()
    return Booth(
        polls=Polls(
            DynamoDbElections(clients.dynamodb(), settings.elections_table),
            KmsElectionSecrets(clients.kms(), settings.kms_key_id),
            clients.now,
        ),
        codes=DynamoDbVoterCodes(clients.dynamodb(), settings.voter_codes_table),
        box=_box(),
        queue=_queue(),
        clock=clients.now,
        entropy=secrets.token_bytes,
    )


def _vote(request: Request, line: Invocation) -> Response:
    receipt = submit(booth(), request.body(Vote).paper())
    # A line would record the time of this vote; the processor counts how many there are.
    line.hush()
    return answer(201, VoteTaken(receipt=base64url.encode(receipt)))


def _health(_request: Request, _line: Invocation) -> Response:
    table, queue = _works(lambda: _box().holds(_NOBODY)), _works(_queue().check)
    well = table and queue
    health = Health(status="ok" if well else "unavailable", table=table, queue=queue)
    return answer(200 if well else 503, health)


ROUTES = Routes(
    "VoteApi",
    (
        Route(
            "POST /votes",
            _vote,
            Access.PUBLIC,
            "castVote",
            "Submit a ballot, with a credential or a posted code",
            body=Vote,
            answer=Answer(201, VoteTaken),
            problems=(403, 404, 409),
        ),
        Route(
            "GET /health",
            _health,
            Access.PUBLIC,
            "health",
            "Whether the table and the queue that votes need respond",
            answer=Answer(200, Health),
        ),
    ),
    # Here, because Lambda's own lines would note the time of a browser's question before a vote.
    elsewhere=("GET /votes",),
    silent_preflight=True,
)


def _works(probe: Callable[[], object]) -> bool:
    try:
        probe()
    except StoreUnavailable:
        return False
    return True


@cache
def _box() -> DynamoDbBallots:
    return DynamoDbBallots(clients.dynamodb(), _settings().ballots_table)


@cache
def _queue() -> SqsBallots:
    return SqsBallots(clients.sqs(), _settings().ballot_queue_url)


@cache
def _settings() -> Environment:
    return Environment.from_environment()
