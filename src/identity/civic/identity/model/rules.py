"""The rule set: everything about eligibility that may differ from election to election."""

import tomllib
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    ValidationError,
    field_validator,
    model_validator,
)

from civic.identity.errors import IdentityError
from civic.identity.model.age import (
    LeapDayBirthday,
    PartialDate,
    age_band,
    age_on,
    birth_days,
    of_age_from,
)
from civic.identity.model.areas import Fineness
from civic.identity.model.codes import (
    NEVER_REJECT,
    SETTLED_BY_PEOPLE,
    Code,
    IdScheme,
    RequestError,
    Severity,
)
from civic.identity.model.proof import ProofLevel


class RuleSetBroken(IdentityError):
    """A rule set file lacks something that is needed, or has something that is not understood."""


def _plain_date(value: object) -> object:
    # pydantic also accepts strings, numbers and times at midnight as dates.
    if type(value) is not date:
        raise ValueError("must be a TOML date, YYYY-MM-DD without quotes")
    return value


def _known_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        raise ValueError("must be an IANA time zone, such as Europe/Berlin") from None
    return value


def _ascending(value: tuple[int, ...]) -> tuple[int, ...]:
    if any(later <= earlier for earlier, later in pairwise(value)):
        raise ValueError("must be ascending")
    return value


PlainDate = Annotated[date, BeforeValidator(_plain_date)]
Years = Annotated[StrictInt, Field(ge=1, le=200)]
CountryCode = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
TextVersion = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,32}$")]
RegionCode = Annotated[str, Field(pattern=r"^[A-Z]{2}-[A-Z0-9]{1,3}$")]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Election(_Part):
    """Which election it is, with its day and time zone."""

    name: Annotated[str, Field(min_length=1)]
    date: PlainDate
    time_zone: Annotated[str, AfterValidator(_known_zone)]


class AgeRule(_Part):
    """Ages are completed years, from the start of the birthday.

    Who has completed ``pre_registration_from`` when they submit is accepted, and may vote from the
    day on which they complete ``minimum``. Without it, that day has to have come by election day.
    """

    minimum: Years
    pre_registration_from: Years | None = None
    implausible_above: Years
    leap_day_birthday: LeapDayBirthday
    bands: Annotated[tuple[Years, ...], Field(min_length=1), AfterValidator(_ascending)]
    partial_birth_dates: StrictBool = False
    """Whether a year, or a year and a month, is enough for a person to decide by."""


class ConsentText(_Part):
    """The days on which people were asked to agree to a text, both included."""

    first: Annotated[PlainDate, Field(alias="from")]
    last: Annotated[PlainDate | None, Field(alias="until", lt=date.max)] = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.last is not None and self.last < self.first:
            raise ValueError("must not end before it begins")
        return self


class ConsentRule(_Part):
    """Which consents count: those to a text of the office, given while it was in use.

    A text that is left out no longer counts, whenever consent to it was given.
    """

    clock_skew_seconds: Annotated[StrictInt, Field(ge=0)]
    texts: Annotated[dict[TextVersion, ConsentText], Field(min_length=1)]

    @property
    def clock_skew(self) -> timedelta:
        """How far the citizen's own clock, from which the time of consent comes, may be off."""
        return timedelta(seconds=self.clock_skew_seconds)


class Country(_Part):
    """An accepted country of residence.

    Without ``regions`` all of it is accepted; without ``national_id`` identifiers are not checked.
    ``areas`` says how fine the electoral areas are that an address must lie in, and ``proof`` how
    well it must be proven who somebody is.
    """

    areas: Fineness = Fineness.COUNTRY
    regions: frozenset[RegionCode] | None = None
    national_id: tuple[IdScheme, ...] = ()
    proof: ProofLevel = ProofLevel.NONE


class Rule(_Part):
    """What one reason code does to a decision, and how it is explained to a person."""

    severity: Severity
    once_accepted: Severity | None = None
    """Instead of ``severity``, for somebody by whose acceptance an earlier revision is in force."""
    text: Annotated[str, Field(min_length=1)]
    request_error: RequestError = RequestError.OTHER

    @property
    def severities(self) -> frozenset[Severity]:
        """Every severity that it can have."""
        return frozenset({self.severity, self.once_accepted or self.severity})


