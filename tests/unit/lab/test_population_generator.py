import json
import random
from collections import Counter
from datetime import UTC, date, datetime
from importlib.resources import files
from itertools import islice

import phonenumbers
import pytest

from civic.identity.model.codes import Code
from civic.identity.model.eligibility import decide
from civic.identity.model.registration import Registration
from civic.identity.model.rules import RuleSet
from civic.lab.population.data import people_data
from civic.lab.population.generator import RECIPES, Person, generate
from civic.lab.population.maker import Maker

RULES = RuleSet.parse((files("civic.identity.rules") / "national-2027.toml").read_bytes())
SUBMITTED_AT = datetime(2026, 1, 15, tzinfo=UTC)


@pytest.fixture(scope="module")
def people() -> list[Person]:
    return list(generate(1000, 7, RULES))


def of_kind(people: list[Person], kind: str) -> list[Person]:
    return [person for person in people if person.kind == kind]


def test_shipped_rule_set_decides_every_kind_as_expected(people: list[Person]) -> None:
    for person in people:
        registration = Registration.model_validate_json(json.dumps(person.payload))
        verdict = decide(registration, SUBMITTED_AT, RULES)
        expected = people_data().kinds[person.kind]
        assert verdict.decision is expected.decision, person.kind
        assert tuple(reason.code for reason in verdict.reasons) == expected.reasons, person.kind


def test_same_seed_makes_the_same_people(people: list[Person]) -> None:
    assert list(generate(1000, 7, RULES)) == people
    assert list(generate(1000, 8, RULES)) != people


def test_people_are_made_one_at_a_time() -> None:
    assert len(list(islice(generate(1_000_000, 7, RULES), 3))) == 3


@pytest.mark.parametrize("seed", range(5))
def test_every_kind_is_among_five_hundred_and_most_are_typical(seed: int) -> None:
    kinds = Counter(person.kind for person in generate(500, seed, RULES))
    assert set(kinds) == set(people_data().kinds) == set(RECIPES)
    assert kinds["typical"] > 250


@pytest.mark.parametrize("count", [0, 1, 7])
def test_small_populations_have_their_size(count: int) -> None:
    assert len(list(generate(count, 7, RULES))) == count


def test_usernames_are_unique(people: list[Person]) -> None:
    assert len({person.payload["username"] for person in people}) == 1000


def test_population_lives_in_many_countries(people: list[Person]) -> None:
    countries = Counter(person.payload["address"]["country"] for person in people)
    assert set(people_data().countries) | set(people_data().elsewhere) == set(countries)


def test_elsewhere_is_where_the_rules_accept_nobody() -> None:
    assert not set(people_data().elsewhere) & set(RULES.countries)
    assert set(people_data().countries) <= set(RULES.countries)


def test_identifiers_are_drawn_exactly_where_a_scheme_exists() -> None:
    for code, country in people_data().countries.items():
        assert (country.national_id is not None) == bool(RULES.countries[code].national_id), code


def test_ages_stand_on_both_sides_of_the_boundary(people: list[Person]) -> None:
    on_the_day = of_kind(people, "turns_18_on_election_day")
    day_after = of_kind(people, "turns_18_day_after")
    assert {person.payload["date_of_birth"] for person in on_the_day} == {"2009-05-23"}
    assert {person.payload["date_of_birth"] for person in day_after} == {"2009-05-24"}
    born = {person.payload["date_of_birth"] for person in of_kind(people, "too_young")}
    assert min(born) >= "2011-06-22"


@pytest.mark.parametrize(
    ("election", "leap_day", "youngest"),
    [
        (date(2026, 2, 28), "02-28", "2008-02-29"),
        (date(2026, 2, 28), "03-01", "2008-02-28"),
        (date(2026, 3, 1), "03-01", "2008-03-01"),
        (date(2028, 2, 29), "03-01", "2010-02-28"),
        (date(2027, 12, 31), "03-01", "2009-12-31"),
    ],
)
def test_youngest_voter_follows_the_rule_set(election: date, leap_day: str, youngest: str) -> None:
    document = RULES.model_dump(by_alias=True)
    document["election"]["date"] = election
    document["age"]["leap_day_birthday"] = leap_day
    made = generate(200, 7, RuleSet.model_validate(document))
    born = {
        person.payload["date_of_birth"]
        for person in made
        if person.kind == "turns_18_on_election_day"
    }
    assert born == {youngest}


def test_people_live_only_where_the_rules_accept_them() -> None:
    document = RULES.model_dump(by_alias=True)
    document["countries"] = {name: document["countries"][name] for name in ("ES", "JP")}
    made = generate(500, 7, RuleSet.model_validate(document))
    countries = {p.payload["address"]["country"] for p in made if p.kind != "lives_elsewhere"}
    assert countries == {"ES", "JP"}


@pytest.mark.parametrize(("part", "age"), [(0.0, 18), (1.0, 94)])
def test_typical_people_are_of_voting_age(part: float, age: int) -> None:
    class Draw(random.Random):
        def randrange(self, start: int, stop: int | None = None, step: int = 1) -> int:
            return int(part * (start - 1)) if stop is None else super().randrange(start, stop, step)

    person = Maker(Draw(3), RULES, people_data()).typical(1, people_data().countries)
    assert RULES.age(date.fromisoformat(person["date_of_birth"])) == age


def test_leap_day_births_are_real_days(people: list[Person]) -> None:
    born = [
        date.fromisoformat(p.payload["date_of_birth"]) for p in of_kind(people, "leap_day_birth")
    ]
    assert len(set(born)) > 5
    assert {(day.month, day.day) for day in born} == {(2, 29)}


def test_names_are_long_single_and_non_latin(people: list[Person]) -> None:
    def names(kind: str) -> list[str]:
        return [person.payload["full_name"] for person in of_kind(people, kind)]

    assert max(map(len, names("long_name"))) > 80
    assert all(len(name.split()) > 8 for name in names("long_name"))
    assert not any(" " in name for name in names("single_name"))
    assert not any(name.isascii() for name in names("non_latin_name"))


def test_optional_fields_are_sometimes_there(people: list[Person]) -> None:
    typical = [person.payload for person in of_kind(people, "typical")]
    for field in ("email", "national_id"):
        assert 0 < sum(field in payload for payload in typical) < len(typical)


@pytest.mark.parametrize("code", [*people_data().countries, *people_data().elsewhere])
@pytest.mark.parametrize("valid", [True, False])
def test_phone_numbers_are_drawn_valid_or_not(code: str, valid: bool) -> None:  # noqa: FBT001
    maker = Maker(random.Random(3), RULES, people_data())
    for _ in range(20):
        number = phonenumbers.parse(maker.phone_number(code, valid=valid), region=code)
        assert phonenumbers.is_valid_number(number) is valid


def test_expected_reasons_are_ordered_as_verdicts_order_them() -> None:
    for kind in people_data().kinds.values():
        assert list(kind.reasons) == sorted(kind.reasons)
        assert all(isinstance(code, Code) for code in kind.reasons)
