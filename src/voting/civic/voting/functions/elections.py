"""Staff API for elections, authorised by IAM: from a draft to a certified count."""

import re
import secrets
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from typing import Any

from civic.contracts.identifiers import ElectionId
from civic.contracts.voting import ELECTION_ID_PATTERN
from civic.runtime import clients
from civic.runtime.http import HEADERS, answer, serve
from civic.runtime.observability import Invocation
from civic.runtime.publisher import EventBridgePublisher
from civic.runtime.request import Problem, Request, Response
from civic.runtime.routes import Access, Answer, Route, Routes
from civic.runtime.settings import Settings
from civic.voting.adapters.backlog_sqs import SqsBacklog
from civic.voting.adapters.election_secrets_kms import KmsElectionSecrets
from civic.voting.adapters.election_store_dynamodb import DynamoDbElections
from civic.voting.adapters.tally_store_dynamodb import DynamoDbTallies
from civic.voting.adapters.voter_codes_dynamodb import DynamoDbVoterCodes
from civic.voting.http.election_bodies import (
    MAX_DRAFT_BYTES,
    CandidateAdded,
    Certification,
    Codes,
    CodesAdded,
    ElectionList,
    ElectionShown,
    problem_of,
    shown,
    summary_of,
)
from civic.voting.model.draft import DraftElection, NewCandidate, NewWindow
from civic.voting.model.election import Election
from civic.voting.usecases import drafts, elections
from civic.voting.usecases.office import Office
from civic.voting.usecases.register import Register

_ID = re.compile(ELECTION_ID_PATTERN)


class Environment(Settings):
    """Environment of the elections function."""

    bus_name: str
    elections_table: str
    voter_codes_table: str
    tallies_table: str
    voting_key_id: str
    ballot_queue_url: str
    ballot_dlq_url: str
    settling_seconds: int

    @property
    def settling(self) -> timedelta:
        """How long to wait after the closing before relying on the numbers of the ballot queue."""
        return timedelta(seconds=self.settling_seconds)


def handler(event: dict[str, Any], _context: object) -> Response:
    """Answer one request of the staff API."""
    return serve(event, ROUTES, problem_of)


@cache
def office() -> Office:
    """Compose the adapters."""
    settings = Environment.from_environment()
    dynamodb = clients.dynamodb()
    return Office(
        register=Register(
            store=DynamoDbElections(dynamodb, settings.elections_table),
            events=EventBridgePublisher(clients.events(), settings.bus_name, "elections"),
            clock=clients.now,
        ),
        secrets=KmsElectionSecrets(clients.kms(), settings.voting_key_id),
        codes=DynamoDbVoterCodes(dynamodb, settings.voter_codes_table),
        backlog=SqsBacklog(clients.sqs(), settings.ballot_queue_url, settings.ballot_dlq_url),
        tallies=DynamoDbTallies(dynamodb, settings.tallies_table),
        entropy=secrets.token_bytes,
        settling=settings.settling,
    )


def _create(request: Request, line: Invocation) -> Response:
    draft = request.body(DraftElection, MAX_DRAFT_BYTES)
    made = drafts.create(office(), draft, request.idempotency_key())
    line.note(id=made.id)
    return answer(201, shown(made), {"location": f"/elections/{made.id}"})


def _list(_request: Request, _line: Invocation) -> Response:
    now = office().register.clock()
    found = drafts.list_elections(office())
    return answer(200, ElectionList(elections=tuple(summary_of(one, now) for one in found)))


def _show(request: Request, line: Invocation) -> Response:
    stored = drafts.show(office(), _election_id(request, line))
    return answer(200, shown(stored.election, tuple(sorted(stored.keys))))


def _update(request: Request, line: Invocation) -> Response:
    election = _election_id(request, line)
    draft = request.body(DraftElection, MAX_DRAFT_BYTES)
    return answer(200, shown(drafts.update(office(), election, draft)))


def _delete(request: Request, line: Invocation) -> Response:
    drafts.delete(office(), _election_id(request, line))
    return {"statusCode": 204, "headers": dict(HEADERS)}


def _register_candidate(request: Request, line: Invocation) -> Response:
    election = _election_id(request, line)
    candidate = request.body(NewCandidate)
    after, option = drafts.register_candidate(office(), election, candidate)
    added = CandidateAdded(contest=candidate.contest, option=option.id, revision=after.revision)
    return answer(201, added)


def _step(take: Callable[[Office, ElectionId], Election]) -> Callable[..., Response]:
    """Return the handler of a change that needs no body."""

    def handle(request: Request, line: Invocation) -> Response:
        return answer(200, shown(take(office(), _election_id(request, line))))

    return handle


