"""What is in a sealed record: the registration, and what tells whether a field has changed.

People who decide about a registration have looked at certain values. To know later whether those
are still the same, without keeping the values, the low-security store keeps a fingerprint of each
field: HMAC-SHA-256 (RFC 2104) of its name and value, cut to 128 bits. Its key is derived from the
access token, which nobody but the data subject has, and is wrapped together with the subject key.
So fingerprints can be computed only by who may open the record, cannot be guessed from a table or
a backup, and mean nothing once the subject keys are destroyed. Under another token, and with keys
of earlier releases, everything counts as changed.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from civic.contracts.events import SealedFields
from civic.identity.model.keys import SUBJECT_KEY_BYTES, RecordId, SubjectKey
from civic.identity.model.registration import Registration
from civic.identity.model.sealing import unseal

_FINGERPRINT_BYTES = 16


@dataclass(frozen=True, slots=True)
class Opened:
    """An opened record."""

    registration: Registration
    fingerprints: Mapping[str, bytes]
    """By field; empty if there is no key to compute them with."""


def open_registration(key: SubjectKey, record: RecordId, sealed: SealedFields) -> Opened:
    """Open a sealed registration.

    Raises:
        SealError: It was not sealed under this key for this record, or was altered.
    """
    fields = unseal(key, record, sealed)
    marks = {}
    if key.comparison:
        marks = {name: _fingerprint(key.comparison, name, fields[name]) for name in fields}
    return Opened(Registration.from_fields(fields), marks)


def comparison_key(access_token: str) -> bytes:
    """Return the key of one person's fingerprints: HKDF-SHA-256 (RFC 5869) of the access token."""
    info = b"civic/comparison-key/1"
    derived = HKDF(algorithm=SHA256(), length=SUBJECT_KEY_BYTES, salt=None, info=info)
    return derived.derive(access_token.encode())


def _fingerprint(key: bytes, name: str, value: bytes) -> bytes:
    message = name.encode() + b"\0" + value
    return hmac.digest(key, message, hashlib.sha256)[:_FINGERPRINT_BYTES]
