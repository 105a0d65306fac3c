"""What a search for pairs works with, in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from civic.contracts.events import Decision
from civic.contracts.identifiers import RegistrationId
from civic.identity.model.pairs import Candidate, Pairs, Run
from civic.identity.model.rows import DecisionRow, Malformed
from civic.lab.memory.identity import MemoryDecisions


@dataclass
class MemoryCandidates:
    """The rows of the low-security store that have weak keys."""

    decisions: MemoryDecisions

    def page(
        self, start: str | None, size: int | None
    ) -> tuple[Sequence[Candidate | Malformed], str | None]:
        after = sorted(name for name in self.decisions.rows if start is None or name > start)
        names = list(islice(after, size))
        rows = [row for name in names if (row := self.get(name))]
        return rows, names[-1] if size is not None and len(names) == size else None

    def get(self, registration: RegistrationId) -> Candidate | None:
        row = self.decisions.rows.get(registration)
        return _candidate(row) if isinstance(row, DecisionRow) and row.weak_keys else None

    def pair(self, candidate: Candidate, pairs: Pairs) -> bool:
        row = self.decisions.rows.get(candidate.id)
        if not isinstance(row, DecisionRow):
            return False
        if not row.weak_keys or row.pairs != candidate.pairs:
            return False
        self.decisions.rows[candidate.id] = replace(row, pairs=pairs)
        return True


@dataclass
class MemoryShards:
    """The shards of runs."""

    objects: dict[tuple[Run, int, int], bytes] = field(default_factory=dict)

    def put(self, run: Run, shard: int, entries: bytes) -> None:
        self.objects[Run(run.began), shard, run.slices] = entries

    def get(self, run: Run, shard: int) -> bytes:
        found = sorted(
            (slice_, entries)
            for (of, there, slice_), entries in self.objects.items()
            if (of, there) == (Run(run.began), shard)
        )
        return b"".join(entries for _, entries in found)


def _candidate(row: DecisionRow) -> Candidate:
    return Candidate(
        row.record,
        row.verdict.round if row.verdict else 0,
        row.created,
        accepted=row.acceptance is not None,
        waits=row.verdict is None or row.verdict.decision is Decision.REVIEW,
        restricted=row.restricted,
        keys=row.keys,
        pairs=row.pairs,
    )
