"""Bundles of entries (https://c2sp.org/tlog-tiles) and the content of an entry."""

import re
from dataclasses import dataclass
from typing import Any

from civic.verifier.canonical import parse_canonical
from civic.verifier.errors import Malformed
from civic.verifier.hashing import EVENT

ELECTION = "[0-9a-hjkmnp-tv-z]{12}"
"""An election's id: 60 bits in the alphabet of Crockford's base 32."""

LENGTH_BYTES = 2
MAX_BUNDLE = 256 * (LENGTH_BYTES + 65535)
"""The largest possible bundle, in bytes."""

_BASE64_OF_32_BYTES = "[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]="
_BALLOT = re.compile(f"civic/ballot/1\n({ELECTION})\n{_BASE64_OF_32_BYTES}\n".encode())
_NAME = re.compile(rb"[A-Z][A-Za-z]{0,63}")


@dataclass(frozen=True, slots=True)
class BallotEntry:
    """A ballot in the box of an election, as a commitment."""

    election: str


@dataclass(frozen=True, slots=True)
class EventEntry:
    """An event, with its fields."""

    name: str
    fields: dict[str, Any]


def parse_bundle(raw: bytes, width: int) -> list[bytes]:
    """Return the entries of a bundle.

    Raises:
        Malformed: The bundle does not have exactly this many.
    """
    entries, place, end = [], 0, len(raw)
    for _ in range(width):
        start = place + LENGTH_BYTES
        place = start + int.from_bytes(raw[place:start])
        if place > end or start > end:
            raise Malformed(f"it ends before its {width} entries do")
        entries.append(raw[start:place])
    if place != end:
        raise Malformed(f"something follows its {width} entries")
    return entries


def parse_entry(entry: bytes) -> BallotEntry | EventEntry:
    """Return what an entry says.

    Raises:
        Malformed: It has none of the forms that an entry may have.
    """
    ballot = _BALLOT.fullmatch(entry)
    if ballot is not None:
        return BallotEntry(ballot[1].decode())
    kind, name, fields, *rest = [*entry.split(b"\n", 3), b"", b"", b""]
    if kind != EVENT.encode():
        raise Malformed("neither a ballot nor an event in a known form")
    if not _NAME.fullmatch(name) or rest[0] != b"" or not entry.endswith(b"\n"):
        raise Malformed("an event has three lines: its form, its name and its fields")
    value = parse_canonical(fields, "the fields of an event")
    if not isinstance(value, dict):
        raise Malformed("the fields of an event are not an object")
    return EventEntry(name.decode(), value)
