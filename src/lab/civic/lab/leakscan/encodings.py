r"""The forms that a text may have when it appears where it must not.

A program rarely leaks plain text: it logs the JSON of an event that holds a body in base64, or the
``repr`` of a request, or a URL. A form is found in one of two ways.

- Encodings that depend on where the text began (base64: three alignments) or change every byte
  (hex, UTF-16) are applied to the marker: ``forms``.
- Escapes that a writer may apply to some characters and not to others (JSON's ``\u`` with or
  without surrogates, URLs' ``%``) are undone in the content: ``views``.

Everything here is pure.
"""

import base64
import json
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

LEAST_BYTES = 7
"""The length of the shortest marker, in UTF-8; a shorter one could occur by chance."""

_DEPTH = 3
"""How many layers of escapes are undone, as for a body in an event in a message in a state file."""


@dataclass(frozen=True, slots=True)
class Forms:
    """The byte strings to search for.

    Attributes:
        folded: In lower case, to be searched for in lower-cased content.
        exact: Those in which case has a meaning: base64.
    """

    folded: frozenset[bytes]
    exact: frozenset[bytes]


def forms(marker: str) -> Forms:
    """Return every form of a marker except those that ``views`` undoes.

    Raises:
        ValueError: It is shorter than ``LEAST_BYTES``.
    """
    if len(marker.encode(errors="surrogatepass")) < LEAST_BYTES:
        raise ValueError(f"a marker needs {LEAST_BYTES} bytes, so as not to occur by chance")
    raw = {form for spelling in _spellings(marker) for form in _bytes_of(spelling)}
    folded = {form.lower() for form in raw} | {form.hex().encode() for form in raw}
    return Forms(frozenset(folded), frozenset(_base64_of(marker)))


def views(content: bytes) -> Iterator[bytes]:
    """Yield content unchanged, and its escaped lines with escapes of JSON, Python and URLs undone.

    Up to three layers are undone, in any order, such as JSON in a URL in JSON. A line is what is
    between control characters, which all of those writers escape.
    """
    seen, newest = {content, b""}, [content]
    yield content
    for _ in range(_DEPTH):
        undone = {
            step(view) for view in newest for step in (_without_backslashes, _without_percent)
        }
        newest = list(undone - seen)
        seen |= undone
        yield from newest


def _spellings(marker: str) -> set[str]:
    """Return the marker in the cases and Unicode forms that a program may convert it to."""
    cased = {marker, marker.lower(), marker.upper(), marker.casefold()}
    spelled = {unicodedata.normalize(form, text) for text in cased for form in ("NFC", "NFD")}
    # A space in a query string.
    return cased | spelled | {text.replace(" ", "+") for text in cased}


def _bytes_of(text: str) -> Iterator[bytes]:
    """Yield a text in UTF-8, UTF-16 and Latin-1, and as UTF-8 that was read as Latin-1."""
    utf8 = text.encode(errors="surrogatepass")
    yield utf8
    yield text.encode("utf-16-le", "surrogatepass")
    yield text.encode("utf-16-be", "surrogatepass")
    yield utf8.decode("latin-1").encode()
    if all(ord(character) < 256 for character in text):  # noqa: PLR2004 - Latin-1 ends there
        yield text.encode("latin-1")


def _base64_of(marker: str) -> set[bytes]:
    cased = {marker, marker.lower(), marker.upper()}
    plain = {form for text in cased for form in _bytes_of(text)}
    escaped = {
        json.dumps(marker)[1:-1].encode(),
        json.dumps(json.dumps(marker)[1:-1])[1:-1].encode(),
        quote(marker, safe="", errors="surrogatepass").encode(),
        quote(marker, errors="surrogatepass").encode(),
        marker.encode(errors="surrogatepass").hex().encode(),
        marker.encode(errors="surrogatepass").hex().upper().encode(),
    }
    once = {form for content in plain | escaped for form in _alignments(content)}
    utf8 = marker.encode(errors="surrogatepass")
    # Base64 in base64, such as a queue's body in the state of an engine or in Lambda's own event.
    return once | {form for inner in _alignments(utf8) for form in _alignments(inner)}


def _alignments(content: bytes) -> Iterator[bytes]:
    """Yield the part of the base64 that does not depend on what is before and after.

    RFC 4648, sections 4 and 5: three bytes become four characters, so there are three alignments.
    """
    for shift in range(3):
        padded = b"\0" * shift + content
        whole = slice(-(-shift * 8 // 6), len(padded) * 8 // 6)
        yield base64.b64encode(padded)[whole]
        yield base64.urlsafe_b64encode(padded)[whole]


_BACKSLASHES = re.compile(
    rb"""((?:\\u[0-9a-fA-F]{4})+)|\\x([0-9a-fA-F]{2})|\\U([0-9a-fA-F]{8})|\\(["'\\/bfnrt])"""
)
_LETTERS = {b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t"}


def _without_backslashes(content: bytes) -> bytes:
    return _BACKSLASHES.sub(_unescaped, _lines_with(b"\\", content))


def _unescaped(escape: re.Match[bytes]) -> bytes:
    units, byte, point, letter = escape.groups()
    if units:
        # A run is decoded whole: two units may be halves of one character (RFC 8259 section 7).
        utf16 = bytes.fromhex(units.replace(rb"\u", b"").decode())
        return utf16.decode("utf-16-be", "surrogatepass").encode(errors="surrogatepass")
    if byte or point:
        return _character(int(byte or point, 16))
    return _LETTERS.get(letter, letter)


def _character(point: int) -> bytes:
    try:
        return chr(point).encode(errors="surrogatepass")
    except (ValueError, OverflowError):
        return b""


_PERCENT = re.compile(rb"%([0-9a-fA-F]{2})")


def _without_percent(content: bytes) -> bytes:
    return _PERCENT.sub(_byte, _lines_with(b"%", content))


def _byte(escape: re.Match[bytes]) -> bytes:
    return bytes.fromhex(escape[1].decode())


_LINE = re.compile(rb"[\t\x20-\xff]{%d,}" % LEAST_BYTES)


def _lines_with(mark: bytes, content: bytes) -> bytes:
    if mark not in content:
        return b""
    return b"\n".join(line for line in _LINE.findall(content) if mark in line)
