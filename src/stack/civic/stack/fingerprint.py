"""Fingerprints, which show whether a build or a deployment would change anything."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path


def fingerprint(root: Path, sources: Iterable[Path], parameters: Mapping[str, str]) -> str:
    """Return the SHA-256 of everything that determines a build or a deployment.

    Args:
        root: The root of the checkout.
        sources: Files and folders below it.
        parameters: The values of the template's parameters.
    """
    digest = hashlib.sha256()
    for name, value in sorted(parameters.items()):
        digest.update(f"{name}={value}\0".encode())
    for source in sorted(sources):
        for file in _files(source):
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
