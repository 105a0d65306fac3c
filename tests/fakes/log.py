"""A log in memory with everything that writes and reads it, and elections to put into it."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from civic.audit.model.journal import Arrival
from civic.audit.model.openings import Opening
from civic.audit.usecases.lookup import Lookup
from civic.audit.usecases.opening import Opener
from civic.audit.usecases.publishing import Publisher
from civic.audit.usecases.recording import Recorder
from civic.contracts.identifiers import ElectionId, StyleId
from civic.contracts.log_entries import ballot_entry, commitment
from civic.contracts.voting import Audience, ElectionCertified, StyleTally
from civic.lab.memory.audit import (
    MemoryHeads,
    MemoryJournal,
    MemoryLogSigner,
    MemoryShelf,
)
from civic.lab.memory.bus import MemoryBus

ORIGIN = "civic.example/log"
ELECTION = ElectionId("7k3m9qx2w5vb")
OTHER_ELECTION = ElectionId("8h2p4rsz9y6t")
STYLE = StyleId("all")
NOW = datetime(2027, 3, 1, 9, 30, tzinfo=UTC)


class Box:
    """The ballot box as the opener reads it."""

    def __init__(self, openings: Sequence[Opening]) -> None:
        self.openings = openings

    def every(self, election: ElectionId) -> Iterator[Opening]:
        return iter(self.openings if election == ELECTION else ())


@dataclass
class Log:
    """What outlives a writer; ``wrap`` may make any of it unreliable."""

    journal: Any = field(default_factory=MemoryJournal)
    shelf: Any = field(default_factory=MemoryShelf)
    index: Any = field(default_factory=MemoryShelf)
    auditors: Any = field(default_factory=MemoryShelf)
    heads: Any = field(default_factory=MemoryHeads)
    bus: Any = field(default_factory=MemoryBus)
    signer: Any = field(default_factory=lambda: MemoryLogSigner(bytes(32)))

    def lookup(self) -> Lookup:
        return Lookup(self.shelf, self.index, self.heads)

    def recorder(self) -> Recorder:
        """Return a writer in its own environment."""
        publisher = Publisher(
            origin=ORIGIN,
            journal=self.journal,
            shelf=self.shelf,
            index=self.index,
            heads=self.heads,
            signer=self.signer,
            events=self.bus,
            clock=lambda: NOW,
        )
        return Recorder(self.journal, publisher, self.lookup(), lambda: NOW)

    def opener(self, openings: Sequence[Opening]) -> Opener:
        return Opener(
            ballots=Box(openings),
            journal=self.journal,
            lookup=self.lookup(),
            public=self.shelf,
            auditors=self.auditors,
            events=self.bus,
        )

    def save(self, folder: Path) -> None:
        """Write what is published into a folder, as in a copy of the log."""
        save(self.shelf, folder)
        (folder / "checkpoint").write_bytes(self.heads.newest().note)

    def entries(self) -> list[bytes]:
        """Return the entries that are in the journal."""
        batch = self.journal.head()
        found: list[bytes] = []
        while batch is not None:
            found = [*batch.entries, *found]
            batch = self.journal.read(batch.number - 1) if batch.number > 1 else None
        return found


def save(shelf: MemoryShelf, folder: Path) -> None:
    """Write every object of a shelf below a folder."""
    for path, content in shelf.objects.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)


def opening(number: int, option: str = "o1") -> Opening:
    """Return the opening of a ballot, the same for the same number and option."""
    salt = hashlib.sha256(f"salt {number}".encode()).digest()
    ballot = (
        f'{{"election":"{ELECTION}","selections":{{"c1":["{option}"]}},'
        f'"style":"{STYLE}","write_ins":{{}}}}'
    )
    return Opening(salt, ballot.encode())


def arrival(number: int, option: str = "o1") -> Arrival:
    """Return a ballot as the stream reports it."""
    one = opening(number, option)
    entry = ballot_entry(ELECTION, commitment(one.salt, one.ballot))
    return Arrival(f"{number:040}", entry)


def arrivals(first: int, last: int) -> list[Arrival]:
    return [arrival(number) for number in range(first, last)]


def elsewhere(first: int, last: int) -> list[Arrival]:
    """Return ballots of another election, which come after the others in the stream."""
    return [
        Arrival(f"{number:040}", ballot_entry(OTHER_ELECTION, number.to_bytes(32)))
        for number in range(first, last)
    ]


def certified(ballots: int, audience: Audience | None = Audience.PUBLIC) -> ElectionCertified:
    """Return the certification of a count in which all chose the first of two options."""
    tally = StyleTally(style=STYLE, ballots=ballots, contests={"c1": {"o1": ballots, "o2": 0}})
    return ElectionCertified(
        election=ELECTION, revision=7, at=NOW, ballots=ballots, openings=audience, tally=(tally,)
    )
