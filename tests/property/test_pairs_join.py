"""The join finds whom a comparison of each with each finds, whatever the slices and shards."""

from itertools import combinations
from random import Random
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from civic.contracts.identifiers import RegistrationId
from civic.identity.model.likeness import Kind, LikenessKey
from civic.identity.model.pairs import (
    ENTRY_BYTES,
    MOST_HOLDERS,
    Pair,
    join,
    kinds_in,
    mask_of,
    shard_of,
)

KEYS = st.builds(
    lambda kind, digest: LikenessKey(bytes([kind, digest]) + bytes(14)),
    st.sampled_from(sorted(Kind)),
    st.integers(0, 5),
)
HOLDERS = st.dictionaries(
    st.uuids(version=4), st.frozensets(KEYS, max_size=5), min_size=1, max_size=20
)


def each_with_each(holders: dict[UUID, frozenset[LikenessKey]]) -> tuple[set[Pair], int]:
    """Compare everybody with everybody, but by keys that a crowd shares."""
    every = {key for keys in holders.values() for key in keys}
    crowded = {key for key in every if sum(key in keys for keys in holders.values()) > MOST_HOLDERS}
    found = set()
    for one, other in combinations(sorted(holders, key=str), 2):
        if (holders[one] & holders[other]) - crowded:
            found.add(Pair(RegistrationId(str(one)), RegistrationId(str(other))))
    return found, len(crowded)


@given(HOLDERS, st.integers(1, 7), st.randoms(), st.integers(1, 2))
def test_join_finds_what_a_comparison_of_all_finds(
    holders: dict[UUID, frozenset[LikenessKey]], shards: int, draw: Random, copies: int
) -> None:
    entries = [key + one.bytes for one, keys in holders.items() for key in keys]
    entries *= copies
    draw.shuffle(entries)
    held = [b"".join(one for one in entries if shard_of(one, shards) == n) for n in range(shards)]
    assert sum(map(len, held)) == ENTRY_BYTES * len(entries)
    joined = list(map(join, held))
    expected, crowded = each_with_each(holders)
    assert {pair for one in joined for pair in one.pairs} == expected
    assert sum(one.crowded for one in joined) == crowded


@given(st.frozensets(st.sampled_from(Kind)))
def test_kinds_are_kept_as_a_number(common: frozenset[Kind]) -> None:
    assert kinds_in(mask_of(common)) == common
