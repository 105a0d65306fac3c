"""The documents that an office sends: elections, candidates, windows."""

import re
from datetime import date, datetime
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from civic.contracts.events import Area
from civic.contracts.text import PLAIN_TEXT, plain_text
from civic.contracts.voting import Audience, StyleIdField
from civic.voting.model.election import ContestId, Definition, OptionId

_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[T ]")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def _written(value: object) -> object:
    """Refuse a number, which would otherwise pass for a time: 0 for the beginning of 1970."""
    if isinstance(value, datetime) or (isinstance(value, str) and _TIME.match(value)):
        return value
    raise PydanticCustomError("not_a_time", "Input should be a time such as 2027-09-26 08:00")


def _day(value: object) -> object:
    """Refuse a time and a number, which would otherwise pass for a day."""
    if type(value) is date or (isinstance(value, str) and _DAY.fullmatch(value)):
        return value
    raise PydanticCustomError("not_a_day", "Input should be a day such as 2027-09-26")


Day = Annotated[date, BeforeValidator(_day)]
Moment = Annotated[
    datetime,
    BeforeValidator(_written),
    Field(description="ISO 8601; without an offset, in the election's time zone"),
]
Title = Annotated[
    str,
    Field(min_length=1, max_length=200, json_schema_extra=PLAIN_TEXT),
    AfterValidator(plain_text),
]
"""A title of `civic.voting.model.election`, in which nothing is hidden from the voter."""
Image = Annotated[str, Field(max_length=500, pattern=r"^https://[^\s]+$")]
MAX_NUMBER = 1_000_000
"""The limit of every number here; far below what canonical JSON (RFC 8785) can write."""

Order = Annotated[int, Field(ge=0, le=MAX_NUMBER)]
TimeZone = Annotated[str, Field(min_length=1, max_length=64)]


class DraftOption(Definition):
    """A candidate or an answer; one without an id is new."""

    id: OptionId | None = None
    text: Title
    description: str | None = Field(default=None, max_length=2000)
    image: Image | None = None
    order: Order | None = Field(default=None, description="By default its place in the list")


class DraftContest(Definition):
    """A question; one without an id is new, and ballot styles can name it by its title."""

    id: ContestId | None = None
    title: Title
    min: int = Field(default=0, ge=0, le=MAX_NUMBER)
    max: int = Field(default=1, ge=1, le=MAX_NUMBER)
    order: Order | None = Field(default=None, description="By default its place in the list")
    write_ins: bool = False
    options: tuple[DraftOption, ...] = ()


class DraftStyleContest(Definition):
    """A contest on a ballot style, named by its id or, while it has none, by its title."""

    contest: Title
    options: tuple[Title, ...] | None = Field(
        default=None, description="Ids or texts of the options to be shown; all by default"
    )


class DraftStyle(Definition):
    """What the voters of some electoral areas see; all contests with all options by default."""

    id: StyleIdField
    name: Title
    areas: tuple[Area, ...] = Field(min_length=1)
    contests: tuple[DraftStyleContest, ...] | None = Field(default=None, min_length=1)


class DraftElection(Definition):
    """An election as an office sends it."""

    revision: int | None = Field(
        default=None,
        ge=1,
        description="The revision that was changed; if given, it must be current",
    )
    title: Title
    time_zone: TimeZone = Field(description="IANA name, such as Europe/Berlin")
    opens_at: Moment
    closes_at: Moment
    day: Day | None = Field(
        default=None,
        description="The day on which voters must be old enough; by default the day on which the"
        " election closes, in its time zone",
    )
    roll_closes_at: Moment | None = Field(
        default=None,
        description="Whoever registers from then on cannot vote in it; by default the roll never"
        " closes",
    )
    contests: tuple[DraftContest, ...] = ()
    styles: tuple[DraftStyle, ...] = ()
    openings: Audience = Field(
        default=Audience.AUDITORS,
        description="Who gets the openings of the ballots' commitments after the certification: "
        "auditors get all and everybody a random sample; or everybody gets all, and a voter can "
        "then show with a receipt what was chosen",
    )


class NewCandidate(Definition):
    """A candidate for an existing contest."""

    contest: ContestId
    text: Title
    description: str | None = Field(default=None, max_length=2000)
    image: Image | None = None
    order: Order | None = Field(default=None, description="By default after all others")
    styles: tuple[StyleIdField, ...] = Field(
        default=(), description="Ballot styles that list their options and get this one too"
    )


class NewWindow(Definition):
    """When a clone opens and closes, and what it is called.

    Nothing of the original's times is taken over, so its roll closes only if a time is given.
    """

    title: Title | None = None
    opens_at: Moment
    closes_at: Moment
    day: Day | None = Field(default=None, description="By default the day on which it closes")
    roll_closes_at: Moment | None = Field(default=None, description="By default never")
