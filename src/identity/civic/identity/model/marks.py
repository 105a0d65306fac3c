"""Marks: what tells that somebody had a credential for an election, once they are erased.

Whoever erases their registration and registers again gets the same place among those of their name
and date of birth. So at the end of an erasure the mark of the place is all that is left: a keyed
digest, under a key of that election's own, which is destroyed with its end (GDPR Art. 17(3)(b)).

Nobody gets more than one credential for a place. So there are never more for one name and date of
birth than people were on the roll with it at one time, each of whom two people have told from the
others.
"""

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from civic.contracts.identifiers import RegistrationId
from civic.identity.model.credentials import Noted
from civic.identity.model.likeness import Place

MARKS_PURPOSE = "marks"
"""What the key is for; part of its encryption context."""
MARKS_OUTLIVE_CLOSING = timedelta(days=365)
"""When a mark expires, counted from the closing that was announced when it was made.

It is long, as an election may be prolonged; the key ends with the election, whatever is left.
"""
_PLACE, _HOLDER, _REQUEST = b"civic/place", b"civic/holder", b"civic/request"


@dataclass(frozen=True, slots=True)
class Mark:
    """That a credential was issued for a place; without the key it is 96 random bytes."""

    place: bytes
    holder: bytes
    """Of the registration."""
    asked: bytes
    """Of the registration and of what was signed for it."""
    expires: datetime


@dataclass(frozen=True, slots=True)
class Marking:
    """What a credential is issued under: where the person is listed, and what is kept of that."""

    listed: tuple[Place, ...]
    marks: tuple[Mark, ...]


def marks_of(
    key: bytes,
    registration: RegistrationId,
    listed: Iterable[Place],
    request: Noted,
    closes_at: datetime,
) -> tuple[Mark, ...]:
    """Return the marks of every place that somebody has.

    Args:
        key: The key of the election's marks, 32 bytes.
        registration: Who asks.
        listed: Their places.
        request: What was signed, or is to be.
        closes_at: When the election closes.
    """
    own = str(registration).encode()
    holder = _digest(key, _HOLDER, own)
    asked = _digest(key, _REQUEST, own + b"\0" + request.digest)
    expires = closes_at + MARKS_OUTLIVE_CLOSING
    return tuple(Mark(_digest(key, _PLACE, one.encoded), holder, asked, expires) for one in listed)


def _digest(key: bytes, domain: bytes, message: bytes) -> bytes:
    return hmac.digest(key, domain + b"\0" + message, hashlib.sha256)
