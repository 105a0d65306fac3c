"""Whom ballot styles reach: as the issuer would give them, from the areas on the roll only."""

from typing import Any

import pytest

from civic.identity.adapters.items import RevisionedTable
from civic.operator.reach import People, reach_of, roll_areas
from civic.runtime import clients
from civic.stack.target import LOCAL_STACK, Target
from tests.fakes.aws import Aws
from tests.fakes.people import ADA, GRACE

# Written in shared case 02: two states of Germany have a style, and its people wrote these areas.
STATES: list[dict[str, Any]] = [
    {"id": "be", "name": "Berlin", "areas": ["DE-BE"]},
    {"id": "by", "name": "Bavaria", "areas": ["DE-BY"]},
]


def test_narrowest_area_with_a_style_decides() -> None:
    styles = [*STATES, {"id": "north", "areas": ["DE-BE-N1"]}]
    people = {("DE-BE-N1", "DE-BE", "DE"): 5, ("DE-BE-N2", "DE-BE", "DE"): 3, ("DE-BY", "DE"): 2}
    reach = reach_of(styles, people, frozenset({"DE-BE-N1", "DE-BE-N2"}))
    assert reach.voters == {"north": 5, "be": 3, "by": 2}
    assert list(reach.faults) == []


def test_people_without_a_style_are_counted_by_area() -> None:
    reach = reach_of(STATES, {("DE-BE", "DE"): 1, ("DE-HH", "DE"): 4, ("FR",): 2}, frozenset())
    assert reach.unreached == {"DE-HH": 4, "FR": 2}
    assert list(reach.faults) == [
        "style by reaches nobody on the roll",
        "DE-HH: 4 on the roll whom no style reaches",
        "FR: 2 on the roll whom no style reaches",
        (
            "  of them only the country is known. A table that has FR says where they vote: civic"
            " areas load FILE, then civic reconcile; whom it does not place, staff do (civic review"
            " list)"
        ),
    ]


def test_next_step_for_people_known_by_the_country_is_a_table_if_styles_divide_one() -> None:
    divided = reach_of([*STATES, {"id": "all", "areas": ["DE"]}], {("DE",): 7}, frozenset())
    assert "  of them only the country is known. A table that has DE" in "".join(divided.faults)
    own = reach_of([{"id": "s", "areas": ["N1"]}], {("DE",): 7}, frozenset({"N1"}))
    assert own.unplaced == {"DE"}
    countries = reach_of([{"id": "fr", "areas": ["FR"]}], {("DE",): 7}, frozenset())
    assert countries.unreached == {"DE": 7}
    assert countries.unplaced == frozenset()


def test_country_is_no_answer_where_its_parts_have_styles() -> None:
    styles = [*STATES, {"id": "all", "areas": ["DE"]}]
    reach = reach_of(styles, {("DE",): 7, ("DE-HH", "DE"): 1}, frozenset())
    assert reach.voters["all"] == 1
    assert reach.unreached == {"DE": 7}


def test_rest_of_a_country_gets_its_ballot_by_a_name_of_its_own() -> None:
    styles = [*STATES, {"id": "all", "areas": ["DE"]}]
    people: People = {("DE-REST", "DE"): 3, ("REST", "DE"): 2}
    assert reach_of(styles, people, frozenset()).voters["all"] == 5


def test_style_of_the_country_does_not_reach_whose_region_is_divided() -> None:
    styles = [{"id": "all", "areas": ["DE"]}, {"id": "north", "areas": ["DE-BE-N1"]}]
    people = {("DE-BE", "DE"): 4, ("DE-BE-N1", "DE-BE", "DE"): 2, ("DE-BB", "DE"): 1}
    reach = reach_of(styles, people, frozenset())
    assert reach.voters == {"all": 1, "north": 2}
    assert reach.unreached == {"DE-BE": 4}


@pytest.mark.parametrize(("area", "own"), [("DE-XX", set()), ("N9", {"N1"}), ("DE-BE-N1", set())])
def test_area_that_no_address_can_have_is_named(area: str, own: set[str]) -> None:
    reach = reach_of([{"id": "s", "areas": [area]}], {("DE",): 1}, frozenset(own))
    assert reach.impossible == [("s", area)]
    assert next(reach.faults).startswith(f"style s: no address can have the area {area};")


def target(roll: str | None) -> Target:
    local = Target(LOCAL_STACK, region="eu-central-1", endpoint="http://127.0.0.1:4566")
    vars(local)["outputs"] = {"IssuerRollName": roll} if roll else {}
    vars(local)["dynamodb"] = clients.dynamodb()
    return local


def test_of_the_roll_only_areas_of_accepted_people_are_read(aws: Aws) -> None:
    table = RevisionedTable(clients.dynamodb(), "issuer-roll")
    areas = {"L": [{"S": "N1"}, {"S": "DE"}]}
    other = "00000000-0000-4000-8000-000000000009"
    for who, row in (
        (ADA, {"accepted": {"BOOL": True}, "areas": areas, "access_digest": {"B": b"x" * 32}}),
        # As an earlier release wrote it.
        (GRACE, {"accepted": {"BOOL": True}, "area": {"S": "DE-BE"}}),
        (other, {"accepted": {"BOOL": False}, "areas": areas}),
    ):
        table.write({"id": {"S": who}, **row}, "attribute_not_exists(id)")
    assert roll_areas(target("issuer-roll")) == {("N1", "DE"): 1, ("DE-BE", "DE"): 1}
    (asked,) = aws.asked("Scan")
    assert asked["ProjectionExpression"] == "areas, area"


def test_without_a_credentials_stack_nobody_is_on_the_roll() -> None:
    assert roll_areas(target(None)) == {}
