"""Sizes and capacity units of DynamoDB items.

Source: DynamoDB developer guide, "Item sizes and formats" and "Capacity unit consumption". Items
are in the API's form, ``{"name": {"S": "text"}}``, with binary values as bytes or base64.
"""

import base64
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

_WRITE_UNIT_BYTES = 1024
_READ_UNIT_BYTES = 4096
_NESTING_BYTES = 3
_ELEMENT_BYTES = 1


def item_bytes(item: Mapping[str, Any]) -> int:
    """Return the billed bytes of an item: its names and values, without storage overhead."""
    return sum(len(name.encode()) + _value_bytes(value) for name, value in item.items())


def write_units(before: int, after: int) -> int:
    """Return what one standard write consumes: 1 per KB of the larger image, at least 1.

    Args:
        before: Bytes of the item before the write, 0 for none.
        after: Bytes of the item after it; 0 for none and for a refused write, which consumes as
            much as the unchanged item.
    """
    return max(1, _ceiling(max(before, after), _WRITE_UNIT_BYTES))


def read_units(size: int, *, consistent: bool) -> float:
    """Return what one read consumes: 1 per 4 KB, half if eventually consistent, at least one."""
    units = max(1, _ceiling(size, _READ_UNIT_BYTES))
    return float(units) if consistent else units / 2


def _ceiling(value: int, step: int) -> int:
    return -(-value // step)


def _value_bytes(value: Mapping[str, Any]) -> int:
    ((kind, content),) = value.items()
    if kind in {"SS", "NS", "BS"}:
        return sum(_SIZES[kind[0]](one) for one in content)
    return _SIZES[kind](content)


def _number_bytes(text: str) -> int:
    # One byte per two significant digits, plus one; the guide says "approximately".
    sign, digits, _ = Decimal(text).as_tuple()
    significant = "".join(map(str, digits)).strip("0")
    return _ceiling(len(significant), 2) + 1 + sign


_SIZES: dict[str, Callable[[Any], int]] = {
    "S": lambda text: len(text.encode()),
    "B": lambda value: len(value if isinstance(value, bytes) else base64.b64decode(value)),
    "N": _number_bytes,
    "BOOL": lambda _: 1,
    "NULL": lambda _: 1,
    "L": lambda values: _NESTING_BYTES + sum(_ELEMENT_BYTES + _value_bytes(one) for one in values),
    "M": lambda values: _NESTING_BYTES + len(values) * _ELEMENT_BYTES + item_bytes(values),
}
"""Bytes of a value, by its type."""
