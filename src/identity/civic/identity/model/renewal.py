"""Renewals: which access token stands for the digest of a registration.

The digest of the first token is in every row of a registration, for good. Once staff have given out
another token, it is that one which opens the registration, and all earlier ones have ended. A
renewal has two halves: one member of staff asks for it through `front_desk`, another agrees through
`review`, and each of the two functions can write its own half only.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from civic.contracts.identifiers import RegistrationId
from civic.identity.model.keys import AccessDigest

AGREED_WITHIN = timedelta(days=7)
"""How long after it was asked for a renewal can be agreed to."""

CODE_CHARACTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32, which has no I, L, O and U."""

_GROUPS, _GROUP = 4, 4
_FOUR = f"[{CODE_CHARACTERS}]{{{_GROUP}}}"
CODE_PATTERN = f"^{_FOUR}(-{_FOUR}){{{_GROUPS - 1}}}$"
_BITS = 5
_MISTAKEN = str.maketrans({"I": "1", "L": "1", "O": "0", "-": None, " ": None})


@dataclass(frozen=True, slots=True)
class Half:
    """What one member of staff did about a renewal, and when."""

    by: str
    """The IAM principal."""
    at: datetime


@dataclass(frozen=True, slots=True)
class Renewal:
    """A new access token for a registration."""

    id: RegistrationId
    digest: AccessDigest
    """Of the new token, which no server has seen."""
    asked: Half | None = None
    agreed: Half | None = None

    @property
    def code(self) -> str:
        """What two people compare to know that they mean the same token."""
        return comparison_code(self.digest)

    @property
    def renewed_at(self) -> datetime | None:
        """When it came into force; None if it did not.

        Neither half alone does anything, nor do two that one person did, or that are in the wrong
        order or too far apart.
        """
        asked, agreed = self.asked, self.agreed
        if asked is None or agreed is None or asked.by == agreed.by:
            return None
        return agreed.at if asked.at <= agreed.at <= asked.at + AGREED_WITHIN else None

    def waits(self, now: datetime) -> bool:
        """Return whether another member of staff may agree to it."""
        if self.asked is None or self.agreed is not None:
            return False
        return self.asked.at <= now <= self.asked.at + AGREED_WITHIN


@dataclass(frozen=True, slots=True)
class InForce:
    """The renewal whose token opens a registration, and since when."""

    since: datetime
    renewal: Renewal


def in_force(renewals: Iterable[Renewal]) -> InForce | None:
    """Return the renewal whose token opens the registration; None if it is the first token."""
    made = (InForce(at, one) for one in renewals if (at := one.renewed_at) is not None)
    return max(made, key=lambda one: (one.since, one.renewal.digest), default=None)


def comparison_code(digest: AccessDigest) -> str:
    """Return the first 80 bits of the digest of a token, as ``XXXX-XXXX-XXXX-XXXX``.

    Whoever sees a code must not find a token of their own that has the same, in the week in which
    it can be agreed to: with 40 bits a few graphics cards would do that in minutes.
    """
    bits = int.from_bytes(digest, "big") >> (8 * len(digest) - _GROUPS * _GROUP * _BITS)
    places = reversed(range(_GROUPS * _GROUP))
    return _grouped("".join(CODE_CHARACTERS[bits >> _BITS * place & 31] for place in places))


def read_code(text: str) -> str:
    """Return a code as people type it in the form in which it is compared."""
    plain = text.upper().translate(_MISTAKEN)
    return _grouped(plain)


def _grouped(text: str) -> str:
    return "-".join(text[at : at + _GROUP] for at in range(0, len(text), _GROUP))
