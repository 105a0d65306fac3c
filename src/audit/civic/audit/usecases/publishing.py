"""Publishing: tiles, bundles and checkpoints of what stands in the journal.

Everything here follows from the journal, so it may be done twice, by two writers at once, or be
given up between any two steps: the next one finds the same bytes already there and goes on. What is
signed is checked first, by a consistency proof read back from the published tiles, against what was
signed last.
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
    """Return the path under which the checkpoint of a tree size stays."""
    return f"checkpoints/{size}"


@dataclass(slots=True)
class Publisher:
    """Brings what is published up to the journal; remembers the right edge to save reading it.

    Attributes:
        origin: The log's name.
        journal: What is to be published.
        shelf: Where to.
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
            CheckpointMoved: Others publish again and again; try again.
        """
        for _ in range(_ATTEMPTS):
            head = self.heads.newest()
            try:
                return self._publish_after(head)
            except CheckpointMoved:
                continue
        raise CheckpointMoved("the checkpoint is being published by others")

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
            # Said before it is shown as the newest: what is the newest is taken for done.
            self.events.publish([self._fact(last)])
            head = self.heads.replace(head, note)
            self._edge = edge
        return edge.size

    def _pending(self, size: int) -> list[Batch]:
        pending: list[Batch] = []
        batch = self.journal.head()
        while batch is not None and batch.size > size:
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
        """Put everything up to a new checkpoint, and check that it continues the last one."""
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

    def _fact(self, checkpoint: Checkpoint) -> CheckpointPublished:
        return CheckpointPublished(
            origin=checkpoint.origin,
            size=checkpoint.size,
            root=checkpoint.root,
            at=self.clock(),
        )
