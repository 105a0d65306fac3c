"""Which pairs of registrations share a key, of the same person and of people who look alike."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from civic.client.people_formats import Payload
from civic.identity.model.likeness import Kind, LikenessKey, kinds
from civic.identity.model.registration import Registration
from civic.lab.bench.report import Tick
from civic.lab.bench.strangers import every_key
from civic.lab.population.again import (
    CHANGES,
    LOOK_ALIKES,
    again,
    has_national_id,
    look_alike,
    type_id,
)
from civic.lab.population.maker import Maker

CONTACTS = {"same contact": False, "new contact": True}
"""Whether telephone number and e-mail address are others the second time."""


@dataclass(slots=True)
class Pairs:
    """How many pairs were compared and share a key, and keys of which kinds."""

    compared: int = 0
    found: int = 0
    by_kind: Counter[Kind] = field(default_factory=Counter)

    def add(self, common: frozenset[LikenessKey]) -> None:
        """Count one pair by the keys that it shares."""
        self.compared += 1
        self.found += bool(common)
        self.by_kind.update(kinds(common))

    @property
    def share(self) -> float | None:
        """The share of pairs that were found; None if there were none."""
        return self.found / self.compared if self.compared else None

    def details(self) -> dict[str, object]:
        """Return the shares for the report."""
        by_kind = {kind.name.lower(): self.by_kind[kind] / self.compared for kind in self.by_kind}
        return {"pairs": self.compared, "found": self.share, "by_kind": by_kind}


@dataclass(frozen=True, slots=True)
class Recognised:
    """Pairs of one person, by kind of change and by contact data."""

    without_id: Mapping[tuple[str, str], Pairs]
    with_id: Mapping[tuple[str, str], Pairs]


def registered_again(
    maker: Maker, people: Sequence[Payload], mistyped: float, tick: Tick
) -> Recognised:
    """Register everybody once more in every way that applies to them, and compare.

    Args:
        maker: Draws what changes.
        people: The first registrations.
        mistyped: The share of national ids that are mistyped the second time.
        tick: Called once for each way.
    """
    without: dict[tuple[str, str], Pairs] = {}
    typed: dict[tuple[str, str], Pairs] = {}
    plain = [_without_id(person) for person in people]
    identified = [_with_id(maker, person) for person in plain]
    first, first_identified = list(map(keys_of, plain)), list(map(keys_of, identified))
    for name, change in CHANGES.items():
        for contact, new in CONTACTS.items():
            way = name, contact
            without[way], typed[way] = Pairs(), Pairs()
            for place, person in enumerate(identified):
                second = again(maker, person, change, new_contact=new)
                if second is None:
                    continue
                without[way].add(first[place] & keys_of(_without_id(second)))
                if "national_id" in second:
                    type_id(maker, second, mistyped)
                    typed[way].add(first_identified[place] & keys_of(second))
            tick()
    return Recognised(without, typed)


def looking_alike(maker: Maker, people: Sequence[Payload]) -> Mapping[str, Pairs]:
    """Compare people with somebody who looks like them, in every way that applies to them."""
    found = {name: Pairs() for name in LOOK_ALIKES}
    for person in people:
        keys = keys_of(person)
        for name, change in LOOK_ALIKES.items():
            other = look_alike(maker, person, change)
            if other is not None:
                found[name].add(keys & keys_of(other))
    return found


def keys_of(payload: Payload) -> frozenset[LikenessKey]:
    """Return the keys of a registration."""
    return every_key(Registration.model_validate_json(json.dumps(payload)))


def own_weak_keys(payload: Payload) -> frozenset[LikenessKey]:
    """Return the keys of a registration without its likeness."""
    return frozenset(key for key in keys_of(payload) if key[0] != Kind.NAME_AND_BIRTH)


def _without_id(payload: Payload) -> Payload:
    return {name: value for name, value in payload.items() if name != "national_id"}


def _with_id(maker: Maker, payload: Payload) -> Payload:
    country = payload["address"]["country"]
    if not has_national_id(maker, payload):
        return payload
    return payload | {"national_id": maker.national_id(country)}
