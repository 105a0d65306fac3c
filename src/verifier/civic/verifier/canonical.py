"""Canonical JSON (RFC 8785), as far as a log has it: no numbers but integers.

What is not written as it would be written again is refused, so no value has two spellings.
"""

import json
from typing import Any, Never

from civic.verifier.errors import Malformed

MAX_INTEGER = 2**53 - 1
"""The largest integer that RFC 8785 section 3.2.2.3 writes exactly."""


def parse_canonical(raw: bytes, what: str) -> Any:
    """Return the value that canonical JSON stands for.

    Args:
        raw: The bytes, without a newline after them.
        what: How to name them when they are refused.

    Raises:
        Malformed: They are not JSON, not canonical, or have a number that is not an integer.
    """
    try:
        value = json.loads(
            raw.decode(), parse_float=_refuse, parse_constant=_refuse, parse_int=_integer
        )
        # Code points of ASCII sort as their UTF-16 does, so there the fast way is right.
        again = _written(value, by_code_point=True) if raw.isascii() else _written(_ordered(value))
        if again != raw:
            raise Malformed(f"{what} is not canonical JSON")
    except (ValueError, RecursionError):
        raise Malformed(f"{what} is not JSON with integers only") from None
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
