"""The erasure ledger: what was asked to be erased, which stores have confirmed, and the receipt.

The ledger holds no personal data: identifiers, times and the hash of a random token. It outlives
every copy that could bring an erased registration back, and is what an operator replays after a
restore (``civic ledger replay``).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from civic.contracts.identifiers import RegistrationId
from civic.identity.model.keys import AccessDigest

COUNT_THRESHOLD = 10
"""Published counts are rounded down to a multiple of this, as in releases of analytics."""

_SETTLED = timedelta(hours=1)
"""How long after midnight a confirmation may still be added to the day before: longer than any
clock is wrong and any function runs."""

_COUNTED_FOR = timedelta(days=365)
"""How old a counted request may be; the ledger forgets later, so that a count can be repeated."""

UNREQUESTED_LIFETIME = timedelta(days=28)
"""How long a confirmation waits for its request: as long as a message and its dead letter last."""


class ErasureStore(StrEnum):
    """The stores that must confirm before an erasure is complete."""

    DECISIONS = "decisions"
    RECORDS = "records"
    SUBJECT_KEYS = "subject_keys"
    ANALYTICS = "analytics"
    ISSUANCE_ROLL = "issuance_roll"


@dataclass(frozen=True, slots=True)
class SignedReceipt:
    """An erasure receipt: canonical JSON (RFC 8785) and its signature.

    The signature is ECDSA on P-256 over SHA-256 (FIPS 186-5), DER encoded (RFC 3279 section
    2.2.3); the public key a DER SubjectPublicKeyInfo (RFC 5280 section 4.1).
    """

    document: bytes
    signature: bytes
    public_key: bytes


@dataclass(frozen=True, slots=True)
class ErasureRecord:
    """One entry of the ledger. Until the request itself has arrived, it has no ``requested_at``.

    Once it has a receipt, it says what the receipt says.
    """

    id: RegistrationId
    requested_at: datetime | None = None
    access_digest: AccessDigest | None = None
    confirmed: Mapping[ErasureStore, datetime] = field(default_factory=dict)
    receipt: SignedReceipt | None = None

    @property
    def completed_at(self) -> datetime | None:
        """When the last store confirmed; None while a confirmation is missing.

        An entry with a receipt is complete: a store that joined the system later is not in the
        receipt, and never held anything of that person.
        """
        missing = self.receipt is None and set(self.confirmed) != set(ErasureStore)
        if self.requested_at is None or missing:
            return None
        return max(self.confirmed.values())


def last_whole_day(now: datetime) -> date:
    """Return the last day in UTC whose confirmations are all in the ledger."""
    return (now.astimezone(UTC) - _SETTLED).date() - timedelta(days=1)


def counted_span(through: date) -> tuple[datetime, datetime]:
    """Return before when a counted erasure is complete, and since when it was asked for.

    Entries are kept long enough that all that count are there a month later.
    """
    end = datetime.combine(through + timedelta(days=1), datetime.min.time(), UTC)
    return end, end - _COUNTED_FOR