class RuleSet(_Part):
    """A versioned rule set; the version is recorded with every decision."""

    version: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
    election: Election
    age_rule: Annotated[AgeRule, Field(alias="age")]
    consent: ConsentRule
    required_attestations: tuple[Literal["citizenship_attestation"], ...]
    countries: Annotated[dict[CountryCode, Country], Field(min_length=1)]
    rules: dict[Code, Rule]

    @field_validator("rules", mode="after")
    @classmethod
    def _complete(cls, value: dict[Code, Rule]) -> dict[Code, Rule]:
        missing = [code.value for code in Code if code not in value]
        if missing:
            raise ValueError(f"has no entry for {', '.join(missing)}")
        deciding = [code for code in NEVER_REJECT if Severity.REJECT in value[code].severities]
        if deciding:
            raise ValueError(f"may not reject for {', '.join(sorted(deciding))}: remark or review")
        unseen = [
            code
            for code in SETTLED_BY_PEOPLE
            if not value[code].severities <= {Severity.REVIEW, Severity.REJECT}
        ]
        if unseen:
            raise ValueError(f"may not pass over {', '.join(sorted(unseen))}: review or reject")
        return value

    @classmethod
    def parse(cls, document: str | bytes) -> Self:
        """Read a rule set from TOML 1.0.

        Raises:
            RuleSetBroken: It is not UTF-8 or TOML, or entries are missing, unknown or of the
                wrong kind; the message names each one.
        """
        try:
            text = document.decode() if isinstance(document, bytes) else document
            return cls.model_validate(tomllib.loads(text))
        except ValidationError as error:
            faults = (
                f"{'.'.join(map(str, fault['loc']))}: {fault['msg'].removeprefix('Value error, ')}"
                for fault in error.errors()
            )
            raise RuleSetBroken(f"The rule set is broken: {'; '.join(faults)}") from None
        except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise RuleSetBroken(f"The rule set is not TOML: {error}") from error

    def severity(self, code: Code, *, accepted: bool = False) -> Severity:
        """Return what a finding of this code does to the decision.

        Args:
            code: What was found.
            accepted: Whether an earlier acceptance is in force.
        """
        rule = self.rules[code]
        return (accepted and rule.once_accepted) or rule.severity

    def local_date(self, moment: datetime) -> date:
        """Return the calendar day of an aware time, in the election's time zone."""
        return moment.astimezone(ZoneInfo(self.election.time_zone)).date()

    def was_in_use(self, text: ConsentText, moment: datetime) -> bool:
        """Return whether people were asked to agree to a text at an aware time.

        Its days are those of the election's time zone.
        """
        skew = self.consent.clock_skew
        if self._start_of(text.first) - moment > skew:
            return False
        return text.last is None or moment - self._start_of(text.last + timedelta(days=1)) < skew

    def _start_of(self, day: date) -> datetime:
        return datetime.combine(day, time(), ZoneInfo(self.election.time_zone))

    def old_enough_from(self, born: date) -> date:
        """Return the day from which a person may vote: when they complete the minimum age."""
        rule = self.age_rule
        return of_age_from(born, rule.minimum, rule.leap_day_birthday)

    def may_register(self, born: date, day: date) -> bool:
        """Return whether a person is old enough to register on a day."""
        rule = self.age_rule
        if rule.pre_registration_from is None:
            return self.old_enough_from(born) <= self.election.date
        return age_on(day, born, rule.leap_day_birthday) >= rule.pre_registration_from

    def age(self, born: date) -> int:
        """Return the completed years of age on election day; negative if born after it."""
        return age_on(self.election.date, born, self.age_rule.leap_day_birthday)

    def age_band(self, born: date | PartialDate) -> str:
        """Return the band of the age on election day.

        It is ``unknown`` for an implausible age, and where the days on which the person may have
        been born do not agree.
        """
        first, last = map(self._age_band, birth_days(born))
        return first if first == last else "unknown"

    def _age_band(self, born: date) -> str:
        age = self.age(born)
        if not 0 <= age <= self.age_rule.implausible_above:
            return "unknown"
        return age_band(age, self.age_rule.bands)
