"""base64url without padding: the vectors of RFC 4648 section 10, and invalid text."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from civic.contracts import base64url
from civic.contracts.base64url import Base64Url

VECTORS = {
    b"": "",
    b"f": "Zg",
    b"fo": "Zm8",
    b"foo": "Zm9v",
    b"foob": "Zm9vYg",
    b"fooba": "Zm9vYmE",
    b"foobar": "Zm9vYmFy",
    b"\xfb\xff": "-_8",
}
BAD = ["Z", "Zg==", "Zh", "Zm9", "Zm 9v", "Zm9v\n", "+/8", "Zm9vä"]
"""Too short, padded, with stray bits, with other characters."""


@pytest.mark.parametrize(("octets", "text"), VECTORS.items())
def test_text_is_that_of_the_standard(octets: bytes, text: str) -> None:
    assert base64url.encode(octets) == text
    assert base64url.decode(text) == octets


@given(st.binary(max_size=100))
def test_what_is_encoded_is_decoded(octets: bytes) -> None:
    assert base64url.decode(base64url.encode(octets)) == octets


@pytest.mark.parametrize("text", BAD)
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        base64url.decode(text)


@pytest.mark.parametrize("text", ["", *BAD])
def test_field_takes_a_text_that_can_be_decoded(text: str) -> None:
    adapter = TypeAdapter[str](Base64Url)
    assert adapter.validate_python("Zm9vYg") == "Zm9vYg"
    with pytest.raises(ValidationError) as refused:
        adapter.validate_python(text)
    (error,) = refused.value.errors()
    assert error["type"] == "string_pattern_mismatch"


@given(st.text(alphabet=[*"AQEIgwcZ9-_=a"], max_size=9))
def test_documented_pattern_has_exactly_what_can_be_decoded(text: str) -> None:
    pattern = TypeAdapter[str](Base64Url).json_schema()["pattern"]
    try:
        decodable = bool(base64url.decode(text))
    except ValueError:
        decodable = False
    assert bool(re.search(pattern, text)) == decodable
