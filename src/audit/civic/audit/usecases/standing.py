"""Where the log stands: its newest batch, which says what may follow.

The journal of an earlier release does not say which elections are certified. That is read once from
its batches, the newest first, in slices that are each kept as a batch without entries: whoever is
interrupted has lost one slice at most. Until it is known nothing is added, so nothing is out of
place; ballots and events wait meanwhile in their stream and their queue.
"""

from collections.abc import Iterable

from civic.audit.errors import NumberTaken
from civic.audit.model.journal import Batch
from civic.audit.model.succession import certifications
from civic.audit.ports import Journal
from civic.contracts.identifiers import ElectionId

SLICE = 200
"""How many batches are read at a time; each has up to a megabyte."""

type Certified = dict[ElectionId, frozenset[str]]


def head_of(journal: Journal) -> Batch:
    """Return the newest batch; one of no entries if there is none."""
    while (head := journal.head() or Batch()).unread:
        certified, unread = _searched(journal, head)
        reached = head.succession()
        reached.certified = certified
        try:
            journal.append(head.after((), reached, unread=unread))
        except NumberTaken:
            continue
    return head


def _searched(journal: Journal, head: Batch) -> tuple[Certified, int]:
    """Search one slice; return what is certified by then, and how many batches are left."""
    certified = dict(head.certified)
    first = max(head.unread - SLICE, 0)
    for batch in journal.read_all(range(head.unread, first, -1)):
        if batch.unread < batch.number:
            # By a writer that kept what is certified: everything before is known from it.
            _add(certified, batch.certified.items())
            return certified, batch.unread
        _add(certified, certifications(batch.entries))
    return certified, first


def _add(certified: Certified, more: Iterable[tuple[ElectionId, Iterable[str]]]) -> None:
    for election, audiences in more:
        certified[election] = certified.get(election, frozenset()).union(audiences)
