"""Requests that the API refuses, with markers in places where they do not belong."""

import json
from collections.abc import Callable, Iterator
from typing import Any

_OVERSIZE_WORDS = 9000
"""Of eleven bytes each, so more than the 64 KiB that the API accepts."""

type Marker = Callable[[str], str]
type Headers = dict[str, str]

JSON: Headers = {"content-type": "application/json"}


def refused_bodies(
    complete: dict[str, Any], marker: Marker
) -> Iterator[tuple[str, int, Headers, bytes]]:
    """Yield the purpose of each body, the status of its refusal, its headers, and the body.

    Args:
        complete: A payload that would be accepted unchanged.
        marker: Makes the marker for a name.
    """
    yield from _malformed(complete, marker)
    yield from _of_wrong_types(complete, marker("wrong type"))
    name, word = "oversize", marker("oversize")
    yield name, 422, JSON, json.dumps(complete | {"full_name": word * 99}).encode()
    yield name, 413, JSON, json.dumps(complete | {"full_name": word * _OVERSIZE_WORDS}).encode()


def refused_headers(marker: Marker) -> Iterator[tuple[str, int, Headers]]:
    """Yield the name of each header, the status of an empty body with it, and all headers."""
    name = "header Idempotency-Key"
    word = marker(name)
    yield name, 400, JSON | {"idempotency-key": word}
    yield name, 400, JSON | {"idempotency-key": f"{word} {word}"}
    for header in ("traceparent", "user-agent", "x-forwarded-for", "cookie", "referer"):
        name = f"header {header}"
        yield name, 422, JSON | {header: marker(name)}
    name = "header of any name"
    yield name, 422, JSON | {marker(name).lower(): marker(name)}
    name = "header content-type"
    yield name, 415, {"content-type": f"application/{marker(name)}"}


def _malformed(
    complete: dict[str, Any], marker: Marker
) -> Iterator[tuple[str, int, Headers, bytes]]:
    name = "malformed body"
    word = marker(name)
    broken_off = json.dumps(complete)[:-1]
    for body in (
        broken_off.encode(),
        f'{{"{word}": 1, "{word}": "{word}"}}'.encode(),
        json.dumps(complete).encode("utf-16"),
        word.encode(),
    ):
        yield name, 400, JSON, body


def _of_wrong_types(
    complete: dict[str, Any], word: str
) -> Iterator[tuple[str, int, Headers, bytes]]:
    for change in (
        {"username": [word]},
        {"date_of_birth": word},
        {"address": word},
        {"consent": {"text_version": word, "given_at": word}},
        {"full_name": f"{word}\x07"},
        {word: {word: word}},
    ):
        yield "wrong type", 422, JSON, json.dumps(complete | change).encode()
    yield "wrong type", 422, JSON, json.dumps([complete, word]).encode()
