"""The result as a picture, with a tile for each state and a bar for each candidate."""

from civic.lab.simulate.country import CHOICES
from civic.lab.simulate.electorate import CANDIDATES, StateVote
from civic.lab.simulate.outcome import Outcome
from civic.lab.simulate.sketch import Sketch

NAMES = (*CANDIDATES, "Write-ins")

_COLOURS = ("#2b6cb0", "#c53030", "#d69e2e", "#2f855a", "#805ad5", "#718096")
_GREY, _DARK, _LIGHT = "#4a5568", "#1a202c", "#ffffff"
_ROWS = (
    "AK .. .. .. .. .. .. .. .. .. ME",
    ".. .. .. .. .. WI .. .. .. VT NH",
    "WA ID MT ND MN IL MI .. NY MA ..",
    "OR NV WY SD IA IN OH PA NJ CT RI",
    "CA UT CO NE MO KY WV VA MD DE ..",
    ".. AZ NM KS AR TN NC SC DC .. ..",
    ".. .. .. OK LA MS AL GA .. .. ..",
    "HI .. .. TX .. .. .. .. FL .. ..",
)
"""Roughly where the states are."""

_TILE, _GAP = 60, 4
_LEFT, _TOP = 40, 110
_BARS_LEFT, _BAR_ROOM, _BAR_HEIGHT = 790, 350, 22
_CLEAR_LEAD = 0.4
"""A lead of this much, or more, gets the full colour."""


def chart(states: tuple[StateVote, ...], outcome: Outcome) -> Sketch:
    """Return the counted votes as a drawing."""
    errors = sum(outcome.error_of(choice) for choice in range(CHOICES))
    title = f"{outcome.ballots:,} ballots counted, tally error {errors:,}"
    sketch = Sketch(1200, 680, title)
    sketch.label((_LEFT, 48), title, 28)
    sketch.label(
        (_LEFT, 78),
        "US presidential election of 2016, simulated: leader by state, darker with a larger lead",
        15,
        _GREY,
    )
    _tiles(sketch, states, outcome)
    _bars(sketch, outcome)
    sketch.label(
        (_LEFT, 655),
        "Electorate: certified state results of 2016, scaled. Counted by the real handlers on "
        "adapters in memory.",
        12,
        _GREY,
    )
    return sketch


def places() -> dict[str, tuple[int, int]]:
    """Return the row and column of each state's tile."""
    return {
        state: (row, column)
        for row, line in enumerate(_ROWS)
        for column, state in enumerate(line.split())
        if state != ".."
    }


def _tiles(sketch: Sketch, states: tuple[StateVote, ...], outcome: Outcome) -> None:
    place = places()
    for number, state in enumerate(states):
        votes = outcome.counted[number * CHOICES : (number + 1) * CHOICES]
        row, column = place[state.state]
        x, y = _LEFT + column * (_TILE + _GAP), _TOP + row * (_TILE + _GAP)
        everybody = sum(votes)
        if not everybody:
            sketch.box(x, y, _TILE, _TILE, "#edf2f7")
            sketch.label((x + _TILE / 2, y + 28), state.state, 16, _GREY, "middle")
            continue
        first, second = sorted(votes, reverse=True)[:2]
        strength = min((first - second) / everybody / _CLEAR_LEAD, 1)
        fill = _mixed(_COLOURS[votes.index(first)], 0.35 + 0.65 * strength)
        ink = _LIGHT if strength > 0.25 else _DARK  # noqa: PLR2004 - readability
        sketch.box(x, y, _TILE, _TILE, fill)
        sketch.label((x + _TILE / 2, y + 28), state.state, 16, ink, "middle")
        sketch.label((x + _TILE / 2, y + 47), f"{first / everybody:.0%}", 13, ink, "middle")


def _bars(sketch: Sketch, outcome: Outcome) -> None:
    totals = [sum(outcome.counted[choice::CHOICES]) for choice in range(CHOICES)]
    largest, everybody = max(1, *totals), max(1, sum(totals))
    for row, (name, votes, colour) in enumerate(zip(NAMES, totals, _COLOURS, strict=True)):
        y = _TOP + 14 + row * 64
        sketch.label((_BARS_LEFT, y), name, 16)
        sketch.label(
            (_BARS_LEFT + _BAR_ROOM, y),
            f"{votes:,}  ({votes / everybody:.2%})",
            14,
            _GREY,
            "end",
        )
        width = max(2.0, votes / largest * _BAR_ROOM)
        sketch.box(_BARS_LEFT, y + 8, _BAR_ROOM, _BAR_HEIGHT, "#edf2f7")
        sketch.box(_BARS_LEFT, y + 8, width, _BAR_HEIGHT, colour)


def _mixed(colour: str, strength: float) -> str:
    """Return a colour mixed with white; strength 1 is the pure colour."""
    channels = (int(colour[start : start + 2], 16) for start in (1, 3, 5))
    return "#" + "".join(f"{round(255 - (255 - one) * strength):02x}" for one in channels)
