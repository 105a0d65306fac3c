"""What `civic bench people` counts, against pairs compared one by one."""

import json
from datetime import date
from itertools import combinations, pairwise

import pytest

from civic.lab.bench import people, strangers
from civic.lab.bench.people import found_per_person, measure_people, precision, recall_of
from civic.lab.bench.prices import PriceTable, Strangers
from civic.lab.bench.recognised import CONTACTS, Pairs
from civic.lab.bench.strangers import Found, count_days, count_strangers, people_of, shared
from civic.lab.likeness.likeness import Kind, kinds, likeness_keys
from civic.lab.population.again import CHANGES, LOOK_ALIKES
from tests.strategies.registrations import person

PEPPER = bytes(32)
VILLAGE = Strangers(people=600, years=1, per_postcode=300, houses=3)
ERIKA = person()


@pytest.fixture
def prices() -> PriceTable:
    return PriceTable.load()


def test_strangers_are_those_of_all_pairs() -> None:
    keys = [likeness_keys(one, PEPPER) for day in range(365) for one in people_of(VILLAGE, 1, day)]
    common = [kinds(one & other) for one, other in combinations(keys, 2)]
    expected = {"any": sum(map(bool, common))} | {
        kind.name.lower(): many for kind in Kind if (many := sum(kind in one for one in common))
    }
    found = count_strangers(VILLAGE, 1, lambda: None, 1)
    assert {name: share * len(keys) / 2 for name, share in found.items()} == pytest.approx(expected)
    # There are some of two birth dates, and some of one.
    assert expected["name_and_house"] > 0
    assert expected["house"] > 0


def test_the_days_are_each_counted_once() -> None:
    jobs = strangers._jobs(VILLAGE)
    assert (len(jobs), jobs[0].start, jobs[-1].stop) == (strangers.JOBS, 0, 365)
    assert all(one.stop == following.start for one, following in pairwise(jobs))


def test_a_crowd_has_the_people_asked_for() -> None:
    found = count_days(VILLAGE, 2, range(365))
    assert 540 < found.people < 660
    assert len(found.of_any_birth) == found.people


def test_days_are_the_same_wherever_they_are_counted() -> None:
    whole = count_days(VILLAGE, 1, range(100))
    parts = Found()
    for days in (range(40), range(40, 100)):
        parts.add(count_days(VILLAGE, 1, days))
    assert parts == whole
    assert count_days(VILLAGE, 2, range(100)) != whole


def test_frequent_names_are_drawn_more_often() -> None:
    crowd = Strangers(people=4000, years=1, per_postcode=300, houses=9)
    names = [one.full_name.split()[-1] for day in range(365) for one in people_of(crowd, 1, day)]
    assert names.count("Smith") > 3 * max(1, names.count("Nelson"))


def test_keys_in_common_are_found_by_place() -> None:
    twin = person(full_name="Hans Mustermann")
    elsewhere = person(
        full_name="Ada Lovelace", date_of_birth=date(1950, 8, 12), phone_number="+49 341 123450"
    )
    keys = [likeness_keys(one, PEPPER) for one in (ERIKA, elsewhere, twin)]
    assert shared(keys) == {(0, 2): keys[0] & keys[2]}


def test_recall_gives_each_kind_of_change_the_same_weight() -> None:
    many, few, none = Pairs(100, 100), Pairs(2, 1), Pairs()
    assert recall_of([many, few, none]) == 0.75


def test_twins_parents_and_strangers_count_against_the_precision(prices: PriceTable) -> None:
    assumed = prices.people
    all_found = dict.fromkeys(LOOK_ALIKES, Pairs(10, 10))
    found = found_per_person(assumed, all_found, {"any": 0.01})
    assert found == {**assumed.look_alikes, "strangers": 0.005}
    assert precision(0.01, found) == pytest.approx(
        0.01 / (0.015 + sum(assumed.look_alikes.values()))
    )
    half = found_per_person(assumed, all_found | {"twins": Pairs(10, 5)}, {"any": 0.01})
    assert precision(0.01, half) > precision(0.01, found)
    assert precision(0.01, {"strangers": 0.0}) == 1


def test_pairs_say_by_which_keys_they_were_found() -> None:
    pairs = Pairs()
    keys = likeness_keys(ERIKA, PEPPER)
    pairs.add(frozenset(key for key in keys if key[0] == Kind.HOUSE))
    pairs.add(frozenset())
    assert pairs.details() == {"pairs": 2, "found": 0.5, "by_kind": {"house": 0.5}}
    assert Pairs().share is None


def test_a_row_for_each_person_costs_less_than_an_item_for_each_key(prices: PriceTable) -> None:
    ours, each = people._cost(prices, [json.loads(ERIKA.model_dump_json(exclude_none=True))])
    # Two words of two kinds each, and the name, the house twice and the telephone number twice.
    assert ours["keys_per_person"] == each["keys_per_person"] == 9
    assert ours["bytes_per_person"] == len("id") + 36 + len("keys") + 9 * 16
    assert ours["dollars_per_million_added"] == pytest.approx(0.625)
    assert each["dollars_per_million_added"] == pytest.approx(9 * 0.625)


def test_the_section_says_what_was_found_and_what_is_missed(
    monkeypatch: pytest.MonkeyPatch, prices: PriceTable
) -> None:
    small = prices.people.model_copy(update={"strangers": VILLAGE})
    table = prices.model_copy(update={"people": small})
    monkeypatch.setattr(PriceTable, "load", lambda: table)
    section = measure_people(10, 3, lambda _name, _steps: lambda: None, 1)
    document = json.loads(json.dumps(section.document()))
    assert 0.8 < document["recall"] <= document["recall_with_id"] <= 1
    assert 0 < document["precision"] < 1
    assert document["strangers_per_person"] > 0
    assert (
        document["dollars_per_million_added"]
        < document["item_per_key"]["dollars_per_million_added"]
    )
    ways = document["details"]["registered_again"]
    assert len(ways) == 2 * len(CHANGES)
    spelt_or_moved = ("names swapped", "accents dropped", "typo in the street", "moved")
    for way in ("nothing", "typo in the postcode", *spelt_or_moved):
        for contact in CONTACTS:
            assert ways[f"{way}, {contact}"]["without_id"]["found"] in {1, None}
    assert ways["nothing, same contact"]["without_id"]["found"] == 1
    assert ways["moved, another surname, new contact"]["without_id"]["found"] < 0.2
    alike = document["details"]["look_alikes"]
    assert set(alike) == set(LOOK_ALIKES)
    assert alike["twins"]["found"] > alike["siblings"]["found"]
    assert {one["key"] for one in document["targets"]} <= document.keys()
