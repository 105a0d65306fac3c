"""The tables of docs/threat-model.md, made by trying everything."""

from collections.abc import Iterable

from tests.traitor.registrations import Assault
from tests.traitor.roles import roles
from tests.traitor.town import TABLES

UNTRIED = (
    {"WrappingKeysTable"} | {"BallotsTable", "ElectionsTable", "TalliesTable"} | {"VoterCodesTable"}
)
"""Tables that nothing is written to here: what is in the first means something to KMS only."""


def registrations() -> str:
    """Return the table of what functions can do to people by writing."""
    assault = Assault()
    cells = []
    for role in roles():
        for resource, operations in sorted(role.written().items()):
            if resource in TABLES:
                effect = assault.effect(role, resource)
                sets = (effect.at_once, effect.left, effect.unnoticed)
                name = f"`{resource}` ({', '.join(sorted(operations))})"
                cells.append([role.function, name, *map(_listed, sets)])
    return _table(("function", "writes to", "at once", "after a sweep", "without an alarm"), cells)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "nothing"


def _table(head: tuple[str, ...], rows: list[list[str]]) -> str:
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])
