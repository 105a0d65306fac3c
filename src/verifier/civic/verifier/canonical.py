"""Canonical JSON (RFC 8785), as far as a log uses it: the only numbers are integers.

Whatever is not written exactly as this module would write it is refused, so no value has two
spellings.
"""

import json
from typing import Any, Never

from civic.verifier.errors import Malformed

MAX_INTEGER = 2**53 - 1
"""The largest integer that RFC 8785 section 3.2.2.3 writes exactly."""


def parse_canonical(raw: bytes, what: str) -> Any:
    """Return the value that is written as canonical JSON.

    Args:
        raw: The bytes, without a newline after them.
        what: What to call them in an error.

    Raises:
        Malformed: They are not JSON, not canonical, or contain a number that is not an integer.
    """
    try:
        value = json.loads(
            raw.decode(), parse_float=_refuse, parse_constant=_refuse, parse_int=_integer
        )
        # ASCII sorts the same by code point as by UTF-16 unit, so there the fast way is right.
        again = _written(value, by_code_point=True) if raw.isascii() else _written(_ordered(value))
        if again != raw:
            raise Malformed(f"{what} is not canonical JSON")
    except (ValueError, RecursionError):
        raise Malformed(f"{what} is not JSON whose numbers are all integers") from None
    return value


def _written(value: Any, *, by_code_point: bool = False) -> bytes:
    return json.dumps(
        value, ensure_ascii=False, separators=(",", ":"), sort_keys=by_code_point
    ).encode()


def _ordered(value: Any) -> Any:
    """Sort members by their UTF-16 code units (RFC 8785 section 3.2.3)."""
    if isinstance(value, dict):
        return {name: _ordered(value[name]) for name in sorted(value, key=_utf16)}
    if isinstance(value, list):
        return [_ordered(one) for one in value]
    return value


def _integer(text: str) -> int:
    value = int(text)
    if abs(value) > MAX_INTEGER:
        raise ValueError
    return value


def _utf16(name: str) -> bytes:
    return name.encode("utf-16-be")


def _refuse(_: str) -> Never:
    raise ValueError
