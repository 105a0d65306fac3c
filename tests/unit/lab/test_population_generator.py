import json
import random
from collections import Counter
from datetime import UTC, date, datetime
from importlib.resources import files
from itertools import islice
from pathlib import Path

import phonenumbers
import pytest

from civic.client.people_formats import Payload
from civic.contracts.events import Decision
from civic.identity.model.codes import Code
from civic.identity.model.eligibility import NO_PAST, Assessment, Past, decide
from civic.identity.model.registration import Registration
from civic.identity.model.rules import RuleSet
from civic.identity.model.spellings import name_words
from civic.lab.population.data import people_data
from civic.lab.population.generator import RECIPES, Person, generate
from civic.lab.population.maker import Maker
from civic.operator.area_file import read_table
from civic.operator.areas import page_in

RULES = RuleSet.parse((files("civic.identity.rules") / "national-2027.toml").read_bytes())
TABLE = read_table(Path(str(files("civic.lab.population") / "areas.csv")))
EVERYTHING = frozenset(Registration.model_fields)
SUBMITTED_AT = datetime(2026, 1, 15, tzinfo=UTC)


@pytest.fixture(scope="module")
def people() -> list[Person]:
    return list(generate(1000, 7, RULES))


def of_kind(people: list[Person], kind: str) -> list[Person]:
    return [person for person in people if person.kind == kind]


def test_shipped_rule_set_decides_every_kind_as_expected(people: list[Person]) -> None:
    for person in people:
        verdict = judged(person.payload)
        expected = people_data().kinds[person.kind]
        assert verdict.decision is expected.decision, person.kind
        assert tuple(reason.code for reason in verdict.reasons) == expected.reasons, person.kind


def judged(payload: Payload, past: Past = NO_PAST) -> Assessment:
    """Decide somebody by the shipped rule set and the population's own table of areas."""
    registration = Registration.model_validate_json(json.dumps(payload))
    page = page_in(TABLE, 1, registration.address)
    return decide(registration, SUBMITTED_AT, RULES, past, page)


def test_product_finds_the_areas_where_the_population_says_that_people_live(
    people: list[Person],
) -> None:
    """The truth is written by hand; only here do the two meet."""
    found = Counter[str]()
    for person in people:
        verdict = judged(person.payload)
        if person.correction is not None:
            corrected = judged(person.correction, Past(accepted=True))
            verdict = corrected if corrected.decision is Decision.ACCEPTED else verdict
        if verdict.decision is Decision.ACCEPTED:
            assert verdict.placement.areas == person.areas, person.kind
        elif person.staff_settle:
            settled = judged(person.payload, Past(settled=EVERYTHING, areas=person.staff_settle))
            assert settled.placement.areas == person.areas, person.kind
        else:
            assert person.areas == (), person.kind
        found[person.kind] += person.areas != ()
    never = {name for name, kind in people_data().kinds.items() if not kind.on_the_roll}
    assert {kind for kind, placed in found.items() if not placed} == never


def test_corrections_end_as_the_population_says(people: list[Person]) -> None:
    corrected = [person for person in people if person.correction is not None]
    assert {person.kind for person in corrected} == {"moved", "failed_correction"}
    for person in corrected:
        assert person.correction is not None
        verdict = judged(person.correction, Past(accepted=True))
        end = people_data().kinds[person.kind].end
        assert verdict.decision is end.decision, person.kind
        assert tuple(reason.code for reason in verdict.reasons) == end.reasons, person.kind
    assert all(person.areas[0] == "PT-13-E" for person in of_kind(people, "moved"))
    kept = {person.areas[0] for person in of_kind(people, "failed_correction")}
    assert kept == {"PT-11-N2"}


def test_split_postcode_has_people_in_each_of_its_areas(people: list[Person]) -> None:
    split = of_kind(people, "area_by_house_number")
    assert {person.areas[0] for person in split} == {"PT-13-W", "PT-13-E", "PT-13-N"}
    assert {"".join(p.payload["address"]["postcode"].split("-")) for p in split} == {"4050180"}


def test_same_seed_makes_the_same_people(people: list[Person]) -> None:
    assert list(generate(1000, 7, RULES)) == people
    assert list(generate(1000, 8, RULES)) != people


def test_people_are_made_one_at_a_time() -> None:
    assert len(list(islice(generate(1_000_000, 7, RULES), 3))) == 3


@pytest.mark.parametrize("seed", range(5))
def test_every_kind_is_among_five_hundred_and_typical_people_are_the_most(seed: int) -> None:
    kinds = Counter(person.kind for person in generate(500, seed, RULES))
    assert set(kinds) == set(people_data().kinds) == set(RECIPES)
    assert kinds["typical"] > 200
    assert kinds["typical"] > 6 * max(kinds[name] for name in kinds if name != "typical")


@pytest.mark.parametrize("count", [0, 1, 7])
def test_small_populations_have_their_size(count: int) -> None:
    assert len(list(generate(count, 7, RULES))) == count


def test_usernames_are_unique(people: list[Person]) -> None:
    assert len({person.payload["username"] for person in people}) == 1000


def test_population_lives_in_many_countries(people: list[Person]) -> None:
    countries = Counter(person.payload["address"]["country"] for person in people)
    data = people_data()
    assert {*data.countries, *data.divided, *data.elsewhere} == set(countries)


def test_elsewhere_is_where_the_rules_accept_nobody() -> None:
    assert not set(people_data().elsewhere) & set(RULES.countries)
    assert set(people_data().countries | people_data().divided) <= set(RULES.countries)
    assert not set(people_data().countries) & set(people_data().divided)


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
        assert set(kind.reasons) <= set(Code)


def test_no_two_of_the_demo_have_one_name_and_birth_date() -> None:
    known = [
        (one.payload["date_of_birth"], *sorted(name_words(one.payload["full_name"])))
        for one in generate(500, 2027, RULES)
    ]
    assert len(set(known)) == len(known)
