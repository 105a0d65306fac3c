"""Lives of one election, lived honestly and in order until a certain state.

``python -m tests.election_lives`` prints the table of docs/architecture.md: what the events of
elections do when they come late.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from civic.contracts.identifiers import ElectionId, StyleId
from civic.contracts.voting import Audience
from civic.voting.model.draft import DraftElection
from civic.voting.model.election import Election
from civic.voting.usecases import drafts, elections
from tests.fakes.polling import Polling
from tests.fakes.voting_elections import draft_document
from tests.lateness import table
from tests.lives import Life, Refused
from tests.moments import Kind, Part

_NORTH = StyleId("north")
_NONE = ElectionId("")
_FAR, _FARTHER = 400, 800
"""In days, longer than any event is late: until then an election stays in its state."""


@dataclass
class ElectionLife(Life):
    """One election, and the events about it."""

    pipeline: Polling = field(default_factory=Polling)
    election: ElectionId = _NONE

    def draft(self, opens: int, closes: int, roll_closes: int, *more: str) -> DraftElection:
        """Return a definition with times in days from now, and an area more in the north."""

        def on(day: int) -> str:
            return (self.pipeline.now + timedelta(days=day)).isoformat()

        document: dict[str, Any] = draft_document(
            opens_at=on(opens), closes_at=on(closes), roll_closes_at=on(roll_closes)
        )
        document["styles"][0]["areas"] += more
        return DraftElection.model_validate(document | {"openings": Audience.PUBLIC})

    def publish(self, opens: int, closes: int, roll_closes: int) -> None:
        """Announce an election, and let everything follow from it."""
        office = self.pipeline.office
        self.election = drafts.create(office, self.draft(opens, closes, roll_closes)).id
        self.office(elections.publish)

    def office(self, step: Callable[..., Election], *arguments: object) -> None:
        """Let the office take a step, and everything follow from it."""
        step(self.pipeline.office, self.election, *arguments)
        self.follow()

    def wait(self, days: int) -> None:
        """Let days pass, at whose end the calendar is looked at."""
        self.pipeline.now += timedelta(days=days)
        self.pipeline.keep_calendar()
        self.follow()

    def vote(self, choice: str) -> None:
        self.pipeline.cast(self.election, _NORTH, choice)
        self.follow()

    def certify(self) -> Election | None:
        """Ask for the certification, and let everything follow from it."""
        certified = self.pipeline.certify(self.election)
        self.follow()
        return certified


def _published(life: ElectionLife) -> None:
    life.publish(_FARTHER, _FARTHER + 1, _FAR)


def _changed(life: ElectionLife) -> None:
    _published(life)
    life.office(drafts.update, life.draft(_FARTHER + 1, _FARTHER + 3, _FAR + 1, "N3"))


def _roll_closed(life: ElectionLife) -> None:
    life.publish(_FAR, _FAR + 1, 3)
    life.wait(4)


def _open(life: ElectionLife) -> None:
    life.publish(3, _FAR, 2)
    life.wait(4)
    life.vote("o1")


def _suspended(life: ElectionLife) -> None:
    _open(life)
    life.office(elections.suspend)


def _over(life: ElectionLife) -> None:
    _suspended(life)
    life.office(elections.resume)
    life.vote("o2")
    life.office(elections.finish)


def _sealed(life: ElectionLife) -> None:
    _over(life)
    if life.certify() is not None:
        raise Refused("not in this life")


def _sealed_again(life: ElectionLife) -> None:
    """A ballot was found after the sealing, and is let into the box."""
    _sealed(life)
    life.pipeline.backlog.messages.append("a ballot")
    life.certify()
    life.pipeline.backlog.messages.clear()
    life.vote("o2")
    life.certify()


def _certified(life: ElectionLife) -> None:
    _sealed_again(life)
    if life.certify() is None:
        raise Refused("the box is not counted")


def _attributes(*places: str) -> Callable[[Polling], list[Part]]:
    """Return where something is held: attributes of the pipeline, or of what it has."""

    def parts(pipeline: Polling) -> list[Part]:
        found: list[Part] = []
        for place in places:
            *path, name = place.split(".")
            owner: object = pipeline
            for step in path:
                owner = getattr(owner, step)
            found.append((owner, name))
        return found

    return parts


def _calendar(life: ElectionLife) -> None:
    life.pipeline.keep_calendar()


ELECTIONS = Kind(
    "event of an election, late",
    ElectionLife,
    Polling.subscriptions,
    {
        "published": _published,
        "changed": _changed,
        "roll closed": _roll_closed,
        "open": _open,
        "suspended": _suspended,
        "over": _over,
        "sealed": _sealed,
        "sealed again": _sealed_again,
        "certified": _certified,
    },
    {
        "definition": _attributes("elections._definitions", "elections._unannounced"),
        "issuer's calendar": _attributes("calendar.published", "calendar.ended"),
        "issuer's keys": _attributes("issuer_keys.made"),
        "public keys": _attributes("elections._keys"),
        "box count": _attributes("elections._boxes"),
        "logged": _attributes("elections.logged"),
        "results": _attributes("snapshots.said"),
        "log": _attributes("public_log.journal.entries"),
    },
    settle=ElectionLife.follow,
    mend=_calendar,
    beneath=_attributes(
        "elections._logged",
        "snapshots._rows",
        "public_log.journal._batches",
        "public_log.shelf.objects",
        "public_log.index.objects",
        "public_log.auditors.objects",
        "public_log.heads._head",
    ),
)


if __name__ == "__main__":
    sys.stdout.write(f"{table(ELECTIONS)}\n")
