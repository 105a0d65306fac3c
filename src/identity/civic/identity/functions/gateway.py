"""HTTP: take in registrations, report their status, correct and erase them."""

import secrets
from functools import cache
from typing import Any

from civic.identity.adapters.access_renewals_dynamodb import DynamoDbAccessRenewals
from civic.identity.adapters.decision_store_dynamodb import DynamoDbDecisions
from civic.identity.adapters.items import RevisionedTable
from civic.identity.adapters.request_log_dynamodb import DynamoDbRequestLog
from civic.identity.adapters.retention_settings import RetentionSettings
from civic.identity.adapters.subject_key_store_dynamodb import DynamoDbSubjectKeys
from civic.identity.adapters.subject_key_wrapping_esdk import EsdkKeyWrapper
from civic.identity.adapters.wrapping_keys_kms import PublicKeys
from civic.identity.http.bodies import (
    ErasureAccepted,
    RegistrationAccepted,
    RegistrationStatus,
    problem_of,
    status_of,
)
from civic.identity.http.paths import registration_id
from civic.identity.model.registration import Registration
from civic.identity.model.requests import RequestKind
from civic.identity.model.rows import Status
from civic.identity.model.settings import WRAPPING_KEY_CACHE
from civic.identity.usecases.intake import (
    Intake,
    read_status,
    rectify,
    register,
    request_erasure,
)
from civic.runtime import clients
from civic.runtime.http import answer, serve
from civic.runtime.observability import Invocation
from civic.runtime.publisher import EventBridgePublisher
from civic.runtime.request import Request, Response
from civic.runtime.routes import Access, Answer, Route, Routes


class Environment(RetentionSettings):
    """Environment of the gateway."""

    bus_name: str
    access_renewals_table: str
    decisions_table: str
    request_log_table: str
    subject_keys_table: str
    wrapping_keys_table: str


def handler(event: dict[str, Any], _context: object) -> Response:
    """Answer one request of the HTTP API."""
    return serve(event, ROUTES, problem_of, about=registration_id)


@cache
def intake() -> Intake:
    """Compose the gateway's adapters from the environment."""
    settings = _settings()
    dynamodb = clients.dynamodb()
    keys = PublicKeys(dynamodb, settings.wrapping_keys_table, WRAPPING_KEY_CACHE, clients.now)
    return Intake(
        subject_keys=DynamoDbSubjectKeys(dynamodb, settings.subject_keys_table),
        wrapper=EsdkKeyWrapper(keys),
        decisions=DynamoDbDecisions(RevisionedTable(dynamodb, settings.decisions_table)),
        requests=DynamoDbRequestLog(dynamodb, settings.request_log_table),
        events=EventBridgePublisher(clients.events(), settings.bus_name, "gateway"),
        clock=clients.now,
        entropy=secrets.token_bytes,
        renewals=DynamoDbAccessRenewals(dynamodb, settings.access_renewals_table),
    )


def _register(request: Request, line: Invocation) -> Response:
    key = request.idempotency_key()
    receipt = register(intake(), request.body(Registration), key, request.trace)
    line.note(id=receipt.id)
    line.count("Registered")
    body = RegistrationAccepted(
        id=receipt.id, access_token=receipt.access_token, status=Status.PENDING
    )
    return answer(202, body, {"location": f"/registrations/{receipt.id}"})


def _read_status(request: Request, line: Invocation) -> Response:
    registration, token = registration_id(request, line), request.token
    row = read_status(intake().known, registration, token)
    return answer(200, status_of(row, _settings().rejected))


def _rectify(request: Request, line: Invocation) -> Response:
    registration, token = registration_id(request, line), request.token
    row = rectify(intake(), registration, token, request.body(Registration), request.trace)
    line.count("Rectified")
    return answer(202, status_of(row, _settings().rejected))


def _erase(request: Request, line: Invocation) -> Response:
    return _erasure(request, line, RequestKind.ERASURE)


def _withdraw(request: Request, line: Invocation) -> Response:
    return _erasure(request, line, RequestKind.WITHDRAWAL)


def _erasure(request: Request, line: Invocation, kind: RequestKind) -> Response:
    registration, token = registration_id(request, line), request.token
    grave = request_erasure(intake(), registration, token, kind, request.trace)
    line.count("ErasuresRequested")
    return answer(202, ErasureAccepted(id=grave.id, requested_at=grave.erased_at))


ROUTES = Routes(
    "Api",
    (
        Route(
            "POST /registrations",
            _register,
            Access.PUBLIC,
            "register",
            "Submit a registration; the answer has its id and its access token",
            body=Registration,
            answer=Answer(202, RegistrationAccepted),
            problems=(401, 409),
            parameters=("Idempotency-Key",),
        ),
        Route(
            "GET /registrations/{id}",
            _read_status,
            Access.TOKEN,
            "readStatus",
            "The status of a registration and the decision on it",
            answer=Answer(200, RegistrationStatus),
        ),
        Route(
            "PUT /registrations/{id}",
            _rectify,
            Access.TOKEN,
            "rectify",
            "Correct the data (GDPR Art. 16); it is validated again",
            body=Registration,
            answer=Answer(202, RegistrationStatus),
            problems=(409,),
        ),
        Route(
            "DELETE /registrations/{id}",
            _erase,
            Access.TOKEN,
            "erase",
            "Erase everything (GDPR Art. 17)",
            answer=Answer(202, ErasureAccepted),
        ),
        Route(
            "DELETE /registrations/{id}/consent",
            _withdraw,
            Access.TOKEN,
            "withdrawConsent",
            "Withdraw consent (GDPR Art. 7(3)), the only legal basis; this erases everything",
            answer=Answer(202, ErasureAccepted),
        ),
    ),
)


@cache
def _settings() -> Environment:
    return Environment.from_environment()
