from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civic.lab.simulate import electorate
from civic.lab.simulate.electorate import CANDIDATES, apportioned, official, scaled, voters_of

FEC = (65_853_514, 62_984_828, 4_489_341, 1_457_218, 731_991)
FEC_TOTAL = 136_669_276
LARGEST_DIFFERENCE = 300


def test_the_data_holds_every_state_and_the_district_once() -> None:
    states = [state.state for state in official()]
    assert len(states) == len(set(states)) == 51
    assert "DC" in states


@pytest.mark.parametrize(("column", "published"), list(enumerate(FEC)), ids=CANDIDATES)
def test_the_sums_are_the_national_totals_but_for_the_stated_differences(
    column: int, published: int
) -> None:
    ours = sum(state.votes[column] for state in official())
    assert abs(ours - published) <= LARGEST_DIFFERENCE


def test_the_national_total_is_39_under_the_published_one() -> None:
    assert voters_of(official()) == FEC_TOTAL - 39


def test_one_percent_is_the_electorate_of_the_simulation() -> None:
    assert voters_of(scaled(Fraction(1, 100))) == 1_366_692


@given(st.integers(0, 3_000_000))
def test_any_size_is_met_exactly_and_no_cell_is_off_by_a_vote(voters: int) -> None:
    everybody = voters_of(official())
    small = apportioned(voters)
    assert voters_of(small) == voters
    for state, whole in zip(small, official(), strict=True):
        for votes, votes_of_all in zip(state.votes, whole.votes, strict=True):
            assert abs(votes - Fraction(votes_of_all * voters, everybody)) < 1


def test_a_damaged_row_is_refused() -> None:
    row = dict.fromkeys(("clinton", "trump", "johnson", "stein", "mcmullin", "other"), "1")
    with pytest.raises(ValueError, match="do not add up to its total"):
        electorate._state({"state": "XX", "name": "Nowhere", "total": "7", **row})
