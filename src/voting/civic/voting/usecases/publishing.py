"""Results: a snapshot that many may read instead of the tables, and the proof that it is right."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from civic.contracts.identifiers import ElectionId
from civic.contracts.ports import Clock, EventPublisher
from civic.contracts.voting import VoteCast
from civic.voting.errors import ElectionUnknown
from civic.voting.model.ballot import Ballot
from civic.voting.model.results import snapshot
from civic.voting.model.tally import Counts, counted
from civic.voting.ports import BallotBox, ElectionStore, SnapshotStore, TallyStore
from civic.voting.usecases.tallying import total

_ATTEMPTS = 5
"""While ballots pour in, every look finds more; the next request continues from there."""


@dataclass(frozen=True, slots=True)
class Press:
    """What publishing works with."""

    elections: ElectionStore
    tallies: TallyStore
    snapshots: SnapshotStore
    publisher: EventPublisher
    clock: Clock


def publish_results(press: Press, elections: Sequence[ElectionId]) -> None:
    """Publish new snapshots where the count or the state of an election has changed.

    The version counts changes of the tally and of the election, so it never goes back and the
    same content has the same version.

    Raises:
        ElectionUnknown: There is no such election.
    """
    for election in elections:
        _publish(press, election)


def _publish(press: Press, election: ElectionId) -> None:
    for _ in range(_ATTEMPTS):
        stored = press.elections.find(election)
        if stored is None:
            raise ElectionUnknown("no such election")
        now = press.clock()
        counts, version = total(press.tallies, election)
        version += stored.election.revision
        document = snapshot(stored.election, counts, version, now)
        text = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
        if text == press.snapshots.get(election):
            return
        cast = VoteCast(election=election, snapshot=version, ballots=counts.ballots, at=now)
        # Announced before it is kept: when this is repeated, what is kept counts as done.
        press.publisher.publish([cast])
        # And then looked at again: another press may have replaced it with an older one.
        press.snapshots.put(election, text)


def recount(box: BallotBox, election: ElectionId) -> Counts:
    """Return the counts of an election from its ballots alone."""
    return counted(Ballot.parse(ballot.content) for ballot in box.every(election))
