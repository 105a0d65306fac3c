"""How many strangers are taken for one person, among simulated people by name frequency.

Nearly every key holds the whole birth date, so people are compared day by day, and only those keys
that hold most of it are kept until the end.
"""

import random
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache, partial
from itertools import accumulate, chain, combinations, groupby, pairwise
from math import log
from multiprocessing import get_context
from operator import itemgetter

from civic.identity.model.likeness import Kind, LikenessKey, kinds, likeness_of
from civic.identity.model.registration import Address, Consent, Registration
from civic.identity.model.weak_keys import weak_keys
from civic.lab.bench.prices import Strangers
from civic.lab.bench.report import Tick

PEPPER = bytes(32)
"""Of every key that is measured."""
_DAYS_PER_YEAR = 365
JOBS = 100
_YOUNGEST = date(2008, 1, 1)
_CONSENT = Consent(text_version="2027-1", given_at="2026-01-01T00:00:00Z")
_DIGEST = slice(1, 9)
"""Of the key that is kept until the end: enough to tell a million of them apart."""


@dataclass(slots=True)
class Found:
    """Pairs of people who share a key."""

    people: int = 0
    pairs: int = 0
    """By any key, but for those of two birth dates."""
    by_kind: Counter[Kind] = field(default_factory=Counter)
    of_any_birth: array[int] = field(default_factory=partial(array, "Q"))
    """The keys that do not hold the whole birth date."""
    holders: array[int] = field(default_factory=partial(array, "L"))
    """Whose each of them is."""

    def add(self, other: "Found") -> None:
        """Add the people of other days."""
        self.holders.extend(self.people + holder for holder in other.holders)
        self.people += other.people
        self.pairs += other.pairs
        self.by_kind += other.by_kind
        self.of_any_birth.extend(other.of_any_birth)

    def per_person(self) -> Mapping[str, float]:
        """Return how many strangers each person shares a key with: by any kind, and by each."""
        held = sorted(zip(self.of_any_birth, self.holders, strict=True))
        pairs_of = {
            pair
            for _, same in groupby(held, key=itemgetter(0))
            for pair in combinations([holder for _, holder in same], 2)
        }
        by_house = len(pairs_of)
        by_kind = Counter(self.by_kind)
        by_kind[Kind.NAME_AND_HOUSE] = by_house
        pairs = self.pairs + by_house - self.by_kind[Kind.NAME_AND_HOUSE]
        named = {kind.name.lower(): by_kind[kind] for kind in Kind if by_kind[kind]}
        return {name: 2 * many / self.people for name, many in {"any": pairs, **named}.items()}


def count_strangers(crowd: Strangers, seed: int, tick: Tick, workers: int) -> Mapping[str, float]:
    """Return how many strangers a person is taken for.

    Args:
        crowd: How many people there are, and how they live.
        seed: The same seed makes the same people.
        tick: Called after each of ``JOBS`` parts.
        workers: How many processes work on it.
    """
    total = Found()
    count = partial(count_days, crowd, seed)
    # Whatever runs beside the progress bar is not copied into the workers.
    context = get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=context) if workers > 1 else nullcontext()
    with pool as processes:
        run = processes.map if processes else map
        for found in run(count, _jobs(crowd)):
            total.add(found)
            tick()
    return total.per_person()


def _jobs(crowd: Strangers) -> list[range]:
    days = crowd.years * _DAYS_PER_YEAR
    bounds = [days * job // JOBS for job in range(JOBS + 1)]
    return [range(start, end) for start, end in pairwise(bounds)]


def count_days(crowd: Strangers, seed: int, days: Iterable[int]) -> Found:
    """Return the pairs of people who were born on the same of some days."""
    found = Found()
    for day in days:
        keys = list(map(every_key, people_of(crowd, seed, day)))
        pairs = shared(keys)
        found.pairs += len(pairs)
        found.by_kind.update(chain.from_iterable(map(kinds, pairs.values())))
        for holder, own in enumerate(keys, found.people):
            kept = [int.from_bytes(key[_DIGEST]) for key in own if key[0] == Kind.NAME_AND_HOUSE]
            found.of_any_birth.extend(kept)
            found.holders.extend([holder] * len(kept))
        found.people += len(keys)
    return found


def every_key(registration: Registration) -> frozenset[LikenessKey]:
    """Return the likeness of a registration and its weak keys."""
    return weak_keys(registration, PEPPER) | {likeness_of(registration, PEPPER)}


def shared(
    keys: Sequence[Iterable[LikenessKey]],
) -> Mapping[tuple[int, int], frozenset[LikenessKey]]:
    """Return the keys that any two have in common, by their places."""
    holders: defaultdict[LikenessKey, list[int]] = defaultdict(list)
    for place, own in enumerate(keys):
        for key in own:
            holders[key].append(place)
    pairs: defaultdict[tuple[int, int], set[LikenessKey]] = defaultdict(set)
    for key, places in holders.items():
        for pair in combinations(places, 2):
            pairs[pair].add(key)
    return {pair: frozenset(common) for pair, common in pairs.items()}


def people_of(crowd: Strangers, seed: int, day: int) -> Iterator[Registration]:
    """Make the people who were born on a day, counted backwards from the youngest."""
    draw = random.Random(f"{seed}/{day}")  # noqa: S311 - repeatable, not secret
    born = _YOUNGEST - timedelta(days=day)
    many = draw.binomialvariate(crowd.people, 1 / (crowd.years * _DAYS_PER_YEAR))
    given, given_weights, surnames, surname_weights = _names()
    numbers = range(1, crowd.houses + 1)
    first = draw.choices(given, cum_weights=given_weights, k=many)
    last, street = (draw.choices(surnames, cum_weights=surname_weights, k=many) for _ in range(2))
    house = draw.choices(numbers, cum_weights=_house_weights(crowd.houses), k=many)
    postcodes = max(1, crowd.people // crowd.per_postcode)
    for person in range(many):
        yield Registration(
            username="stranger",
            full_name=f"{first[person]} {last[person]}",
            date_of_birth=born,
            address=Address(
                lines=(f"{house[person]} {street[person]} Street",),
                city="Springfield",
                region="IL",
                postcode=f"{60000 + draw.randrange(postcodes)}",
                country="US",
            ),
            consent=_CONSENT,
        )


@cache
def _house_weights(houses: int) -> list[float]:
    return list(accumulate(log(1 + 1 / number) for number in range(1, houses + 1)))


@cache
def _names() -> tuple[list[str], list[float], list[str], list[float]]:
    # It takes long to import, and nothing else needs it.
    from faker.providers.person.en_US import Provider  # noqa: PLC0415

    given, surnames = Provider.first_names, Provider.last_names
    return (
        list(given),
        list(accumulate(given.values())),
        list(surnames),
        list(accumulate(surnames.values())),
    )
