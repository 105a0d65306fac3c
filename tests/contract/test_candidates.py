"""What every store of candidates and every store of shards does."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from civic.contracts.events import Decision
from civic.contracts.identifiers import RegistrationId, Revision
from civic.identity.adapters.candidates_dynamodb import DynamoDbCandidates
from civic.identity.adapters.decision_store_dynamodb import DynamoDbDecisions
from civic.identity.adapters.items import RevisionedTable
from civic.identity.adapters.shards_s3 import S3Shards
from civic.identity.errors import RowMalformed, StoreUnavailable
from civic.identity.model.keys import AccessDigest, RecordId
from civic.identity.model.likeness import Kind, LikenessKey
from civic.identity.model.pairs import HELD_FOR, NO_PAIRS, Candidate, Run
from civic.identity.model.rows import Acceptance, DecisionRow, Malformed, Tombstone, Verdict
from civic.lab.memory.identity import MemoryDecisions
from civic.lab.memory.pairs import MemoryCandidates, MemoryShards
from civic.runtime import clients
from tests.fakes.aws import PAIRS_BUCKET, Aws
from tests.fakes.fixtures import each_kind

NOW = datetime(2027, 1, 15, 12, tzinfo=UTC)
A, B, C = (RegistrationId(f"00000000-0000-4000-8000-00000000000{one}") for one in "abc")
DIGEST = AccessDigest(bytes([7] * 32))
HOUSE, PHONE, OTHER = (LikenessKey(bytes([kind]) + bytes(15)) for kind in (2, 4, 5))
COMMON = frozenset({Kind.HOUSE})


@dataclass(frozen=True, slots=True)
class Stores:
    decisions: DynamoDbDecisions | MemoryDecisions
    candidates: DynamoDbCandidates | MemoryCandidates

    def there(self, one: RegistrationId) -> Candidate:
        found = self.candidates.get(one)
        assert found is not None
        return found


def in_memory() -> Stores:
    decisions = MemoryDecisions()
    return Stores(decisions, MemoryCandidates(decisions))


def deployed() -> Stores:
    client = clients.dynamodb()
    decisions = DynamoDbDecisions(RevisionedTable(client, "decisions"))
    return Stores(decisions, DynamoDbCandidates(client, "decisions"))


stores = each_kind("dynamodb", in_memory, deployed)
shards = each_kind("s3", MemoryShards, lambda: S3Shards(clients.s3(), PAIRS_BUCKET))


def row(
    one: RegistrationId = A, decision: Decision = Decision.ACCEPTED, revision: int = 1
) -> DecisionRow:
    keys = frozenset({HOUSE, PHONE})
    acceptance = None
    if decision is Decision.ACCEPTED:
        acceptance = Acceptance(Revision(revision), weak_keys=keys)
    return DecisionRow(
        RecordId(one, Revision(revision)),
        DIGEST,
        NOW,
        NOW + timedelta(minutes=revision),
        Verdict(decision, (), "rules"),
        acceptance=acceptance,
        weak_keys=keys,
    )


def test_a_row_is_seen_with_its_keys(stores: Stores) -> None:
    assert stores.decisions.decide(row()) is None
    expected = Candidate(
        RecordId(A, Revision(1)),
        *(0, NOW),
        accepted=True,
        waits=False,
        restricted=False,
        keys=frozenset({HOUSE, PHONE}),
    )
    assert stores.candidates.get(A) == expected
    assert stores.candidates.page(None, None) == ([expected], None)


@pytest.mark.parametrize(
    ("decision", "seen"),
    [
        (Decision.ACCEPTED, (True, False)),
        (Decision.REVIEW, (False, True)),
        (Decision.REJECTED, (False, False)),
    ],
)
def test_who_is_on_the_roll_and_who_waits(
    stores: Stores, decision: Decision, seen: tuple[bool, bool]
) -> None:
    stores.decisions.decide(row(decision=decision))
    there = stores.there(A)
    assert (there.accepted, there.waits) == seen
    assert there.counts == any(seen)


def test_of_a_correction_that_waits_the_keys_of_the_acceptance_count_too(stores: Stores) -> None:
    stores.decisions.decide(row())
    before = stores.decisions.get(A)
    assert isinstance(before, DecisionRow)
    changed = replace(row(decision=Decision.REVIEW, revision=2), weak_keys=frozenset({OTHER}))
    assert stores.decisions.decide(changed.after(before)) is None
    there = stores.there(A)
    assert there.keys == {HOUSE, PHONE, OTHER}
    assert (there.accepted, there.waits, there.record.revision) == (True, True, 2)
    assert stores.decisions.get(A) == changed.after(before)


def test_who_has_no_keys_or_is_erased_is_no_candidate(stores: Stores) -> None:
    stores.decisions.decide(replace(row(A), weak_keys=frozenset()))
    stores.decisions.decide(row(B))
    stores.decisions.bury(Tombstone(B, NOW, access_digest=DIGEST))
    assert [stores.candidates.get(one) for one in (A, B, C)] == [None] * 3
    assert list(stores.candidates.page(None, None)[0]) == []


def test_pages_go_through_everybody_once(stores: Stores) -> None:
    for one in (A, B, C):
        stores.decisions.decide(row(one))
    seen, position = [], None
    for _ in range(9):
        rows, position = stores.candidates.page(position, 2)
        seen += [one.id for one in rows]
        if position is None:
            break
    assert sorted(seen) == [A, B, C]


def test_a_pair_is_written_into_the_row_and_read_from_it(stores: Stores) -> None:
    stores.decisions.decide(row())
    there = stores.there(A)
    pairs = there.pairs.opened(B, COMMON, NOW)
    assert stores.candidates.pair(there, pairs)
    assert stores.there(A).pairs == pairs
    known = stores.decisions.get(A)
    assert isinstance(known, DecisionRow)
    assert known.pairs == pairs
    assert (known.pairs.open, known.pairs.held_until) == ({B: COMMON}, NOW + HELD_FOR)


def test_a_pair_is_not_written_over_another_that_nobody_has_seen(stores: Stores) -> None:
    stores.decisions.decide(row())
    there = stores.there(A)
    assert stores.candidates.pair(there, there.pairs.opened(B, COMMON, NOW))
    assert not stores.candidates.pair(there, there.pairs.opened(C, COMMON, NOW))
    assert set(stores.there(A).pairs.open) == {B}


def test_nobody_is_paired_who_has_been_erased_meanwhile(stores: Stores) -> None:
    stores.decisions.decide(row())
    there = stores.there(A)
    grave = Tombstone(A, NOW, access_digest=DIGEST)
    stores.decisions.bury(grave)
    assert not stores.candidates.pair(there, there.pairs.opened(B, COMMON, NOW))
    assert stores.decisions.get(A) == grave


def test_no_decision_forgets_a_pair(stores: Stores) -> None:
    stores.decisions.decide(row())
    before = stores.decisions.get(A)
    assert isinstance(before, DecisionRow)
    there = stores.there(A)
    stores.candidates.pair(there, there.pairs.opened(B, COMMON, NOW))
    changed = row(revision=2)
    known = stores.decisions.decide(changed.after(before))
    assert isinstance(known, DecisionRow)
    assert stores.decisions.decide(changed.after(known)) is None
    assert set(stores.there(A).pairs.open) == {B}
    assert not stores.decisions.renew(replace(changed.after(known), pairs=NO_PAIRS))


def test_no_row_is_retired_in_which_a_pair_was_noted_meanwhile(stores: Stores) -> None:
    stores.decisions.decide(row())
    before = stores.decisions.get(A)
    assert isinstance(before, DecisionRow)
    there = stores.there(A)
    stores.candidates.pair(there, there.pairs.opened(B, COMMON, NOW))
    grave = Tombstone(A, NOW, access_digest=DIGEST)
    assert not stores.decisions.retire(before, grave)
    known = stores.decisions.get(A)
    assert isinstance(known, DecisionRow)
    assert stores.decisions.retire(known, grave)


def paired(stores: Stores) -> DecisionRow:
    stores.decisions.decide(row())
    there = stores.there(A)
    stores.candidates.pair(there, there.pairs.opened(B, COMMON, NOW))
    known = stores.decisions.get(A)
    assert isinstance(known, DecisionRow)
    return known


def test_people_tell_two_apart_with_their_decision(stores: Stores) -> None:
    known = paired(stores)
    ruled = replace(known, verdict=Verdict(Decision.ACCEPTED, (), "rules", 1))
    assert not stores.decisions.overrule(replace(ruled, pairs=NO_PAIRS), apart={})
    assert stores.decisions.overrule(ruled, apart={B: frozenset({Kind.PHONE_AND_BIRTH})})
    pairs = stores.there(A).pairs
    assert (pairs.open, pairs.held_until) == ({}, None)
    assert pairs.apart == {B: {Kind.HOUSE, Kind.PHONE_AND_BIRTH}}


def test_whoever_has_nobody_left_is_released(stores: Stores) -> None:
    known = paired(stores)
    assert not stores.decisions.release(replace(known, pairs=NO_PAIRS))
    assert stores.decisions.release(known)
    assert stores.there(A).pairs == NO_PAIRS
    assert not stores.decisions.release(known)


def test_shards_hold_what_every_slice_put_last(shards: S3Shards | MemoryShards) -> None:
    run, later = Run(NOW), Run(NOW + timedelta(days=1))
    assert shards.get(run, 1) == b""
    shards.put(run, 1, b"broken off")
    for slice_, entries in enumerate((b"one", b"two")):
        shards.put(replace(run, slices=slice_), 1, entries)
    shards.put(run, 2, b"another shard")
    shards.put(later, 1, b"another run")
    assert shards.get(replace(run, slices=2, collected=True), 1) == b"onetwo"
    assert shards.get(later, 1) == b"another run"


def test_a_row_of_another_release_is_counted_and_stops_nothing(aws: Aws) -> None:
    there = deployed()
    there.decisions.decide(row(B))
    item: dict[str, Any] = {"id": {"S": A}, "weak_keys": {"B": HOUSE}, "revision": {"S": "x"}}
    clients.dynamodb().put_item(TableName="decisions", Item=item)
    rows, _ = there.candidates.page(None, None)
    assert Malformed(A) in rows
    assert B in {one.id for one in rows}
    with pytest.raises(RowMalformed):
        there.candidates.get(A)
    assert aws.items("decisions")


@pytest.mark.parametrize(
    ("service", "operation", "call"),
    [
        ("dynamodb", "Scan", lambda there, _: there.candidates.page(None, None)),
        ("dynamodb", "GetItem", lambda there, _: there.candidates.get(A)),
        ("s3", "PutObject", lambda _, shards: shards.put(Run(NOW), 1, b"")),
        ("s3", "ListObjectsV2", lambda _, shards: shards.get(Run(NOW), 1)),
    ],
)
def test_an_outage_is_one(
    aws: Aws, service: str, operation: str, call: Callable[[Stores, S3Shards], object]
) -> None:
    aws.fail(service, operation, "InternalServerError")
    with pytest.raises(StoreUnavailable):
        call(deployed(), S3Shards(clients.s3(), PAIRS_BUCKET))
