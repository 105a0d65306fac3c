"""Events that come late do nothing but what they would have done in time."""

import pytest

from tests.documents import ROOT
from tests.lateness import effects, table
from tests.lives import STATES


@pytest.mark.parametrize("state", STATES)
def test_event_delivered_again_changes_nothing(state: str) -> None:
    assert {name: one.again for name, one in effects(state).items() if one.again} == {}


@pytest.mark.parametrize("state", STATES)
def test_event_delivered_late_leads_to_what_it_would_have_led_to_in_time(state: str) -> None:
    assert {name: one.astray for name, one in effects(state).items() if one.astray} == {}


@pytest.mark.parametrize("state", STATES)
def test_no_late_event_is_poison(state: str) -> None:
    assert [name for name, one in effects(state).items() if one.refused] == []


def test_every_event_in_every_state_is_in_the_documents() -> None:
    assert table() in (ROOT / "docs" / "architecture.md").read_text()
