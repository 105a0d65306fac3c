"""Ways in which a program could write a text where it must not be, between other bytes."""

import base64
import json
from collections.abc import Callable
from urllib.parse import quote, quote_plus

type Writer = Callable[[str, bytes, bytes], bytes]
"""Takes a text, what is written before it, and what after it."""


def _plain(encode: Callable[[str], bytes]) -> Writer:
    return lambda text, before, after: before + encode(text) + after


def _written(write: Callable[[str], str]) -> Writer:
    return _plain(lambda text: write(text).encode(errors="surrogatepass"))


def _base64(encode: Callable[[bytes], bytes], inner: Callable[[str], bytes]) -> Writer:
    """What is before and after the text is in the base64 too, so it shifts the text."""
    return lambda text, before, after: encode(before + inner(text) + after)


def _every_character(text: str, form: str) -> str:
    """Escape every character of a text, with surrogates, and not only what must be escaped."""
    utf16 = text.encode("utf-16-be", "surrogatepass")
    units = (int.from_bytes(utf16[n : n + 2]) for n in range(0, len(utf16), 2))
    return "".join(form % unit for unit in units)


def _utf8(text: str) -> bytes:
    return text.encode(errors="surrogatepass")


def _as_json(text: str) -> str:
    return json.dumps({"x": text})


WRITERS: dict[str, Writer] = {
    "as it is": _plain(_utf8),
    "in capitals": _written(str.upper),
    "in small letters": _written(str.lower),
    "in UTF-16": _plain(lambda text: text.encode("utf-16-le")),
    "in UTF-16, big end first": _plain(lambda text: text.encode("utf-16-be")),
    "in UTF-8 taken for Latin-1": _plain(lambda text: _utf8(text).decode("latin-1").encode()),
    "in hex": _plain(lambda text: _utf8(text).hex().encode()),
    "in capital hex": _plain(lambda text: _utf8(text).hex().upper().encode()),
    "in hex of UTF-16": _plain(lambda text: text.encode("utf-16-le").hex().encode()),
    "in JSON": _written(_as_json),
    "in JSON that leaves Unicode": _written(lambda text: json.dumps(text, ensure_ascii=False)),
    "in JSON in JSON": _written(lambda text: json.dumps(_as_json(text))),
    "in JSON in JSON in JSON": _written(lambda text: json.dumps(json.dumps(_as_json(text)))),
    "in JSON, all escaped": _written(lambda text: _every_character(text, r"\u%04x")),
    "in JSON, all escaped in capitals": _written(lambda text: _every_character(text, r"\u%04X")),
    "in the repr of a text": _written(repr),
    "in the ASCII of a text": _written(ascii),
    "in the repr of bytes": _written(lambda text: repr(_utf8(text))),
    "in a URL": _written(lambda text: quote(text, safe="")),
    "in a path": _written(quote),
    "in a query": _written(quote_plus),
    "in a URL, in small hex": _written(
        lambda text: "".join(f"%{byte:02x}" for byte in _utf8(text))
    ),
    "in a URL in a URL": _written(lambda text: quote(quote(text, safe=""), safe="")),
    "in a URL in JSON": _written(lambda text: json.dumps({"u": "?q=" + quote(text)})),
    "in JSON in a URL": _written(lambda text: quote(_as_json(text), safe="")),
    "in base64": _base64(base64.b64encode, _utf8),
    "in base64 for URLs": _base64(base64.urlsafe_b64encode, _utf8),
    "in base64 of UTF-16": _base64(base64.b64encode, lambda text: text.encode("utf-16-le")),
    "in base64 of JSON": _base64(base64.b64encode, lambda text: _as_json(text).encode()),
    "in base64 of a URL": _base64(base64.b64encode, lambda text: quote(text, safe="").encode()),
    "in base64 of hex": _base64(base64.b64encode, lambda text: _utf8(text).hex().encode()),
    "in base64 of base64": lambda text, before, after: base64.b64encode(
        before + base64.b64encode(after + _utf8(text) + before) + after
    ),
    "in base64 in JSON in a URL": lambda text, before, after: quote(
        json.dumps({"body": base64.b64encode(before + _utf8(text) + after).decode()}), safe=""
    ).encode(),
}
"""Every way, by name."""
