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
        left = there.without(registration)
        if not left.ids:
            self.rows.pop(likeness, None)
        elif left.ids != there.ids:
            self.rows[likeness] = left

    def add(self, comparison: Comparison, registration: RegistrationId) -> None:
        """List a registration beside others.

        Raises:
            ListingChanged: A listing is no longer as it was read.
        """
        listings = [one.listing for one in comparison.under]
        if listings != [self.listing(one.likeness) for one in listings]:
            raise ListingChanged
        for one in comparison.under:
            self.rows[one.listing.likeness] = one.joined_by(registration)


class MemoryPeppers:
    """One pepper."""

    def current(self) -> bytes:
        return b"pepper".ljust(32, b".")
