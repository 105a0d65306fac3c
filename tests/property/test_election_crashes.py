"""An office's function may crash, or be refused, at any call: no change and no event is lost.

Every call in an election's life goes wrong once in every way. The caller retries, and the calendar
runs once a minute; in the end everything must be as if nothing had happened, and the bus must have
received every change in order, though some of them twice.
"""

from collections.abc import Callable
from contextlib import suppress
from functools import cache
from itertools import groupby
from typing import Any

import pytest

from civic.contracts.identifiers import ElectionId
from civic.contracts.voting import ElectionCertified, ElectionChange, ElectionSealed
from civic.voting.errors import BoxNotCounted, ElectionMoved, ElectionUnknown, StoreUnavailable
from civic.voting.model.draft import NewCandidate, NewWindow
from civic.voting.model.election import Election
from civic.voting.usecases import drafts, elections
from civic.voting.usecases.office import Office
from civic.voting.usecases.register import Register, keep_calendar
from tests.fakes.faults import Crash, Faults, How
from tests.fakes.voting_elections import CLOSES, OPENS, SETTLING, ElectionWorld, draft

KEY = "0b9f2f3a-6a0e-4f0c"
WINDOW = NewWindow(opens_at=CLOSES, closes_at=CLOSES + SETTLING)

type Step = Callable[[Office, ElectionWorld], Any]


class Life:
    """An office whose every call is counted, and what it does, step by step."""

    def __init__(self, faults: Faults) -> None:
        self.world = world = ElectionWorld()
        register = Register(
            store=faults.guard(world.store, StoreUnavailable),
            events=faults.guard(world.bus, StoreUnavailable),
            clock=lambda: world.now,
        )
        self.office = Office(
            register=register,
            secrets=faults.guard(world.secrets, StoreUnavailable),
            codes=faults.guard(world.codes, StoreUnavailable),
            backlog=faults.guard(world.backlog, StoreUnavailable),
            tallies=faults.guard(world.tallies, StoreUnavailable),
            entropy=bytes,
            settling=SETTLING,
        )
        world.count(one(), 7)

    def live(self) -> None:
        for step in STEPS:
            while not self._take(step):
                pass
        while not self._take(lambda office, _: keep_calendar(office.register)):
            pass

    def _take(self, step: Step) -> bool:
        try:
            step(self.office, self.world)
        except (Crash, StoreUnavailable):
            return False
        return True


@cache
def one() -> ElectionId:
    return drafts.create(ElectionWorld().office, draft(), KEY).id


@cache
def copy() -> ElectionId:
    world = ElectionWorld()
    original = drafts.create(world.office, draft(), KEY).id
    return drafts.clone(world.office, original, WINDOW, KEY).id


def updated(office: Office, world: ElectionWorld) -> Election | None:
    stored = world.store.find(one())
    assert stored is not None
    contests = [contest.model_dump() for contest in stored.election.contests]
    try:
        return drafts.update(office, one(), draft(title="Other", contests=contests, revision=3))
    except ElectionMoved:
        # It was done already, and the answer was lost.
        return None


def deleted(office: Office, _: ElectionWorld) -> None:
    try:
        drafts.delete(office, copy())
    except ElectionUnknown:
        # As above.
        return


def sealed(office: Office, _: ElectionWorld) -> None:
    with suppress(BoxNotCounted):
        elections.certify(office, one(), 7)


def counted(_: Office, world: ElectionWorld) -> None:
    """The box is counted and the log is heard of, on the far side of the bus."""
    world.count_box(7)
    world.log(one(), 7)


def at(moment: Any, step: Step) -> Step:
    """Take a step after the clock has moved on."""

    def take(office: Office, world: ElectionWorld) -> Any:
        world.now = max(world.now, moment)
        return step(office, world)

    return take


