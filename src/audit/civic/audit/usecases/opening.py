"""Opening: after certification, the commitments are opened to the audience the election chose."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from civic.audit.errors import BallotsMissing
from civic.audit.model.entries import entries_of
from civic.audit.model.journal import Batch
from civic.audit.model.notes import Checkpoint
from civic.audit.model.openings import Audience, Draw, Opening, chunks, index
from civic.audit.model.tiles import Published
from civic.audit.ports import Ballots, Journal, Shelf
from civic.audit.usecases.lookup import Lookup
from civic.audit.usecases.publishing import checkpoint_path
from civic.contracts import voting
from civic.contracts.audit import OpeningsPublished
from civic.contracts.log_entries import leaf_hash
from civic.contracts.ports import EventPublisher
from civic.contracts.voting import ElectionCertified


@dataclass(frozen=True, slots=True)
class Opener:
    """What the opening of ballots works with.

    Attributes:
        ballots: What is opened.
        journal: Shows which checkpoint was the first with the certification.
        lookup: Finds the certification in the log.
        public: The published log.
        auditors: What only auditors may read.
        events: The bus.
    """

    ballots: Ballots
    journal: Journal
    lookup: Lookup
    public: Shelf
    auditors: Shelf
    events: EventPublisher


def open_ballots(opener: Opener, certified: ElectionCertified) -> int:
    """Publish what opens the ballots of an election; repeating it publishes the same.

    Returns:
        How many ballots were opened to the election's audience.

    Raises:
        NotLogged: The certification is not in the log yet; try again.
        BallotsMissing: The box does not hold the certified number of ballots.
    """
    draw = _draw(opener, certified)
    election = certified.election
    openings = ((one.leaf(election), one) for one in opener.ballots.every(election))
    if certified.openings is voting.Audience.PUBLIC:
        return _publish(opener, certified, "public", openings, None)
    sampled: list[tuple[bytes, Opening]] = []
    noted = _noting(openings, draw, sampled)
    opened = _publish(opener, certified, "auditors", noted, None)
    _publish(opener, certified, "sample", sampled, draw)
    return opened


def _publish(
    opener: Opener,
    certified: ElectionCertified,
    audience: Audience,
    openings: Iterable[tuple[bytes, Opening]],
    draw: Draw | None,
) -> int:
    shelf = opener.auditors if audience == "auditors" else opener.public
    election = certified.election
    folder = f"openings/{election}"
    listed: list[tuple[str, int]] = []
    for made in chunks(openings):
        shelf.put([Published(f"{folder}/{made.name}.jsonl", made.content)])
        listed.append((made.name, made.ballots))
    opened = sum(ballots for _, ballots in listed)
    if draw is None and opened != certified.ballots:
        raise BallotsMissing("the box does not hold the certified number of ballots")
    contents = index(election, audience, sorted(listed), draw)
    shelf.put([Published(f"{folder}/index.json", contents)])
    digest = hashlib.sha256(contents).digest()
    opener.events.publish(
        [OpeningsPublished(election=election, audience=audience, ballots=opened, index=digest)]
    )
    return opened


def _draw(opener: Opener, certified: ElectionCertified) -> Draw:
    """Return the draw from the first checkpoint that includes the certification."""
    at, _ = opener.lookup.locate(leaf_hash(entries_of(certified)[0]))
    batch = opener.journal.head() or Batch()
    while batch.first > at:
        batch = opener.journal.read(batch.number - 1)
    checkpoint = Checkpoint.parse(opener.public.read(checkpoint_path(batch.size)))
    return Draw.of(checkpoint.size, checkpoint.root, certified.ballots)


def _noting(
    openings: Iterable[tuple[bytes, Opening]], draw: Draw, sampled: list[tuple[bytes, Opening]]
) -> Iterator[tuple[bytes, Opening]]:
    for leaf, one in openings:
        if draw.takes(leaf):
            sampled.append((leaf, one))
        yield leaf, one
