"""Canonical JSON is exactly what another implementation of RFC 8785 writes."""

from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from civic.verifier.canonical import parse_canonical
from civic.verifier.errors import Malformed

SCALARS = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text()
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(VALUES)
def test_what_another_writes_is_read(value: Any) -> None:
    assert parse_canonical(rfc8785.dumps(value), "it") == value


@given(VALUES, st.data())
def test_what_differs_by_one_byte_is_another_value_or_refused(
    value: Any, data: st.DataObject
) -> None:
    raw = bytearray(rfc8785.dumps(value))
    place = data.draw(st.integers(0, len(raw) - 1))
    raw[place] ^= data.draw(st.integers(1, 255))
    try:
        other = parse_canonical(bytes(raw), "it")
    except Malformed:
        return
    assert rfc8785.dumps(other) == bytes(raw)


def test_members_are_sorted_as_utf_16_is() -> None:
    """By code point U+FB33 precedes U+1F600, but not here, as the UTF-16 starts with D83D."""
    right = '{"\U0001f600":1,"\ufb33":2}'.encode()
    assert rfc8785.dumps({"\ufb33": 2, "\U0001f600": 1}) == right
    assert parse_canonical(right, "it") == {"\U0001f600": 1, "\ufb33": 2}
    with pytest.raises(Malformed, match="it is not canonical JSON"):
        parse_canonical('{"\ufb33":2,"\U0001f600":1}'.encode(), "it")
