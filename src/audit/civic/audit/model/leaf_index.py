"""Where a leaf is in the log: a sorted segment for every complete stretch.

A segment is derived from level-0 tiles and can be rebuilt from them at any time. Its records, each
the first 14 bytes of a leaf hash and two bytes for its place in the stretch, are sorted. As hashes
are evenly spread, reading a few kilobytes finds a leaf among 65,536.
"""

import math
from collections.abc import Iterator, Sequence

STRETCH = 1 << 16
"""The number of entries that a segment covers: those of 256 tiles."""

RECORD_BYTES = 16
_PREFIX_BYTES = 14

_MARGIN = 8 * math.isqrt(STRETCH) // 2
"""How far a leaf may be from its expected position: eight standard deviations, which less than one
leaf in 10^15 exceeds."""


def segment_path(number: int) -> str:
    """Return the path of the segment for a stretch, counted from 0."""
    return f"{number:08}"


def segment(leaves: Sequence[bytes]) -> bytes:
    """Return the segment for the leaves of a stretch."""
    records = [leaf[:_PREFIX_BYTES] + place.to_bytes(2) for place, leaf in enumerate(leaves)]
    return b"".join(sorted(records))


def window(leaf: bytes) -> tuple[int, int]:
    """Return the part of a segment that has a leaf's record: its first byte and its length."""
    expected = int.from_bytes(leaf[:8]) * STRETCH >> 64
    first = max(0, expected - _MARGIN)
    last = min(STRETCH, expected + _MARGIN)
    return first * RECORD_BYTES, (last - first) * RECORD_BYTES


def places(leaf: bytes, records: bytes) -> Iterator[int]:
    """Yield the places in the stretch where a leaf may be, according to records of the segment."""
    for at in range(0, len(records), RECORD_BYTES):
        if records[at : at + _PREFIX_BYTES] == leaf[:_PREFIX_BYTES]:
            yield int.from_bytes(records[at + _PREFIX_BYTES : at + RECORD_BYTES])
