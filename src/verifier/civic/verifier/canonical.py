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
        value = json.loads(raw.decode(), parse_float=_refuse, parse_constant=_refuse)
        if canonical(value) != raw:
            raise Malformed(f"{what} is not canonical JSON")
    except (ValueError, RecursionError):
        raise Malformed(f"{what} is not JSON with integers only") from None
    return value


def canonical(value: Any) -> bytes:
    """Return a parsed value as canonical JSON.

    Raises:
        ValueError: It cannot be written: a lone surrogate, or an integer out of range.
    """
    return json.dumps(
        _ordered(value), ensure_ascii=False, separators=(",", ":"), allow_nan=False
    ).encode()


def _ordered(value: Any) -> Any:
    """Sort members by their UTF-16 code units (RFC 8785 section 3.2.3)."""
    if isinstance(value, dict):
        names = sorted(value, key=_utf16)
        return {name: _ordered(value[name]) for name in names}
    if isinstance(value, list):
        return [_ordered(one) for one in value]
    if isinstance(value, int) and abs(value) > MAX_INTEGER:
        raise ValueError
    return value


def _utf16(name: str) -> bytes:
    return name.encode("utf-16-be")


def _refuse(_: str) -> Never:
    raise ValueError
