"""Citizens, what they were promised, and what their requests have in common.

A command is one HTTP request. When its answer arrives, it is checked against every answer that its
citizen got before it was sent. A new kind of request is one more class in ``commands``.
"""

import json
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, ClassVar

from civic.contracts.events import (
    Decision,
    DecisionMade,
    DeletionRequest,
    Event,
    ObjectionRaised,
    ReviewDecided,
    ValidationRequest,
)
from civic.identity.model.registration import Registration
from tests.strategies.registrations import person

MARK = "zqcanary"
"""Part of every name, which nobody but its owner may ever see."""
_VARIANTS: tuple[tuple[dict[str, object], Decision], ...] = (
    ({}, Decision.ACCEPTED),
    ({"citizenship_attestation": False, "date_of_birth": date(1970, 1, 1)}, Decision.REJECTED),
    ({"national_id": "1", "date_of_birth": date(1950, 1, 1)}, Decision.REVIEW),
)
VARIANTS = len(_VARIANTS)


@dataclass(frozen=True)
class Body:
    """What a citizen submits, and what the rules decide about it."""

    name: str
    variant: int = 0

    @property
    def registration(self) -> Registration:
        marked = f"{MARK} {self.name}"
        # Two of one name would wait for people, and whom that meets depends on the order.
        return person(username=marked, full_name=marked, **_VARIANTS[self.variant][0])

    @property
    def decision(self) -> Decision:
        return _VARIANTS[self.variant][1]


@dataclass(frozen=True)
class Receipt:
    """What a citizen was given."""

    id: str
    token: str = field(repr=False)


@dataclass(eq=False)
class Citizen:
    """One person: what they requested, and the events that followed."""

    name: str
    key: str | None
    receipt: Receipt | None = None
    id: str | None = None
    commands: list["Command"] = field(default_factory=list)
    revisions: dict[int, list["Command"]] = field(default_factory=dict)
    """What published each revision; the number of a superseded one may be used again."""
    deletions: list[datetime] = field(default_factory=list)
    """When they asked to be erased, and since when the low-security store has had them no more."""
    objections: list[ObjectionRaised] = field(default_factory=list)
    reviews: list[DecisionMade] = field(default_factory=list)

    def of[C: "Command"](self, kind: type[C]) -> list[C]:
        return [command for command in self.commands if isinstance(command, kind)]

    def answered[C: "Command"](
        self, kind: type[C], status: int, before: int | None = None
    ) -> list[C]:
        """Return the commands that were answered so before that time."""
        return [
            command
            for command in self.of(kind)
            if command.status == status and command.was_over(before)
        ]

    def is_to_go(self) -> bool:
        """Return whether anybody has ever requested the citizen's erasure."""
        return bool(self.deletions) or any(command.erases for command in self.commands)

    def is_gone(self, before: int | None = None) -> bool:
        """Return whether the citizen requested erasure and got the answer that nothing remains.

        Known limit: during an erasure at the end of the retention, one function may have
        forgotten a registration that another still serves.
        """
        return any(command.erases for command in self.commands) and any(
            command.was_over(before)
            and ((command.erases and command.status == 202) or command.says_gone())
            for command in self.commands
        )

    def promised(self, before: int | None = None) -> int:
        """Return the highest revision that was acknowledged."""
        over = (command for command in self.commands if command.was_over(before))
        return max((command.promise() for command in over), default=0)

    def bodies(self, revision: int) -> list[Body]:
        """Return what was published under a revision, the oldest first."""
        return [one.body for one in self.revisions[revision] if one.body is not None]

    def decisions_on(self, revision: int) -> set[str]:
        """Return the possible decisions on a revision, by the rules or by people."""
        asked = {one.verdict for one in self.commands if one.verdict and one.about == revision}
        if revision > min(self.revisions):
            # What would overturn an earlier decision, the rules leave to people.
            asked.add(Decision.REVIEW.value)
        return asked | {body.decision.value for body in self.bodies(revision)}

    def submitted(self, revision: int, shown: Registration) -> bool:
        """Return whether this was submitted under a revision."""
        return shown in [body.registration for body in self.bodies(revision)]

    def note(self, command: "Command | None", event: Event) -> None:
        """Record what was published about this citizen."""
        match event:
            case ValidationRequest() if command is not None:
                self.id = event.id
                self.revisions.setdefault(event.revision, []).append(command)
            case DeletionRequest():
                self.deletions.append(event.requested_at)
            case ObjectionRaised():
                self.objections.append(event)
            case ReviewDecided():
                self.reviews += event.results


@dataclass(eq=False)
class Command:
    """One request and its answer."""

    route: ClassVar[str]
    erases: ClassVar[bool] = False
    citizen: Citizen
    body: Body | None = None
    verdict: str | None = None
    """What a member of staff decides, and on which revision."""
    about: int = 0
    begun: int = 0
    ended: int = 0
    troubled: bool = False
    """Something was made to go wrong, so success is not required."""
    answer: dict[str, Any] = field(default_factory=dict)

    @property
    def status(self) -> int:
        return int(self.answer.get("statusCode", 0))

    @property
    def said(self) -> dict[str, Any]:
        parsed: dict[str, Any] = json.loads(self.answer["body"])
        return parsed

    @property
    def acknowledged(self) -> bool:
        return self.status in {200, 202}

    def was_over(self, before: int | None = None) -> bool:
        return bool(self.ended) and (before is None or self.ended < before)

    def says_gone(self) -> bool:
        return self.status == 404

    def promise(self) -> int:
        """Return the revision that the answer acknowledges."""
        return 0

    def request(self) -> dict[str, Any]:
        """Return the parts of the request besides its route."""
        assert self.citizen.receipt is not None
        receipt = self.citizen.receipt
        parts: dict[str, Any] = {"path": {"id": receipt.id}, "token": receipt.token}
        if self.body is not None:
            parts["body"] = self.body.registration.model_dump_json(exclude_none=True)
        return parts

    def check(self) -> None:
        """Check the answer."""
        if self.troubled and self.status in {500, 503}:
            assert self.status == 500 or "retry-after" in self.answer["headers"]
            return
        if self.status == 404 and self.says_gone():
            assert self.citizen.is_to_go(), "a live registration was denied"
            return
        if self.acknowledged and not self.erases:
            assert not self.citizen.is_gone(before=self.begun), "success after the erasure"
        self.judge()

    def judge(self) -> None:
        """Check an answer that neither trouble nor an erasure explains."""
        raise NotImplementedError
