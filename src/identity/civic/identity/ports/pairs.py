"""What a search for pairs needs from the outside world; the rules of the other ports apply."""

from collections.abc import Sequence
from typing import Protocol

from civic.contracts.identifiers import RegistrationId
from civic.identity.model.pairs import Candidate, Pairs, Run
from civic.identity.model.rows import Malformed


class Candidates(Protocol):
    """The low-security store, as far as a search for pairs may see it."""

    def page(
        self, start: str | None, size: int | None
    ) -> tuple[Sequence[Candidate | Malformed], str | None]:
        """Return a page of those who have weak keys, and where the next one begins.

        It may be of a moment ago.
        """
        ...

    def get(self, registration: RegistrationId) -> Candidate | None:
        """Return a registration as it is now; None if there is none, or none to compare.

        Raises:
            RowMalformed: It cannot be read.
        """
        ...

    def pair(self, candidate: Candidate, pairs: Pairs) -> bool:
        """Write somebody's pairs; False if these are not as given any more, or they are erased."""
        ...


class Shards(Protocol):
    """Entries of one run on their way to be joined; nothing of it is there two days later."""

    def put(self, run: Run, shard: int, entries: bytes) -> None:
        """Add what the current slice has for a shard; doing it again replaces that."""
        ...

    def get(self, run: Run, shard: int) -> bytes:
        """Return the entries of all slices."""
        ...
