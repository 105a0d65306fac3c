"""What a function in other hands does to people by writing to the stores about them.

``python -m tests.traitor`` prints the table of docs/threat-model.md.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from civic.identity.model.keys import digest_of
from tests.fakes.rows import Item, key_names
from tests.traitor.attacks import Attack, Target
from tests.traitor.roles import Role
from tests.traitor.town import TABLES, Person, Town

_ENOUGH = 2
"""How many rows of a kind, and how many that are not there, are tried."""
_EVERYBODY = ("accepted", "in review", "restricted", "erased", "nobody")
_VICTIMS = {
    "AccessRenewals": ("accepted", "renewed"),
    "AnalyticsJoins": ("accepted", "restricted", "erased", "nobody"),
    "ErasureLedger": ("accepted", "erased", "nobody"),
    "HighSecDataStore": ("accepted", "restricted", "erased", "nobody"),
    "IssuerElections": ("accepted",),
    "IssuerKeys": ("accepted",),
    "IssuedMarks": ("accepted", "in review"),
    "MarkKeys": ("accepted", "in review"),
    "IssuerRoll": ("accepted", "in review", "erased", "nobody"),
    "Likenesses": ("accepted",),
    "LowSecDataStore": _EVERYBODY,
    "RequestLog": ("restricted", "renewed"),
    "ReviewQueue": ("accepted", "in review", "nobody"),
    "SubjectKeysTable": _EVERYBODY,
    "SweepProgress": ("accepted",),
}
"""Whose rows are attacked: everybody's, but for rows that are alike."""


@dataclass
class Effect:
    """What is not as it would be without the traitor."""

    at_once: set[str] = field(default_factory=set)
    left: set[str] = field(default_factory=set)
    """After a sweep, and what follows from it."""
    unnoticed: set[str] = field(default_factory=set)
    """What is left without any alarm."""

    def add(self, other: "Effect") -> None:
        self.at_once |= other.at_once
        self.left |= other.left
        self.unnoticed |= other.unnoticed


class Assault:
    """A town, and what becomes of it."""

    def __init__(self) -> None:
        self.town = Town()
        self._calm = {name: self._observed(who) for name, who in self.town.people.items()}
        self._known: dict[tuple[str, str, str], Effect] = {}

    def effect(self, role: Role, resource: str) -> Effect:
        """Return what a role can do by writing to a table."""
        found = Effect()
        with self.town._composed():
            for name in _VICTIMS[resource]:
                for target in self._targets(resource, self.town.people[name]):
                    for attack in target.attacks(role):
                        found.add(self._after(name, TABLES[resource], attack))
        return found

    def _targets(self, resource: str, person: Person) -> Iterator[Target]:
        table = TABLES[resource]
        self.town.back()
        rows = self.town.rows.items(table)
        names = key_names(table)

        def bare(row: Item) -> Item:
            return {name: value for name, value in row.items() if name not in names}

        keys = [{name: row[name] for name in names} for row in rows]
        own = [key for key in keys if key == _moved(key, person)]
        elsewhere = [_moved(key, person) for key in keys]
        for key in {str(key): key for key in (*own, *elsewhere[:_ENOUGH])}.values():
            there = next((bare(row) for row in rows if key.items() <= row.items()), {})
            others = [bare(row) for row in rows if not key.items() <= row.items()]
            yield Target(resource, key, there, kinds(others))

    def _after(self, name: str, table: str, attack: Attack) -> Effect:
        operation, request = attack
        self.town.back()
        before = dict(self.town.rows.tables[table])
        call = {"DeleteItem": "delete_item", "PutItem": "put_item", "UpdateItem": "update_item"}
        getattr(self.town.rows, call[operation])(TableName=table, **request)
        changed = str(sorted(self.town.rows.tables[table].items(), key=str))
        if self.town.rows.tables[table] == before:
            return Effect()
        known = self._known.get((name, table, changed))
        if known is None:
            known = self._known[name, table, changed] = self._compared(name)
        return known

    def _compared(self, name: str) -> Effect:
        person = self.town.people[name]
        at_once, left = self._stages(person)
        calm, calm_later = self._calm[name]
        first = {one for one in calm if at_once[one] != calm[one]}
        second = {one for one in calm_later if left[one] != calm_later[one]}
        return Effect(first, second, set() if self.town.alarms() else second)

    def _observed(self, person: Person) -> tuple[dict[str, object], dict[str, object]]:
        self.town.back()
        with self.town._composed():
            return self._stages(person)

    def _stages(self, person: Person) -> tuple[dict[str, object], dict[str, object]]:
        self.town.expire()
        at_once = self.town.seen_of(person)
        self.town.mend()
        left = self.town.seen_of(person)
        return at_once, left | self.town.served(person)


def _moved(key: Item, person: Person) -> Item:
    """Return a key of somebody's row as one of another person's, if it is of a person."""
    if "id" not in key:
        return key
    of, hash_, _ = key["id"]["S"].rpartition("#")
    moved = key | {"id": {"S": f"{of}{hash_}{person.id}"}}
    if "digest" in key and moved != key:
        moved["digest"] = {"B": digest_of(person.stolen)}
    return moved


def kinds(rows: list[Item]) -> list[Item]:
    """Return some rows of each kind; those of one kind have the same attributes."""
    found: dict[frozenset[str], list[Item]] = {}
    for row in rows:
        found.setdefault(frozenset(row), []).append(row)
    return [row for kind in found.values() for row in kind[:_ENOUGH]]
