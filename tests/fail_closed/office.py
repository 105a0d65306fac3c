"""The functions on AWS in this process, their queues, and citizens who retry until they succeed."""

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Any

from civic.contracts.identifiers import RegistrationId
from civic.identity.adapters.items import RevisionedTable
from civic.identity.adapters.pii_vault_dynamodb import DynamoDbVault
from civic.identity.errors import RegistrationNotFound
from civic.identity.functions import validator
from civic.identity.model.keys import digest_of
from civic.identity.model.registration import Registration
from civic.identity.usecases.access import Records, open_record
from civic.runtime import clients
from tests.fakes import deployment as functions
from tests.fakes.aws import TABLES
from tests.fakes.deployment import ROUTES, Deployment, body_of
from tests.fakes.lambda_events import failed, http_event, sqs_event
from tests.fakes.pipeline import HANDLERS, NOW, Consumer
from tests.fakes.queues import Queues
from tests.strategies.registrations import person

MARK = "zqcanary"
STAFF = "arn:aws:iam::123456789012:user/staff"
ACCEPTED = person(username=f"{MARK} accepted")
REJECTED = person(username=f"{MARK} rejected", citizenship_attestation=False)
CORRECTED = person(username=f"{MARK} corrected")

type Response = dict[str, Any]


@dataclass
class Office:
    """The deployed functions and the queues between them."""

    deployment: Deployment
    now: datetime = NOW

    def __post_init__(self) -> None:
        aws = self.deployment.aws
        self.queues = Queues(self.handle, lambda start: [*map(body_of, aws.published[start:])])

    def clock(self) -> datetime:
        """Return the current time of the office."""
        return self.now

    def handle(self, consumer: Consumer, *bodies: str) -> list[int]:
        """Hand a batch to a consumer; return the numbers of the messages that come back."""
        answer = HANDLERS[consumer](sqs_event(*bodies), None)
        return [int(name.removeprefix("m")) for name in failed(answer)]

    def http(self, route: str, body: str | None = None, **parts: Any) -> Response:
        """Send a request, signed by staff if it is for them."""
        event = http_event(route, body, **parts)
        event["requestContext"] = {"authorizer": {"iam": {"userArn": STAFF}}}
        return ROUTES[route](event, None)

    def citizen(self, body: Registration = ACCEPTED) -> "Citizen":
        """Return a citizen who is registered, and whose registration is decided and stored."""
        citizen = Citizen(self)
        citizen.register(body)
        self.queues.drain()
        return citizen

    def operations(self, act: Callable[[], object]) -> list[str]:
        """Return the AWS operations that an action makes in a fresh environment, each once."""
        requests = self.deployment.aws.requests
        before = len(requests)
        self.cold()
        act()
        return list(dict.fromkeys(name for name, _ in requests[before:]))

    def cold(self) -> None:
        """Let every function start in a fresh environment, with nothing cached."""
        functions._forget()

    def everything(self) -> str:
        """Return all that is at rest, on the bus, or was sent to AWS."""
        aws = self.deployment.aws
        held = [aws.items(table) for table in TABLES]
        return repr([held, aws.published, aws.requests])


@dataclass
class Citizen:
    """Somebody with a registration."""

    office: Office
    receipt: dict[str, str] = field(default_factory=dict)
    number: int = field(default_factory=count().__next__)
    """Of nobody else."""

    def signed(self, body: Registration) -> str:
        """Return a body under a name of their own: two of one name would wait for people."""
        own = body.model_copy(update={"full_name": f"{MARK} {self.number}"})
        return own.model_dump_json(exclude_none=True)

    def register(self, body: Registration, **headers: str) -> Response:
        answer = self.office.http("POST /registrations", self.signed(body), headers=headers)
        if answer["statusCode"] == 202:
            self.receipt = json.loads(answer["body"])
        return answer

    def ask(self, route: str, body: str | None = None) -> Response:
        token, path = self.receipt["access_token"], {"id": self.receipt["id"]}
        return self.office.http(route, body, path=path, token=token)

    def data(self) -> Registration | None:
        """Return the stored record, opened, less the name; None if there is none."""
        # With the validator's key, which it caches, as reading it takes long.
        validation = validator.validation()
        vault = DynamoDbVault(RevisionedTable(clients.dynamodb(), "vault"))
        records = Records(validation.subject_keys, validation.unwrapper, vault)
        with suppress(RegistrationNotFound):
            digest = digest_of(self.receipt["access_token"])
            opened, _ = open_record(records, RegistrationId(self.receipt["id"]), digest)
            return opened.registration.model_copy(update={"full_name": MARK})
        return None

    def rows(self) -> dict[str, set[str]]:
        """Return what the tables hold about the citizen, without times, revisions, ciphertexts."""
        aws, mine = self.office.deployment.aws, {"S": self.receipt["id"]}
        return {
            table: {repr(_essence(item)) for item in aws.items(table) if item.get("id") == mine}
            for table in TABLES
        }

    def outcome(self) -> object:
        """Return everything that remains of the citizen's registration."""
        return self.data(), self.rows()


_TELLING = (
    "status",
    "decision",
    "reasons",
    "rule_set",
    "region",
    "age_band",
    "cause",
    "restricted",
)


def _essence(item: dict[str, Any]) -> object:
    """Return the parts of a row that do not depend on how often something was tried."""
    told = {name: item[name] for name in _TELLING if name in item}
    if "entry" in item:
        kind, *rest = item["entry"]["S"].split("#")
        told["entry"] = kind, rest[-1] if kind == "view" else rest[0 if kind == "open" else 1]
    joined = item.get("dr") == item.get("sr")
    names = sorted(name for name in item if name != "round")
    return sorted(told.items(), key=repr), names, joined
