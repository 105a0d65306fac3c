"""Publishing: tiles, bundles and checkpoints for what is in the journal.

Everything here follows from the journal, so it can be done twice, by two writers at once, or be
abandoned between any two steps: the next writer finds the same bytes already there and continues.
Before a tree head is signed, a consistency proof read back from the published tiles shows that it
extends the one signed last.
"""

from dataclasses import dataclass, field

from civic.audit.errors import CheckpointMoved, LogBroken
from civic.audit.model.journal import Batch
from civic.audit.model.leaf_index import STRETCH, segment, segment_path
from civic.audit.model.merkle import check_consistency, consistency_proof
from civic.audit.model.notes import Checkpoint, signed
from civic.audit.model.tiles import WIDTH, Edge, Published, hashes_of, range_roots, tile_path
from civic.audit.ports import Head, Heads, Journal, Shelf, Signer
from civic.contracts.audit import CheckpointPublished
from civic.contracts.ports import Clock, EventPublisher

_ATTEMPTS = 5


def checkpoint_path(size: int) -> str:
    """Return the path at which the checkpoint for a tree size remains."""
    return f"checkpoints/{size}"


@dataclass(slots=True)
class Publisher:
    """Publishes what the journal has; remembers the right edge to save reading it again.

    Attributes:
        origin: The log's name.
        journal: What is to be published.
        shelf: Where it is published.
        index: Where leaves can be looked up.
        heads: The newest checkpoint.
        signer: The log's key.
        events: The bus.
        clock: Dates the events.
    """

    origin: str
    journal: Journal
    shelf: Shelf
    index: Shelf
    heads: Heads
    signer: Signer
    events: EventPublisher
    clock: Clock
    _edge: Edge = field(default_factory=Edge)

    def publish(self) -> int:
        """Publish every batch of the journal that is not published yet.

        Returns:
            The size of the published tree.

        Raises:
            LogBroken: What is stored contradicts itself; nothing is signed.
            CheckpointMoved: Other writers kept publishing first; try again later.
        """
        for _ in range(_ATTEMPTS):
            head = self.heads.newest()
            try:
                return self._publish_after(head)
            except CheckpointMoved:
                continue
        raise CheckpointMoved("other writers keep publishing the checkpoint first")

    def _publish_after(self, head: Head | None) -> int:
        last = Checkpoint.parse(head.note) if head else None
        size = last.size if last else 0
        pending = self._pending(size)
        if not pending:
            return size
        edge = self._edge_of(last)
        for batch in pending:
            edge = self._published(last, edge, batch)
            last = Checkpoint(self.origin, edge.size, edge.root())
            note = self._signed(last)
            self.shelf.put([Published(checkpoint_path(edge.size), note)])
            # Announced before it becomes the newest, as from then on it counts as published.
            self.events.publish([self._fact(last, batch)])
            head = self.heads.replace(head, note)
            self._edge = edge
        return edge.size

    def _pending(self, size: int) -> list[Batch]:
        pending: list[Batch] = []
        batch = self.journal.head()
        while batch is not None and batch.size > size:
            if batch.entries:
                pending.append(batch)
            batch = self.journal.read(batch.number - 1) if batch.first > size else None
        if pending and pending[-1].first != size:
            raise LogBroken("the last checkpoint is not at the end of a batch")
        return pending[::-1]

    def _edge_of(self, last: Checkpoint | None) -> Edge:
        if last is None:
            return Edge()
        edge = self._edge
        if edge.size != last.size:
            edge = Edge.load(last.size, self.shelf.read)
        if edge.root() != last.root:
            raise LogBroken("the tiles do not lead to the last checkpoint")
        return edge

    def _published(self, last: Checkpoint | None, before: Edge, batch: Batch) -> Edge:
        """Publish everything for a new checkpoint, and check that it extends the last one."""
        edge, complete = before.grown(batch.entries)
        self.shelf.put([*complete, *edge.partial()])
        for stretch in range(before.size // STRETCH, edge.size // STRETCH):
            self.index.put([Published(segment_path(stretch), self._segment(stretch))])
        if last is not None:
            roots = range_roots(edge.size, self.shelf.read)
            proof = consistency_proof(last.size, edge.size, roots)
            check_consistency(last.size, last.root, edge.size, edge.root(), proof)
        return edge

    def _segment(self, stretch: int) -> bytes:
        tiles = range(stretch * STRETCH // WIDTH, (stretch + 1) * STRETCH // WIDTH)
        contents = self.shelf.read_all([tile_path(0, tile) for tile in tiles])
        return segment([leaf for content in contents for leaf in hashes_of(content)])

    def _signed(self, checkpoint: Checkpoint) -> bytes:
        text = checkpoint.text()
        return signed(text, self.origin, self.signer.public_key(), self.signer.sign(text))

    def _fact(self, checkpoint: Checkpoint, batch: Batch) -> CheckpointPublished:
        return CheckpointPublished(
            origin=checkpoint.origin,
            size=checkpoint.size,
            root=checkpoint.root,
            at=self.clock(),
            logged=dict(batch.ballots),
        )
