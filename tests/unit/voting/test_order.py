"""The order of contests and options: the office's, or if that is equal, that of creation."""

import io
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from civic.operator.commands.election_tables import election_table
from civic.voting.model.election import Election, Option, in_order
from civic.voting.model.results import snapshot
from civic.voting.model.tally import Counts
from tests.fakes.ballots import DURING, SOUTH, definition

OPTIONS = [
    {"id": "o10", "text": "Ten"},
    {"id": "o9", "text": "Nine", "order": 1},
    {"id": "o2", "text": "Two"},
]
SHOWN = ["o2", "o10", "o9"]
CONTESTS = ["c2", "c10", "c1"]


def election() -> Election:
    """Return an election with equal orders, its contests and options in no order at all."""
    contests: list[dict[str, Any]] = [
        {"id": "c10", "title": "C10", "options": OPTIONS},
        {"id": "c1", "title": "C1", "options": OPTIONS, "order": 1},
        {"id": "c2", "title": "C2", "options": OPTIONS},
    ]
    style = {
        "id": SOUTH,
        "name": "South",
        "areas": ["S1"],
        "contests": [{"contest": one["id"]} for one in contests],
    }
    return definition(contests=contests, styles=[style])


def shape(contests: list[dict[str, Any]]) -> dict[str, list[str]]:
    return {one["id"]: [option["id"] for option in one["options"]] for one in contests}


def test_ballot_is_in_order() -> None:
    found = election()
    offered = found.offered(found.styles[0])
    assert list(offered) == CONTESTS
    assert [[option.id for option in options] for options in offered.values()] == [SHOWN] * 3


def test_results_are_in_the_order_of_the_ballot() -> None:
    found = snapshot(election(), Counts(), 1, DURING)
    for contests in (found["contests"], found["styles"][0]["contests"]):
        assert list(shape(contests)) == CONTESTS
        assert list(shape(contests).values()) == [SHOWN] * 3


def test_table_is_in_the_order_of_the_ballot() -> None:
    text = io.StringIO()
    shown = election().model_dump(mode="json", exclude_none=True) | {"keys": []}
    Console(file=text, width=100).print(election_table(shown))
    firsts = [line.split()[0] for line in text.getvalue().splitlines() if line.strip()]
    assert [one for one in firsts if one in CONTESTS] == CONTESTS
    assert [one for one in firsts if one in SHOWN] == SHOWN * 3


@given(st.permutations(range(1, 200)))
def test_options_of_one_order_stand_as_they_were_made(numbers: list[int]) -> None:
    options = [Option(id=f"o{number}", text="x") for number in numbers]
    assert [one.id for one in in_order(options)] == [f"o{number}" for number in range(1, 200)]
