"""The data that people are made up from, read from ``people.toml``."""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from civic.contracts.events import Decision

Share = Annotated[float, Field(ge=0, le=1)]
Areas = tuple[str, ...]
Words = Annotated[tuple[str, ...], Field(min_length=1)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Place(_Part):
    """A city and one of its postcodes."""

    city: str
    region: str | None = None
    postcode: str
    areas: Areas = ()
    """The electoral areas of who lives there, narrowest first."""


class Home(Place):
    """A place with a street, and the house numbers there are: first, last and step."""

    line: str
    numbers: tuple[int, int, int]


class Country(_Part):
    """What people in a country are called and where they live."""

    weight: Annotated[int, Field(ge=1)]
    script: Literal["latin", "other"] = "latin"
    name: str
    given: Words
    family: Words
    streets: Words
    second_line: str
    national_id: str | None = None
    cities: Annotated[tuple[Place, ...], Field(min_length=1)]


class Outcome(_Part):
    """A decision about a person, with the codes of its reasons."""

    decision: Decision
    reasons: tuple[str, ...] = ()


class Kind(Outcome):
    """A kind of person, and what the shipped rule set decides about each of them at first."""

    share: Share
    in_the_end: Outcome | None = None
    """After a correction or the decision of staff, if that is something else."""
    staff_settle: Areas = ()
    homes: tuple[Home, ...] = ()
    new_homes: tuple[Home, ...] = ()

    @property
    def end(self) -> Outcome:
        """What is decided in the end."""
        return self.in_the_end or self

    @property
    def on_the_roll(self) -> bool:
        """Whether people of this kind are on the roll in the end, by whichever acceptance."""
        return Decision.ACCEPTED in {self.decision, self.end.decision}


class ConsentTimes(_Part):
    """When made-up people consented, which is before they submit, and to which text."""

    text_version: str
    given_from: AwareDatetime
    given_within_days: int


class OptionalFields(_Part):
    """The shares of people who fill in optional fields."""

    email: Share
    national_id: Share
    second_address_line: Share


class PeopleData(_Part):
    """All of ``people.toml``."""

    mail_domains: Words
    username_words: Words
    single_names: Words
    consent: ConsentTimes
    optional_fields: OptionalFields
    kinds: dict[str, Kind]
    countries: dict[str, Country]
    divided: dict[str, Country]
    elsewhere: dict[str, Country]


@cache
def people_data() -> PeopleData:
    """Return the data, read once."""
    document = (files("civic.lab.population") / "people.toml").read_text("utf-8")
    return PeopleData.model_validate(tomllib.loads(document))
