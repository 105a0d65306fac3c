"""The values of a JSON document, each under its JSON Pointer (RFC 6901)."""

import json
from collections.abc import Iterator


def leaves(document: object, pointer: str = "") -> Iterator[tuple[str, str]]:
    """Return the pointer of every value, and the value as text.

    Args:
        document: As ``json.loads`` returns it; no key holds ``~`` or ``/``.
        pointer: Where the document itself stands.

    Yields:
        Strings as they are, everything else as JSON writes it: ``true``, not ``True``.
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
