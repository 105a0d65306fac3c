"""The bodies of the credential routes."""

from datetime import date, datetime

from pydantic import ConfigDict, Field

from civic.contracts.base64url import Base64Url
from civic.contracts.voting import ElectionIdField, StyleIdField
from civic.identity.http.bodies import Body, Id


class CredentialOffer(Body):
    """An election this person may vote in, and what their device needs to ask for a credential."""

    election: ElectionIdField
    style: StyleIdField
    public_key: str = Field(description="SubjectPublicKeyInfo, DER, in base64url")
    opens_at: datetime
    closes_at: datetime
    issued: bool = Field(description="Whether one was issued; the same request returns it again")


class CredentialRefusal(Body):
    """An election of this person's area in which they may not vote, and why.

    The code and the title are those of the problem with which a request for a credential is
    refused: ``not_yet_eligible``, ``roll_closed`` or ``area_unsettled``.
    """

    election: ElectionIdField
    code: str
    title: str = Field(description="What it means, and what to do")
    opens_at: datetime
    closes_at: datetime
    eligible_from: date | None = Field(
        default=None, description="With not_yet_eligible: when this person is old enough"
    )
    election_day: date | None = Field(
        default=None, description="With not_yet_eligible: when voters must be old enough"
    )
    roll_closes_at: datetime | None = Field(
        default=None, description="With roll_closed: one had to register before"
    )


class CredentialOffers(Body):
    """The elections of this person's area that are not over."""

    id: Id
    elections: tuple[CredentialOffer, ...] = Field(description="Those they may vote in")
    refused: tuple[CredentialRefusal, ...] = Field(
        default=(), description="Those in which they may not vote, each with the reason"
    )


class NotedRequest(Body):
    """What is kept of a request that was answered; the credential is stored nowhere."""

    election: ElectionIdField
    style: StyleIdField | None = Field(
        default=None, description="The ballot style it was signed for; earlier releases kept none"
    )
    digest: str = Field(description="SHA-256 of style and blinded message, in base64url")


class RollDisclosure(Body):
    """Everything that the roll of voters holds about a person (GDPR Art. 15)."""

    id: Id
    on_the_roll: bool = Field(description="Whether the latest decision that is in force accepts")
    revision: int = Field(ge=1, description="Of the data that was decided on")
    round: int = Field(ge=0, description="0 if the rules decided, n if people did, the n-th time")
    areas: tuple[str, ...] = Field(description="Electoral areas, narrowest first")
    area_version: int = Field(ge=0, description="Of the table by which they were found")
    eligible_from: date | None = Field(
        default=None, description="When the person is old enough, if that was to come when decided"
    )
    registered_at: datetime | None = Field(
        default=None,
        description="When the registration was first submitted, whatever was corrected since",
    )
    credentials: tuple[NotedRequest, ...]


class CredentialRequest(Body):
    """A blinded message to be signed; strict, as only one message is ever signed."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    election: ElectionIdField
    blinded_message: Base64Url = Field(
        description="Output of Blind (RFC 9474 section 4.2), as long as the key, in base64url"
    )


class CredentialAnswer(Body):
    """The blind signature, which the device finalizes (RFC 9474 section 4.4)."""

    election: ElectionIdField
    style: StyleIdField
    blind_signature: str = Field(description="As long as the key, in base64url")
