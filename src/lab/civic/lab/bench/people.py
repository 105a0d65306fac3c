"""`civic bench people`: how many registrations of the same person are found, and at what cost."""

import random
from collections.abc import Iterable, Mapping, Sequence
from statistics import mean

from civic.client.people_formats import Payload
from civic.identity.adapters.rule_set_files import load_rule_set
from civic.identity.model.likeness import KEY_BYTES, packed
from civic.lab.bench.prices import MILLION, People, PriceTable
from civic.lab.bench.recognised import (
    CONTACTS,
    Pairs,
    Recognised,
    looking_alike,
    own_weak_keys,
    registered_again,
)
from civic.lab.bench.report import Begin, Grid, Section, Target
from civic.lab.bench.search import PEOPLE, bill_of_a_run, gigabytes_between_steps
from civic.lab.bench.sizes import item_bytes, write_units
from civic.lab.bench.strangers import JOBS, count_strangers
from civic.lab.population.again import CHANGES
from civic.lab.population.data import people_data
from civic.lab.population.generator import generate
from civic.lab.population.maker import Maker

_RULE_SET = "national-2027"
_EACH = 5
_OTHER_SHARES = (0.001, 0.1)
"""Of people who register again, for which the details have the precision as well."""
_ID = "0b8f3c1e-5a7d-4e2b-9c6f-1d2e3a4b5c6d"

_TARGETS = (
    Target("recall", "second registrations found, no id typed", 0.92, at_least=True),
    Target("recall_with_id", "second registrations found, an id typed", 0.99, at_least=True),
    Target("dollars_per_million_added", "dollars per million registrations", 1.0, "$"),
)


def measure_people(population: int, seed: int, begin: Begin, workers: int) -> Section:
    """Measure everything in this section.

    Args:
        population: Five times as many people register again, so that the rarest kinds are many.
        seed: The same seed makes the same people.
        begin: Called at the start of each part.
        workers: How many processes compare strangers.
    """
    prices, rules = PriceTable.load(), load_rule_set(_RULE_SET)
    maker = Maker(random.Random(seed), rules, people_data())  # noqa: S311 - repeatable, not secret
    people = [person.payload for person in generate(population * _EACH, seed, rules)]
    assumed = prices.people
    tick = begin("registering people again", len(CHANGES) * len(CONTACTS))
    same = registered_again(maker, people, assumed.id_mistyped, tick)
    tick = begin("comparing people who look alike", 1)
    others = looking_alike(maker, people)
    tick()
    tick = begin("comparing strangers", JOBS)
    strangers = count_strangers(assumed.strangers, seed, tick, workers)
    recall = recall_of(same.without_id.values())
    found = found_per_person(assumed, others, strangers)
    ours, each = _cost(prices, people)
    run = bill_of_a_run(prices, assumed.search, ours["keys_per_person"], 2 * sum(found.values()))
    return Section(
        name="people",
        figures={
            "recall": recall,
            "recall_with_id": recall_of(same.with_id.values()),
            "precision": precision(assumed.again * recall, found),
            "strangers_per_person": strangers["any"],
            **ours,
            "dollars_per_million_searched": run.total,
        },
        baseline=each,
        other="item_per_key",
        targets=_TARGETS,
        tables={"Found": _grid(same, others)},
        details={
            "registered_again": {
                f"{name}, {contact}": {
                    "without_id": pairs.details(),
                    "with_id": same.with_id[name, contact].details(),
                }
                for (name, contact), pairs in same.without_id.items()
            },
            "look_alikes": {name: pairs.details() for name, pairs in others.items()},
            "strangers_per_person": strangers,
            "search": {
                "people": PEOPLE,
                "dollars_per_million": dict(run.dollars),
                "gigabytes_between_steps": gigabytes_between_steps(ours["keys_per_person"]),
            },
            "wrong_pairs_per_million_people": {name: MILLION * n for name, n in found.items()},
            "precision_by_share_registered_again": {
                share: precision(share * recall, found) for share in (*_OTHER_SHARES, assumed.again)
            },
            "prices": {"region": prices.region, "as_of": prices.as_of},
            "assumed": assumed.model_dump(),
        },
    )


def recall_of(ways: Iterable[Pairs]) -> float:
    """Return the share that is found if each kind of change is as frequent as every other."""
    return mean(pairs.share for pairs in ways if pairs.share is not None)


def found_per_person(
    assumed: People, others: Mapping[str, Pairs], strangers: Mapping[str, float]
) -> dict[str, float]:
    """Return the pairs of two people that are found, for each person there is."""
    alike = {name: share * (others[name].share or 0) for name, share in assumed.look_alikes.items()}
    return alike | {"strangers": strangers["any"] / 2}


def precision(same: float, found: Mapping[str, float]) -> float:
    """Return the share of found pairs that are of one person."""
    return same / (same + sum(found.values()))


def _cost(
    prices: PriceTable, people: Sequence[Payload]
) -> tuple[dict[str, float], dict[str, float]]:
    """Return the figures of keys packed into the decision row, and of an item for each key."""
    keys = [own_weak_keys(person) for person in people]
    rows = [item_bytes({"weak_keys": {"B": packed(own)}}) for own in keys]
    item = item_bytes({"key": {"B": bytes(KEY_BYTES)}, "id": {"S": _ID}})
    many = mean(map(len, keys))

    def figures(size: float, units: float) -> dict[str, float]:
        dollars = prices.bill({"write_units": units}).total
        return {
            "keys_per_person": many,
            "bytes_per_person": size,
            "dollars_per_million_added": dollars,
        }

    row = prices.people.search.row_bytes - mean(rows)
    before = write_units(0, int(row))
    added = mean(write_units(0, int(row + size)) - before for size in rows)
    return figures(mean(rows), added), figures(many * item, many * write_units(0, item))


def _grid(same: Recognised, others: Mapping[str, Pairs]) -> Grid:
    """Return the shares that are found, by kind of change and of likeness."""
    grid: dict[str, dict[str, float | None]] = {}
    for name in CHANGES:
        grid[name] = {contact: same.without_id[name, contact].share for contact in CONTACTS}
        typed = [same.with_id[name, contact] for contact in CONTACTS]
        compared = sum(pairs.compared for pairs in typed)
        grid[name]["id typed"] = (
            sum(pairs.found for pairs in typed) / compared if compared else None
        )
    for name, pairs in others.items():
        grid[f"not the same: {name}"] = {"new contact": pairs.share}
    return grid
