"""Lives of one person, lived honestly and in order until a certain state."""

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from civic.contracts.identifiers import RegistrationId
from civic.contracts.retention import TOMBSTONE_LIFETIME
from civic.identity.functions import accountability, deadlines
from civic.identity.model.registration import Registration
from civic.identity.model.rows import DecisionRow, Tombstone
from tests.fakes.elections import published
from tests.fakes.pipeline import RETENTION, Pipeline
from tests.fakes.reviewing import DOUBTFUL, HOPELESS
from tests.strategies.registrations import address, person

_STAFF = "arn:aws:iam::123456789012:user/jane"
_ACCEPTABLE, _CORRECTED = person(), person(username="corrected")
_FAILING = person(address=address(postcode="1"))
ID = "/registrations/{id}"


class Refused(Exception):
    """Without the message that is withheld this life cannot be lived."""


@dataclass
class Life:
    """One person, and the events about them."""

    pipeline: Pipeline = field(default_factory=Pipeline)
    receipt: dict[str, Any] = field(default_factory=dict)
    published_at: list[datetime] = field(default_factory=list)
    withheld: tuple[int, StrEnum] | None = None
    """The event, by its number, that a consumer does not get."""

    def ask(
        self, route: str, body: Registration | str | None = None, staff: str | None = None
    ) -> None:
        """Send a request and let everything follow from it; a day passes."""
        self.only_ask(route, body, staff)
        self.follow()

    def only_ask(
        self, route: str, body: Registration | str | None, staff: str | None = None
    ) -> None:
        """Send a request, and deliver nothing."""
        parts: dict[str, Any] = {}
        if self.receipt:
            parts = {"path": {"id": self.receipt["id"]}, "token": self.receipt["access_token"]}
        if isinstance(body, Registration):
            body = body.model_dump_json(exclude_none=True)
        answer = self.pipeline.http(route, body, staff, **parts)
        if answer["statusCode"] not in {200, 202}:
            raise Refused(route)
        if not self.receipt:
            self.receipt = json.loads(answer["body"])

    @property
    def row(self) -> DecisionRow | Tombstone | None:
        """What the low-security store says."""
        return self.pipeline.decisions.get(RegistrationId(self.receipt["id"]))

    def run(self, handler: Any, event: dict[str, Any]) -> None:
        """Run a function as its schedule or an operator does."""
        self.pipeline.invoke(handler, event)
        self.follow()

    def follow(self) -> None:
        """Deliver all events in order; a day passes."""
        while len(self.published_at) < len(self.pipeline.bus.events):
            number = len(self.published_at)
            event = self.pipeline.bus.events[number]
            for consumer in self.pipeline.subscriptions[type(event)]:
                if self.withheld != (number, consumer) and not self.pipeline.deliver(
                    consumer, event
                ):
                    raise Refused(consumer)
            self.published_at.append(self.pipeline.now)
        self.pipeline.now += timedelta(days=1)


def _rejected(life: Life) -> None:
    life.pipeline.bus.publish([published(life.pipeline.now, "DE")])
    life.ask("POST /registrations", HOPELESS)


def _decided_by_people(life: Life) -> None:
    _rejected(life)
    life.ask(f"POST {ID}/review")
    opinion = json.dumps({"revision": 1, "decision": "accepted"})
    life.ask("POST /reviews/{id}", opinion, _STAFF)


def _accepted(life: Life) -> None:
    _decided_by_people(life)
    life.ask(f"PUT {ID}", HOPELESS)
    life.ask(f"PUT {ID}", _ACCEPTABLE)
    life.ask(f"GET {ID}/data")


def _pending(life: Life) -> None:
    _accepted(life)
    life.only_ask(f"PUT {ID}", _CORRECTED)


def _rejected_in_the_end(life: Life) -> None:
    _accepted(life)
    life.ask(f"PUT {ID}", _FAILING)


def _in_review(life: Life) -> None:
    _accepted(life)
    life.ask(f"PUT {ID}", DOUBTFUL)


def _restricted(life: Life) -> None:
    _rejected_in_the_end(life)
    life.ask(f"PUT {ID}/restriction")


def _lifted(life: Life) -> None:
    _restricted(life)
    life.ask(f"DELETE {ID}/restriction")


def _objected(life: Life) -> None:
    _lifted(life)
    life.ask(f"PUT {ID}/objection")


def _erased(life: Life) -> None:
    _objected(life)
    life.ask(f"DELETE {ID}")
    life.run(accountability.handler, {"action": "replay"})


def _retention_over(life: Life) -> None:
    _rejected(life)
    life.pipeline.now += RETENTION
    life.run(deadlines.handler, {})
    if not isinstance(life.row, Tombstone):
        raise Refused("not in this life")


def _kept_after_all(life: Life) -> None:
    """The end of the retention is announced and lost; meanwhile people decide anew."""
    _rejected(life)
    life.pipeline.now += RETENTION
    life.pipeline.invoke(deadlines.handler, {})
    life.published_at.append(life.pipeline.now)
    life.follow()
    life.ask(f"POST {ID}/review")
    life.ask("POST /reviews/{id}", json.dumps({"revision": 1, "decision": "accepted"}), _STAFF)


def _erased_long_ago(life: Life) -> None:
    _erased(life)
    life.pipeline.now += timedelta(days=45)
    life.run(accountability.handler, {"action": "replay"})
    life.pipeline.now += TOMBSTONE_LIFETIME - timedelta(days=45)


LONG_AGO = "erased long ago"
STATES = {
    "pending": _pending,
    "accepted": _accepted,
    "rejected": _rejected_in_the_end,
    "in review": _in_review,
    "decided by people": _decided_by_people,
    "restricted": _restricted,
    "lifted": _lifted,
    "objected": _objected,
    "kept after all": _kept_after_all,
    "erased": _erased,
    "retention ended": _retention_over,
    LONG_AGO: _erased_long_ago,
}
"""The states in which an event can find a registration."""
