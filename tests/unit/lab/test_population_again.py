"""Second registrations of one person, and people who look alike: what differs, and nothing else."""

import json
import random
from importlib.resources import files

import pytest

from civic.client.people_formats import Payload
from civic.identity.model.registration import Registration
from civic.identity.model.rules import RuleSet
from civic.lab.population.again import (
    CHANGES,
    LOOK_ALIKES,
    again,
    has_national_id,
    look_alike,
    type_id,
    typo,
)
from civic.lab.population.data import people_data
from civic.lab.population.generator import generate
from civic.lab.population.maker import Maker

RULES = RuleSet.parse((files("civic.identity.rules") / "national-2027.toml").read_bytes())
CONTACT = {"phone_number", "email"}
CHANGED = {
    "nothing": set[str](),
    "typo in the name": {"full_name"},
    "typo in the street": {"address"},
    "typo in the postcode": {"address"},
    "another birth date": {"date_of_birth"},
    "names swapped": {"full_name"},
    "accents dropped": {"full_name", "address"},
    "another script": {"full_name", "address"},
    "another surname": {"full_name"},
    "moved": {"address"},
    "moved, typo in the name": {"full_name", "address"},
    "moved, another surname": {"full_name", "address"},
    "twins": {"full_name"},
    "parent and child": {"date_of_birth"},
    "siblings": {"full_name", "date_of_birth"},
    "strangers of one name": {"address", "date_of_birth"},
}


@pytest.fixture(scope="module")
def people() -> list[Payload]:
    return [as_read(person.payload) for person in generate(500, 7, RULES)]


@pytest.fixture
def maker() -> Maker:
    return Maker(random.Random(3), RULES, people_data())


def as_read(payload: Payload) -> Payload:
    read = Registration.model_validate_json(json.dumps(payload))
    plain: Payload = read.model_dump(mode="json", exclude_none=True)
    return plain


def differs(one: Payload, other: Payload) -> set[str]:
    return {name for name in one | other if one.get(name) != other.get(name)}


@pytest.mark.parametrize("name", CHANGES)
def test_a_second_registration_differs_in_what_changed(
    people: list[Payload], maker: Maker, name: str
) -> None:
    seen: set[str] = set()
    for first in people:
        second = again(maker, first, CHANGES[name], new_contact=False)
        if second is not None:
            assert differs(first, second) <= CHANGED[name]
            assert second == as_read(second)
            assert (differs(first, second) == set()) == (name == "nothing")
            seen |= differs(first, second)
    assert seen == CHANGED[name]


def test_new_contact_data_are_others(people: list[Payload], maker: Maker) -> None:
    for first in people:
        second = again(maker, first, CHANGES["nothing"], new_contact=True)
        assert second is not None
        assert differs(first, second) == CONTACT


@pytest.mark.parametrize("name", LOOK_ALIKES)
def test_another_person_has_another_id_and_other_contact_data(
    people: list[Payload], maker: Maker, name: str
) -> None:
    seen = 0
    for first in people:
        other = look_alike(maker, first, LOOK_ALIKES[name])
        if other is not None:
            seen += 1
            expected = CHANGED[name] | CONTACT | ({"national_id"} & first.keys())
            assert differs(first, other) == expected
    assert seen > 400


def test_the_first_registration_is_left_as_it_is(people: list[Payload], maker: Maker) -> None:
    before = json.dumps(people)
    for change in CHANGES.values():
        again(maker, people[0], change, new_contact=True)
    assert json.dumps(people) == before


def test_the_same_draws_change_the_same(people: list[Payload]) -> None:
    one, other = (Maker(random.Random(5), RULES, people_data()) for _ in range(2))
    for name in CHANGES:
        assert again(one, people[1], CHANGES[name], new_contact=True) == again(
            other, people[1], CHANGES[name], new_contact=True
        )


def test_every_name_in_another_script_has_a_latin_one(people: list[Payload], maker: Maker) -> None:
    others = [country for country in people_data().countries.values() if country.script == "other"]
    for country in others:
        for name in (*country.given, *country.family):
            person = people[0] | {"full_name": name}
            second = again(maker, person, CHANGES["another script"], new_contact=False)
            assert second is not None
            assert second["full_name"].isascii()


def test_a_typo_is_in_one_place(maker: Maker) -> None:
    for _ in range(200):
        wrong = typo(maker, "Mustermann")
        assert abs(len(wrong) - len("Mustermann")) <= 1
        assert wrong
    assert typo(maker, "O") == "O"


def test_an_id_is_typed_in_another_spelling_and_sometimes_mistyped(maker: Maker) -> None:
    spelled, wrong = {"national_id": "12345678909"}, {"national_id": "12345678909"}
    seen = set()
    for _ in range(50):
        payload: Payload = dict(spelled)
        type_id(maker, payload, mistaken=0)
        seen.add(payload["national_id"])
        assert "".join(filter(str.isdigit, payload["national_id"])) == "12345678909"
        mistyped: Payload = dict(wrong)
        type_id(maker, mistyped, mistaken=1)
        digits = "".join(filter(str.isdigit, mistyped["national_id"]))
        assert sum(one != other for one, other in zip(digits, "12345678909", strict=True)) == 1
    assert len(seen) > 2


def test_people_have_an_id_where_one_can_be_made_up(maker: Maker) -> None:
    for code, country in people_data().countries.items():
        known = has_national_id(maker, {"address": {"country": code}})
        assert known == (country.national_id is not None)
    for code in people_data().elsewhere | people_data().divided:
        assert not has_national_id(maker, {"address": {"country": code}})
