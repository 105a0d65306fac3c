"""Field encryption under a subject key.

Every field has a key of its own, HKDF-SHA256 (RFC 5869) of the subject key with the field's
context as ``info``, and is encrypted with AES-256-GCM (NIST SP 800-38D) and a random 96-bit
nonce; the same context is the associated data. A ciphertext moved to another person, revision,
field or purpose therefore does not open. AES-GCM alone does not commit to its key, so a record
also carries a 32-byte key commitment, which is checked before anything is decrypted.

Blob: ``0x01 | nonce (12) | ciphertext | tag (16)``, 29 bytes longer than the plaintext.
Context: each of ``pii/1``, the id, the revision in decimal, the field and the purpose, as UTF-8
preceded by its length in two bytes, big-endian.
"""

import hmac
from collections.abc import Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from civic.contracts.events import SealedFields
from civic.contracts.ports import RandomBytes
from civic.identity.errors import CommitmentMismatch, FieldTampered, UnknownSealVersion
from civic.identity.model.keys import PURPOSE, RecordId, SubjectKey

_VERSION = b"\x01"
_NONCE_BYTES = 12
_TAG_BYTES = 16
_KEY_BYTES = 32


def seal(
    key: SubjectKey,
    record: RecordId,
    fields: Mapping[str, bytes],
    entropy: RandomBytes,
    purpose: str = PURPOSE,
) -> SealedFields:
    """Return the fields, each encrypted for this record, and the key commitment.

    Args:
        key: A subject key used for this record only.
        record: The registration and revision the fields belong to.
        fields: Plaintext by field name.
        entropy: Source of the nonces; must be cryptographically secure.
        purpose: What the fields may be opened for.
    """
    sealed = {}
    for name, plaintext in fields.items():
        context = _context(record, name, purpose)
        nonce = entropy(_NONCE_BYTES)
        ciphertext = AESGCM(_derive(key, b"key" + context)).encrypt(nonce, plaintext, context)
        sealed[name] = _VERSION + nonce + ciphertext
    return SealedFields(commitment=_commitment(key, record, purpose), fields=sealed)


def unseal(
    key: SubjectKey, record: RecordId, sealed: SealedFields, purpose: str = PURPOSE
) -> dict[str, bytes]:
    """Return the plaintext of every field; all of them or none.

    Raises:
        CommitmentMismatch: The key is not the one the record was sealed under.
        UnknownSealVersion: A field has a format this code does not know.
        FieldTampered: A field was altered or belongs to another record, field or purpose.
    """
    if not hmac.compare_digest(_commitment(key, record, purpose), sealed.commitment):
        message = "the subject key does not match the record's commitment"
        raise CommitmentMismatch(message)
    return {name: _open(key, record, name, blob, purpose) for name, blob in sealed.fields.items()}


def _open(key: SubjectKey, record: RecordId, name: str, blob: bytes, purpose: str) -> bytes:
    if blob[:1] != _VERSION:
        message = "unknown seal version"
        raise UnknownSealVersion(message)
    if len(blob) < len(_VERSION) + _NONCE_BYTES + _TAG_BYTES:
        message = "a sealed field is too short"
        raise FieldTampered(message)
    context = _context(record, name, purpose)
    nonce, ciphertext = blob[1 : 1 + _NONCE_BYTES], blob[1 + _NONCE_BYTES :]
    try:
        return AESGCM(_derive(key, b"key" + context)).decrypt(nonce, ciphertext, context)
    except InvalidTag as error:
        message = "a sealed field does not authenticate"
        raise FieldTampered(message) from error


def _commitment(key: SubjectKey, record: RecordId, purpose: str) -> bytes:
    return _derive(key, b"commitment" + _context(record, "", purpose))


def _derive(key: SubjectKey, info: bytes) -> bytes:
    # Without a salt: the input is already a uniformly random key (RFC 5869 section 3.1).
    return HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=None, info=info).derive(key.secret)


def _context(record: RecordId, field: str, purpose: str) -> bytes:
    parts = ("pii/1", record.id, str(record.revision), field, purpose)
    encoded = [part.encode() for part in parts]
    return b"".join(len(part).to_bytes(2, "big") + part for part in encoded)
