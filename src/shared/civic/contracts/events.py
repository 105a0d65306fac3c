"""The events of the identity domain, as they are in an EventBridge ``detail``.

Fields are only ever added, and added fields are optional; any other change needs a new event name
beside the old one. Readers ignore unknown fields and refuse unknown versions, so that such an event
ends in a dead-letter queue and is not lost.

Byte strings travel as base64 with the URL-safe alphabet (RFC 4648 section 5); times are UTC.
No event holds personal data in clear; ``Cohort`` is the one thing derived from it, generalised
to a country, a subdivision and an age band (see docs/privacy.md).

A class from which others are derived is a family and is never published itself: a subscriber to a
family receives every event in it, including those added later.
"""

from datetime import date
from enum import StrEnum
from typing import Annotated, ClassVar, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, WithJsonSchema

from civic.contracts.identifiers import RegistrationId, Revision

UUID_PATTERN = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
TRACEPARENT_PATTERN = r"^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$"

Id = Annotated[RegistrationId, Field(pattern=UUID_PATTERN)]
RevisionNumber = Annotated[Revision, Field(ge=1)]
Traceparent = Annotated[str, Field(pattern=TRACEPARENT_PATTERN)]
Digest = Annotated[
    bytes,
    Field(min_length=32, max_length=32),
    # The schema of the text on the bus: 32 bytes are 44 characters of base64.
    WithJsonSchema({"type": "string", "format": "base64url", "pattern": "^[A-Za-z0-9_-]{43}=$"}),
]

AREA_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9-]{0,15}$"
Area = Annotated[str, Field(pattern=AREA_PATTERN)]
"""An electoral area: an ISO 3166-1 or 3166-2 code, or one of the office's own."""

PACK_SIZE = 10
"""The most facts that one packed event carries; EventBridge charges per event."""


class Contract(BaseModel):
    """Base of everything on the bus: frozen, and silent about its input in errors."""

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        hide_input_in_errors=True,
        # A function uses few of the events, so none is built before it is used.
        defer_build=True,
        ser_json_bytes="base64",
        val_json_bytes="base64",
    )


def source_of(publisher: str) -> str:
    """Return the EventBridge ``source`` of what a function publishes."""
    return f"civic.{publisher}"


class Event(Contract):
    """An event: the class name is its EventBridge ``detail-type``.

    ``SOURCES`` names the functions that publish it, or the operator's command.
    """

    SOURCES: ClassVar[tuple[str, ...]]
    version: Literal[1] = 1

    @classmethod
    def sources(cls) -> tuple[str, ...]:
        """Every EventBridge ``source`` under which it comes."""
        return tuple(map(source_of, cls.SOURCES))

    @classmethod
    def detail_type(cls) -> str:
        """The EventBridge ``detail-type``."""
        return cls.__name__


class Decision(StrEnum):
    """What the validator decided."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    REVIEW = "review"


class Reason(Contract):
    """Why: a code of the rule set and the field it is about, as a JSON Pointer (RFC 6901)."""

    code: str
    pointer: str


class Cohort(Contract):
    """The generalised attributes a decision is counted under."""

    region: str = Field(description="ISO 3166-1 or 3166-2 code, or ``other``")
    age_band: str = Field(description="Age on election day, such as ``25-34``, or ``unknown``")


class SealedFields(Contract):
    """A registration's fields, each encrypted for itself under the subject key."""

    commitment: Digest
    fields: dict[str, bytes]


class SealedRevision(Event):
    """A family: a sealed revision of a registration that is to be decided."""

    id: Id
    revision: RevisionNumber
    created_at: AwareDatetime
    submitted_at: AwareDatetime
    access_digest: Digest = Field(description="SHA-256 of the access token")
    sealed: SealedFields
    traceparent: Traceparent


class ValidationRequest(SealedRevision):
    """A registration or a rectification was received and sealed."""

    SOURCES = ("gateway",)


class RevalidationRequest(SealedRevision):
    """A stored revision is to be decided now; a restriction may have held it back."""

    SOURCES = ("pii_storage",)


