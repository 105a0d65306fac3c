"""Every write to a row that a role allows, with the most harmful content that there is.

A traitor knows the other rows of the table and what it makes itself. So it deletes a row, puts
another in its place, or gives each attribute that it may write each value which the attribute has
elsewhere, or an extreme one, or none.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any

from tests.fakes.rows import Item
from tests.traitor.roles import Role

type Attack = tuple[str, dict[str, Any]]
"""A call, and its parameters."""

_EXPIRED: Item = {"N": "1799999999"}
"""A time just before the present of the tests, as seconds; as a number, a very high one."""
_NUMBERS: list[Item] = [{"N": "1"}, _EXPIRED]
_TIMES: list[Item] = [{"S": "2001-01-01T00:00:00+00:00"}, {"S": "2099-01-01T00:00:00+00:00"}]


@dataclass(frozen=True)
class Target:
    """A row that there is or is not, and what a traitor could write to it."""

    resource: str
    """The logical id of the table."""
    key: Item
    row: Item
    """Its attributes but for the key, none if it is not there."""
    others: Sequence[Item]
    """The attributes of rows that could take its place."""

    def attacks(self, role: Role) -> Iterator[Attack]:
        """Yield the calls on this row that a role allows."""
        for operation, request in chain(
            [("DeleteItem", {"Key": self.key})], self._puts(role), self._updates(role)
        ):
            if role.may(operation, self.resource, request):
                yield operation, request

    def _puts(self, role: Role) -> Iterator[Attack]:
        writable = {
            (name, str(value))
            for name, value in self._writes()
            if role.may("PutItem", self.resource, {"Item": self.key | {name: value}})
        }
        for changed in chain(self.others, self._changed()):
            kept = {
                name: value for name, value in changed.items() if (name, str(value)) in writable
            }
            yield "PutItem", {"Item": self.key | kept}

    def _updates(self, role: Role) -> Iterator[Attack]:
        single = [self._update({name: value}, ()) for name, value in self._writes()]
        single += [self._update({}, (name,)) for name in sorted(self.row)]
        yield from single
        for other in self.others:
            may = [n for n in sorted(other.keys() | self.row) if role.may(*self._at(other, n))]
            there = {name: other[name] for name in may if name in other}
            gone = tuple(name for name in may if name not in other)
            yield self._update(there, gone)

    def _at(self, other: Item, name: str) -> tuple[str, str, dict[str, Any]]:
        change = ({name: other[name]}, ()) if name in other else ({}, (name,))
        operation, request = self._update(*change)
        return operation, self.resource, request

    def _changed(self) -> Iterator[Item]:
        """Yield the row with one attribute that is another, or none."""
        if self.row:
            yield from (self.row | {name: value} for name, value in self._writes())
            for name in self.row:
                yield {one: value for one, value in self.row.items() if one != name}

    def _writes(self) -> Iterator[tuple[str, Item]]:
        """Yield values of attributes."""
        rows = (self.row, *self.others, {"ttl": _EXPIRED})
        for name in sorted({name for row in rows for name in row}):
            values = {str(row[name]): row[name] for row in rows if name in row}
            own, *others = values.values()
            yield from ((name, value) for value in (own, *others[:1], *_extremes(own)))

    def _update(self, there: Item, gone: Sequence[str]) -> Attack:
        names = {f"#{number}": name for number, name in enumerate([*there, *gone])}
        sets = ", ".join(f"#{number} = :{number}" for number in range(len(there)))
        removes = ", ".join(f"#{len(there) + number}" for number in range(len(gone)))
        change = f"{'SET ' + sets if sets else ''} {'REMOVE ' + removes if removes else ''}"
        values = {f":{number}": value for number, value in enumerate(there.values())}
        return "UpdateItem", {
            "Key": self.key,
            "UpdateExpression": change.strip(),
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": values,
        }


def _extremes(value: Item) -> list[Item]:
    if "N" in value:
        return _NUMBERS
    if "BOOL" in value:
        return [{"BOOL": not value["BOOL"]}]
    with suppress(KeyError, ValueError):
        datetime.fromisoformat(value["S"])
        return _TIMES
    return []
