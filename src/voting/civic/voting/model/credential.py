"""What entitles somebody to one ballot, without saying whom: a credential or a posted code.

A credential is a message that only the voter's device has seen, signed blindly by the issuer under
the key of an election and ballot style (RFC 9474, RSABSSA-SHA384-PSS-Randomized). Verification
is plain RSASSA-PSS (RFC 8017 section 8.1.2) and reveals nothing about the issuing.

Both forms yield a *nullifier*: the same for the same voter in the same election, whatever the
ballot, and indistinguishable from random bytes without the credential or the code.
"""

import hashlib
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA384

from civic.contracts.identifiers import ElectionId, Nullifier, StyleId
from civic.voting.errors import VoterUnknown

TOKEN_BYTES = 32
"""What the device chose at random."""

RANDOMIZER_BYTES = 32
"""The message randomizer of RFC 9474 section 4.1."""

_PADDING = PSS(MGF1(SHA384()), salt_length=SHA384.digest_size)


@dataclass(frozen=True, slots=True, repr=False)
class Credential:
    """A signed token of an election and ballot style."""

    election: ElectionId
    style: StyleId
    token: bytes
    randomizer: bytes
    signature: bytes

    @property
    def message(self) -> bytes:
        """The prepared message that was signed: randomizer, then token (RFC 9474 section 4.1)."""
        return self.randomizer + self.token

    @property
    def nullifier(self) -> Nullifier:
        """SHA-256 of election and message.

        Not of the signature: PSS is randomised, and two signatures of one message must be one vote.
        """
        return _nullifier("credential", self.election, self.message)

    def verify(self, key: RSAPublicKey) -> None:
        """Check that the key's owner has signed this credential (RFC 9474 section 4.5).

        Raises:
            VoterUnknown: They have not.
        """
        if len(self.token) != TOKEN_BYTES or len(self.randomizer) != RANDOMIZER_BYTES:
            raise VoterUnknown("not a credential of this election")
        try:
            key.verify(self.signature, self.message, _PADDING, SHA384())
        except InvalidSignature:
            raise VoterUnknown("not a credential of this election") from None


def code_nullifier(election: ElectionId, hashed: bytes) -> Nullifier:
    """Return the nullifier of a posted code from its keyed hash."""
    return _nullifier("code", election, hashed)


def _nullifier(kind: str, election: ElectionId, proof: bytes) -> Nullifier:
    # Kind and election have no "|" and the proof's length is fixed per kind: no two inputs collide.
    return Nullifier(
        hashlib.sha256(f"civic/nullifier/1|{kind}|{election}|".encode() + proof).digest()
    )
