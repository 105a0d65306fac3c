"""Tell whether what would be built or deployed is what was built or deployed last."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path


def fingerprint(root: Path, sources: Iterable[Path], parameters: Mapping[str, str]) -> str:
    """Give the SHA-256 of all that decides what a build or a deployment would do.

    Args:
        root: The root of the checkout.
        sources: Files, and folders of files, below it.
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
