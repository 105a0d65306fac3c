"""JSON Pointers (RFC 6901) into a document."""

import json
from collections.abc import Iterator


def leaves(document: object, pointer: str = "") -> Iterator[tuple[str, str]]:
    """Return the pointer of every value, and the value as text.

    Args:
        document: What ``json.loads`` returned; no key may contain ``~`` or ``/``.
        pointer: The pointer of the document itself.

    Yields:
        Strings unchanged, everything else as JSON writes it: ``true``, not ``True``.
    """
    match document:
        case dict():
            children = list(document.items())
        case list():
            children = list(enumerate(document))
        case str():
            yield pointer, document
            return
        case _:
            yield pointer, json.dumps(document)
            return
    for name, child in children:
        yield from leaves(child, f"{pointer}/{name}")


def field_of(pointer: str) -> str:
    """Return the member of the document that a pointer leads into; empty for the whole of it."""
    return pointer.split("/", 2)[1] if pointer else ""