class RevalidationDue(Event):
    """A sweep found that some store has not heard of a record or of its decision."""

    SOURCES = ("reconciler",)
    id: Id
    traceparent: Traceparent


class ErasureUnfinished(Event):
    """A sweep found that some store has not followed an erasure; it is announced once more.

    It orders none: of whom the low-security store has no tombstone, nothing happens.
    """

    SOURCES = ("reconciler",)
    id: Id
    traceparent: Traceparent


class ErasureOrdered(Event):
    """A family: somebody asks for a registration to be erased.

    The low-security store decides whether it is, and the validator announces that as
    ``DecisionDeleted``, which everybody else follows.
    """

    id: Id
    requested_at: AwareDatetime
    access_digest: Digest = Field(description="SHA-256 of the access token")
    traceparent: Traceparent


class DeletionRequest(ErasureOrdered):
    """The data subject asked for erasure (GDPR Art. 17)."""

    SOURCES = ("gateway",)


class RetentionEnded(ErasureOrdered):
    """A registration's retention seems to have ended (GDPR Art. 5(1)(e)).

    It names the row that was seen. If the row has changed since, or is named only in part, nothing
    happens.
    """

    SOURCES = ("deadlines",)
    revision: RevisionNumber | None = None
    restriction: int | None = Field(default=None, ge=0, description="As in RestrictionChanged")
    round: int | None = Field(default=None, ge=0, description="As in DecisionMade")


class ErasureDecided(ErasureOrdered):
    """Two members of staff decided that the law requires a registration to be erased.

    It names the row that they decided about. If the row has changed since, nothing happens.
    """

    SOURCES = ("review",)
    revision: RevisionNumber
    restriction: int = Field(ge=0, description="As in RestrictionChanged")
    round: int = Field(ge=0, description="As in DecisionMade")


class ErasureReplayed(ErasureOrdered):
    """An erasure in the ledger is carried out again, after copies were restored."""

    SOURCES = ("accountability",)


class PublicRecord(Event):
    """A family: what the public log keeps, for everybody and for good."""


class ErasuresCounted(PublicRecord):
    """How many erasures are complete, in aggregate; of the same day always the same."""

    SOURCES = ("deadlines",)
    through: date = Field(description="The last day that is counted, in UTC")
    erased: int = Field(
        ge=0,
        description=(
            "Erasures asked for in the 365 days up to the end of that day, and confirmed by every"
            " store by then; rounded down to the threshold"
        ),
    )
    threshold: int = Field(ge=1, description="What the number is a multiple of")


class RestrictionChanged(Event):
    """The data subject restricted the processing, or lifted the restriction (GDPR Art. 18)."""

    SOURCES = ("rights",)
    id: Id
    sequence: int = Field(ge=1, description="Counts the changes; odd is restricted, even lifted")
    resume: RevisionNumber | None = Field(
        default=None, description="Once lifted: the revision to resume with, or a later one"
    )
    at: AwareDatetime
    traceparent: Traceparent


class ObjectionRaised(Event):
    """The data subject objected to being counted by analytics (GDPR Art. 21); it is final."""

    SOURCES = ("rights",)
    id: Id
    at: AwareDatetime
    traceparent: Traceparent


