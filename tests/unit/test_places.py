"""A route or an event is named in few places that must be kept in step by hand."""

import pytest
from tools import places
from tools.places import Kind

from civic.contracts.registry import EVENTS
from civic.lab.schemas.declared import functions, routes_of

MOST = 4
"""Of an event its contract, who publishes it, the role that may, and who handles it.

Of a route its declaration and whoever names it to people or calls it.
"""
MORE = {
    # Three consumers each do something different with it.
    "RestrictionChanged": 6,
    # The end of a registration: four stores follow it, each in its way.
    "DecisionDeleted": 7,
    # The office ends an election, and so does the clock.
    "ElectionEnded": 5,
    # The log writes a line for each key.
    "CredentialKeysPublished": 5,
    # The log waits for all ballots of the count, writes a line for each ballot style, knows what
    # may follow and opens the ballots; the verifier, a program of its own, reads what was written.
    "ElectionCertified": 9,
    # The log knows what it may follow, and the verifier once more.
    "OpeningsPublished": 5,
}
KEYS = sorted(
    {
        route.key
        for function in functions()
        if (table := routes_of(function)) is not None
        for route in table.routes
    }
)


def by_hand(name: str) -> list[str]:
    return sorted(places.places(name)[Kind.BY_HAND])


@pytest.mark.parametrize("name", [*EVENTS, *KEYS])
def test_name_is_kept_by_hand_in_few_places(name: str) -> None:
    found = by_hand(name)
    assert found, f"{name} is declared nowhere"
    assert len(found) <= MORE.get(name, MOST), found


@pytest.mark.parametrize("name", MORE)
def test_no_more_places_are_allowed_than_there_are(name: str) -> None:
    assert len(by_hand(name)) == MORE[name]


def test_places_of_each_kind_are_found() -> None:
    found = places.places("ObjectionRaised")
    assert "template.yaml" in found[Kind.BY_HAND]
    assert "schemas/ObjectionRaised.json" in found[Kind.GENERATED]
    assert "tests/unit/identity/test_rights_objection.py" in found[Kind.TESTS]
    assert "docs/architecture.md" in found[Kind.PROSE]
    # The part of a template between its marks is generated.
    assert "stacks/analytics.yaml" in found[Kind.GENERATED]
    assert "stacks/analytics.yaml" not in found[Kind.BY_HAND]


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ('"PUT /registrations/{id}/objection",', True),
        ('how="PUT /registrations/{id}/objection"),', True),
        ('return self.call("PUT", receipt.path + "/objection", token)', True),
        ("RouteKey: PUT /registrations/{id}/objection", True),
        ('"DELETE /registrations/{id}/objection",', False),
        ('return self.call("DELETE", receipt.path + "/objection", token)', False),
        ('"PUT /registrations/{id}/objection/more",', False),
        ('"PUT /registrations/{id}",', False),
        ('OBJECTION = "objection"', False),
    ],
)
def test_route_is_recognised_in_the_forms_in_which_it_is_written(line: str, *, named: bool) -> None:
    patterns = places.names("PUT /registrations/{id}/objection")
    assert any(one.search(line) for one in patterns) is named


def test_event_is_recognised_as_a_whole_word() -> None:
    (pattern,) = places.names("DataStored")
    assert pattern.search("on(DataStored, _handle)")
    assert not pattern.search("on(DataStoredAgain, _handle)")


def test_script_prints_every_place_with_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert places.main(["PUT /registrations/{id}/objection"]) == 0
    printed = capsys.readouterr().out
    assert "kept by hand: 3\n" in printed
    assert "  src/identity/civic/identity/functions/rights.py:" in printed
    assert places.main([]) == 2
    assert places.main(["PUT /nothing" + "/at/all"]) == 1
