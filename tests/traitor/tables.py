"""The tables of docs/threat-model.md, made by trying everything."""

from collections.abc import Collection, Iterable

from tests.traitor import polling, town
from tests.traitor.registrations import Assault
from tests.traitor.roles import roles
from tests.traitor.votes import Ambush

UNTRIED = {"ProofSessions", "WrappingKeysTable"}
"""Tables that nothing is written to here: what is in them means something to KMS only, or is of no
registration."""


def registrations() -> str:
    """Return the table of what functions can do to people by writing."""
    return _tried(Assault(), town.TABLES, ("after a sweep", "without an alarm"))


def votes() -> str:
    """Return the table of what functions can do to an election by writing."""
    return _tried(Ambush(), polling.TABLES, ("at the certification", "without an alarm"))


def _tried(assault: Assault | Ambush, tables: Collection[str], later: tuple[str, str]) -> str:
    cells = []
    for role in roles():
        for resource, operations in sorted(role.written().items()):
            if resource in tables:
                effect = assault.effect(role, resource)
                sets = (effect.at_once, effect.left, effect.unnoticed)
                name = f"`{resource}` ({', '.join(sorted(operations))})"
                cells.append([role.function, name, *map(_listed, sets)])
    return _table(("function", "writes to", "at once", *later), cells)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "nothing"


def _table(head: tuple[str, ...], rows: list[list[str]]) -> str:
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])
