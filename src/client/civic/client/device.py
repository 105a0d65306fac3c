"""A voter's device, which makes a credential that the issuer signs but never sees.

The secrets are made before the first request and can be kept. The issuer signs the same request
again, and no other: a voter who has lost the secrets gets no second credential.
"""

import secrets
from datetime import date, datetime
from typing import Annotated, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    TypeAdapter,
    ValidationError,
)

from civic.client.blinding import (
    RANDOMIZER_BYTES,
    BlindingFailed,
    SignerKey,
    blind,
    finalize,
    prepare,
)
from civic.client.citizen import Citizen, Receipt
from civic.contracts import base64url
from civic.contracts.identifiers import ElectionId, StyleId
from civic.contracts.ports import RandomBytes
from civic.terminal.failures import CommandFailed

TOKEN_BYTES = 32
"""The length of a credential's token."""


def _octets(value: object) -> object:
    return base64url.decode(value) if isinstance(value, str) else value


Octets = Annotated[
    bytes, BeforeValidator(_octets), PlainSerializer(base64url.encode, when_used="json")
]
"""Bytes, which are base64url in JSON."""


class _Kept(BaseModel):
    """What a voter keeps in a file; it is never shown."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    def to_json(self) -> str:
        """Return it as JSON, with bytes in base64url (RFC 4648 section 5)."""
        return self.model_dump_json(indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Parse what `to_json` wrote.

        Raises:
            CommandFailed: It is something else.
        """
        try:
            return cls.model_validate_json(text)
        except ValidationError:
            raise CommandFailed(f"that is no {cls.__name__.lower()}") from None


class Election(_Kept):
    """An election that the voter may vote in, with the key of its credentials."""

    election: ElectionId
    style: StyleId
    public_key: Octets
    opens_at: datetime
    closes_at: datetime
    issued: bool


class Refusal(_Kept):
    """An election of the voter's area in which they may not vote, and why."""

    election: ElectionId
    code: str
    title: str
    eligible_from: date | None = None
    roll_closes_at: datetime | None = None

    def __str__(self) -> str:
        """Return why, and what to do."""
        moment = self.eligible_from or self.roll_closes_at
        return f"{self.title} ({moment.isoformat()})" if moment else self.title


class Request(_Kept):
    """A request to the issuer, with the secrets that turn the answer into a credential."""

    election: ElectionId
    style: StyleId
    public_key: Octets
    prepared: Octets = Field(repr=False)
    blinded_message: Octets = Field(repr=False)
    inverse: Octets = Field(repr=False)


class Credential(_Kept):
    """The right to cast one ballot of a style, for its holder; it names nobody.

    ``signature`` is RSA-PSS (SHA-384, MGF1 with SHA-384, 48 bytes of salt) over ``randomizer``
    followed by ``token``, 32 bytes each, under the key of the election and style.
    """

    election: ElectionId
    style: StyleId
    token: Octets = Field(repr=False)
    randomizer: Octets = Field(repr=False)
    signature: Octets = Field(repr=False)


_ELECTIONS = TypeAdapter(list[Election])
_REFUSALS = TypeAdapter(list[Refusal])


class Device:
    """One person's device, which talks to the issuer."""

    def __init__(
        self, citizen: Citizen, receipt: Receipt, entropy: RandomBytes = secrets.token_bytes
    ) -> None:
        """Act through ``citizen`` for the registration of ``receipt``."""
        self._citizen = citizen
        self._receipt = receipt
        self._entropy = entropy

    def look(self) -> tuple[list[Election], list[Refusal]]:
        """Return the elections that the person may vote in, and those of their area they may not.

        Raises:
            Refused: The registration is not on the roll (yet), or the token is of another one.
        """
        answer = self._citizen.elections(self._receipt)
        return (
            _ELECTIONS.validate_python(answer.get("elections")),
            _REFUSALS.validate_python(answer.get("refused", [])),
        )

    def prepare(self, election: ElectionId) -> Request:
        """Make the secrets of a credential and blind it; the issuer is not asked yet.

        Raises:
            CommandFailed: The person may not vote in such an election.
        """
        elections, refusals = self.look()
        found = next((one for one in elections if one.election == election), None)
        if found is None:
            why = next((one for one in refusals if one.election == election), None)
            raise CommandFailed(
                str(why) if why else "there is no such election for this person, or it is over"
            )
        key = SignerKey.parse(found.public_key)
        prepared = prepare(self._entropy(TOKEN_BYTES), self._entropy)
        blinded = blind(key, prepared, self._entropy)
        return Request(
            election=election,
            style=found.style,
            public_key=found.public_key,
            prepared=prepared,
            blinded_message=blinded.message,
            inverse=blinded.inverse.to_bytes(key.modulus_bytes, "big"),
        )

    def redeem(self, request: Request) -> Credential:
        """Have a request signed and return the credential; this may be repeated.

        Raises:
            Refused: Another credential was issued before, or the election is over.
            CommandFailed: The issuer's answer is not its signature under that key.
        """
        answer = self._citizen.credential(
            self._receipt, request.election, base64url.encode(request.blinded_message)
        )
        inverse = int.from_bytes(request.inverse, "big")
        try:
            signed = base64url.decode(str(answer.get("blind_signature")))
            key = SignerKey.parse(request.public_key)
            signature = finalize(key, request.prepared, signed, inverse)
        except (ValueError, BlindingFailed) as failure:
            raise CommandFailed(str(failure)) from None
        return Credential(
            election=request.election,
            style=request.style,
            token=request.prepared[RANDOMIZER_BYTES:],
            randomizer=request.prepared[:RANDOMIZER_BYTES],
            signature=signature,
        )

    def credential(self, election: ElectionId) -> Credential:
        """Make a credential at once; keep the request of `prepare` to survive an interruption."""
        return self.redeem(self.prepare(election))
