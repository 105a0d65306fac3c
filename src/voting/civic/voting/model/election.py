"""An election: contests with options, ballot styles, a window, and the states it goes through.

The terms are those of NIST SP 1500-100r2 (Election Results Reporting): an election has contests,
a contest has options, and a ballot style says which of them the voters of some electoral areas see.
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta, tzinfo
from enum import StrEnum
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from civic.contracts.events import Area
from civic.contracts.identifiers import ElectionId, StyleId
from civic.contracts.voting import Audience, ElectionIdField, StyleIdField

CONTEST_ID_PATTERN = r"^c[1-9][0-9]{0,5}$"
OPTION_ID_PATTERN = r"^o[1-9][0-9]{0,5}$"

ContestId = Annotated[str, Field(pattern=CONTEST_ID_PATTERN)]
OptionId = Annotated[str, Field(pattern=OPTION_ID_PATTERN)]
Title = Annotated[str, Field(min_length=1, max_length=200)]


class State(StrEnum):
    """The state of an election. It says nothing about any voter."""

    DRAFT = "draft"
    PUBLISHED = "published"
    OPEN = "open"
    SUSPENDED = "suspended"
    CLOSED = "closed"
    CERTIFIED = "certified"


class Definition(BaseModel):
    """Base of what an office writes down: frozen, exact, and silent about its input in errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Option(Definition):
    """A candidate or an answer."""

    id: OptionId
    text: Title
    description: str | None = Field(default=None, max_length=2000)
    image: str | None = Field(default=None, max_length=500, pattern=r"^https://[^\s]+$")
    order: int = Field(default=0, ge=0)


class Contest(Definition):
    """A question: of its options, at least ``min`` and at most ``max`` may be selected."""

    id: ContestId
    title: Title
    min: int = Field(default=0, ge=0)
    max: int = Field(default=1, ge=1)
    order: int = Field(default=0, ge=0)
    write_ins: bool = False
    options: tuple[Option, ...] = ()


class StyleContest(Definition):
    """A contest on a ballot style, with all of its options unless some are named."""

    contest: ContestId
    options: tuple[OptionId, ...] | None = None


class BallotStyle(Definition):
    """What the voters of some electoral areas see."""

    id: StyleIdField
    name: Title
    areas: tuple[Area, ...] = Field(min_length=1)
    contests: tuple[StyleContest, ...] = Field(min_length=1)


class Election(Definition):
    """An election as it is stored; every change makes the next revision."""

    id: ElectionIdField
    revision: int = Field(ge=1)
    state: State
    title: Title
    time_zone: str = Field(description="IANA name, for showing times; times themselves are UTC")
    opens_at: AwareDatetime
    closes_at: AwareDatetime
    day: date | None = Field(
        default=None,
        description="The day on which voters must be old enough; absent from elections of earlier"
        " releases, whose day is the one on which they close",
    )
    roll_closes_at: AwareDatetime | None = Field(
        default=None, description="Whoever registers from then on cannot vote in it"
    )
    contests: tuple[Contest, ...] = ()
    styles: tuple[BallotStyle, ...] = ()
    openings: Audience = Field(
        default=Audience.AUDITORS,
        description="Who gets the openings of the ballots' commitments after the certification",
    )
    issued_ids: int = Field(default=0, ge=0, description="Ids given to contests and options so far")
    ballots: int | None = Field(default=None, description="The certified number of ballots")
    sealed_at: AwareDatetime | None = Field(
        default=None,
        description="When the box was sealed: from then on the processor refuses ballots",
    )

    @property
    def election_day(self) -> date:
        """The day on which voters must be old enough."""
        return self.day or last_day(self.closes_at, ZoneInfo(self.time_zone))

    def state_at(self, now: datetime) -> State:
        """Return the state at a given time: the window opens and closes by itself."""
        state = self.state
        if state is State.PUBLISHED and now >= self.opens_at:
            state = State.OPEN
        if state in {State.OPEN, State.SUSPENDED} and now >= self.closes_at:
            state = State.CLOSED
        return state

    def style(self, style: StyleId) -> BallotStyle | None:
        """Return a ballot style, or None."""
        return next((one for one in self.styles if one.id == style), None)

    def contest(self, contest: str) -> Contest | None:
        """Return a contest, or None."""
        return next((one for one in self.contests if one.id == contest), None)

    def offered(self, style: BallotStyle) -> dict[str, tuple[Option, ...]]:
        """Return the options on a ballot style by contest, both in their order."""
        offered: dict[str, tuple[Option, ...]] = {}
        named = {one.contest: one.options for one in style.contests}
        for contest in in_order(self.contests):
            if contest.id in named:
                wanted = named[contest.id]
                offered[contest.id] = tuple(
                    option
                    for option in in_order(contest.options)
                    if wanted is None or option.id in wanted
                )
        return offered


def last_day(closes_at: datetime, zone: tzinfo) -> date:
    """Return the day of the last moment before a closing: of midnight, the day that it ends."""
    return (closes_at - timedelta.resolution).astimezone(zone).date()


def in_order[T: (Contest, Option)](things: Iterable[T]) -> list[T]:
    """Return contests or options as a ballot shows them."""
    return sorted(things, key=lambda one: rank(one.order, one.id))


def rank(order: int, id_: str) -> tuple[int, int]:
    """Return what contests, or the options of one, are sorted by: their order, then their age.

    Ids are numbered as they are made, so ``o2`` comes before ``o10``.
    """
    return order, int(id_[1:])


def election_id(entropy: bytes) -> ElectionId:
    """Return an election id from 8 random bytes, of which it uses 60 bits."""
    alphabet = "0123456789abcdefghjkmnpqrstvwxyz"
    number = int.from_bytes(entropy[:8])
    return ElectionId("".join(alphabet[number >> shift & 31] for shift in range(0, 60, 5)))
