"""What a sweep needs from the outside world; the rules of the other ports apply.

It sees ids, revisions, digests and times; no sealed field and no key.
"""

from collections.abc import Sequence
from typing import Protocol

from civic.contracts.identifiers import RegistrationId, Revision
from civic.identity.model.keys import RecordId
from civic.identity.model.requests import SubjectRequest
from civic.identity.model.rows import Malformed
from civic.identity.model.sweeping import (
    Buried,
    Cursor,
    Death,
    Follower,
    Held,
    Life,
    Search,
    Walk,
)

type Page[Row] = tuple[Sequence[Row | Malformed], str | None]
"""Rows, and where the next page begins; None after the last."""


class Overview(Protocol):
    """Every store about people, for looking only.

    A page may be of a moment ago; what is asked about one registration is as it is now, and raises
    RowMalformed if it cannot be read.
    """

    def lives(self, start: str | None, size: int) -> Page[Life | Death]:
        """Return a page of the low-security store."""
        ...

    def records(self, start: str | None, size: int) -> Page[Held]:
        """Return a page of the high-security store, without its tombstones."""
        ...

    def keys(self, start: str | None, size: int) -> Page[RecordId]:
        """Return a page of the subject keys: which there are, not what they are."""
        ...

    def open_requests(self, start: str | None, size: int) -> Page[SubjectRequest]:
        """Return those of a page of the request log that are not answered."""
        ...

    def life(self, registration: RegistrationId) -> Life | Death | None:
        """Return what the low-security store says."""
        ...

    def record(self, registration: RegistrationId) -> Held | Buried | None:
        """Return what the high-security store says."""
        ...

    def has_key(self, record: RecordId) -> bool:
        """Return whether there is a subject key for a revision."""
        ...

    def on_roll(self, registration: RegistrationId) -> Follower:
        """Return which decision the issuer's roll has."""
        ...

    def joined(self, registration: RegistrationId) -> Follower:
        """Return which decision and which record analytics has."""
        ...

    def has_receipt(self, registration: RegistrationId) -> bool:
        """Return whether the ledger has an erasure with its receipt."""
        ...

    def area_version(self) -> int:
        """Return which version of the table of areas is in use; 0 if there is none."""
        ...

    def case_of(self, registration: RegistrationId) -> Revision | None:
        """Return which revision waits for a person to decide."""
        ...


class Progress(Protocol):
    """How far each walk through the stores has come, whoever makes it."""

    def cursor(self, walk: Walk | Search) -> Cursor:
        """Return where a walk goes on; at the beginning if it never began."""
        ...

    def advance(self, walk: Walk | Search, come_to: Cursor) -> bool:
        """Note how far a walk has come.

        Returns:
            False if another sweep noted a page with this number already; that one counts.
        """
        ...
