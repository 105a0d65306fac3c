"""With whom somebody is compared, who may be on the roll already.

At once, with those under the same name and date of birth. Whoever is accepted is listed under their
likeness by the same transaction that writes the acceptance, on the condition that the list is as it
was when they were compared. So of two who are accepted at the same time one is compared with the
other, whether rules or people decide.

Later, with those who share weak keys: a search finds them, and notes them in the row.
"""

from collections.abc import Iterable, Mapping

from civic.contracts.identifiers import RegistrationId
from civic.identity.errors import NotLeftYet
from civic.identity.model.likeness import Comparison, LikenessKey, Listing, Others, kinds
from civic.identity.model.pairs import Kinds
from civic.identity.model.rows import DecisionRow, Tombstone
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

    Raises:
        NotLeftYet: Somebody is being erased there, and their places are not all marked yet.
    """
    listing = likenesses.listing(likeness)
    acceptance = None if row is None else row.acceptance
    there = registration in listing.ids and row is not None and bool(row.listed)
    if acceptance is not None and acceptance.likeness == likeness and there:
        return None
    earlier = () if row is None or acceptance is not None else row.listed
    before = (one.likeness for one in earlier if one.likeness != likeness)
    listings = (listing, *map(likenesses.listing, before))
    return Comparison(tuple(_others(decisions, one, registration) for one in listings))


def _others(decisions: DecisionStore, listing: Listing, registration: RegistrationId) -> Others:
    others = (one for one in listing.ids if one != registration)
    return Others(listing, tuple(one for one in others if _is_accepted(decisions, one)))


def _is_accepted(decisions: DecisionStore, registration: RegistrationId) -> bool:
    row = decisions.get(registration)
    if isinstance(row, Tombstone) and len(row.listed) > 1:
        raise NotLeftYet
    return isinstance(row, DecisionRow) and row.acceptance is not None


def everybody(
    decisions: DecisionStore, row: DecisionRow, compared: Comparison | None
) -> tuple[RegistrationId, ...]:
    """Return all with whom a person is to be compared."""
    alike = compared.everybody if compared else ()
    return tuple(dict.fromkeys((*alike, *still_paired(decisions, row))))


def still_paired(decisions: DecisionStore, row: DecisionRow) -> tuple[RegistrationId, ...]:
    """Return those with whom somebody is to be compared as a pair, and who are still there."""
    return tuple(one for one in row.pairs.open if _counting(decisions, one))


def in_common(
    decisions: DecisionStore, row: DecisionRow, others: Iterable[RegistrationId]
) -> Mapping[RegistrationId, Kinds]:
    """Return of which kinds the keys are that somebody shares with each of those compared."""
    found: dict[RegistrationId, Kinds] = {}
    for one in others:
        other = _counting(decisions, one)
        if other is not None:
            found[one] = kinds(row.keys & other.keys)
    return found


def _counting(decisions: DecisionStore, registration: RegistrationId) -> DecisionRow | None:
    row = decisions.get(registration)
    return row if isinstance(row, DecisionRow) and row.counts else None
