"""Whoever is accepted is listed by the same write, if the list is as it was read."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import permutations

import pytest

from civic.contracts.events import Decision
from civic.contracts.identifiers import RegistrationId, Revision
from civic.identity.adapters.decision_store_dynamodb import DynamoDbDecisions
from civic.identity.adapters.items import RevisionedTable
from civic.identity.adapters.likenesses_dynamodb import DynamoDbLikenesses
from civic.identity.errors import ListingChanged
from civic.identity.model.keys import AccessDigest, RecordId
from civic.identity.model.likeness import Comparison, LikenessKey, Listing, Others, Place
from civic.identity.model.rows import Acceptance, DecisionRow, Tombstone, Verdict
from civic.lab.memory.identity import MemoryDecisions
from civic.lab.memory.likenesses import MemoryLikenesses
from civic.runtime import clients
from tests.fakes.aws import Aws
from tests.fakes.fixtures import each_kind

LIKE, UNLIKE = LikenessKey(bytes(16)), LikenessKey(bytes([1] * 16))
A, B, C = (RegistrationId(f"00000000-0000-4000-8000-00000000000{one}") for one in "abc")
NOW = datetime(2027, 1, 15, 12, tzinfo=UTC)
AT, ELSEWHERE = Place(LIKE), Place(UNLIKE)
DIGEST = AccessDigest(bytes([7] * 32))


@dataclass(frozen=True, slots=True)
class Stores:
    decisions: DynamoDbDecisions | MemoryDecisions
    likenesses: DynamoDbLikenesses | MemoryLikenesses

    def accept(self, one: RegistrationId, others: tuple[RegistrationId, ...] = ()) -> None:
        assert self.decisions.decide(accepted(one), self.compared(others)) is None

    def compared(
        self, others: tuple[RegistrationId, ...] = (), *likenesses: LikenessKey
    ) -> Comparison:
        listings = map(self.likenesses.listing, likenesses or (LIKE,))
        return Comparison(tuple(Others(one, self._among(one, others)) for one in listings))

    def _among(
        self, listing: Listing, others: tuple[RegistrationId, ...]
    ) -> tuple[RegistrationId, ...]:
        return tuple(one for one in others if one in listing.ids)


def in_memory() -> Stores:
    likenesses = MemoryLikenesses()
    return Stores(MemoryDecisions(likenesses), likenesses)


def deployed() -> Stores:
    likenesses = DynamoDbLikenesses(clients.dynamodb(), "likenesses")
    table = RevisionedTable(clients.dynamodb(), "decisions")
    return Stores(DynamoDbDecisions(table, likenesses), likenesses)


stores = each_kind("dynamodb", in_memory, deployed)


def accepted(one: RegistrationId, revision: int = 1, round_: int = 0) -> DecisionRow:
    verdict = Verdict(Decision.ACCEPTED, (), "rules", round_)
    record = RecordId(one, Revision(revision))
    acceptance = Acceptance(Revision(revision), likeness=LIKE)
    return DecisionRow(record, DIGEST, NOW, NOW, verdict, acceptance=acceptance, likeness=LIKE)


def test_nobody_is_listed_under_a_likeness_that_is_not_known(stores: Stores) -> None:
    assert stores.likenesses.listing(LIKE) == Listing(LIKE)
    stores.likenesses.leave(LIKE, A)
    assert stores.likenesses.listing(LIKE) == Listing(LIKE)


def test_whoever_is_accepted_is_listed_beside_those_compared(stores: Stores) -> None:
    stores.accept(A)
    stores.accept(B, (A,))
    assert stores.likenesses.listing(LIKE) == Listing(LIKE, (A, B), 2, (0, 1))
    assert stores.likenesses.listing(UNLIKE) == Listing(UNLIKE)
    assert stores.decisions.get(B) == replace(accepted(B), listed=(Place(LIKE, 1),))
    # Whose acceptance has ended is left out.
    stores.accept(C, (B,))
    assert stores.likenesses.listing(LIKE).ids == (B, C)


def leave_and_come(stores: Stores) -> None:
    stores.likenesses.leave(LIKE, A)
    stores.accept(B)


def come(stores: Stores) -> None:
    stores.accept(B, (A,))


def leave(stores: Stores) -> None:
    stores.likenesses.leave(LIKE, A)


@pytest.mark.parametrize("change", [leave_and_come, come, leave])
@pytest.mark.parametrize("by_people", [False, True])
def test_nobody_is_accepted_by_a_list_that_has_changed(
    stores: Stores, change: Callable[[Stores], None], *, by_people: bool
) -> None:
    stores.accept(A)
    waiting = replace(accepted(C), verdict=Verdict(Decision.REVIEW, (), "rules"), acceptance=None)
    if by_people:
        assert stores.decisions.decide(waiting) is None
    read = stores.compared((A,))
    change(stores)
    there, listed = stores.decisions.get(C), stores.likenesses.listing(LIKE)
    write = stores.decisions.overrule if by_people else stores.decisions.decide
    with pytest.raises(ListingChanged):
        write(accepted(C, round_=int(by_people)), read)
    assert (stores.decisions.get(C), stores.likenesses.listing(LIKE)) == (there, listed)


def test_whoever_is_put_back_is_listed_under_every_likeness_or_under_none(stores: Stores) -> None:
    stores.accept(A)
    read = stores.compared((), UNLIKE, LIKE)
    stores.accept(B, (A,))
    with pytest.raises(ListingChanged):
        stores.decisions.decide(accepted(C), read)
    assert stores.likenesses.listing(UNLIKE) == Listing(UNLIKE)
    assert stores.decisions.decide(accepted(C), stores.compared((B,), UNLIKE, LIKE)) is None
    assert stores.likenesses.listing(UNLIKE) == Listing(UNLIKE, (C,), 1, (0,))
    assert stores.likenesses.listing(LIKE) == Listing(LIKE, (B, C), 3, (1, 0))
    assert stores.decisions.get(C) == replace(accepted(C), listed=(ELSEWHERE, AT))


def test_nobody_is_listed_whose_row_is_not_written(stores: Stores) -> None:
    stores.accept(A)
    grave = Tombstone(A, NOW, access_digest=DIGEST)
    joining = stores.compared()
    there = replace(accepted(A), listed=(AT,))
    assert stores.decisions.decide(there, joining) == there
    assert not stores.decisions.overrule(accepted(B, round_=1), joining)
    assert stores.likenesses.listing(LIKE) == Listing(LIKE, (A,), 1, (0,))
    assert stores.decisions.bury(grave) == there
    assert stores.decisions.bury(replace(grave, listed=(AT,))) is None
    assert stores.decisions.decide(accepted(A, 2), joining) == replace(grave, listed=(AT,))
    assert stores.likenesses.listing(LIKE) == Listing(LIKE, (A,), 1, (0,))


def test_no_row_forgets_where_somebody_is_listed(stores: Stores) -> None:
    """What was read before somebody was listed is not written over what says so."""
    stores.accept(A)
    there = replace(accepted(A), listed=(AT,))
    joining = stores.compared((), UNLIKE)
    corrected = replace(accepted(A, 2), likeness=UNLIKE)
    assert stores.decisions.decide(corrected, joining) == there
    assert not stores.decisions.overrule(accepted(A, round_=1))
    assert not stores.decisions.renew(accepted(A))
    assert stores.decisions.renew(there)
    assert stores.likenesses.listing(UNLIKE) == Listing(UNLIKE)
    assert stores.decisions.decide(replace(corrected, listed=(AT,)), joining) is None
    assert stores.decisions.get(A) == replace(corrected, listed=(AT, ELSEWHERE))


def test_tombstone_says_where_somebody_is_listed_until_they_are_not(stores: Stores) -> None:
    stores.accept(A)
    grave = Tombstone(A, NOW, access_digest=DIGEST, listed=(AT,))
    assert stores.decisions.bury(grave) is None
    stores.decisions.unlisted(replace(grave, listed=(ELSEWHERE,)))
    assert stores.decisions.get(A) == grave
    stores.decisions.unlisted(grave)
    assert stores.decisions.get(A) == replace(grave, listed=())


@pytest.mark.parametrize("leaving", list(permutations((A, B, C))))
def test_nothing_is_left_of_a_likeness_whose_people_have_left(
    aws: Aws, leaving: tuple[RegistrationId, ...]
) -> None:
    stores = deployed()
    for there in ((), (A,), (A, B)):
        stores.accept((A, B, C)[len(there)], there)
    for one in leaving:
        assert aws.items("likenesses")
        stores.likenesses.leave(LIKE, one)
    assert aws.items("likenesses") == []
