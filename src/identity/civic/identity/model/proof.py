"""How well it is proven who somebody is, and what a proof says of them.

The levels are those of eIDAS (Commission Implementing Regulation (EU) 2015/1502), with ``basic``
for *low*; docs/proof.md maps them to the identity assurance levels of NIST SP 800-63A.
"""

from dataclasses import dataclass, field
from datetime import date
from enum import Enum, StrEnum
from functools import total_ordering

from civic.identity.errors import IdentityError


@total_ordering
class ProofLevel(Enum):
    """How sure a proof makes of who somebody is; compared by that, and not as text."""

    NONE = "none"
    BASIC = "basic"
    SUBSTANTIAL = "substantial"
    HIGH = "high"

    def __lt__(self, other: object) -> bool:
        """Return whether the other level is the higher one."""
        if not isinstance(other, ProofLevel):
            return NotImplemented
        ascending = tuple(ProofLevel)
        return ascending.index(self) < ascending.index(other)


class ProofMethod(StrEnum):
    """How somebody proves who they are."""

    OIDC = "oidc"
    """A sign-in at a national identity provider, by OpenID Connect."""
    WALLET = "wallet"
    """A presentation from a wallet, by OpenID4VP."""
    COUNTER = "counter"
    """A document that two members of staff have looked at."""
    POSTED_CODE = "posted_code"
    """A code from a letter to the registered address."""
    VENDOR = "vendor"
    """A vendor's check of a document and of the person's presence."""


class ProofRefused(IdentityError):
    """A proof does not verify; the message says what is wrong, and holds no value of it."""


@dataclass(frozen=True, slots=True, repr=False)
class Identifier:
    """What identifies one person among all, such as a national number; of a given kind."""

    kind: str
    value: str

    def __repr__(self) -> str:
        """Show nothing of the value."""
        return f"Identifier(kind={self.kind!r}, value=<redacted>)"


@dataclass(frozen=True, slots=True)
class Proven:
    """What a verified proof says of a person."""

    method: ProofMethod
    level: ProofLevel
    issuer: str
    """Who vouches for it."""
    day: date
    """On which it was proven (UTC)."""
    full_name: str | None = field(default=None, repr=False)
    """None if the method proves no name."""
    birth_date: date | None = field(default=None, repr=False)
    identifier: Identifier | None = field(default=None, repr=False)
