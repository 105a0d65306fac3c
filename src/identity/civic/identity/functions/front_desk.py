"""Staff API, authorised by IAM: ask for a new access token for a person who lost theirs.

The token is made on the machine of the member of staff, and only its digest comes here. It opens
nothing until another member of staff agrees to it, through `review`.
"""

from functools import cache
from typing import Any

from civic.contracts import base64url
from civic.identity.adapters.access_renewals_dynamodb import (
    DynamoDbAccessRenewals,
    DynamoDbRegistrations,
)
from civic.identity.adapters.request_log_dynamodb import DynamoDbRequestLog
from civic.identity.http.bodies import problem_of
from civic.identity.http.paths import registration_id
from civic.identity.http.staff_bodies import RenewalAsked, RenewalRequest
from civic.identity.model.keys import AccessDigest
from civic.identity.usecases.renewing import FrontDesk, ask_for_renewal
from civic.runtime import clients
from civic.runtime.http import answer, serve
from civic.runtime.observability import Invocation
from civic.runtime.request import Request, Response
from civic.runtime.routes import Access, Answer, Route, Routes
from civic.runtime.settings import Settings


class Environment(Settings):
    """Environment of the front desk."""

    decisions_table: str
    request_log_table: str
    access_renewals_table: str


def handler(event: dict[str, Any], _context: object) -> Response:
    """Answer one request of the staff API."""
    return serve(event, ROUTES, problem_of)


@cache
def front_desk() -> FrontDesk:
    """Compose the adapters from the environment."""
    settings = Environment.from_environment()
    dynamodb = clients.dynamodb()
    return FrontDesk(
        registrations=DynamoDbRegistrations(dynamodb, settings.decisions_table),
        renewals=DynamoDbAccessRenewals(dynamodb, settings.access_renewals_table),
        requests=DynamoDbRequestLog(dynamodb, settings.request_log_table),
        clock=clients.now,
    )


def _ask(request: Request, line: Invocation) -> Response:
    registration = registration_id(request, line)
    digest = AccessDigest(base64url.decode(request.body(RenewalRequest).digest))
    code = ask_for_renewal(front_desk(), registration, digest, request.principal)
    line.count("RenewalsAsked")
    return answer(200, RenewalAsked(id=registration, code=code))


ROUTES = Routes(
    "StaffApi",
    (
        Route(
            "PUT /renewals/{id}",
            _ask,
            Access.STAFF,
            "askForRenewal",
            "Ask for a new access token for a person who lost theirs; another person agrees",
            body=RenewalRequest,
            answer=Answer(200, RenewalAsked),
            problems=(422,),
        ),
    ),
)
