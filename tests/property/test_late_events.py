"""Events that come late do nothing but what they would have done in time."""

import re

import pytest

from tests.documents import ROOT
from tests.election_lives import ELECTIONS
from tests.lateness import effects, events_of
from tests.lives import STATES
from tests.moments import PEOPLE, Kind

OVERTAKEN = {"ValidationRequest": {"decision"}}
"""A revision that another has overtaken is not decided any more, so it is never accepted.

If the other is not accepted, what was accepted before the two stays in force.
"""
LAPSED = {name: {"request log"} for name in ("DataUpdated", "ObjectionRaised", "ObjectionHonoured")}
"""A request whose answer comes after the erasure has lapsed; in time it would be answered."""
NOT_AS_IN_TIME = {
    **dict.fromkeys(("rejected", "in review", "restricted", "lifted", "objected"), OVERTAKEN),
    "erased": LAPSED,
}
_LATE = {
    **{(PEOPLE, state): NOT_AS_IN_TIME.get(state, {}) for state in STATES},
    **{(ELECTIONS, state): {} for state in ELECTIONS.states},
}


def rows(kind: Kind) -> list[list[str]]:
    """Return the table of the document."""
    document = (ROOT / "docs" / "architecture.md").read_text()
    found = re.search(rf"^\| {kind.head} \|.*\n(?:\|.*\n)+", document, re.MULTILINE)
    assert found
    return [line.strip("| ").split(" | ") for line in found[0].splitlines()]


def columns(kind: Kind) -> dict[str, dict[str, str]]:
    """Return the table of the document: by state, what each event does."""
    head, _, *lines = rows(kind)
    return {
        state: {line[0]: line[number] for line in lines if line[number] != "-"}
        for number, state in enumerate(head[1:], start=1)
    }


@pytest.mark.parametrize(("kind", "state"), _LATE, ids=[state for _, state in _LATE])
def test_late_event_does_what_it_would_have_done_in_time_or_nothing(kind: Kind, state: str) -> None:
    late = effects(kind, state)
    assert {name: one.again for name, one in late.items() if one.again} == {}
    astray = {name: one.astray for name, one in late.items() if one.astray}
    assert astray == _LATE[kind, state]
    assert [name for name, one in late.items() if one.refused] == []
    # The document says the same; ``python -m tests.lateness`` prints its table.
    assert columns(kind)[state] == {name: str(one) for name, one in late.items()}


@pytest.mark.parametrize("kind", [PEOPLE, ELECTIONS], ids=["people", "elections"])
def test_document_has_every_event_in_order(kind: Kind) -> None:
    assert [line[0] for line in rows(kind)[2:]] == events_of(kind)
