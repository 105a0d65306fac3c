"""Opening: after certification, what the log committed to is shown to whom the election chose."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from civic.audit.errors import BallotsMissing, NotLogged
from civic.audit.model.entries import entries_of
from civic.audit.model.notes import Checkpoint
from civic.audit.model.openings import Audience, Draw, Opening, chunks, index
from civic.audit.model.tiles import Published
from civic.audit.ports import Ballots, EventPublisher, Heads, Journal, Shelf
from civic.audit.usecases.lookup import Lookup
from civic.audit.usecases.publishing import checkpoint_path
from civic.contracts import voting
from civic.contracts.audit import OpeningsPublished
from civic.contracts.identifiers import ElectionId
from civic.contracts.log_entries import leaf_hash
from civic.contracts.voting import ElectionCertified


@dataclass(frozen=True, slots=True)
class Opener:
    """Publishes openings.

    Attributes:
        ballots: What is opened.
        journal: Tells which checkpoint was the first with the certification.
        lookup: Tells whether the certification is in the log.
        heads: The newest checkpoint.
        public: The published log.
        auditors: What only auditors may read.
        events: The bus.
    """

    ballots: Ballots
    journal: Journal
    lookup: Lookup
    heads: Heads
    public: Shelf
    auditors: Shelf
    events: EventPublisher

    def open(self, certified: ElectionCertified) -> int:
        """Publish what opens the ballots of an election; done again, it publishes the same.

        Returns:
            How many ballots were opened to the election's audience.

        Raises:
            NotLogged: The certification is not in the log yet; try again.
            BallotsMissing: The box does not hold as many ballots as are certified.
        """
        draw = self._draw(certified)
        election = certified.election
        sampled: list[Opening] = []
        openings = self.ballots.every(election)
        if certified.openings is voting.Audience.PUBLIC:
            return self._publish(certified, "public", self.public, openings, None)
        openings = _noting(openings, election, draw, sampled)
        opened = self._publish(certified, "auditors", self.auditors, openings, None)
        self._publish(certified, "sample", self.public, sampled, draw)
        return opened

    def _publish(
        self,
        certified: ElectionCertified,
        audience: Audience,
        shelf: Shelf,
        openings: Iterable[Opening],
        draw: Draw | None,
    ) -> int:
        election = certified.election
        folder = f"openings/{election}"
        listed: list[tuple[str, int]] = []
        for made in chunks(openings, election):
            shelf.put([Published(f"{folder}/{made.name}.jsonl", made.content)])
            listed.append((made.name, made.ballots))
        opened = sum(ballots for _, ballots in listed)
        if draw is None and opened != certified.ballots:
            raise BallotsMissing("the box does not hold the certified number of ballots")
        contents = index(election, audience, sorted(listed), draw)
        shelf.put([Published(f"{folder}/index.json", contents)])
        digest = hashlib.sha256(contents).digest()
        self.events.publish(
            [OpeningsPublished(election=election, audience=audience, ballots=opened, index=digest)]
        )
        return opened

    def _draw(self, certified: ElectionCertified) -> Draw:
        """Return the draw by the first checkpoint that holds the certification."""
        head = self.heads.newest()
        size = Checkpoint.parse(head.note).size if head else 0
        at = self.lookup.find(leaf_hash(entries_of(certified)[0]), size)
        batch = self.journal.head()
        if at is None or batch is None:
            raise NotLogged("the certification is not in the log yet")
        while batch.first > at:
            batch = self.journal.read(batch.number - 1)
        checkpoint = Checkpoint.parse(self.public.read(checkpoint_path(batch.size)))
        return Draw.of(checkpoint.size, checkpoint.root, certified.ballots)


def _noting(
    openings: Iterable[Opening], election: ElectionId, draw: Draw, sampled: list[Opening]
) -> Iterator[Opening]:
    for one in openings:
        if draw.takes(one.leaf(election)):
            sampled.append(one)
        yield one
