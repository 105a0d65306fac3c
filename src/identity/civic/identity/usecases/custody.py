"""What the key custodian does: make wrapping keys, and move subject keys to the newest one."""

from dataclasses import dataclass

from civic.identity.errors import KeyRefused, WrappingKeyMissing
from civic.identity.model.keys import WrappingKeyVersion
from civic.identity.ports import KeyUnwrapper, KeyWrapper
from civic.identity.ports.custody import RewrapQueue, WrappingKeyRing


@dataclass(frozen=True, slots=True)
class Custody:
    """What the custodian's use cases work with."""

    ring: WrappingKeyRing
    queue: RewrapQueue
    wrapper: KeyWrapper
    unwrapper: KeyUnwrapper


@dataclass(frozen=True, slots=True)
class RewrapProgress:
    """What one page of rewrapping did."""

    seen: int
    rewrapped: int
    refused: int
    cursor: str | None


def ensure_keys(ring: WrappingKeyRing) -> WrappingKeyVersion:
    """Make what a new deployment lacks, and return the current wrapping key version."""
    ring.ensure_pepper()
    return ring.current() or ring.add()


def rotate_wrapping_key(ring: WrappingKeyRing) -> WrappingKeyVersion:
    """Add a version and make it current; older ones stay readable."""
    return ring.add()


def rewrap_page(custody: Custody, cursor: str | None, size: int) -> RewrapProgress:
    """Rewrap one page of subject keys under the current version, each bound to its row's digest.

    Safe to repeat and to run beside registrations: a key that changed or vanished meanwhile is
    left alone, and one that is current and bound already costs nothing. A key that does not open is
    counted and left alone too, so that one planted row does not end every rotation.
    """
    current = custody.ring.current()
    rows, next_cursor = custody.queue.page(cursor, size)
    rewrapped = refused = 0
    for row in rows:
        owner = row.record.id, row.access_digest
        if row.wrapped.version == current and custody.unwrapper.is_bound(row.wrapped, *owner):
            continue
        try:
            key = custody.unwrapper.unwrap(row.wrapped, *owner)
        except (KeyRefused, WrappingKeyMissing):
            refused += 1
        else:
            rewrapped += custody.queue.replace(row, custody.wrapper.wrap(key, *owner))
    return RewrapProgress(len(rows), rewrapped, refused, next_cursor)
