"""A function may crash, or be refused, at any call: nothing acknowledged is lost or doubled.

Every call in a life, in any function, goes wrong once in every way. The client, or the queue,
retries; in the end everything must be as if nothing had happened.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import Any

import pytest

from civic.contracts.events import ValidationRequest
from civic.contracts.identifiers import RegistrationId
from civic.identity.errors import IdentityError
from civic.identity.functions import accountability, deadlines
from civic.identity.model.areas import residence
from civic.identity.model.credentials import RollEntry
from civic.identity.model.eligibility import placement_of
from civic.identity.model.registration import Registration
from civic.identity.model.rows import DecisionRow
from civic.runtime.publisher import PublishFailed
from tests.fakes.deployment import Handler
from tests.fakes.elections import credential_request, published
from tests.fakes.faults import Faults, How
from tests.fakes.pipeline import NOW, RETENTION, RULES, Pipeline
from tests.fakes.queues import Queues
from tests.fakes.views import ERASED, agreed, counts, opened, strays, without_strays
from tests.strategies.registrations import person

KEY = "0b9f2f3a-6a0e-4f0c-9a53-3f0c8f6a2b11"
STAFF = "arn:aws:iam::123456789012:user/staff"
ACCEPTABLE, REJECTED = person(), person(citizenship_attestation=False)
DOUBTFUL, CORRECTED = person(national_id="not one"), person(username="corrected")
AGAIN = {500, 503}
"""Answers after which a client retries."""


@dataclass
class Client:
    """A citizen's program, and the queues behind it; each step is repeated until it succeeds."""

    pipeline: Pipeline
    gives_up: bool = False
    receipt: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.queues = Queues.of(self.pipeline)

    def live(self, steps: Sequence["Step"], start: int = 0) -> int | None:
        """Take the steps, starting at one of them; return the number of the one that failed."""
        failed = None
        for number, step in enumerate(steps[start:], start):
            while not step(self):
                if self.gives_up:
                    failed = number
                    break
            if failed is not None:
                break
        self.queues.drain()
        return failed

    def send(self, route: str, body: Registration | str | None = None, **parts: Any) -> bool:
        """Send a request; return whether it need not be repeated."""
        if self.receipt:
            parts.setdefault("token", self.receipt["access_token"])
            parts["path"] = {"id": self.receipt["id"]}
        if isinstance(body, Registration):
            body = body.model_dump_json(exclude_none=True)
        answer = self.pipeline.http(route, body, **parts)
        if answer["statusCode"] == 202 and route.startswith("POST /registrations"):
            self.receipt = self.receipt or json.loads(answer["body"])
        assert answer["statusCode"] in {200, 202, *AGAIN} or "staff" in parts, answer
        return answer["statusCode"] not in AGAIN

    def run(self, handler: Handler, event: dict[str, Any]) -> bool:
        """Invoke a function as its schedule or an operator would."""
        try:
            return self.pipeline.invoke(handler, event) is not None
        except (IdentityError, PublishFailed):
            return False


type Step = Callable[[Client], bool]


def registered(body: Registration) -> Step:
    return lambda client: client.send("POST /registrations", body, headers={"idempotency-key": KEY})


def asked(route: str, body: Registration | None = None) -> Step:
    return lambda client: client.send(
        route.replace(" /", " /registrations/{id}/").rstrip("/"), body
    )


def delivered(client: Client) -> bool:
    client.queues.drain()
    return True


def decided_by_people(client: Client) -> bool:
    case = client.pipeline.reviews.get(RegistrationId(client.receipt["id"]))
    # If there is no case any more, it was decided.
    opinion = json.dumps({"revision": case.record.revision if case else 1, "decision": "accepted"})
    return client.send("POST /reviews/{id}", opinion, staff=STAFF)


def seen_by_people(client: Client) -> bool:
    return client.send("GET /reviews", staff=STAFF) and client.send(
        "GET /reviews/{id}", staff=STAFF
    )


def election_published(client: Client) -> bool:
    area = placement_of(ACCEPTABLE, RULES, residence(ACCEPTABLE.address), NOW).cohort.region
    client.pipeline.bus.publish([published(NOW, area)])
    return delivered(client)


def credential_issued(client: Client) -> bool:
    # Any number below the modulus is a blinded message.
    body = credential_request((2).to_bytes(384, "big"))
    return client.send("POST /registrations/{id}/credentials", body)


def retention_ended(client: Client) -> bool:
    client.pipeline.now += RETENTION + timedelta(days=1)
    return client.run(deadlines.handler, {})


def replayed(client: Client) -> bool:
    return client.run(accountability.handler, {"action": "replay"})