class DecisionMade(Contract):
    """One decision inside a ValidationResult."""

    id: Id
    revision: RevisionNumber
    decision: Decision
    reasons: tuple[Reason, ...] = ()
    rule_set: str
    decided_at: AwareDatetime
    cohort: Cohort
    round: int = Field(default=0, ge=0, description="0 by the rules, n by the n-th human review")
    restriction: int = Field(
        default=0, ge=0, description="The person's count of restrictions when it was announced"
    )
    standing: Decision | None = Field(
        default=None,
        description=(
            "The decision in force for the person, if it is not this one: a correction that the"
            " rules do not accept leaves an earlier acceptance in force"
        ),
    )
    areas: tuple[Area, ...] = Field(
        default=(),
        description="The person's electoral areas, narrowest first; empty: those of the cohort",
    )
    area_version: int = Field(
        default=0, ge=0, description="The version of the area table by which they were found"
    )
    eligible_from: date | None = Field(
        default=None,
        description="When the person is old enough, if that was still to come when it was decided",
    )
    registered_at: AwareDatetime | None = Field(
        default=None,
        description="When the registration was first submitted, if the person is accepted",
    )
    access_digest: Digest | None = Field(
        default=None, description="SHA-256 of the access token, by which credentials are asked for"
    )
    traceparent: Traceparent

    @property
    def in_force(self) -> Decision:
        """The decision by which the person is treated: this one, or an earlier acceptance."""
        return self.standing or self.decision

    @property
    def codes_in_force(self) -> tuple[str, ...]:
        """The reason codes of that, sorted, each once; an earlier acceptance has none."""
        return () if self.standing else tuple(sorted({reason.code for reason in self.reasons}))


class DecisionsMade(Event):
    """A family: up to ten decisions, each about another registration revision."""

    results: Annotated[tuple[DecisionMade, ...], Field(min_length=1, max_length=PACK_SIZE)]


class ValidationResult(DecisionsMade):
    """Up to ten decisions of the validator, each about another registration revision."""

    SOURCES = ("validator",)


class ReviewDecided(DecisionsMade):
    """A decision that people made (GDPR Art. 22(3)); it wins over that of the rules."""

    SOURCES = ("review",)


class DataChange(Contract):
    """One change of a store; ``revision`` is absent from an erasure."""

    id: Id
    revision: RevisionNumber | None = None
    at: AwareDatetime
    access_digest: Digest | None = Field(
        default=None,
        description="In DecisionDeleted: SHA-256 of the erased person's access token",
    )
    traceparent: Traceparent


class RevisionsKept(Event):
    """A family: revisions that are now in the high-security store."""

    items: Annotated[tuple[DataChange, ...], Field(min_length=1, max_length=PACK_SIZE)]


class DataStored(RevisionsKept):
    """First revisions now in the high-security store."""

    SOURCES = ("pii_storage",)


class DataUpdated(RevisionsKept):
    """Later revisions now in the high-security store."""

    SOURCES = ("pii_storage",)


class RegistrationsErased(Event):
    """A family: registrations erased from one store or several, which ``STORES`` names."""

    STORES: ClassVar[tuple[str, ...]]
    items: Annotated[tuple[DataChange, ...], Field(min_length=1, max_length=PACK_SIZE)]


class DataDeleted(RegistrationsErased):
    """Registrations erased from the high-security store, their subject keys destroyed."""

    SOURCES = ("pii_storage",)
    STORES = ("records", "subject_keys")


class DecisionDeleted(RegistrationsErased):
    """Registrations have ended: the low-security store has them no more, and all others follow.

    Those without an access digest were announced when each store followed the order itself; they
    only confirm.
    """

    SOURCES = ("validator",)
    STORES = ("decisions",)

    @property
    def ended(self) -> tuple[DataChange, ...]:
        """What the other stores follow."""
        return tuple(item for item in self.items if item.access_digest is not None)


class JoinDeleted(RegistrationsErased):
    """Registrations erased from the analytics store."""

    SOURCES = ("analytics",)
    STORES = ("analytics",)


class ObjectionHonoured(Event):
    """Registrations that analytics has forgotten because of an objection."""

    SOURCES = ("analytics",)
    items: Annotated[tuple[DataChange, ...], Field(min_length=1, max_length=PACK_SIZE)]


class AnalyticsReleased(Event):
    """An aggregate release was written; its cells are in the object named here."""

    SOURCES = ("analytics_release",)
    release_id: str
    released_at: AwareDatetime
    first_day: date | None = None
    last_day: date | None = None
    threshold: int = Field(ge=1, description="No published cell counts fewer people than this")
    counted: int = Field(ge=0, description="Registrations, rounded down to the threshold")
    cells: int = Field(ge=0)
    suppressed_cells: int = Field(ge=0)
    bucket: str
    json_key: str
    lines_key: str
