"""Whether somebody is accepted already under the same name and date of birth.

Whoever is accepted is listed under their likeness by the same transaction that writes the
acceptance, on the condition that the list is as it was when they were compared. So of two who are
accepted at the same time one is compared with the other, whether rules or people decide.
"""

from civic.contracts.identifiers import RegistrationId
from civic.identity.model.likeness import Comparison, LikenessKey, Listing, Others
from civic.identity.model.rows import DecisionRow
from civic.identity.ports import DecisionStore
from civic.identity.ports.likenesses import Likenesses


def compare(
    decisions: DecisionStore,
    likenesses: Likenesses,
    likeness: LikenessKey,
    registration: RegistrationId,
    row: DecisionRow | None,
) -> Comparison | None:
    """Return who else is accepted under a likeness; None of whoever is so themselves.

    Whoever is accepted is listed under every likeness under which they ever were. So whoever is
    not accepted any more is compared under all of them, and listed under all of them again. A
    listed registration counts only while its row says that it is accepted: what a restore has
    brought back is in nobody's way.

    Args:
        decisions: Says who is accepted.
        likenesses: Says who was, under which likeness.
        likeness: Of the person.
        registration: The person's.
        row: What the low-security store has of it.
    """
    listing = likenesses.listing(likeness)
    acceptance = None if row is None else row.acceptance
    there = registration in listing.ids
    if acceptance is not None and acceptance.likeness == likeness and there:
        return None
    earlier = () if row is None or acceptance is not None else row.listed
    listings = (listing, *(likenesses.listing(one) for one in earlier if one != likeness))
    return Comparison(tuple(_others(decisions, one, registration) for one in listings))


def _others(decisions: DecisionStore, listing: Listing, registration: RegistrationId) -> Others:
    others = (one for one in listing.ids if one != registration)
    return Others(listing, tuple(one for one in others if _is_accepted(decisions, one)))


def _is_accepted(decisions: DecisionStore, registration: RegistrationId) -> bool:
    row = decisions.get(registration)
    return isinstance(row, DecisionRow) and row.acceptance is not None
