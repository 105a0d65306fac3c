"""The data that people are made up from, read from ``people.toml``."""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from civic.contracts.events import Decision
from civic.identity.model.codes import Code

Share = Annotated[float, Field(ge=0, le=1)]
Words = Annotated[tuple[str, ...], Field(min_length=1)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Place(_Part):
    """A city and one of its postcodes."""

    city: str
    region: str | None = None
    postcode: str


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


class Kind(_Part):
    """A kind of person, and what the shipped rule set decides about each of them."""

    share: Share
    decision: Decision
    reasons: tuple[Code, ...] = ()


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
    elsewhere: dict[str, Country]


@cache
def people_data() -> PeopleData:
    """Return the data, read once."""
    document = (files("civic.lab.population") / "people.toml").read_text("utf-8")
    return PeopleData.model_validate(tomllib.loads(document))
