"""HTTP: what data subjects can ask for besides seeing, correcting and erasing."""

import base64
from functools import cache
from typing import Any

from civic.identity.adapters.access_renewals_dynamodb import DynamoDbAccessRenewals
from civic.identity.adapters.decision_store_dynamodb import DynamoDbDecisions
from civic.identity.adapters.erasure_ledger_dynamodb import DynamoDbErasureLedger
from civic.identity.adapters.items import RevisionedTable
from civic.identity.adapters.request_log_dynamodb import DynamoDbRequestLog
from civic.identity.adapters.retention_settings import RetentionSettings
from civic.identity.adapters.review_queue_dynamodb import DynamoDbReviewQueue
from civic.identity.adapters.rule_set_files import load_rule_set
from civic.identity.adapters.subject_key_store_dynamodb import DynamoDbSubjectKeys
from civic.identity.errors import ErasureNotRequested
from civic.identity.http.bodies import (
    DecisionExplanation,
    ErasureReceipt,
    ErasureStatus,
    RegistrationStatus,
    RequestNote,
    RequestNotes,
    StoreErasure,
    problem_of,
    request_note,
    status_of,
)
from civic.identity.http.explaining import explain
from civic.identity.http.paths import registration_id
from civic.identity.model.erasure import ErasureRecord, ErasureStore, SignedReceipt
from civic.identity.model.rules import RuleSet
from civic.identity.usecases.intake import read_status
from civic.identity.usecases.rights import (
    Rights,
    erasure_status,
    lift_restriction,
    list_requests,
    object_to_analytics,
    request_review,
    restrict,
)
from civic.runtime import clients
from civic.runtime.http import answer, serve
from civic.runtime.observability import Invocation
from civic.runtime.publisher import EventBridgePublisher
from civic.runtime.request import Problem, Request, Response
from civic.runtime.routes import Access, Answer, Route, Routes


class Environment(RetentionSettings):
    """Environment of the rights function."""

    bus_name: str
    access_renewals_table: str
    decisions_table: str
    erasure_ledger_table: str
    request_log_table: str
    review_queue_table: str
    subject_keys_table: str
    rule_set: str


def handler(event: dict[str, Any], _context: object) -> Response:
    """Answer one request of the HTTP API."""
    return serve(event, ROUTES, problem_of, about=registration_id)


@cache
def rights() -> Rights:
    """Compose the adapters from the environment."""
    settings = _settings()
    dynamodb = clients.dynamodb()
    return Rights(
        decisions=DynamoDbDecisions(RevisionedTable(dynamodb, settings.decisions_table)),
        subject_keys=DynamoDbSubjectKeys(dynamodb, settings.subject_keys_table),
        requests=DynamoDbRequestLog(dynamodb, settings.request_log_table),
        reviews=DynamoDbReviewQueue(dynamodb, settings.review_queue_table),
        ledger=DynamoDbErasureLedger(dynamodb, settings.erasure_ledger_table),
        events=EventBridgePublisher(clients.events(), settings.bus_name, "rights"),
        clock=clients.now,
        renewals=DynamoDbAccessRenewals(dynamodb, settings.access_renewals_table),
    )


def _restrict(request: Request, line: Invocation) -> Response:
    registration, token = registration_id(request, line), request.token
    row = restrict(rights(), registration, token, request.trace)
    line.count("Restricted")
    return answer(200, status_of(row, _settings().rejected))


def _lift(request: Request, line: Invocation) -> Response:
    registration, token = registration_id(request, line), request.token
    row = lift_restriction(rights(), registration, token, request.trace)
    line.count("RestrictionsLifted")
    return answer(200, status_of(row, _settings().rejected))


def _object(request: Request, line: Invocation) -> Response:
    registration, token = registration_id(request, line), request.token
    noted = object_to_analytics(rights(), registration, token, request.trace)
    line.count("Objections")
    return answer(202, request_note(noted))


