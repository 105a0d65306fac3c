"""Counts: added, merged and stored, they equal counting one by one."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from civic.contracts.identifiers import StyleId
from civic.voting.model.ballot import Ballot
from civic.voting.model.tally import WRITE_INS, Counts, counted, sequence
from tests.fakes.ballots import ELECTION, NORTH, SOUTH

styles = st.sampled_from([NORTH, SOUTH])
chosen = st.dictionaries(
    st.sampled_from(["c1", "c2"]),
    st.lists(st.sampled_from(["o1", "o2", "o3"]), min_size=1, unique=True).map(tuple),
)
written = st.dictionaries(
    st.sampled_from(["c1", "c2"]),
    st.lists(st.sampled_from(["Edith", "Emmy"]), min_size=1, unique=True).map(tuple),
)
ballots = st.builds(Ballot, st.just(ELECTION), styles, chosen, written)


def test_counts_say_how_often_each_option_was_selected() -> None:
    counts = counted(
        [
            Ballot(ELECTION, NORTH, {"c1": ("o1",), "c2": ("o4", "o5")}, {}),
            Ballot(ELECTION, NORTH, {"c1": ("o1",)}, {"c2": ("Edith", "Emmy")}),
            Ballot(ELECTION, SOUTH, {}, {}),
        ]
    )
    assert counts.ballots == 3
    assert (counts.ballots_of(NORTH), counts.ballots_of(SOUTH)) == (2, 1)
    assert counts.of(NORTH, "c1", "o1") == 2
    assert counts.of(NORTH, "c2", WRITE_INS) == 2
    assert counts.of(SOUTH, "c1", "o1") == counts.of(StyleId("west"), "c9", "o9") == 0


@given(st.lists(ballots, max_size=12), st.lists(st.integers(0, 3), min_size=12, max_size=12))
def test_counting_in_parts_is_counting_at_once(cast: list[Ballot], part_of: list[int]) -> None:
    parts: list[Counts] = [Counts() for _ in range(4)]
    for ballot, number in zip(cast, part_of, strict=False):
        parts[number].add(ballot)
    merged = Counts()
    for part in parts:
        merged += part
    assert merged.dump() == counted(cast).dump()
    assert merged.ballots == len(cast)
    assert {style: merged.ballots_of(style) for style in (NORTH, SOUTH)} == {
        style: Counter(ballot.style for ballot in cast)[style] for style in (NORTH, SOUTH)
    }


@given(st.lists(ballots, max_size=8))
def test_what_is_written_down_is_read_back(cast: list[Ballot]) -> None:
    counts = counted(cast)
    assert Counts.load(counts.dump()) == counts


def test_text_of_equal_counts_is_equal() -> None:
    one, two = (Ballot(ELECTION, style, {"c1": ("o1",)}, {}) for style in (NORTH, SOUTH))
    assert counted([one, two]).dump() == counted([two, one]).dump()
    assert counted([one]).dump() == '{"north":{"ballots":{"":1},"c1":{"o1":1}}}'


def test_counts_hold_no_name_that_a_voter_wrote() -> None:
    assert "Edith" not in counted([Ballot(ELECTION, NORTH, {}, {"c2": ("Edith",)})]).dump()


def test_copy_is_apart_from_its_original() -> None:
    before = counted([Ballot(ELECTION, NORTH, {}, {})])
    after = before.copy()
    after.add(Ballot(ELECTION, NORTH, {}, {}))
    assert (before.ballots, after.ballots) == (1, 2)


@given(st.integers(0, 10**40 - 1), st.integers(0, 10**40 - 1))
def test_sequence_numbers_order_as_numbers_do(one: int, two: int) -> None:
    assert (sequence(str(one)) < sequence(str(two))) == (one < two)
    assert len(sequence(str(one))) == 40
