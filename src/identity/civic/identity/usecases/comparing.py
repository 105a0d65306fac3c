"""Whether somebody is accepted already under the same name and date of birth.

Whoever is accepted is listed under their likeness by the same transaction that writes the
acceptance, on the condition that the list is as it was when they were compared. So of two who are
accepted at the same time one is compared with the other, whether rules or people decide.
"""

from civic.contracts.identifiers import RegistrationId
from civic.identity.model.likeness import Comparison, LikenessKey, Listing
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

    Whoever is not accepted any more is compared under the likenesses of before too. A listed
    registration counts only while its row says that it is accepted: what a restore has brought back
    is in nobody's way.

    Args:
        decisions: Says who is accepted.
        likenesses: Says who was, under which likeness.
        likeness: Of the person.
        registration: The person's.
        row: What the low-security store has of it.
    """
    listing = likenesses.listing(likeness)
    in_force = row is not None and row.acceptance is not None
    if row is not None and in_force and row.likeness == likeness and registration in listing.ids:
        return None

    def accepted(listing: Listing) -> tuple[RegistrationId, ...]:
        others = (one for one in listing.ids if one != registration)
        return tuple(one for one in others if _is_accepted(decisions, one))

    before = () if row is None or in_force else row.listed
    earlier = (likenesses.listing(one) for one in before if one != likeness)
    elsewhere = tuple(one for there in earlier for one in accepted(there))
    return Comparison(listing, accepted(listing), elsewhere)


def _is_accepted(decisions: DecisionStore, registration: RegistrationId) -> bool:
    row = decisions.get(registration)
    return isinstance(row, DecisionRow) and row.acceptance is not None