def _certify(request: Request, line: Invocation) -> Response:
    election = _election_id(request, line)
    ballots = request.body(Certification).ballots
    return answer(200, shown(elections.certify(office(), election, ballots)))


def _clone(request: Request, line: Invocation) -> Response:
    election = _election_id(request, line)
    window = request.body(NewWindow)
    made = drafts.clone(office(), election, window, request.idempotency_key())
    return answer(201, shown(made), {"location": f"/elections/{made.id}"})


def _add_codes(request: Request, line: Invocation) -> Response:
    election = _election_id(request, line)
    codes = request.body(Codes)
    elections.add_codes(office(), election, codes.style, codes.hashes)
    line.count("CodesAdded", len(codes.hashes))
    return answer(200, CodesAdded(stored=len(codes.hashes)))


_SHOWN = Answer(200, ElectionShown)

ROUTES = Routes(
    "StaffApi",
    (
        Route(
            "POST /elections",
            _create,
            Access.STAFF,
            "createElection",
            "Make a draft",
            body=DraftElection,
            answer=Answer(201, ElectionShown),
            parameters=("Idempotency-Key",),
        ),
        Route(
            "GET /elections",
            _list,
            Access.STAFF,
            "listElections",
            "All elections",
            answer=Answer(200, ElectionList),
        ),
        Route(
            "GET /elections/{id}",
            _show,
            Access.STAFF,
            "showElection",
            "One election",
            answer=_SHOWN,
            problems=(409,),
        ),
        Route(
            "PUT /elections/{id}",
            _update,
            Access.STAFF,
            "updateElection",
            "Change it until it opens: items with an id are kept, new ones added, the rest removed",
            body=DraftElection,
            answer=_SHOWN,
            problems=(409,),
        ),
        Route(
            "DELETE /elections/{id}",
            _delete,
            Access.STAFF,
            "deleteElection",
            "Delete a draft",
            answer=Answer(204),
            problems=(409,),
        ),
        Route(
            "POST /elections/{id}/candidates",
            _register_candidate,
            Access.STAFF,
            "registerCandidate",
            "Add an option to a contest, until the election opens",
            body=NewCandidate,
            answer=Answer(201, CandidateAdded),
            problems=(409,),
        ),
        Route(
            "PUT /elections/{id}/publication",
            _step(elections.publish),
            Access.STAFF,
            "publishElection",
            "Announce it: credentials are issued from now on",
            answer=_SHOWN,
            # Refused as a body would be: with every fault of the definition.
            problems=(409, 422),
        ),
        Route(
            "PUT /elections/{id}/opening",
            _step(elections.open_now),
            Access.STAFF,
            "openElection",
            "Open it before its time",
            answer=_SHOWN,
            problems=(409,),
        ),
        Route(
            "PUT /elections/{id}/suspension",
            _step(elections.suspend),
            Access.STAFF,
            "suspendElection",
            "Stop accepting votes",
            answer=_SHOWN,
            problems=(409,),
        ),
        Route(
            "DELETE /elections/{id}/suspension",
            _step(elections.resume),
            Access.STAFF,
            "resumeElection",
            "Accept votes again",
            answer=_SHOWN,
            problems=(409,),
        ),
        Route(
            "PUT /elections/{id}/closing",
            _step(elections.finish),
            Access.STAFF,
            "closeElection",
            "Close it before its time",
            answer=_SHOWN,
            problems=(409,),
        ),
        Route(
            "PUT /elections/{id}/certification",
            _certify,
            Access.STAFF,
            "certifyElection",
            "Declare the count final, once the sealed box is counted and every count agrees",
            body=Certification,
            answer=_SHOWN,
            problems=(409,),
        ),
        Route(
            "POST /elections/{id}/clone",
            _clone,
            Access.STAFF,
            "cloneElection",
            "Copy it into a draft for another time",
            body=NewWindow,
            answer=Answer(201, ElectionShown),
            problems=(409,),
            parameters=("Idempotency-Key",),
        ),
        Route(
            "POST /elections/{id}/codes",
            _add_codes,
            Access.STAFF,
            "addVoterCodes",
            "Register posted codes for a ballot style",
            body=Codes,
            answer=Answer(200, CodesAdded),
            problems=(409,),
        ),
    ),
)


def _election_id(request: Request, line: Invocation) -> ElectionId:
    """Return the id in the path; anything of another form could be personal, and is not logged."""
    value = request.path("id")
    if not _ID.fullmatch(value):
        raise Problem(404, "not_found", "There is no such election")
    line.note(id=value)
    return ElectionId(value)
