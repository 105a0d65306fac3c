"""Where a leaf stands in the log: sorted segments over stretches that are complete.

A segment is derived from level-0 tiles and can be made again from them at any time. Its records are
the first 14 bytes of a leaf hash and two bytes of its place in the stretch, sorted, so hashes being
evenly spread, one read of some kilobytes finds a leaf among 65,536.
"""

import math
from collections.abc import Iterator, Sequence

STRETCH = 1 << 16
"""Entries a segment covers: those of 256 tiles."""

RECORD_BYTES = 16
_PREFIX_BYTES = 14

_MARGIN = 8 * math.isqrt(STRETCH) // 2
"""Eight standard deviations of where a leaf stands around where it is expected; beyond them, less
than one leaf in 10^15."""


def segment_path(number: int) -> str:
    """Return the path of the segment over a stretch, counted from 0."""
    return f"{number:08}"


def segment(leaves: Sequence[bytes]) -> bytes:
    """Return the segment over the leaves of a stretch."""
    records = [leaf[:_PREFIX_BYTES] + place.to_bytes(2) for place, leaf in enumerate(leaves)]
    return b"".join(sorted(records))


def window(leaf: bytes) -> tuple[int, int]:
    """Return which bytes of a segment a leaf is in: the first, and how many."""
    expected = int.from_bytes(leaf[:8]) * STRETCH >> 64
    first = max(0, expected - _MARGIN)
    last = min(STRETCH, expected + _MARGIN)
    return first * RECORD_BYTES, (last - first) * RECORD_BYTES


def places(leaf: bytes, records: bytes) -> Iterator[int]:
    """Return the places in the stretch at which a leaf may stand, by records of its segment."""
    for at in range(0, len(records), RECORD_BYTES):
        if records[at : at + _PREFIX_BYTES] == leaf[:_PREFIX_BYTES]:
            yield int.from_bytes(records[at + _PREFIX_BYTES : at + RECORD_BYTES])
