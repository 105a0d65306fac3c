"""One small change to one file, which some test must notice."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Mutant:
    """A file with one change, whose name survives edits elsewhere in the file."""

    file: str
    where: str
    change: str
    text: str

    @property
    def name(self) -> str:
        """Return what was changed and where, without a line number."""
        return f"{self.file} | {self.where} | {self.change}"


def numbered(mutants: Iterable[Mutant]) -> Iterator[Mutant]:
    """Number equal changes in one place to distinguish them, and leave out duplicates."""
    seen: Counter[str] = Counter()
    texts = set()
    for mutant in mutants:
        if (mutant.where, mutant.text) in texts:
            continue
        texts.add((mutant.where, mutant.text))
        seen[mutant.name] += 1
        count = seen[mutant.name]
        yield mutant if count == 1 else replace(mutant, change=f"{mutant.change} #{count}")
