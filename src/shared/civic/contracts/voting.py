"""The events of the voting domain, and the two by which credential issuing answers it.

None of them links a registration to anything about a ballot: only public keys leave the identity
domain for elections, and only facts about elections leave the voting domain.
The rules for changes are those of `civic.contracts.events`.
"""

from datetime import date
from enum import StrEnum
from typing import Annotated, ClassVar

from pydantic import AwareDatetime, Field

from civic.contracts.events import Area, Contract, Digest, Event, PublicRecord, RegistrationsErased
from civic.contracts.identifiers import ElectionId, StyleId

ELECTION_ID_PATTERN = r"^[0-9a-hjkmnp-tv-z]{12}$"
STYLE_ID_PATTERN = r"^[a-z0-9][a-z0-9-]{0,31}$"
ORDER_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9 ./-]{0,79}$"

ElectionIdField = Annotated[ElectionId, Field(pattern=ELECTION_ID_PATTERN)]
StyleIdField = Annotated[StyleId, Field(pattern=STYLE_ID_PATTERN)]
Count = Annotated[int, Field(ge=0)]


class Audience(StrEnum):
    """Who gets the openings of the ballots' commitments once an election is certified."""

    AUDITORS = "auditors"
    """All of them the named auditors, a random sample of them everybody."""

    PUBLIC = "public"
    """Everybody: anyone can recount, and a voter can show with a receipt what was chosen."""


class ElectionChange(PublicRecord):
    """A family: what happens to an election; ``revision`` counts its changes from 1."""

    SOURCES: ClassVar[tuple[str, ...]] = ("elections", "calendar")
    election: ElectionIdField
    revision: int = Field(ge=1)
    at: AwareDatetime


class StateChanged(ElectionChange):
    """A family: an election is in another state, which its results tell."""


class ElectionCreated(ElectionChange):
    """A draft was made."""


class ElectionUpdated(ElectionChange):
    """The contests, options, styles or the window of a draft or of a published election changed."""


class CandidateRegistered(ElectionChange):
    """An option was added to a contest."""

    contest: str
    option: str


class StyleAreas(Contract):
    """A ballot style and the electoral areas whose voters get it."""

    style: StyleIdField
    areas: tuple[Area, ...] = Field(description="ISO 3166-1 or 3166-2 codes, or the office's own")


class ElectionPublished(StateChanged):
    """An election is announced: from now on its voters may be given credentials."""

    opens_at: AwareDatetime
    closes_at: AwareDatetime
    day: date | None = Field(default=None, description="The day on which voters must be old enough")
    roll_closes_at: AwareDatetime | None = Field(
        default=None, description="Whoever registers from then on cannot vote in it"
    )
    styles: tuple[StyleAreas, ...]
    openings: Audience | None = Field(
        default=None, description="Who gets the openings of the ballots' commitments"
    )
    definition: Digest | None = Field(
        default=None,
        description=(
            "SHA-256 of what voters decide on: of the canonical JSON (RFC 8785) of an object with"
            " the members contests, styles and title as the public definition has them, members"
            " that are null left out"
        ),
    )


class ElectionOpened(StateChanged):
    """Votes are accepted from now on."""


class ElectionSuspended(StateChanged):
    """No votes are accepted until it is resumed."""


class ElectionResumed(StateChanged):
    """Votes are accepted again."""


class ElectionEnded(StateChanged):
    """No votes are accepted any more, and no credentials given."""


class ElectionSealed(ElectionChange):
    """No ballot is put into the box any more, so that it can be counted."""

    # Not the calendar: whoever announces a seal decides when the box is counted.
    SOURCES = ("elections",)


class ElectionUnsealed(ElectionChange):
    """Ballots were waiting after the sealing; they are let into the box."""

    SOURCES = ("elections",)


class StyleTally(Contract):
    """The count of one ballot style, by contest and option; an option without votes has 0."""

    style: StyleIdField
    ballots: Count
    contests: dict[str, dict[str, Count]] = Field(
        description="Per contest each option on the ballot; write_ins: all names that were written"
    )


class ElectionCertified(StateChanged):
    """The count is final."""

    # Not the calendar: what is certified is in the public log for good.
    SOURCES = ("elections",)
    ballots: int = Field(ge=0)
    openings: Audience | None = Field(
        default=None, description="Who gets the openings of the ballots' commitments"
    )
    tally: tuple[StyleTally, ...] | None = Field(
        default=None, description="The count, of every ballot style"
    )


class ElectionDeleted(ElectionChange):
    """A draft was given up."""


class RedriveRefused(ElectionChange):
    """Ballots in a dead-letter queue were not put back, as the election is over."""

    SOURCES = ("operator",)
    messages: int = Field(ge=1)


class RedriveOrdered(ElectionChange):
    """Ballots in a dead-letter queue were put back after the closing, by order of the office."""

    SOURCES = ("operator",)
    messages: int = Field(ge=1)
    order: str = Field(pattern=ORDER_PATTERN, description="What ordered it, such as a file number")


class VoteCast(Event):
    """How many ballots are counted by now; published in aggregate only, never one by one."""

    SOURCES = ("press",)
    election: ElectionIdField
    snapshot: int = Field(ge=1, description="Counts the snapshots of the results")
    ballots: int = Field(ge=0)
    at: AwareDatetime


class CredentialKey(Contract):
    """The public key under which the credentials of one ballot style verify."""

    style: StyleIdField
    public_key: bytes = Field(description="SubjectPublicKeyInfo, DER (RFC 5280)")


class CredentialKeysPublished(PublicRecord):
    """The issuer has made the keys of an election (RFC 9474), one per ballot style."""

    SOURCES = ("credential_roll",)
    election: ElectionIdField
    keys: tuple[CredentialKey, ...]


class RollDeleted(RegistrationsErased):
    """Registrations erased from the issuer's roll."""

    SOURCES = ("credential_roll",)
    STORES = ("issuance_roll",)
