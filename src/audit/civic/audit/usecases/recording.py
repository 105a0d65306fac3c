"""Recording: what happened is added to the journal, exactly once, and then published.

A ballot is recognised by its shard of the stream and its sequence number there, an event by the
leaves it makes. Both are checked again whenever another writer was faster, so neither a repeated
delivery nor two writers at once put anything into the log twice.

So is what may follow (`civic.audit.model.succession`): nothing is added for which the verifier
would refuse the log. A ballot out of place is set aside in the journal, as the stream must go on;
an event out of place is refused, and ends in the dead-letter queue.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from civic.audit.errors import BallotsMissing, EntryRefused, NumberTaken
from civic.audit.model.entries import entries_of
from civic.audit.model.journal import Arrival, Batch, Place, shuffled
from civic.audit.model.succession import Succession
from civic.audit.ports import Journal
from civic.audit.usecases.lookup import Lookup
from civic.audit.usecases.publishing import Publisher
from civic.audit.usecases.standing import head_of
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


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of the ballots that were new: how many are logged, how many set aside."""

    logged: int
    aside: int


def record_ballots(recorder: Recorder, shard: str, arrivals: Sequence[Arrival]) -> Recorded:
    """Log the new ballots among the arrivals of one shard, and publish them.

    One that must not follow in the log is set aside, and delays no other.

    Raises:
        NumberTaken: Other writers kept being faster; deliver the batch again.
    """
    for _ in range(_ATTEMPTS):
        head = head_of(recorder.journal)
        place = head.shards.get(shard)
        new = {one.number: one for one in arrivals if place is None or one.number > place.last}
        follows = head.succession()
        entries, aside = _sorted_out(follows, [one.entry for one in new.values()])
        if new:
            moved = {shard: Place(max(new), int(recorder.clock().timestamp()))}
            batch = head.after(shuffled(entries), follows, shards=moved, aside=aside)
            try:
                recorder.journal.append(batch)
            except NumberTaken:
                continue
        # Even if nothing was new: the previous invocation may have ended before it published.
        recorder.publisher.publish()
        return Recorded(len(entries), len(aside))
    raise NumberTaken("other writers keep adding to the journal first")


def check_loggable(recorder: Recorder, event: Event) -> None:
    """Refuse an event that must not be logged, or not yet; one that is logged already passes.

    Raises:
        BallotsMissing: Not all ballots of the certified count are in the log.
        EntryRefused: The verifier would refuse it there.
    """
    entries = entries_of(event)
    head = head_of(recorder.journal)
    try:
        head.succession().take(entries)
    except EntryRefused:
        if not _unlogged(recorder, entries, recorder.publisher.publish()):
            return
        if isinstance(event, ElectionCertified) and _awaited(head, event):
            raise BallotsMissing("the log does not hold every ballot of the count") from None
        raise


def record_events(recorder: Recorder, events: Sequence[Event]) -> int:
    """Log the entries of events that are new, and publish them.

    Returns:
        How many entries were new.

    Raises:
        EntryRefused: One of the events must not follow the others; these are logged.
        NumberTaken: Other writers kept being faster; deliver the batch again.
    """
    facts = [entries_of(event) for event in events]
    for _ in range(_ATTEMPTS):
        # Only published entries can be looked up, so pending ones are published first.
        size = recorder.publisher.publish()
        head = head_of(recorder.journal)
        if head.size != size:
            continue
        follows = head.succession()
        new, refused = _following(recorder, follows, facts, size)
        if new:
            try:
                recorder.journal.append(head.after(list(new), follows))
            except NumberTaken:
                continue
            recorder.publisher.publish()
        if refused is not None:
            raise refused
        return len(new)
    raise NumberTaken("other writers keep adding to the journal first")


def _awaited(head: Batch, event: ElectionCertified) -> bool:
    """Return whether ballots of a certified count may still come into the log."""
    logged = head.ballots.get(event.election, 0)
    return event.election not in head.certified and logged < event.ballots


def _sorted_out(follows: Succession, entries: Iterable[bytes]) -> tuple[list[bytes], list[bytes]]:
    """Return the ballots that may follow, and the others."""
    taken: dict[bytes, None] = {}
    aside: list[bytes] = []
    for entry in entries:
        if entry in taken:
            # Two rows of one salt and ballot; the verifier refuses an entry that occurs twice.
            aside.append(entry)
            continue
        try:
            follows.take([entry])
        except EntryRefused:
            aside.append(entry)
        else:
            taken[entry] = None
    return list(taken), aside


def _following(
    recorder: Recorder, follows: Succession, facts: Iterable[Sequence[bytes]], size: int
) -> tuple[dict[bytes, None], EntryRefused | None]:
    """Return the new entries of the facts that may follow, and why another one may not."""
    new: dict[bytes, None] = {}
    refused: EntryRefused | None = None
    for entries in facts:
        unlogged = [one for one in _unlogged(recorder, entries, size) if one not in new]
        try:
            follows.take(unlogged)
        except EntryRefused as error:
            refused = error
        else:
            new |= dict.fromkeys(unlogged)
    return new, refused


def _unlogged(recorder: Recorder, entries: Iterable[bytes], size: int) -> list[bytes]:
    return [one for one in entries if recorder.lookup.find(leaf_hash(one), size) is None]
