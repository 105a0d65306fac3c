"""Signed notes (https://c2sp.org/signed-note) and cosignatures (https://c2sp.org/tlog-cosignature).

A note is a text and the lines that sign it. Only Ed25519 is supported: type 0x01 over the text
itself, by a log, and type 0x04 over the text and a time, by a witness.
"""

import hashlib
import re
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from civic.verifier.encodings import base64_bytes
from civic.verifier.errors import KeyRefused, Malformed, NoteRefused

ED25519 = 0x01
"""A signature over the text of a note: what a log makes."""

COSIGNATURE = 0x04
"""A signature over the text of a checkpoint and the time it was seen: what a witness makes."""

MAX_NOTE = 65536
"""The most bytes of a note; the largest expected one has about a hundred signatures."""

MAX_TIME = 2**63 - 1

_MAX_LINES = 256
_ID_BYTES = 4
_TIME_BYTES = 8
_PUBLIC_BYTES = 32
_SIGNATURE_BYTES = 64
_VKEY = re.compile(r"([^+]+)\+([0-9a-f]{8})\+(.+)")
_SIGNATURE_LINE = re.compile("— ([^ ]+) ([^ ]+)")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key that signs notes, with the name it signs under.

    Attributes:
        name: The name; for a log, its origin.
        type: `ED25519` or `COSIGNATURE`.
        public: The 32 bytes of RFC 8032 section 5.1.5.
    """

    name: str
    type: int
    public: bytes

    def __post_init__(self) -> None:
        """Refuse a name that a signature line cannot contain, and a key of another kind."""
        if not _is_name(self.name):
            raise KeyRefused(
                "the name of a key is empty, or has a space, a plus or a control character"
            )
        if self.type not in {ED25519, COSIGNATURE} or len(self.public) != _PUBLIC_BYTES:
            raise KeyRefused(f"the key {self.name} is not an Ed25519 key of type 0x01 or 0x04")

    @classmethod
    def parse(cls, vkey: str) -> Self:
        """Return the key written as ``<name>+<key ID>+<base64 of type and public key>``.

        Raises:
            KeyRefused: It is not a key, or its ID is that of another key.
        """
        found = _VKEY.fullmatch(vkey)
        if found is None:
            raise KeyRefused("not a key of the form <name>+<8 hexadecimal digits>+<base64>")
        name, key_id, encoded = found.groups()
        try:
            raw = base64_bytes(encoded, "the key")
        except Malformed as malformed:
            raise KeyRefused(str(malformed)) from None
        key = cls(name, raw[0] if raw else 0, raw[1:])
        if key.id.hex() != key_id:
            raise KeyRefused(f"the ID of the key {name} is {key.id.hex()}, not {key_id}")
        return key

    @property
    def id(self) -> bytes:
        """The four bytes that identify the key in a signature line."""
        named = self.name.encode() + b"\n" + bytes([self.type]) + self.public
        return hashlib.sha256(named).digest()[:_ID_BYTES]

    def __str__(self) -> str:
        """Return the key as `parse` reads it."""
        encoded = b64encode(bytes([self.type]) + self.public).decode()
        return f"{self.name}+{self.id.hex()}+{encoded}"


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature that verifies; for a cosignature also its time (seconds since 1970 UTC)."""

    key: VerifierKey
    time: int | None


@dataclass(frozen=True, slots=True)
class Note:
    """The text of a note, and the signatures of known keys."""

    text: bytes
    signatures: tuple[Signature, ...]

    def signed_by(self, key: VerifierKey) -> bool:
        """Return whether a key has signed."""
        return any(signature.key == key for signature in self.signatures)


def open_note(raw: bytes, keys: Sequence[VerifierKey]) -> Note:
    """Return the text of a note that at least one of these keys has signed.

    Lines of unknown keys are ignored; every line of a known key has to verify.

    Raises:
        NoteRefused: The note is malformed, a known key's line does not verify, or there is none.
    """
    text, lines = split_note(raw)
    known = {(key.name, key.id): key for key in keys}
    signatures: dict[VerifierKey, Signature] = {}
    for line in lines:
        name, blob = _parse_line(line)
        key = known.get((name, blob[:_ID_BYTES]))
        if key is not None:
            signatures.setdefault(key, _verified(key, text, blob[_ID_BYTES:]))
    if not signatures:
        raise NoteRefused("not signed by any known key")
    return Note(text, tuple(signatures.values()))


def cosignature_message(time: int, text: bytes) -> bytes:
    """Return what a witness signs: that it saw the checkpoint with this text at this time."""
    if not 0 <= time <= MAX_TIME:
        raise NoteRefused("the time of a cosignature is out of range")
    return b"cosignature/v1\ntime %d\n" % time + text


def signature_line(key: VerifierKey, signature: bytes, time: int | None = None) -> str:
    """Return the line, with its newline, that adds a signature to a note.

    Args:
        key: Whose signature it is.
        signature: The 64 bytes of RFC 8032, of type 0x04 over `cosignature_message`.
        time: The time in that message; none for type 0x01.
    """
    if (key.type == COSIGNATURE) != (time is not None):
        raise NoteRefused("a cosignature has a time, and no other signature has one")
    stamp = b"" if time is None else time.to_bytes(_TIME_BYTES)
    return f"— {key.name} {b64encode(key.id + stamp + signature).decode()}\n"


def split_note(raw: bytes) -> tuple[bytes, list[str]]:
    """Return the text and the signature lines, which the last empty line separates.

    Raises:
        NoteRefused: The note is malformed or too large.
    """
    if len(raw) > MAX_NOTE:
        raise NoteRefused(f"a note of more than {MAX_NOTE} bytes")
    try:
        whole = raw.decode()
    except UnicodeDecodeError:
        raise NoteRefused("not UTF-8") from None
    if _CONTROL.search(whole):
        raise NoteRefused("control characters in a note")
    text, parted, signed = whole.rpartition("\n\n")
    if not parted or not signed.endswith("\n"):
        raise NoteRefused("not a text, an empty line and signature lines")
    lines = signed.removesuffix("\n").split("\n")
    if len(lines) > _MAX_LINES:
        raise NoteRefused(f"more than {_MAX_LINES} signature lines")
    return f"{text}\n".encode(), lines


def _parse_line(line: str) -> tuple[str, bytes]:
    found = _SIGNATURE_LINE.fullmatch(line)
    if found is None or not _is_name(found[1]):
        raise NoteRefused("a line that is not a signature")
    try:
        blob = base64_bytes(found[2], "a signature")
    except Malformed as malformed:
        raise NoteRefused(str(malformed)) from None
    if len(blob) <= _ID_BYTES:
        raise NoteRefused("a signature that is empty")
    return found[1], blob


def _verified(key: VerifierKey, text: bytes, blob: bytes) -> Signature:
    time, message, signature = None, text, blob
    if key.type == COSIGNATURE:
        time, signature = int.from_bytes(blob[:_TIME_BYTES]), blob[_TIME_BYTES:]
        message = cosignature_message(time, text)
    if len(signature) != _SIGNATURE_BYTES:
        raise NoteRefused(f"a signature of {key.name} does not have {_SIGNATURE_BYTES} bytes")
    try:
        _public(key.public).verify(signature, message)
    except InvalidSignature:
        raise NoteRefused(f"the signature of {key.name} does not verify") from None
    return Signature(key, time)


@lru_cache(maxsize=64)
def _public(raw: bytes) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(raw)


def _is_name(name: str) -> bool:
    return bool(name) and not any(
        character.isspace() or character < " " or character == "+" for character in name
    )
