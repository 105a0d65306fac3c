"""The register of elections: every change is stored together with its event, then announced.

A crash between the two loses nothing: the next operation on the election, or the calendar within
its minute, announces what is still stored as unannounced (docs/adr/0017); a certification waits for
the former, as only the office announces it (docs/adr/0030). So the bus may hear of a
change twice, and consumers recognise it by its revision.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from civic.contracts.identifiers import ElectionId
from civic.contracts.ports import Clock, EventPublisher
from civic.contracts.voting import ElectionChange, ElectionEnded, ElectionOpened
from civic.voting.errors import ElectionMoved, ElectionUnknown
from civic.voting.model.election import Election, State
from civic.voting.ports import Announcement, ElectionStore, StoredElection

CALENDAR = "calendar"
"""The function that keeps the calendar, as `SOURCES` of the events name it."""


@dataclass(frozen=True, slots=True)
class Register:
    """The elections, the bus that hears of their changes, and the time."""

    store: ElectionStore
    events: EventPublisher
    clock: Clock


def announce(register: Register, announcement: Announcement) -> None:
    """Publish what is to be announced about a revision, and note that it was."""
    register.events.publish(announcement.events)
    register.store.announced(announcement)


def change(register: Register, election: Election, *events: ElectionChange) -> Election:
    """Store the next revision of an election and announce it.

    Raises:
        ElectionMoved: Somebody else has changed it in the meantime.
    """
    announce(register, register.store.replace(election, *events))
    return election


def current(register: Register, election: ElectionId) -> StoredElection:
    """Return an election in the state it has reached by now, with nothing left unannounced.

    Raises:
        ElectionUnknown: There is no such election.
        ElectionMoved: Somebody else has changed it in the meantime.
    """
    stored = register.store.find(election)
    if stored is None:
        raise ElectionUnknown
    # Before anything else is announced, so that the bus hears the changes in their order.
    if stored.unannounced is not None:
        announce(register, stored.unannounced)
    return replace(stored, election=_by_the_clock(register, stored.election), unannounced=None)


@dataclass(frozen=True, slots=True)
class CalendarLook:
    """What a look at the calendar has led to.

    Attributes:
        announced: Changes that were announced late.
        moved: Elections that were opened or closed.
        left: Changes that only the office may announce, and has not yet.
    """

    announced: int
    moved: int
    left: int


def keep_calendar(register: Register) -> CalendarLook:
    """Announce what is still unannounced, then open and close what is due; safe to repeat.

    A certification is the office's to announce, which it does when it next looks at the election.
    """
    late = left = 0
    for announcement in register.store.unannounced():
        if all(CALENDAR in event.SOURCES for event in announcement.events):
            announce(register, announcement)
            late += 1
        else:
            left += 1
    moved = 0
    for election in register.store.every():
        try:
            moved += _by_the_clock(register, election).revision - election.revision
        except ElectionMoved:
            # The office has just moved it; the next look finds what is left to do.
            continue
    return CalendarLook(announced=late, moved=moved, left=left)


def _by_the_clock(register: Register, election: Election) -> Election:
    while due := _due(election, register.clock()):
        election = change(register, *due)
    return election


def _due(election: Election, now: datetime) -> tuple[Election, ElectionChange] | None:
    """Return the next revision if the clock asks for one, with its event.

    The event says when votes began or ceased to be accepted, not when that was noticed.
    """
    revision = election.revision + 1
    if election.state is State.PUBLISHED and now >= election.opens_at:
        opened = election.model_copy(update={"revision": revision, "state": State.OPEN})
        return opened, ElectionOpened(election=election.id, revision=revision, at=election.opens_at)
    if election.state in {State.OPEN, State.SUSPENDED} and now >= election.closes_at:
        closed = election.model_copy(update={"revision": revision, "state": State.CLOSED})
        return closed, ElectionEnded(election=election.id, revision=revision, at=election.closes_at)
    return None
