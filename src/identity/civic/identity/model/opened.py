"""What is in a sealed record: the registration, and what tells whether a field has changed.

People who decide about a registration have looked at certain values. To know later whether those
are still the same, without keeping the values, the low-security store keeps a fingerprint of each
field: HMAC-SHA-256 (RFC 2104) of its name and value, cut to 128 bits. Its key is derived from the
access token, which nobody but the data subject has, and is sealed with the record. So fingerprints
can be computed only by who may open the record, cannot be guessed from a table or a backup, and
mean nothing once the record is erased. With another token, or without the key, as in records of
earlier releases, everything counts as changed.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from civic.contracts.events import SealedFields
from civic.contracts.ports import RandomBytes
from civic.identity.model.keys import RecordId, SubjectKey
from civic.identity.model.registration import Registration
from civic.identity.model.sealing import seal, unseal

COMPARISON_KEY = "comparison_key"
"""The sealed field that is not one of the registration's."""

_KEY_BYTES = 32
_FINGERPRINT_BYTES = 16
_INFO = b"civic/comparison-key/1"


@dataclass(frozen=True, slots=True)
class Opened:
    """An opened record."""

    registration: Registration
    fingerprints: Mapping[str, bytes]
    """By field; empty if the record has no key to compute them with."""

    @classmethod
    def of(cls, fields: Mapping[str, bytes]) -> Self:
        """Read the fields of an unsealed record.

        Raises:
            pydantic.ValidationError: The fields are not those of a registration.
        """
        own = {name: value for name, value in fields.items() if name != COMPARISON_KEY}
        key = fields.get(COMPARISON_KEY)
        marks = {} if key is None else {n: _fingerprint(key, n, v) for n, v in own.items()}
        return cls(Registration.from_fields(own), marks)


def seal_registration(
    key: SubjectKey,
    record: RecordId,
    registration: Registration,
    access_token: str,
    entropy: RandomBytes,
) -> SealedFields:
    """Seal a registration with the key by which its fields can be compared."""
    fields = {**registration.to_fields(), COMPARISON_KEY: comparison_key(access_token)}
    return seal(key, record, fields, entropy)


def open_registration(key: SubjectKey, record: RecordId, sealed: SealedFields) -> Opened:
    """Open a sealed registration.

    Raises:
        SealError: It was not sealed under this key for this record, or was altered.
    """
    return Opened.of(unseal(key, record, sealed))


def comparison_key(access_token: str) -> bytes:
    """Return the key of one person's fingerprints: HKDF-SHA-256 (RFC 5869) of the access token."""
    derived = HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=None, info=_INFO)
    return derived.derive(access_token.encode())


def _fingerprint(key: bytes, name: str, value: bytes) -> bytes:
    message = name.encode() + b"\0" + value
    return hmac.digest(key, message, hashlib.sha256)[:_FINGERPRINT_BYTES]
