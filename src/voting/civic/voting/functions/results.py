"""HTTP: results from the latest snapshot, and the published elections."""

import hashlib
import json
import re
from datetime import timedelta
from functools import cache
from typing import Any

from civic.contracts.identifiers import ElectionId
from civic.contracts.voting import ELECTION_ID_PATTERN
from civic.runtime import clients
from civic.runtime.cache import ExpiringCache
from civic.runtime.http import serve
from civic.runtime.observability import Invocation
from civic.runtime.request import Problem, Request, Response
from civic.runtime.routes import Access, Answer, Route, Routes
from civic.runtime.settings import Settings
from civic.voting.adapters.election_store_dynamodb import DynamoDbElections
from civic.voting.adapters.snapshots_s3 import S3Snapshots
from civic.voting.http.vote_bodies import problem_of
from civic.voting.model.results import Document, as_csv, by_state, only
from civic.voting.ports import SnapshotStore
from civic.voting.usecases.polls import offered, published

_KEPT = timedelta(seconds=1)
"""How long one environment answers from memory: viewers cost reads per second, not per view."""

_ID = re.compile(ELECTION_ID_PATTERN)

_CACHE = {"cache-control": "public, max-age=1", "x-content-type-options": "nosniff"}


class Environment(Settings):
    """Environment of the results function."""

    elections_table: str
    results_bucket: str


def handler(event: dict[str, Any], _context: object) -> Response:
    """Answer one request."""
    return serve(event, ROUTES, problem_of, traced=False)


def _votes(request: Request, _line: Invocation) -> Response:
    document = only(
        _snapshot(request.query("election")), request.query("area"), request.query("option")
    )
    kind = request.query("format") or "json"
    if kind == "csv":
        return _cached(request, "text/csv; charset=utf-8", as_csv(document))
    if kind != "json":
        raise Problem(400, "unknown_format", "The format is json or csv")
    body = {"success": True, **document, "results": by_state(document)}
    return _cached(request, "application/json", json.dumps(body, ensure_ascii=False))


def _snapshot(election: str | None) -> Document:
    if election is not None and not _ID.fullmatch(election):
        raise Problem(404, "no_results", "There is no such election")
    found = snapshots().get(election)
    if found is None:
        raise Problem(404, "no_results", "There are no results yet")
    return found


def _elections(request: Request, _line: Invocation) -> Response:
    body = {"elections": elections().get(None)}
    return _cached(request, "application/json", json.dumps(body))


def _election(request: Request, _line: Invocation) -> Response:
    asked = request.path("id")
    found = election().get(ElectionId(asked)) if _ID.fullmatch(asked) else None
    if found is None:
        raise Problem(404, "unknown", "There is no such election")
    return _cached(request, "application/json", json.dumps(found, ensure_ascii=False))


ROUTES = Routes(
    "VoteApi",
    (
        Route(
            "GET /votes",
            _votes,
            Access.PUBLIC,
            "showResults",
            "The latest results, by area and option, as JSON or CSV",
            answer=Answer(200, "Results", also=("text/csv",)),
            problems=(400, 404),
            parameters=("election", "area", "option", "format", "If-None-Match"),
        ),
        Route(
            "GET /elections",
            _elections,
            Access.PUBLIC,
            "listOffered",
            "The ids of the elections that were published",
            answer=Answer(200, "Offered"),
            parameters=("If-None-Match",),
        ),
        Route(
            "GET /elections/{id}",
            _election,
            Access.PUBLIC,
            "showOffered",
            "An election that was published, with the keys of its credentials",
            answer=Answer(200, "OfferedElection"),
            parameters=("If-None-Match",),
        ),
    ),
)


@cache
def snapshots() -> "ExpiringCache[str | None, Document | None]":
    """Compose the cache of snapshots."""
    store: SnapshotStore = S3Snapshots(clients.s3(), _settings().results_bucket)

    def read(election: str | None) -> Document | None:
        text = store.get(None if election is None else ElectionId(election))
        return None if text is None else json.loads(text)

    return ExpiringCache(read, _KEPT, clients.now)


@cache
def elections() -> "ExpiringCache[None, tuple[ElectionId, ...]]":
    """Compose the cache of the list of elections, which leaves out drafts."""
    return ExpiringCache(lambda _: offered(_store()), _KEPT, clients.now)


@cache
def election() -> "ExpiringCache[ElectionId, Document | None]":
    """Compose the cache of single elections."""
    return ExpiringCache(lambda one: published(_store(), one, clients.now()), _KEPT, clients.now)


def _store() -> DynamoDbElections:
    return DynamoDbElections(clients.dynamodb(), _settings().elections_table)


@cache
def _settings() -> Environment:
    return Environment.from_environment()


def _cached(request: Request, kind: str, body: str) -> Response:
    """Return a response with an entity tag, or 304 if the client has it (RFC 9110 section 13)."""
    tag = f'"{hashlib.sha256(body.encode()).hexdigest()[:32]}"'
    headers = {"content-type": kind, "etag": tag, **_CACHE}
    asked = {
        one.strip().removeprefix("W/") for one in (request.header("if-none-match") or "").split(",")
    }
    if asked & {tag, "*"}:
        return {"statusCode": 304, "headers": headers, "body": ""}
    return {"statusCode": 200, "headers": headers, "body": body}
