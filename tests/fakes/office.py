"""Citizens and staff in front of the deployed functions."""

import json
from dataclasses import dataclass
from typing import Any

from civic.identity.model.registration import Consent, Registration
from tests.fakes.deployment import ROUTES, Deployment, Response
from tests.fakes.lambda_events import http_event
from tests.strategies.registrations import address, person

CONSENT = Consent(text_version="2027-1", given_at="2024-01-15T12:34:56Z")
JANE, JOHN = "arn:aws:iam::123456789012:user/jane", "arn:aws:iam::123456789012:user/john"


def somebody(**changes: object) -> Registration:
    """A made-up person whose every text would be noticed; the rules accept them."""
    fields: dict[str, object] = {
        "username": "marked-username",
        "full_name": "Marked Fullname",
        "date_of_birth": "1983-11-29",
        "address": address(lines=("Markedstraße 17", "Marked house"), city="Köln"),
        "phone_number": "+49 30 90182071",
        "email": "marked@example.org",
        "consent": CONSENT,
    }
    return person(**(fields | changes))


ACCEPTABLE = somebody()
ANOTHER = somebody(full_name="Marked Another")
DOUBTFUL = somebody(national_id="marked-id")
HOPELESS = somebody(citizenship_attestation=False)
MARKS = ("arked", "1983-11-29", "90182071", "Köln", "51147", "12:34:56")


@dataclass(frozen=True)
class Citizen:
    """A person who registered, with their id and token."""

    deployment: Deployment
    id: str
    token: str

    def ask(self, route: str, body: str | None = None, **parts: Any) -> Response:
        """Make a request about the registration."""
        method, _, rest = route.partition(" ")
        route = f"{method} /registrations/{{id}}{rest}"
        known: dict[str, Any] = {"path": {"id": self.id}, "token": self.token}
        return self.deployment.http(route, body, **(known | parts))

    def status(self) -> Any:
        """Return the status."""
        return content(self.ask("GET "))


def citizen(deployment: Deployment, registration: Registration = ACCEPTABLE) -> Citizen:
    """Register somebody, and deliver what follows."""
    body = registration.model_dump_json(exclude_none=True)
    answer = content(deployment.http("POST /registrations", body))
    deployment.deliver()
    assert deployment.failures == []
    return Citizen(deployment, answer["id"], answer["access_token"])


def staff(
    route: str, by: str = JANE, *, on: str | None = None, body: object = None, **parts: Any
) -> Response:
    """Make a request of the staff API, as API Gateway passes on one that IAM has let through."""
    text = None if body is None else json.dumps(body)
    event = http_event(route, text, path={"id": on} if on else None, **parts)
    event["requestContext"] = {"authorizer": {"iam": {"userArn": by, "userId": "AIDA"}}}
    return ROUTES[route](event, None)


def content(response: Response) -> Any:
    """Return the content of a response."""
    return json.loads(response["body"])


def assert_silent(lines: object) -> None:
    """Search for anything that the person wrote, and for the identity of staff."""
    text = json.dumps(lines, ensure_ascii=False)
    for mark in (*MARKS, "arn:aws:iam"):
        assert mark not in text
