"""Numbers and bytes as text, each in the only spelling it has.

A second spelling would let somebody change a text unnoticed.
"""

import re
from base64 import b64decode, b64encode

from civic.verifier.errors import Malformed

MAX_SIZE = 2**32
"""More entries than any election has; a tree head that claims more is refused unread."""

_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)


def decimal(text: str, what: str) -> int:
    """Return a number below 2^63, written without a sign or leading zeros."""
    if not _DECIMAL.fullmatch(text) or int(text) >= 2**63:
        raise Malformed(f"{what} is not a decimal number without leading zeros")
    return int(text)


def base64_bytes(text: str, what: str, length: int | None = None) -> bytes:
    """Return the bytes that base64 encodes (RFC 4648 section 4: padded, no unused bits set)."""
    try:
        raw = b64decode(text, validate=True)
    except ValueError:
        raise Malformed(f"{what} is not base64") from None
    if b64encode(raw).decode() != text:
        raise Malformed(f"{what} is not base64 as RFC 4648 section 4 writes it")
    if length is not None and len(raw) != length:
        raise Malformed(f"{what} has {len(raw)} bytes, not {length}")
    return raw


def hex_bytes(text: str, what: str, length: int = 32) -> bytes:
    """Return the bytes that lower-case hexadecimal digits encode."""
    if not re.fullmatch(f"[0-9a-f]{{{2 * length}}}", text):
        raise Malformed(f"{what} is not {2 * length} hexadecimal digits in lower case")
    return bytes.fromhex(text)
