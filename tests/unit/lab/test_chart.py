import xml.etree.ElementTree as ET
from pathlib import Path

from civic.lab.simulate.chart import NAMES, chart, places
from civic.lab.simulate.country import CHOICES
from civic.lab.simulate.electorate import apportioned, official
from civic.lab.simulate.outcome import Outcome

SVG = "{http://www.w3.org/2000/svg}"


def outcome() -> Outcome:
    cells = [votes for state in apportioned(10_000) for votes in state.votes]
    return Outcome(expected=list(cells), counted=list(cells), ballots=sum(cells))


def test_every_state_has_a_place_of_its_own() -> None:
    tiles = places()
    assert set(tiles) == {state.state for state in official()}
    assert len(set(tiles.values())) == len(tiles)


def test_the_drawing_names_every_state_and_candidate_once() -> None:
    states = apportioned(10_000)
    root = ET.fromstring(chart(states, outcome()).svg())  # noqa: S314 - made here
    texts = [element.text for element in root.iter(f"{SVG}text")]
    for name in (*NAMES, *places()):
        assert texts.count(name) == 1


def test_a_tally_error_stands_in_the_title() -> None:
    found = outcome()
    found.counted[0] -= 2
    assert "tally error 2" in chart(apportioned(10_000), found).title


def test_an_election_without_votes_can_be_drawn(tmp_path: Path) -> None:
    nothing = Outcome(expected=[0] * 51 * CHOICES, counted=[0] * 51 * CHOICES)
    sketch = chart(apportioned(0), nothing)
    sketch.save_png(tmp_path / "empty.png")
    assert (tmp_path / "empty.png").read_bytes().startswith(b"\x89PNG")