STEPS: tuple[Step, ...] = (
    lambda office, _: drafts.create(office, draft(), KEY),
    lambda office, _: drafts.register_candidate(
        office, one(), NewCandidate(contest="c1", text="Barbara")
    ),
    lambda office, _: elections.publish(office, one()),
    updated,
    lambda office, _: elections.add_codes(office, one(), "north", [bytes(32), bytes(31) + b"1"]),  # type: ignore[arg-type]
    lambda office, _: drafts.clone(office, one(), WINDOW, KEY),
    deleted,
    at(OPENS, lambda office, _: keep_calendar(office.register)),
    lambda office, _: elections.suspend(office, one()),
    lambda office, _: elections.resume(office, one()),
    at(CLOSES, lambda office, _: keep_calendar(office.register)),
    at(CLOSES + SETTLING, sealed),
    counted,
    lambda office, _: elections.certify(office, one(), 7),
)


def heard(world: ElectionWorld) -> list[list[ElectionChange]]:
    """Return the events about each election, without repetitions."""
    return [_each_once(changes(world, id_)) for id_ in (one(), copy())]


def _each_once(events: list[ElectionChange]) -> list[ElectionChange]:
    once: list[ElectionChange] = []
    for event in events:
        if event not in once:
            once.append(event)
    return once


def changes(world: ElectionWorld, election: ElectionId) -> list[ElectionChange]:
    events = [event for event in world.bus.events if isinstance(event, ElectionChange)]
    return [event for event in events if event.election == election]


def revisions_heard(world: ElectionWorld, election: ElectionId) -> list[int]:
    return [event.revision for event in changes(world, election)]


def state(world: ElectionWorld) -> tuple[Any, ...]:
    stored = world.store.find(one())
    assert stored is not None
    return (
        stored.election,
        stored.unannounced,
        world.store.find(copy()),
        list(world.store.unannounced()),
        world.codes.codes,
        heard(world),
    )


@cache
def undisturbed() -> tuple[Faults, tuple[Any, ...]]:
    faults = Faults()
    life = Life(faults)
    life.live()
    return faults, state(life.world)


def calls() -> range:
    return range(1, undisturbed()[0].calls + 1)


def test_undisturbed_life_tells_everything_once() -> None:
    life = Life(Faults())
    life.live()
    told = heard(life.world)
    assert [event.detail_type() for event in told[0]] == [
        "ElectionCreated",
        "CandidateRegistered",
        "ElectionPublished",
        "ElectionUpdated",
        "ElectionPublished",
        "ElectionOpened",
        "ElectionSuspended",
        "ElectionResumed",
        "ElectionEnded",
        "ElectionSealed",
        "ElectionCertified",
    ]
    assert [event.detail_type() for event in told[1]] == ["ElectionCreated", "ElectionDeleted"]
    assert len(life.world.bus.events) == 13


@pytest.mark.parametrize("how", How)
@pytest.mark.parametrize("number", calls())
def test_fault_at_any_call_changes_nothing_in_the_end(number: int, how: How) -> None:
    life = Life(Faults(number, how=how))
    life.live()
    assert state(life.world) == undisturbed()[1]
    # Changes arrive in order, and repetitions follow at once.
    revisions = revisions_heard(life.world, one())
    assert [revision for revision, _ in groupby(revisions)] == sorted(set(revisions))


@pytest.mark.parametrize("how", [How.DIED_BEFORE, How.DIED_AFTER])
@pytest.mark.parametrize("number", calls())
def test_calendar_announces_what_nobody_asks_for_again(number: int, how: How) -> None:
    """Nobody repeats the step that crashed; what it had stored is announced nevertheless.

    A sealing or a certification is announced once the office looks at the election again.
    """
    faults = Faults(number, how=how)
    life = Life(faults)
    for step in STEPS:
        if not life._take(step):
            break
    keep_calendar(life.world.register)
    left = [event for told in life.world.store.unannounced() for event in told.events]
    assert {type(event) for event in left} <= {ElectionSealed, ElectionCertified}
    for event in left:
        drafts.show(life.world.office, event.election)
    assert list(life.world.store.unannounced()) == []
    for election in life.world.store.every():
        told = revisions_heard(life.world, election.id)
        assert set(told) == set(range(1, election.revision + 1))
