"""Events that come late do nothing but what they would have done in time."""

import re

import pytest

from civic.contracts.registry import EVENTS
from tests.documents import ROOT
from tests.lateness import effects
from tests.lives import STATES

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
_TABLE = re.compile(r"^\| event, late \|.*\n(?:\|.*\n)+", re.MULTILINE)


def columns() -> dict[str, dict[str, str]]:
    """Return the table of the document: by state, what each event does."""
    found = _TABLE.search((ROOT / "docs" / "architecture.md").read_text())
    assert found
    head, _, *rows = [line.strip("| ").split(" | ") for line in found[0].splitlines()]
    return {
        state: {row[0]: row[number] for row in rows if row[number] != "-"}
        for number, state in enumerate(head[1:], start=1)
    }


@pytest.mark.parametrize("state", STATES)
def test_late_event_does_what_it_would_have_done_in_time_or_nothing(state: str) -> None:
    late = effects(state)
    assert {name: one.again for name, one in late.items() if one.again} == {}
    astray = {name: one.astray for name, one in late.items() if one.astray}
    assert astray == NOT_AS_IN_TIME.get(state, {})
    assert [name for name, one in late.items() if one.refused] == []
    # The document says the same; ``python -m tests.lateness`` prints its table.
    assert columns()[state] == {name: str(one) for name, one in late.items()}


def test_document_has_every_event_about_a_person_in_order() -> None:
    found = _TABLE.search((ROOT / "docs" / "architecture.md").read_text())
    assert found
    names = [line.split(" | ")[0].strip("| ") for line in found[0].splitlines()[2:]]
    assert names == [name for name in EVENTS if any(name in effects(one) for one in STATES)]
