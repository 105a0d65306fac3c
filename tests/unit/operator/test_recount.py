"""The recount as made by the command."""

from collections import Counter
from typing import Any

import pytest

from civic.operator.recount import Recount, recount_election
from civic.stack.target import LOCAL_STACK, Target
from civic.terminal.failures import CommandFailed
from civic.voting.model.tally import Counts


class EmptyTables:
    """Every query finds nothing."""

    def get_paginator(self, _operation: str) -> "EmptyTables":
        return self

    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        return [{"Items": []}]


def counts(**cells: int) -> Counts:
    return Counts(Counter({("south", "c1", option): count for option, count in cells.items()}))


def test_difference_names_the_cell_and_by_how_much_the_tally_is_off() -> None:
    found = Recount(box=counts(o1=3, o2=1), tally=counts(o1=3, o2=2, o3=0))
    assert found.differences == {("south", "c1", "o2"): 1}


def test_ballot_that_the_tally_has_missed_is_a_difference() -> None:
    assert Recount(box=counts(o1=1), tally=counts()).differences == {("south", "c1", "o1"): -1}


def test_election_that_does_not_exist_is_an_error_and_no_count_of_zero() -> None:
    target = Target(LOCAL_STACK, region="eu-west-1", endpoint="http://127.0.0.1:4566")
    tables = ("BallotsTableName", "TalliesTableName", "ElectionsTableName")
    vars(target).update(outputs={name: name for name in tables}, dynamodb=EmptyTables())
    with pytest.raises(CommandFailed, match="no such election"):
        recount_election(target, "7k3m9qx2w5vb")
