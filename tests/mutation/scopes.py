"""What is mutated, and which tests have to notice it: `scopes.toml`."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.mutation import code, policies
from tests.mutation.mutants import Mutant
from tests.mutation.pool import ROOT, Task

_LISTED = Path(__file__).with_name("scopes.toml")


@dataclass(frozen=True, slots=True)
class Target:
    """One file and its tests."""

    file: str
    tests: tuple[str, ...]

    def tasks(self) -> Iterator[Task]:
        """Give a task for every mutant of the file."""
        for mutant in self._mutants():
            yield Task(mutant, self.tests)

    def _mutants(self) -> Iterator[Mutant]:
        source = (ROOT / self.file).read_text()
        if self.file.endswith(".py"):
            return code.mutants_of(self.file, source)
        return policies.mutants_of(self.file, source)


@dataclass(frozen=True, slots=True)
class Scope:
    """Files that carry one guarantee."""

    name: str
    targets: tuple[Target, ...]


def scopes() -> list[Scope]:
    """Read the list."""
    listed = tomllib.loads(_LISTED.read_text())
    return [
        Scope(name, tuple(Target(one["file"], tuple(one["tests"])) for one in targets))
        for name, targets in listed.items()
    ]
