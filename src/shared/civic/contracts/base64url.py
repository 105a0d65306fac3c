"""Bytes in JSON and in text that people copy: base64url without padding (RFC 4648 section 5)."""

import base64
from typing import Annotated

from pydantic import Field


def encode(octets: bytes) -> str:
    """Return the text of a byte string."""
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """Return the byte string of a text.

    Raises:
        ValueError: `encode` makes this text of no byte string. That includes a text whose last
        character has a bit set that belongs to no byte: it was mistyped.
    """
    octets = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if encode(octets) != text:
        message = "not base64url without padding"
        raise ValueError(message)
    return octets


_FOUR, _THREE, _TWO = (
    "[A-Za-z0-9_-]{4}",
    "[A-Za-z0-9_-]{2}[AEIMQUYcgkosw048]",
    "[A-Za-z0-9_-][AQgw]",
)
OF_32_BYTES = "[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]"
"""The pattern of 32 bytes, such as a digest."""

Base64Url = Annotated[
    str, Field(pattern=f"^(?:{_FOUR})*(?:{_FOUR}|{_THREE}|{_TWO})$", max_length=1024)
]
"""A text that `decode` accepts, and that is not empty."""