def _review(request: Request, line: Invocation) -> Response:
    registration, token = registration_id(request, line), request.token
    noted = request_review(rights(), registration, token)
    line.count("ReviewsRequested")
    return answer(202, request_note(noted))


def _requests(request: Request, line: Invocation) -> Response:
    registration, token = registration_id(request, line), request.token
    history = list_requests(rights(), registration, token)
    notes = tuple(map(request_note, history.requests))
    return answer(200, RequestNotes(id=registration, requests=notes))


def _explanation(request: Request, line: Invocation) -> Response:
    registration, token = registration_id(request, line), request.token
    row = read_status(rights().known, registration, token)
    if (verdict := row.verdict) is None:
        raise Problem(409, "not_yet_decided", "There is no decision yet")
    explained = DecisionExplanation(
        id=registration,
        decision=verdict.decision,
        decided_by="people" if verdict.round else "rules",
        rule_set=verdict.rule_set,
        reasons=explain(verdict, row.standing, _rules()),
    )
    return answer(200, explained)


def _erasure(request: Request, line: Invocation) -> Response:
    registration, token = registration_id(request, line), request.token
    return answer(200, _erasure_body(erasure_status(rights(), registration, token)))


ROUTES = Routes(
    "Api",
    (
        Route(
            "PUT /registrations/{id}/restriction",
            _restrict,
            Access.TOKEN,
            "restrict",
            "Stop all processing except keeping the data (GDPR Art. 18)",
            answer=Answer(200, RegistrationStatus),
            problems=(409,),
        ),
        Route(
            "DELETE /registrations/{id}/restriction",
            _lift,
            Access.TOKEN,
            "liftRestriction",
            "Resume the processing",
            answer=Answer(200, RegistrationStatus),
            problems=(409,),
        ),
        Route(
            "PUT /registrations/{id}/objection",
            _object,
            Access.TOKEN,
            "objectToAnalytics",
            "Be left out of every release, for good (GDPR Art. 21)",
            answer=Answer(202, RequestNote),
        ),
        Route(
            "POST /registrations/{id}/review",
            _review,
            Access.TOKEN,
            "requestReview",
            "Have a person look at the decision (GDPR Art. 22(3))",
            answer=Answer(202, RequestNote),
            problems=(409,),
        ),
        Route(
            "GET /registrations/{id}/requests",
            _requests,
            Access.TOKEN,
            "listRequests",
            "What was asked for, and when it is due (GDPR Art. 12(3)); also after an erasure",
            answer=Answer(200, RequestNotes),
        ),
        Route(
            "GET /registrations/{id}/explanation",
            _explanation,
            Access.TOKEN,
            "explainDecision",
            "How the decision came about (GDPR Art. 15(1)(h) and 22)",
            answer=Answer(200, DecisionExplanation),
            problems=(409,),
        ),
        Route(
            "GET /registrations/{id}/erasure",
            _erasure,
            Access.TOKEN,
            "readErasure",
            "How far an erasure has come, with a signed receipt once it is complete",
            answer=Answer(200, ErasureStatus),
        ),
    ),
)


def _erasure_body(record: ErasureRecord) -> ErasureStatus:
    if record.requested_at is None:
        raise ErasureNotRequested
    return ErasureStatus(
        id=record.id,
        status="erased" if record.receipt else "erasing",
        requested_at=record.requested_at,
        completed_at=record.completed_at,
        stores=tuple(
            StoreErasure(store=store, erased_at=record.confirmed.get(store))
            for store in ErasureStore
            # A receipt made before a store joined does not name it.
            if record.receipt is None or store in record.confirmed
        ),
        receipt=_receipt(record.receipt) if record.receipt else None,
    )


def _receipt(signed: SignedReceipt) -> ErasureReceipt:
    return ErasureReceipt(
        receipt=signed.document.decode(),
        signature=base64.b64encode(signed.signature).decode(),
        public_key=base64.b64encode(signed.public_key).decode(),
    )


@cache
def _rules() -> RuleSet:
    return load_rule_set(_settings().rule_set)


@cache
def _settings() -> Environment:
    return Environment.from_environment()
