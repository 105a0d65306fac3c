"""Byte strings in the HTTP API: base64url without padding (RFC 4648 section 5)."""

import base64
import binascii

PATTERN = r"^[A-Za-z0-9_-]+$"


def encode(octets: bytes) -> str:
    """Return the text of byte strings."""
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def decode(text: str) -> bytes | None:
    """Return the bytes that a text of the pattern stands for; None if it stands for none."""
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return None
