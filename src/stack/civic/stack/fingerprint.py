"""Tell whether what would be deployed is what was deployed last."""

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

_SOURCES = (
    "template.yaml",
    "stacks",
    "samconfig.toml",
    "src/shared",
    "src/identity",
    "src/analytics",
    "src/voting",
    "src/audit",
)


def fingerprint(root: Path, parameters: Iterable[str]) -> str:
    """Give the SHA-256 of all that decides what `sam build` and `sam deploy` would do.

    Args:
        root: The root of the checkout.
        parameters: The template's parameters, `Name=value`.
    """
    digest = hashlib.sha256()
    for parameter in parameters:
        digest.update(parameter.encode() + b"\0")
    for source in _SOURCES:
        for file in _files(root / source):
            content = hashlib.sha256(file.read_bytes()).hexdigest()
            digest.update(f"{file.relative_to(root)}\0{content}\0".encode())
    return digest.hexdigest()


def _files(source: Path) -> Iterator[Path]:
    if source.is_file():
        yield source
        return
    for file in sorted(source.rglob("*")):
        if file.is_file() and "__pycache__" not in file.parts:
            yield file
