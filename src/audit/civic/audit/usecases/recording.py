"""Recording: what happened is added to the journal, exactly once, and then published.

A ballot is recognised by its shard of the stream and its sequence number there, an event by the
leaves it makes. Both are checked again whenever another writer was faster, so neither a repeated
delivery nor two writers at once put anything into the log twice.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from civic.audit.errors import BallotsMissing, NumberTaken
from civic.audit.model.entries import entries_of
from civic.audit.model.journal import Arrival, Batch, Place, shuffled
from civic.audit.ports import Journal
from civic.audit.usecases.lookup import Lookup
from civic.audit.usecases.publishing import Publisher
from civic.contracts.events import Event
from civic.contracts.log_entries import leaf_hash
from civic.contracts.ports import Clock
from civic.contracts.voting import ElectionCertified

_ATTEMPTS = 20
"""Attempts when other writers are faster; there are as many writers as the stream has shards."""


@dataclass(frozen=True, slots=True)
class Recorder:
    """What recording works with."""

    journal: Journal
    publisher: Publisher
    lookup: Lookup
    clock: Clock


def record_ballots(recorder: Recorder, shard: str, arrivals: Sequence[Arrival]) -> int:
    """Log the new ballots among the arrivals of one shard, and publish them.

    Returns:
        How many ballots were new.

    Raises:
        NumberTaken: Other writers kept being faster; deliver the batch again.
    """
    for _ in range(_ATTEMPTS):
        head = recorder.journal.head() or Batch()
        place = head.shards.get(shard)
        new = {one.number: one for one in arrivals if place is None or one.number > place.last}
        if new:
            moved = {shard: Place(max(new), int(recorder.clock().timestamp()))}
            counts = Counter(one.election for one in new.values())
            entries = shuffled(one.entry for one in new.values())
            try:
                recorder.journal.append(head.after(entries, shards=moved, ballots=counts.items()))
            except NumberTaken:
                continue
        # Even if nothing was new: the previous invocation may have ended before it published.
        recorder.publisher.publish()
        return len(new)
    raise NumberTaken("other writers keep adding to the journal first")


def check_loggable(recorder: Recorder, event: Event) -> None:
    """Refuse an event that must not be logged yet.

    Raises:
        BallotsMissing: Not all ballots of the certified count are in the log.
    """
    if isinstance(event, ElectionCertified) and _missing(recorder, event):
        raise BallotsMissing("the log does not hold every ballot of the count yet")


def record_events(recorder: Recorder, events: Sequence[Event]) -> int:
    """Log the entries of events that are new, and publish them.

    Returns:
        How many entries were new.

    Raises:
        NumberTaken: Other writers kept being faster; deliver the batch again.
    """
    entries = dict.fromkeys(entry for event in events for entry in entries_of(event))
    certified = [one.election for one in events if isinstance(one, ElectionCertified)]
    for _ in range(_ATTEMPTS):
        # Only published entries can be looked up, so pending ones are published first.
        size = recorder.publisher.publish()
        head = recorder.journal.head() or Batch()
        if head.size != size:
            continue
        new = [one for one in entries if recorder.lookup.find(leaf_hash(one), size) is None]
        if not new:
            return 0
        try:
            recorder.journal.append(head.after(new, certified=certified))
        except NumberTaken:
            continue
        recorder.publisher.publish()
        return len(new)
    raise NumberTaken("other writers keep adding to the journal first")


def _missing(recorder: Recorder, event: ElectionCertified) -> bool:
    head = recorder.journal.head() or Batch()
    if head.ballots.get(event.election, 0) == event.ballots:
        return False
    # It may have been logged before and delivered again.
    certification = leaf_hash(entries_of(event)[0])
    return recorder.lookup.find(certification, recorder.publisher.publish()) is None
