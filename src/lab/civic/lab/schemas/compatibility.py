"""Checks that programs written for a released schema can read events of the current one.

Optional fields may be added. Any other change (a field removed or newly required, another type,
form or bound) needs a new event beside the old one.
"""

from typing import Any

type Schema = dict[str, Any]

_SILENT = frozenset({"title", "description", "default", "properties", "required", "$defs"})


def incompatibilities(released: Schema, current: Schema) -> list[str]:
    """Return the changes that could break a reader, as JSON Pointers with a reason."""
    found = _compare(released, current, "")
    for name, definition in released.get("$defs", {}).items():
        place = f"/$defs/{name}"
        if name not in current.get("$defs", {}):
            found.append(f"{place}: removed")
        else:
            found += _compare(definition, current["$defs"][name], place)
    return found


def _compare(released: Schema, current: Schema, place: str) -> list[str]:
    found = [
        f"{place}/{key}: changed"
        for key in sorted((released.keys() | current.keys()) - _SILENT)
        if released.get(key) != current.get(key)
    ]
    before, after = released.get("properties", {}), current.get("properties", {})
    for name in sorted(before):
        where = f"{place}/properties/{name}"
        if name in after:
            found += _compare(before[name], after[name], where)
        else:
            found.append(f"{where}: removed")
    newly_required = set(current.get("required", ())) - set(released.get("required", ()))
    found += [f"{place}/required: {name} is now required" for name in sorted(newly_required)]
    no_longer = set(released.get("required", ())) - set(current.get("required", ()))
    found += [f"{place}/required: {name} may now be absent" for name in sorted(no_longer)]
    return found
