"""What `civic bench people` counts, against pairs compared one by one."""

import json
from datetime import date
from itertools import combinations, pairwise

import pytest

from civic.identity.model.likeness import Kind, kinds
from civic.identity.model.registration import Registration
from civic.lab.bench import people, strangers
from civic.lab.bench.people import found_per_person, measure_people, precision, recall_of
from civic.lab.bench.prices import PriceTable, Strangers
from civic.lab.bench.recognised import CONTACTS, Pairs
from civic.lab.bench.search import bill_of_a_run
from civic.lab.bench.strangers import (
    Found,
    count_days,
    count_strangers,
    every_key,
    people_of,
    shared,
)
from civic.lab.population.again import CHANGES, LOOK_ALIKES
from tests.strategies.registrations import person

VILLAGE = Strangers(people=600, years=1, per_postcode=300, houses=3)
ERIKA = person()


@pytest.fixture
def prices() -> PriceTable:
    return PriceTable.load()


def test_strangers_are_those_of_all_pairs() -> None:
    keys = [every_key(one) for day in range(365) for one in people_of(VILLAGE, 1, day)]
    common = [kinds(one & other) for one, other in combinations(keys, 2)]
    expected = {"any": sum(map(bool, common))} | {
        kind.name.lower(): many for kind in Kind if (many := sum(kind in one for one in common))
    }
    found = count_strangers(VILLAGE, 1, lambda: None, 1)
    assert {name: share * len(keys) / 2 for name, share in found.items()} == pytest.approx(expected)
    assert expected["house"] > 0


def test_those_of_nearly_one_birth_date_are_pairs_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def one_a_day(_crowd: Strangers, _seed: int, day: int) -> list[Registration]:
        return [person(date_of_birth=date(1984, 8, 12 + day), phone_number=None)]

    monkeypatch.setattr(strangers, "people_of", one_a_day)
    found = count_days(VILLAGE, 1, range(2))
    found.add(count_days(VILLAGE, 1, [2]))
    assert found.per_person() == {"any": 2, "name_and_house": 2}


def test_the_days_are_each_counted_once() -> None:
    jobs = strangers._jobs(VILLAGE)
    assert (len(jobs), jobs[0].start, jobs[-1].stop) == (strangers.JOBS, 0, 365)
    assert all(one.stop == following.start for one, following in pairwise(jobs))


def test_a_crowd_has_the_people_asked_for() -> None:
    found = count_days(VILLAGE, 2, range(365))
    assert 540 < found.people < 660
    assert len(found.of_any_birth) == len(found.holders) > 3 * found.people


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
    keys = [every_key(one) for one in (ERIKA, elsewhere, twin)]
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
    keys = every_key(ERIKA)
    pairs.add(frozenset(key for key in keys if key[0] == Kind.HOUSE))
    pairs.add(frozenset())
    assert pairs.details() == {"pairs": 2, "found": 0.5, "by_kind": {"house": 0.5}}
    assert Pairs().share is None


def test_keys_in_the_decision_row_cost_no_write_unit_and_items_do(prices: PriceTable) -> None:
    ours, each = people._cost(prices, [json.loads(ERIKA.model_dump_json(exclude_none=True))])
    # The house with its street and with initials, the name with it and most of a date in four ways,
    # and the telephone number twice.
    assert ours["keys_per_person"] == each["keys_per_person"] == 8
    assert ours["bytes_per_person"] == len("weak_keys") + 8 * 16
    assert ours["dollars_per_million_added"] == 0
    assert each["dollars_per_million_added"] == pytest.approx(8 * 0.625)


def test_a_run_costs_what_it_reads_and_puts(prices: PriceTable) -> None:
    assumed = prices.people.search
    bill = bill_of_a_run(prices, assumed, keys=9, pairs=0.003)
    # 480 bytes a row, at half a unit for 4 KB, and two rows of each pair.
    assert bill.units["read_units"] == pytest.approx(480 / 8192 + 0.006)
    assert bill.total < 0.05
    assert bill_of_a_run(prices, assumed, keys=18, pairs=0.003).total > bill.total


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
