"""What is mutated, and which tests must notice it, from `scopes.toml`."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.mutation import code, policies
from tests.mutation.mutants import Mutant
from tests.mutation.pool import ROOT, Task

_LISTED = Path(__file__).with_name("scopes.toml")


class UnknownMutant(Exception):
    """Something in the list does not exist any more."""


@dataclass(frozen=True, slots=True)
class Target:
    """One file and its tests, with all of its mutants or only the named ones."""

    file: str
    tests: tuple[str, ...]
    only: tuple[str, ...] = ()

    def tasks(self) -> Iterator[Task]:
        """Yield a task for every mutant of the file.

        Raises:
            UnknownMutant: A named mutant is not among the file's.
        """
        mutants = list(self._mutants())
        named = {f"{self.file} | {one}" for one in self.only}
        if unknown := named - {mutant.name for mutant in mutants}:
            raise UnknownMutant(", ".join(sorted(unknown)))
        for mutant in mutants:
            if mutant.name in named or not named:
                yield Task(mutant, self.tests)

    def _mutants(self) -> Iterator[Mutant]:
        source = (ROOT / self.file).read_text()
        if self.file.endswith(".py"):
            return code.mutants_of(self.file, source)
        return policies.mutants_of(self.file, source)


@dataclass(frozen=True, slots=True)
class Scope:
    """The files that provide one guarantee."""

    name: str
    targets: tuple[Target, ...]


def scopes() -> list[Scope]:
    """Read the list."""
    listed = tomllib.loads(_LISTED.read_text())
    return [Scope(name, tuple(map(_target, targets))) for name, targets in listed.items()]


def _target(listed: dict[str, Any]) -> Target:
    return Target(listed["file"], tuple(listed["tests"]), tuple(listed.get("only", ())))
