"""How registrations of one person are found that differ too much to be compared when they come in.

A run goes through everybody once. It collects the weak keys of each slice of the low-security store
into shards, so that equal keys meet, and joins shard by shard. A step is one slice or one shard; it
is noted last, so that one that breaks off is made again: the same objects are written once more,
and the same pairs found, which are known then. Nothing is kept from one run to the next but what
the rows say.

A pair is written into the row of the later of the two first, from which on they are held back, and
then into the queue of cases; a run that finds an open pair brings its case up again.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta

from civic.contracts.ports import Clock
from civic.identity.errors import RowMalformed
from civic.identity.model.pairs import (
    HELD_FOR,
    Candidate,
    Pair,
    Run,
    entries_of,
    join,
    later_first,
    shard_of,
)
from civic.identity.model.review import ReviewCase, ReviewCause
from civic.identity.model.rows import Malformed
from civic.identity.model.sweeping import Cursor, Search
from civic.identity.ports import ReviewQueue
from civic.identity.ports.pairs import Candidates, Shards
from civic.identity.ports.sweeping import Progress

_EVERY = timedelta(days=1)
"""How often a run begins; one that takes longer begins anew."""
_ATTEMPTS = 3
"""How often a pair is looked at whose rows change meanwhile."""


@dataclass(frozen=True, slots=True)
class Matching:
    """What the use case works with."""

    candidates: Candidates
    shards: Shards
    progress: Progress
    reviews: ReviewQueue
    clock: Clock
    page_size: int | None
    """How many rows a page has; None if as many as fit."""
    slice_pages: int
    """How many pages are collected in one step."""
    shard_count: int
    budget: timedelta
    """How long an invocation goes on to begin steps."""


@dataclass(slots=True)
class Searched:
    """What an invocation has done."""

    registrations: int = 0
    found: int = 0
    """Pairs that nobody knew of."""
    crowded: int = 0
    """Keys that too many people share, so that they say nothing."""
    unreadable: int = 0
    abandoned: int = 0
    """Runs that took too long, and began anew."""
    ended: bool = False
    """Whether the run is over, or none was due."""

    def add(self, other: "Searched") -> None:
        """Add what a step has done."""
        self.registrations += other.registrations
        self.found += other.found
        self.crowded += other.crowded
        self.unreadable += other.unreadable


@dataclass(slots=True)
class _Step:
    """What one step comes to."""

    run: Run
    done: Searched = field(default_factory=Searched)


def search(matching: Matching, *, from_the_start: bool = False) -> Searched:
    """Go on with the run, or begin one if that is due, step by step until the time is up.

    Args:
        matching: What it works with.
        from_the_start: Begin a run now.
    """
    began = matching.clock()
    total = Searched()
    while True:
        there = matching.progress.cursor(Search.PAIRS)
        run = Run.parse(there.position) if there.position else None
        if run is None or from_the_start or run.began + _EVERY <= began:
            total.abandoned += run is not None and not (run.ended or from_the_start)
            run = Run(began)
            from_the_start = False
        if run.ended:
            total.ended = True
            return total
        step = _joined(matching, run) if run.collected else _collected(matching, run)
        come_to = Cursor(step.run.encoded, there.number + 1)
        if not matching.progress.advance(Search.PAIRS, come_to):
            # Another search made the same step, and is going on.
            return total
        total.add(step.done)
        if matching.clock() >= began + matching.budget:
            total.ended = step.run.ended
            return total


def _collected(matching: Matching, run: Run) -> _Step:
    """Collect the keys of the next slice."""
    done = Searched()
    shards: defaultdict[int, bytearray] = defaultdict(bytearray)
    position, at_end = run.position, False
    for _ in range(matching.slice_pages):
        rows, position = matching.candidates.page(position, matching.page_size)
        for row in rows:
            if isinstance(row, Malformed):
                done.unreadable += 1
                continue
            done.registrations += 1
            _bring_up(matching, row)
            for entry in entries_of(row) if row.counts else ():
                shards[shard_of(entry, matching.shard_count)] += entry
        if position is None:
            at_end = True
            break
    for shard, entries in shards.items():
        matching.shards.put(run, shard, bytes(entries))
    return _Step(replace(run, position=position, slices=run.slices + 1, collected=at_end), done)


def _bring_up(matching: Matching, row: Candidate) -> None:
    """Bring up the case of an open pair, if a search broke off before it did."""
    if row.pairs.open and row.counts and not row.restricted:
        since = (row.pairs.held_until or matching.clock()) - HELD_FOR
        matching.reviews.add(ReviewCase(row.record, since, ReviewCause.PAIR, round=row.round))


def _joined(matching: Matching, run: Run) -> _Step:
    """Join the next shard, and have people compare the pairs that nobody knows of."""
    found = join(matching.shards.get(run, run.joined))
    done = Searched(crowded=found.crowded)
    for pair in found.pairs:
        try:
            done.found += _note(matching, pair)
        except RowMalformed:
            done.unreadable += 1
    joined = run.joined + 1
    return _Step(replace(run, joined=joined, ended=joined == matching.shard_count), done)


def _note(matching: Matching, pair: Pair) -> bool:
    """Hold back the later of two, and bring up the case; return whether that was to be done."""
    for later, earlier in _both(matching, pair):
        common = later.common(earlier)
        known = later.pairs.knows(earlier.id, common) or earlier.pairs.knows(later.id, common)
        if not common or known or later.restricted or not (later.counts and earlier.counts):
            return False
        pairs = later.pairs.opened(earlier.id, common, matching.clock())
        if matching.candidates.pair(later, pairs):
            _bring_up(matching, replace(later, pairs=pairs))
            return True
    # It changes all the time; the next run will find it.
    return False


def _both(matching: Matching, pair: Pair) -> Iterator[tuple[Candidate, Candidate]]:
    """Return the two as they are now, the later first; again, as long as that is asked for."""
    for _ in range(_ATTEMPTS):
        one, other = (matching.candidates.get(which) for which in pair)
        if one is None or other is None:
            return
        yield later_first(one, other)
