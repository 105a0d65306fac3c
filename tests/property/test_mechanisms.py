"""Each mechanism of two elections over years is needed: without it a walk ends in a fault.

A walk is kept here for every mechanism. It holds with the mechanism, and is found to be false once
the mechanism is taken out.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from civic.analytics import collecting
from civic.contracts.identifiers import RegistrationId
from civic.identity.model import credentials
from civic.identity.model.credentials import Right, RollEntry, Standing, right_by_area
from civic.identity.model.rows import Tombstone
from civic.identity.usecases import accountability, intake, issuing, roll
from civic.lab.memory.credentials import MemoryElectionCalendar, MemoryIssuedMarks
from civic.lab.memory.identity import MemorySubjectKeys
from tests.fakes.expiring import TABLES, ExpiringRoll
from tests.fakes.pipeline import Consumer, Pipeline
from tests.property.electorate import FIRST, Electorate
from tests.property.entitled import check_always, check_settled
from tests.property.years import Expiry

type Walk = Callable[[Electorate], None]
type TakeOut = Callable[[pytest.MonkeyPatch], None]

CALIFORNIA, OREGON, COLOGNE = 0, 1, 2
ACCEPTED, YOUNG = 0, 1
_SHORT = timedelta(days=30)
_RESTRICTION = "PUT /registrations/{id}/restriction"


def resident(world: Electorate) -> None:
    """Somebody from California, and an election there."""
    world.publish(FIRST)
    world.register(ACCEPTED, CALIFORNIA)


def asks_twice(world: Electorate) -> None:
    resident(world)
    world.ask_credential(world.lives[0], FIRST, 0)
    world.ask_credential(world.lives[0], FIRST, 1)


def moves_after_asking(world: Electorate) -> None:
    resident(world)
    world.ask_credential(world.lives[0], FIRST, 0)
    world.correct(world.lives[0], ACCEPTED, OREGON)
    world.ask_credential(world.lives[0], FIRST, 0)


def moves_and_the_archive_is_replayed(world: Electorate) -> None:
    resident(world)
    before = list(world.queues.archive)
    world.correct(world.lives[0], ACCEPTED, OREGON)
    world.replay(before)
    world.ask_credential(world.lives[0], FIRST, 0)


def restricts_before_the_roll_hears_of_a_move(world: Electorate) -> None:
    resident(world)
    world.held_up.add(Consumer.CREDENTIAL_ROLL)
    world.correct(world.lives[0], ACCEPTED, OREGON)
    world.ask(world.lives[0], _RESTRICTION)
    waiting = [one for one in world.queues.waiting if one.consumer is Consumer.CREDENTIAL_ROLL]
    for message in waiting[::-1]:
        world.deliver([message])
    world.ask_credential(world.lives[0], FIRST, 0)


def is_erased(days: int) -> Walk:
    """Return a walk in which somebody is erased, and what came before is replayed days later."""

    def walk(world: Electorate) -> None:
        resident(world)
        before = list(world.queues.archive)
        world.expiry = dict.fromkeys(TABLES, Expiry.AT_ONCE)
        world.erase(world.lives[0])
        world.wait(timedelta(days=days))
        world.replay(before)
        world.ask_credential(world.lives[0], FIRST, 0)

    return walk


def comes_back_after_years(world: Electorate) -> None:
    is_erased(800)(world)
    world.register_again(world.lives[0])


def is_erased_by_a_clock_behind(world: Electorate) -> None:
    resident(world)
    world.pipeline.skews["gateway"] = timedelta(minutes=-5)
    world.erase(world.lives[0])


def asks_in_vain_to_be_erased(world: Electorate) -> None:
    resident(world)
    world.erase_in_vain(world.lives[0])
    world.wait(timedelta(days=450))
    world.erase(world.lives[0])


def is_accepted_unheard(world: Electorate) -> None:
    world.publish(FIRST)
    world.deaf.add(Consumer.CREDENTIAL_ROLL)
    world.register(ACCEPTED, CALIFORNIA)


def asks_as_it_closes(world: Electorate) -> None:
    resident(world)
    world.wait(timedelta(days=80))
    world.held_up.add(Consumer.CREDENTIAL_ROLL)
    world.wait(timedelta(days=10))
    world.ask_credential(world.lives[0], FIRST, 0)


def asks_before_coming_of_age(world: Electorate) -> None:
    world.publish(FIRST)
    world.register(YOUNG, CALIFORNIA)
    world.ask_credential(world.lives[0], FIRST, 0)


def registers_after_the_roll_has_closed(world: Electorate) -> None:
    world.publish(FIRST)
    world.wait(timedelta(days=41))
    world.register(ACCEPTED, CALIFORNIA)
    world.ask_credential(world.lives[0], FIRST, 0)


def is_closed_early(world: Electorate) -> None:
    resident(world)
    world.wait(timedelta(days=61))
    world.finish(FIRST)
    world.replay(world.queues.archive[::-1])
    world.ask_credential(world.lives[0], FIRST, 0)


def is_changed(world: Electorate) -> None:
    world.publish(FIRST)
    world.change(FIRST, 0, "DE")
    world.register(ACCEPTED, COLOGNE)
    world.replay(world.queues.archive[::-1])
    world.ask_credential(world.lives[0], FIRST, 0)


def _forgets_what_was_issued(patch: pytest.MonkeyPatch) -> None:
    get = ExpiringRoll.get

    def forgetful(self: ExpiringRoll, registration: RegistrationId) -> RollEntry | None:
        entry = get(self, registration)
        return entry and replace(entry, issued={})

    patch.setattr(ExpiringRoll, "get", forgetful)
    # What was issued is known by its marks too.
    patch.setattr(MemoryIssuedMarks, "note", lambda *_: None)


def _goes_by_where_they_live_now(patch: pytest.MonkeyPatch) -> None:
    def right(_: Any, entry: RollEntry, __: Any, found: Any) -> Right | None:
        return right_by_area(entry.standing.areas, found)

    patch.setattr(issuing, "_right", right)


def _last_decision_wins(patch: pytest.MonkeyPatch) -> None:
    def decided(self: ExpiringRoll, standing: Standing, _: int = 0) -> None:
        if not isinstance(self.rows.get(standing.id), datetime):
            self.rows[standing.id] = RollEntry(standing)

    patch.setattr(ExpiringRoll, "decided", decided)


def _removes_the_entry(patch: pytest.MonkeyPatch) -> None:
    def erased(self: ExpiringRoll, registration: RegistrationId, *_: datetime) -> None:
        self.rows.pop(registration, None)

    patch.setattr(ExpiringRoll, "erased", erased)


def _tombstones_of_decisions_expire(patch: pytest.MonkeyPatch) -> None:
    def delete(pipeline: Pipeline, before: datetime) -> None:
        for registration, row in list(pipeline.decisions.rows.items()):
            if isinstance(row, Tombstone) and row.erased_at + timedelta(days=400) <= before:
                del pipeline.decisions.rows[registration]

    patch.setitem(TABLES, "LowSecDataStore", delete)


def _last_publication_wins(patch: pytest.MonkeyPatch) -> None:
    def publish(self: MemoryElectionCalendar, election: Any) -> None:
        self.published[election.election] = election

    patch.setattr(MemoryElectionCalendar, "publish", publish)


def _publication_begins_anew(patch: pytest.MonkeyPatch) -> None:
    publish = MemoryElectionCalendar.publish

    def anew(self: MemoryElectionCalendar, election: Any) -> None:
        publish(self, election)
        self.ended.discard(election.election)

    patch.setattr(MemoryElectionCalendar, "publish", anew)


def _goes_by_one_time(patch: pytest.MonkeyPatch) -> None:
    # The first of those of which it takes the latest; it is the request's.
    patch.setattr(intake, "max", lambda first, *_: first, raising=False)


def _set(owner: object, name: str, value: object) -> TakeOut:
    return lambda patch: patch.setattr(owner, name, value)


MECHANISMS: dict[str, tuple[Walk, TakeOut]] = {
    "what was signed is noted": (asks_twice, _forgets_what_was_issued),
    "the ballot style is noted with it": (moves_after_asking, _goes_by_where_they_live_now),
    "a later decision wins": (moves_and_the_archive_is_replayed, _last_decision_wins),
    "a restriction holds back what was decided before": (
        restricts_before_the_roll_hears_of_a_move,
        _set(ExpiringRoll, "restricted", lambda *_: None),
    ),
    "the roll has tombstones": (is_erased(0), _removes_the_entry),
    "they outlive the archive": (is_erased(91), _set(roll, "TOMBSTONE_LIFETIME", _SHORT)),
    "so do those of the statistics": (
        is_erased(91),
        _set(collecting, "TOMBSTONE_LIFETIME", _SHORT),
    ),
    "the ledger outlives it too": (
        is_erased(91),
        _set(accountability, "TOMBSTONE_LIFETIME", _SHORT),
    ),
    "keys are destroyed": (is_erased(0), _set(MemorySubjectKeys, "delete", lambda *_: None)),
    "an id is never used again": (comes_back_after_years, _tombstones_of_decisions_expire),
    "an erasure is after the beginning, whatever the clocks say": (
        is_erased_by_a_clock_behind,
        _goes_by_one_time,
    ),
    "an erasure is not dated back for longer than the ledger remembers": (
        asks_in_vain_to_be_erased,
        _set(intake, "DATED_BACK", timedelta(days=4000)),
    ),
    "what was lost is mended": (is_accepted_unheard, _set(Pipeline, "sweep", lambda _: None)),
    "the issuer goes by the closing": (
        asks_as_it_closes,
        _set(credentials.Window, "is_over", lambda window, _: window.ended),
    ),
    "voters are old enough on the day": (
        asks_before_coming_of_age,
        _set(credentials.Window, "refusal_of", lambda *_: None),
    ),
    "voters registered before the roll closed": (
        registers_after_the_roll_has_closed,
        _set(credentials.Window, "refusal_of", lambda *_: None),
    ),
    "an end is final": (is_closed_early, _publication_begins_anew),
    "a later publication wins": (is_changed, _last_publication_wins),
}
"""By what it promises: a walk that needs it, and how it is taken out."""


def _check(walk: Walk) -> None:
    world = Electorate()
    walk(world)
    check_always(world)
    world.settle()
    check_always(world)
    check_settled(world)


@pytest.mark.parametrize("name", MECHANISMS)
def test_walk_ends_in_a_fault_only_without_its_mechanism(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    walk, take_out = MECHANISMS[name]
    _check(walk)
    take_out(monkeypatch)
    with pytest.raises(AssertionError):
        _check(walk)
