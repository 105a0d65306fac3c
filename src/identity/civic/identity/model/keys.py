"""Subject keys and what is stored of them."""

import hashlib
import hmac
from dataclasses import dataclass
from typing import NewType, Self

from civic.contracts.identifiers import RegistrationId, Revision

WrappingKeyVersion = NewType("WrappingKeyVersion", str)
"""Name of one version of the wrapping pair, such as ``wk-0001``."""

AccessDigest = NewType("AccessDigest", bytes)
"""SHA-256 of an access token."""

SUBJECT_KEY_BYTES = 32
WRAPPED_BYTES_MOST = 2 * SUBJECT_KEY_BYTES
"""The longest that is wrapped: a subject key with the key to compare with."""
PURPOSE = "registration"
"""What the subject keys of this domain are for; part of every key derivation and context."""

PEPPER_PURPOSE = "likeness"
"""What the pepper is for, in its KMS encryption context."""

EVIDENCE_PURPOSE = "evidence"
"""What answers are sealed for."""


@dataclass(frozen=True, slots=True)
class SubjectKey:
    """A 256-bit key of one registration and revision; never stored or sent unwrapped.

    With it comes the key under which the person's fields are compared from revision to revision
    (see ``civic.identity.model.opened``); keys of earlier releases have none.
    """

    secret: bytes
    comparison: bytes = b""

    def __post_init__(self) -> None:
        """Refuse anything but 32 bytes of each."""
        sizes = len(self.secret), len(self.comparison) or SUBJECT_KEY_BYTES
        if sizes != (SUBJECT_KEY_BYTES, SUBJECT_KEY_BYTES):
            msg = "a subject key has 32 bytes, and 32 more to compare with"
            raise ValueError(msg)

    @classmethod
    def from_bytes(cls, unwrapped: bytes) -> Self:
        """Read what was wrapped.

        Raises:
            ValueError: It has neither 32 nor 64 bytes.
        """
        return cls(unwrapped[:SUBJECT_KEY_BYTES], unwrapped[SUBJECT_KEY_BYTES:])

    def to_bytes(self) -> bytes:
        """Return what is wrapped: both keys, one after the other."""
        return self.secret + self.comparison

    def __repr__(self) -> str:
        """Show nothing of the key."""
        return "SubjectKey(<redacted>)"


@dataclass(frozen=True, slots=True)
class RecordId:
    """What a sealed record belongs to: one registration in one revision."""

    id: RegistrationId
    revision: Revision


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A subject key as it is stored: wrapped under one version of the wrapping pair."""

    version: WrappingKeyVersion
    blob: bytes


@dataclass(frozen=True, slots=True)
class StoredSubjectKey:
    """A row of the subject key store."""

    record: RecordId
    wrapped: WrappedKey
    access_digest: AccessDigest


_NOBODY = AccessDigest(bytes(32))


def digest_of(access_token: str) -> AccessDigest:
    """Return what is stored of an access token."""
    return AccessDigest(hashlib.sha256(access_token.encode()).digest())


def may_access(access_token: str, stored: AccessDigest | None) -> bool:
    """Return whether a token is the one that a digest was made from, in constant time.

    An absent digest is compared all the same, so that an unknown id takes as long as a wrong token.
    """
    return hmac.compare_digest(digest_of(access_token), stored or _NOBODY) and stored is not None
