"""Likenesses and their pepper in memory."""

from civic.contracts.identifiers import RegistrationId
from civic.identity.errors import ListingChanged
from civic.identity.model.likeness import Comparison, LikenessKey, Listing


class MemoryLikenesses:
    """Who was accepted under which likeness."""

    def __init__(self) -> None:
        self.rows: dict[LikenessKey, Listing] = {}

    def listing(self, likeness: LikenessKey) -> Listing:
        return self.rows.get(likeness, Listing(likeness))

    def leave(self, likeness: LikenessKey, registration: RegistrationId) -> None:
        there = self.listing(likeness)
        if registration not in there.ids:
            return
        left = tuple(one for one in there.ids if one != registration)
        del self.rows[likeness]
        if left:
            self.rows[likeness] = Listing(likeness, left, there.version + 1)

    def add(self, comparison: Comparison, registration: RegistrationId) -> None:
        """List a registration beside others.

        Raises:
            ListingChanged: The listing is no longer as it was read.
        """
        there = comparison.listing
        if self.listing(there.likeness) != there:
            raise ListingChanged
        ids = (*comparison.others, registration)
        self.rows[there.likeness] = Listing(there.likeness, ids, there.version + 1)


class MemoryPeppers:
    """One pepper."""

    def current(self) -> bytes:
        return b"pepper".ljust(32, b".")
