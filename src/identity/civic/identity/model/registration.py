"""What a citizen submits.

Only the form is checked here: types, lengths, characters. Whether the content is acceptable (a
real telephone number, an age, an attestation) is a decision of the validator's rule set.
"""

import re
from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError, from_json, to_json

from civic.contracts.text import NUMBER, PLAIN_TEXT, number, plain_text
from civic.identity.model.age import PartialDate, birth_days
from civic.identity.model.pii import Pii, PiiModel, pii_fields
from civic.identity.model.proof import ProofMethod

_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_PARTIAL_DATE = re.compile(r"\d{4}(-\d{2})?", re.ASCII)
_YEAR_OR_MONTH = r"^([1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])(-(0[1-9]|1[0-2]))?$"


def _birth_date(value: object) -> object:
    if isinstance(value, date):
        return value
    if not isinstance(value, str):
        code = "string_type"
        raise PydanticCustomError(code, "must be a string")
    try:
        # Left to pydantic, a string of digits would be a Unix time, even in strict mode.
        if _ISO_DATE.fullmatch(value):
            return date.fromisoformat(value)
        if _PARTIAL_DATE.fullmatch(value):
            birth_days(PartialDate(value))
            return value
    except ValueError:
        pass
    code = "not_a_date"
    raise PydanticCustomError(
        code, "must be a calendar date, YYYY-MM-DD, or as much as is known of it, YYYY-MM or YYYY"
    )


BirthDate = Annotated[
    date | PartialDate,
    BeforeValidator(_birth_date),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "format": "date"},
                {"type": "string", "pattern": _YEAR_OR_MONTH},
            ],
            "description": "YYYY-MM-DD; YYYY-MM or YYYY of a person who knows no more",
        }
    ),
]
_AS_SEALED = object()
"""The context in which a record is opened: what an earlier release took is not judged again."""


def _checked(check: Callable[[str], str]) -> AfterValidator:
    def checked(value: str, info: ValidationInfo) -> str:
        return value if info.context is _AS_SEALED else check(value)

    return AfterValidator(checked)


Number = Annotated[
    str, Field(min_length=1, max_length=32, json_schema_extra=NUMBER), _checked(number)
]
_Text = Annotated[str, Field(min_length=1, json_schema_extra=PLAIN_TEXT)]
_PLAIN = _checked(plain_text)
Name = Annotated[_Text, Field(max_length=64), _PLAIN]
Line = Annotated[_Text, Field(max_length=120), _PLAIN]
Description = Annotated[_Text, Field(max_length=500), _PLAIN]
FullName = Annotated[_Text, Field(max_length=200), _PLAIN]
Mailbox = Annotated[_Text, Field(max_length=254), _PLAIN]


def _moment(value: str) -> str:
    try:
        datetime.fromisoformat(value)
    except ValueError:
        code = "not_a_time"
        raise PydanticCustomError(code, "must be a date and time, YYYY-MM-DDThh:mm:ssZ") from None
    return value


_MOMENT = (
    r"^[0-9]{4}-(0[1-9]|1[0-2])-[0-9]{2}T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?"
    r"(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"
)
Moment = Annotated[
    str,
    Field(pattern=_MOMENT, json_schema_extra={"format": "date-time"}),
    AfterValidator(_moment),
]
"""A time with its UTC offset (RFC 3339 section 5.6), kept as it was written."""


def _lines_or_description(value: object, info: ValidationInfo) -> object:
    # A description that is refused is absent from the data, but it is not missing.
    if value is None and info.data.get("described_location", "") is None:
        code = "missing"
        raise PydanticCustomError(code, "is needed where no location is described")
    return value


class Address(PiiModel):
    """A postal address, as it is written in its country, or where somebody without one lives."""

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [
                {"required": [name], "properties": {name: {"not": {"type": "null"}}}}
                for name in ("lines", "described_location")
            ]
        }
    )

    described_location: Annotated[
        Description | None,
        Field(description="Where a person without a street address lives, such as a crossing"),
    ] = None
    lines: Annotated[
        Annotated[tuple[Line, ...], Field(min_length=1, max_length=4)] | None,
        AfterValidator(_lines_or_description),
        Field(validate_default=True),
    ] = None
    city: Line
    region: Line | None = None
    postcode: Number | None = None
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$", description="ISO 3166-1 alpha-2")]


class Consent(PiiModel):
    """Which text the person agreed to, and when (GDPR Art. 7(1))."""

    text_version: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,32}$")]
    given_at: Moment

    @property
    def given(self) -> datetime:
        """When consent was given; aware."""
        return datetime.fromisoformat(self.given_at)


EVIDENCE_CHARACTERS_MOST = 24_576
"""Of a sealed answer: that of a wallet is the longest, an ID token takes about a quarter."""


class Evidence(PiiModel):
    """What ``proofing`` answered somebody who has proven who they are; only sealed."""

    method: ProofMethod
    sealed: Annotated[
        str,
        Field(
            min_length=1,
            max_length=EVIDENCE_CHARACTERS_MOST,
            pattern=r"^[A-Za-z0-9_-]+$",
            description="base64url, as it was answered",
        ),
    ]


class Registration(PiiModel):
    """One person's registration, as submitted."""

    username: Annotated[Name, Pii("to address the person in this service")]
    full_name: Annotated[FullName, Pii("to identify the person on the roll")]
    date_of_birth: Annotated[BirthDate, Pii("to check the age on election day")]
    address: Annotated[Address, Pii("to check residence and to send letters")]
    phone_number: Annotated[Number | None, Pii("to reach the person about this request")] = None
    email: Annotated[Mailbox | None, Pii("to reach the person about this request")] = None
    national_id: Annotated[Number | None, Pii("to tell people of the same name apart")] = None
    citizenship_attestation: Annotated[bool, Pii("to record that citizenship was attested")] = False
    consent: Annotated[Consent, Pii("to prove consent to this processing")]
    evidence: Annotated[Evidence | None, Pii("to prove who the person is")] = None

    def to_fields(self) -> dict[str, bytes]:
        """Return each present field as UTF-8 JSON, ready to be sealed on its own."""
        present = self.model_dump(mode="json", exclude_none=True)
        return {name: to_json(value) for name, value in present.items()}

    def for_people(self) -> "Registration":
        """Return what people look at: everything but the evidence, which says nothing to them."""
        return self.model_copy(update={"evidence": None})

    @classmethod
    def from_fields(cls, fields: dict[str, bytes]) -> "Registration":
        """Rebuild a registration from opened fields, as they were when they were sealed.

        Raises:
            pydantic.ValidationError: The fields are not those of a registration.
        """
        document = {name: from_json(value) for name, value in fields.items()}
        return cls.model_validate_json(to_json(document), context=_AS_SEALED)


PII_FIELDS = pii_fields(Registration)
"""Every sealed field with its purpose."""
