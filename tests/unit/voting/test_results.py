"""Results: totals and parts agree, no percentage is of nothing, and a spreadsheet runs nothing."""

import csv
import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civic.voting.model.ballot import Ballot
from civic.voting.model.election import State
from civic.voting.model.results import as_csv, by_state, only, snapshot
from civic.voting.model.tally import Counts, counted
from tests.fakes.ballots import CLOSES, DURING, ELECTION, NORTH, SOUTH, definition

type Rows = dict[tuple[str, str], tuple[int, float]]

CAST = [
    Ballot(ELECTION, NORTH, {"c1": ("o1",), "c2": ("o4",)}, {}),
    Ballot(ELECTION, NORTH, {"c1": ("o3",), "c2": ("o4", "o5")}, {}),
    Ballot(ELECTION, NORTH, {}, {"c2": ("Edith",)}),
    Ballot(ELECTION, SOUTH, {"c1": ("o1",)}, {}),
]


def document(counts: Counts | None = None, **changes: Any) -> dict[str, Any]:
    found = counted(CAST) if counts is None else counts
    return snapshot(definition(**changes), found, 7, DURING)


def rows(contests: list[dict[str, Any]]) -> Rows:
    return {
        (contest["id"], row["id"]): (row["count"], row["percentage"])
        for contest in contests
        for row in contest["options"]
    }


def part(found: dict[str, Any], style: str) -> dict[str, Any]:
    (one,) = (one for one in found["styles"] if one["id"] == style)
    return dict(one)


def test_totals_and_each_style_are_counted() -> None:
    found = document()
    assert (found["ballots"], found["version"], found["election"]) == (4, 7, ELECTION)
    assert rows(found["contests"]) == {
        ("c1", "o1"): (2, 66.67),
        ("c1", "o2"): (0, 0.0),
        ("c1", "o3"): (1, 33.33),
        ("c2", "o4"): (2, 50.0),
        ("c2", "o5"): (1, 25.0),
        ("c2", "write_ins"): (1, 25.0),
    }
    assert (part(found, NORTH)["ballots"], part(found, SOUTH)["ballots"]) == (3, 1)
    assert rows(part(found, SOUTH)["contests"]) == {
        ("c1", "o1"): (1, 100.0),
        ("c1", "o2"): (0, 0.0),
    }


def test_without_a_vote_every_percentage_is_zero() -> None:
    found = document(Counts())
    everything = [found["contests"], *(one["contests"] for one in found["styles"])]
    assert {cell for one in everything for cell in rows(one).values()} == {(0, 0.0)}
    assert found["ballots"] == 0
    assert as_csv(found)
    assert by_state(found)[0]["total_count"] == 0


def test_names_that_voters_wrote_are_not_published() -> None:
    assert "Edith" not in json.dumps(document())


@pytest.mark.parametrize("state", State)
def test_every_number_is_an_estimate_until_certified(state: State) -> None:
    found = document(state=state)
    assert found["estimate"] == (state is not State.CERTIFIED)
    assert found["disclaimer"].startswith("Certified" if not found["estimate"] else "Estimate")


def test_state_is_that_of_the_moment() -> None:
    assert document()["state"] == "open"
    assert snapshot(definition(), Counts(), 1, CLOSES)["state"] == "closed"


def test_older_form_has_one_entry_per_state() -> None:
    north, south = by_state(document())
    assert (north["state"], north["total_count"]) == ("North", 3)
    assert {"candidate": "Ada", "count": 1, "percentage": 50.0} in north["results"]
    assert south["results"] == [
        {"candidate": "Ada", "count": 1, "percentage": 100.0},
        {"candidate": "Grace", "count": 0, "percentage": 0.0},
    ]
    assert south["disclaimer"] == document()["disclaimer"]


def test_area_shows_its_style_and_totals_of_that_style_only() -> None:
    found = only(document(), "S1", None)
    assert [one["id"] for one in found["styles"]] == [SOUTH]
    assert rows(found["contests"])["c1", "o1"] == (1, 100.0)
    assert rows(found["contests"])["c2", "o4"] == (0, 0.0)
    assert found["ballots"] == 1


def test_unknown_area_has_no_results() -> None:
    found = only(document(), "X9", None)
    assert (found["styles"], found["ballots"]) == ([], 0)
    assert {count for count, _ in rows(found["contests"]).values()} == {0}


def test_option_keeps_its_share_of_the_whole() -> None:
    found = only(document(), None, "o1")
    assert rows(found["contests"]) == {("c1", "o1"): (2, 66.67)}
    assert rows(part(found, NORTH)["contests"]) == {("c1", "o1"): (1, 50.0)}
    assert found["ballots"] == 4


def test_area_and_option_filter_together() -> None:
    found = only(document(), "N2", "o4")
    assert [one["id"] for one in found["styles"]] == [NORTH]
    assert rows(found["contests"]) == {("c2", "o4"): (2, 50.0)}


def test_without_a_filter_nothing_is_left_out() -> None:
    assert only(document(), None, None) == document()


def test_filtering_leaves_the_snapshot_as_it_was() -> None:
    whole = document()
    only(whole, "S1", "o1")
    assert whole == document()


def test_csv_has_a_line_per_style_contest_and_option() -> None:
    lines = list(csv.DictReader(io.StringIO(as_csv(document()))))
    assert len(lines) == 8
    assert {
        "style": "north",
        "name": "North",
        "contest": "c2",
        "option": "o4",
        "text": "Joan",
        "count": "2",
        "percentage": "50.0",
    } in lines


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1+1", "\r=1+1", "\n=1+1", "\uff1d1+1"]
)
def test_spreadsheet_takes_no_text_for_a_formula(text: str) -> None:
    one = definition()
    option = one.contests[0].options[0].model_copy(update={"text": text})
    options = (option, *one.contests[0].options[1:])
    mayor = one.contests[0].model_copy(update={"options": options})
    style = one.styles[0].model_copy(update={"name": text})
    hostile = one.model_copy(
        update={"contests": (mayor, one.contests[1]), "styles": (style, one.styles[1])}
    )
    lines = csv.reader(io.StringIO(as_csv(snapshot(hostile, counted(CAST), 1, DURING)), newline=""))
    cells = [cell for line in lines for cell in line]
    assert f"'{text}" in cells
    assert not [cell for cell in cells if cell[:1] in "=+-@\t\r\n\uff1d" and cell]


numbers = st.dictionaries(st.sampled_from(["o1", "o2"]), st.integers(0, 10**9))


@given(numbers, numbers)
def test_parts_add_up_and_shares_are_of_the_whole(north: Any, south: Any) -> None:
    counts = Counts()
    for style, numbers_of in ((NORTH, north), (SOUTH, south)):
        for option, count in numbers_of.items():
            counts.cells[style, "c1", option] = count
    found = document(counts)
    total = rows(found["contests"])
    for option in ("o1", "o2"):
        parts = [rows(one["contests"])["c1", option][0] for one in found["styles"]]
        assert total["c1", option][0] == sum(parts)
    shares = sum(share for (contest, _), (_, share) in total.items() if contest == "c1")
    assert (
        shares == pytest.approx(100, abs=0.02)
        if any((*north.values(), *south.values()))
        else (shares == 0)
    )