STATUS, DATA, RECTIFY, ERASE = (
    asked("GET /"),
    asked("GET /data"),
    asked("PUT /", CORRECTED),
    asked("DELETE /"),
)
LIVES: dict[str, list[Step]] = {
    "taken in": [registered(ACCEPTABLE)],
    "corrected at once": [registered(ACCEPTABLE), RECTIFY],
    "erased at once": [registered(ACCEPTABLE), ERASE],
    "corrected and erased at once": [registered(ACCEPTABLE), RECTIFY, ERASE],
    "corrected and erased": [
        *[registered(ACCEPTABLE), delivered, STATUS, DATA, RECTIFY, delivered, DATA],
        *[ERASE, delivered, asked("GET /erasure"), asked("GET /requests")],
    ],
    "withdrawn and replayed": [
        *[registered(ACCEPTABLE), delivered, asked("DELETE /consent"), delivered, replayed],
    ],
    "restricted at once and lifted": [
        *[registered(ACCEPTABLE), asked("PUT /restriction"), delivered],
        *[asked("DELETE /restriction")],
    ],
    "restricted": [
        *[registered(ACCEPTABLE), delivered, asked("PUT /restriction"), delivered],
        *[asked("DELETE /restriction"), delivered, asked("PUT /restriction")],
    ],
    "objected and restricted": [
        *[registered(ACCEPTABLE), delivered, asked("PUT /objection"), asked("PUT /restriction")],
        *[delivered, asked("GET /explanation")],
    ],
    "contested": [
        *[registered(REJECTED), delivered, asked("POST /review"), seen_by_people],
        *[decided_by_people],
    ],
    "in doubt": [registered(DOUBTFUL), delivered, seen_by_people, decided_by_people],
    "given a credential": [
        *[registered(ACCEPTABLE), delivered, election_published, asked("GET /credentials")],
        *[credential_issued, credential_issued],
    ],
    "retention ended": [registered(REJECTED), delivered, retention_ended],
}
FINISHED_BY_REPEATING = {
    *["restricted at once and lifted", "restricted", "objected and restricted"],
    *["contested", "in doubt"],
}
"""A restriction, or a decision of people, is in the row before it is announced. It is not
acknowledged then, and repeating it completes it; a case stays open until that is done."""


def outcome(pipeline: Pipeline) -> dict[str, object]:
    """Return everything that remains of a life in the stores."""
    ids = {record.id for record in pipeline.subject_keys.rows.keys() - strays(pipeline)}
    ids |= pipeline.vault.rows.keys() | pipeline.decisions.rows.keys() | pipeline.joins.rows.keys()
    return {
        "stores": [agreed(without_strays(pipeline, registration)) for registration in ids],
        "counts": counts(pipeline),
        "roll": [
            (row.standing.accepted, row.standing.areas, row.issued)
            if isinstance(row, RollEntry)
            else ERASED
            for row in pipeline.roll.rows.values()
        ],
        "cases": [case.record for case in pipeline.reviews.rows.values()],
        "erased": [set(record.confirmed) for record in pipeline.ledger.rows.values()],
        "receipts": [bool(record.receipt) for record in pipeline.ledger.rows.values()],
        "restricted": [
            isinstance(row, DecisionRow) and row.restricted
            for row in pipeline.decisions.rows.values()
        ],
        # After a retry, how often something was requested, and when, differs.
        "open": [one.kind for one in pipeline.requests.pending.values()],
        "done": {one.kind for one in pipeline.requests.done.values()},
        "seen": {view.purpose for view in pipeline.requests.views},
    }


def stores_of(left: dict[str, object]) -> dict[str, object]:
    """Leave out the log, which records requests before they are carried out."""
    return {name: part for name, part in left.items() if name not in {"open", "done", "seen"}}


@cache
def calls_of(life: str) -> list[str]:
    """Return the names of all calls of a life in which nothing goes wrong."""
    faults = Faults()
    Client(Pipeline(faults)).live(LIVES[life])
    return faults.names


def nothing_opens(pipeline: Pipeline) -> bool:
    for request in pipeline.bus.of(ValidationRequest):
        with pytest.raises(IdentityError):
            opened(pipeline, request)
    return True


@cache
def expected(life: str, steps: int | None = None) -> dict[str, object]:
    """Return what remains after the first steps of a life in which nothing goes wrong."""
    pipeline = Pipeline()
    Client(pipeline).live(LIVES[life][:steps])
    return outcome(pipeline)


every_life = pytest.mark.parametrize("life", LIVES)


@every_life
@pytest.mark.parametrize("how", How)
def test_failure_at_any_call_and_retry_ends_as_if_nothing_had_happened(life: str, how: How) -> None:
    for call, name in enumerate(calls_of(life), start=1):
        pipeline = Pipeline(Faults(call, how=how))
        client = Client(pipeline)
        assert client.live(LIVES[life]) is None
        assert outcome(pipeline) == expected(life), (call, name)
        if pipeline.ledger.rows:
            assert nothing_opens(pipeline), (call, name)


@every_life
@pytest.mark.parametrize("how", [How.DIED_BEFORE, How.DIED_AFTER])
def test_client_that_gives_up_and_comes_back_later_finds_nothing_lost(life: str, how: How) -> None:
    for call, name in enumerate(calls_of(life), start=1):
        pipeline = Pipeline(Faults(call, how=how))
        client = Client(pipeline, gives_up=True)
        failed = client.live(LIVES[life])
        if failed is None:
            continue
        if life not in FINISHED_BY_REPEATING:
            either = stores_of(expected(life, failed)), stores_of(expected(life, failed + 1))
            assert stores_of(outcome(pipeline)) in either, (call, name)
        assert client.live(LIVES[life], failed) is None
        assert outcome(pipeline) == expected(life), (call, name)


def test_lives_lead_to_every_port() -> None:
    called = {name.partition(".")[0] for life in LIVES for name in calls_of(life)}
    assert called == {
        "Decisions",
        "ExpiringJoins",
        "ExpiringLedger",
        "ExpiringRoll",
        "MemoryAccessRenewals",
        "MemoryAreas",
        "MemoryCohorts",
        "MemoryElectionCalendar",
        "MemoryIssuerKeys",
        "MemoryKeyUnwrapper",
        "MemoryKeyWrapper",
        "MemoryLikenesses",
        "MemoryMarkKeys",
        "MemoryPeople",
        "MemoryPeppers",
        "MemoryRequestLog",
        "MemoryReviewQueue",
        "MemorySubjectKeys",
        "MemoryVault",
        "MemoryReceiptSigner",
        "MemoryBus",
    }
