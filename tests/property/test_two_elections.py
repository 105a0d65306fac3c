"""Two elections over years, whatever comes late, is lost or expires: nobody gets what they may not.

People register, move, are restricted, erased and come back; the office publishes, changes, closes
and certifies; messages come late, twice, out of the archive or never; rows expire when DynamoDB
likes; every function has a clock of its own, which may be wrong.
"""

import os
from datetime import timedelta
from enum import StrEnum
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from civic.identity.functions import accountability, deadlines, reconciler
from tests.fakes.deployment import Handler
from tests.fakes.expiring import TABLES
from tests.fakes.pipeline import Consumer
from tests.fakes.polling import Polling
from tests.property.electorate import (
    CLOCKS,
    FIRST,
    HOMES,
    PEOPLE,
    SECOND,
    Electorate,
    Registered,
)
from tests.property.entitled import check_always, check_settled
from tests.property.years import Expiry

_DEEP = bool(os.environ.get("CIVIC_DEEP"))
_MOST_LIVES = 4
_LARGEST_BATCH = 3
_STAFF = ("arn:aws:iam::123456789012:user/jane", "arn:aws:iam::123456789012:user/john")

picks = st.integers(0, 30)
which = st.integers(0, 1)
homes = st.integers(0, len(HOMES) - 1)
tables = st.sampled_from([*TABLES])
people = st.integers(0, len(PEOPLE) - 1)
times = st.sampled_from(
    [
        timedelta(minutes=1),
        timedelta(minutes=6),
        timedelta(hours=3),
        timedelta(days=1),
        timedelta(days=13),
        timedelta(days=29),
        timedelta(days=91),
        timedelta(days=364),
        timedelta(days=800),
    ]
)
ASKING = (
    "PUT /registrations/{id}/restriction",
    "DELETE /registrations/{id}/restriction",
    "PUT /registrations/{id}/objection",
    "POST /registrations/{id}/review",
    "GET /registrations/{id}/data",
)
JOBS: tuple[tuple[Handler, dict[str, Any]], ...] = (
    (deadlines.handler, {}),
    (accountability.handler, {"action": "replay"}),
    (reconciler.handler, {}),
)
"""What runs by a schedule, or by an operator's hand."""


class TwoElections(RuleBasedStateMachine):
    """An electorate, and everything that can happen to it."""

    def __init__(self) -> None:
        super().__init__()
        self.world = Electorate()

    def life(self, pick: int) -> Registered:
        return self.world.lives[pick % len(self.world.lives)]

    def anybody(self) -> bool:
        return bool(self.world.lives)

    @initialize(home=homes, unpublished=st.integers(0, 3), when=st.sampled_from(Expiry))
    def begin(self, home: int, unpublished: int, when: Expiry) -> None:
        self.world.register(0, home)
        self.world.expiry = dict.fromkeys(TABLES, when)
        for number in (FIRST, SECOND):
            if not unpublished >> number & 1:
                self.world.publish(number)

    @precondition(lambda self: len(self.world.lives) < _MOST_LIVES)
    @rule(who=people, home=homes)
    def register(self, who: int, home: int) -> None:
        self.world.register(who, home)

    @precondition(anybody)
    @rule(pick=picks)
    def register_again(self, pick: int) -> None:
        self.world.register_again(self.life(pick))

    @precondition(anybody)
    @rule(pick=picks, who=people, home=homes)
    def correct(self, pick: int, who: int, home: int) -> None:
        self.world.correct(self.life(pick), who, home)

    @precondition(anybody)
    @rule(pick=picks, route=st.sampled_from(ASKING))
    def ask(self, pick: int, route: str) -> None:
        self.world.ask(self.life(pick), route)

    @precondition(anybody)
    @rule(pick=picks, acknowledged=st.booleans())
    def erase(self, pick: int, *, acknowledged: bool) -> None:
        if acknowledged:
            self.world.erase(self.life(pick))
        else:
            self.world.erase_in_vain(self.life(pick))

    @precondition(lambda self: self.world.pipeline.reviews.rows)
    @rule(pick=picks, verdict=st.sampled_from(["accepted", "rejected"]), by=which)
    def decide_case(self, pick: int, verdict: str, by: int) -> None:
        cases = list(self.world.pipeline.reviews.rows)
        self.world.decide(cases[pick % len(cases)], verdict, _STAFF[by])

    @rule(number=st.integers(0, 1))
    def everybody_asks(self, number: int) -> None:
        for life in self.world.lives:
            for which in (FIRST, SECOND):
                self.world.ask_credential(life, which, number)

    @rule(which=which)
    def everybody_votes(self, which: int) -> None:
        self.world.wait_for_opening(which)
        for life in self.world.lives:
            self.world.ask_credential(life, which, 0)
            self.world.vote(life, which)

    @rule(which=which)
    def publish(self, which: int) -> None:
        self.world.publish(which)

    @rule(which=which, days=st.sampled_from([0, 1, 300]), more=st.sampled_from([None, "DE"]))
    def change(self, which: int, days: int, more: str | None) -> None:
        self.world.change(which, days, more)

    @rule(which=which, final=st.booleans())
    def close(self, which: int, *, final: bool) -> None:
        if final:
            self.world.certify(which)
        else:
            self.world.finish(which)

    @rule(consumer=st.sampled_from([*Polling.handlers]))
    def hold_up(self, consumer: StrEnum) -> None:
        self.world.held_up.add(consumer)

    @precondition(lambda self: self.world.held_up)
    @rule(pick=picks)
    def go_on(self, pick: int) -> None:
        held_up = sorted(self.world.held_up)
        self.world.held_up.remove(held_up[pick % len(held_up)])
        self.world.look_around()

    @precondition(lambda self: self.world.queues.waiting)
    @rule(picked=st.lists(picks, min_size=1, max_size=_LARGEST_BATCH))
    def deliver(self, picked: list[int]) -> None:
        waiting = self.world.queues.waiting
        first = waiting[picked[0] % len(waiting)]
        there = [one for one in waiting if one.consumer is first.consumer]
        others = (there[one % len(there)] for one in picked[1:])
        self.world.deliver(dict.fromkeys([first, *others]))

    @precondition(lambda self: self.world.queues.dead)
    @rule()
    def redrive(self) -> None:
        self.world.redrive()

    @rule(consumer=st.sampled_from(Consumer))
    def lose(self, consumer: Consumer) -> None:
        self.world.deaf.add(consumer)

    @rule(first=st.integers(0, 60), last=st.integers(0, 200), forwards=st.booleans())
    def replay(self, first: int, last: int, *, forwards: bool) -> None:
        part = self.world.queues.archive[first : last + 1]
        self.world.replay(part if forwards else part[::-1])

    @precondition(lambda self: self.world.moments())
    @rule(pick=picks, minutes=st.sampled_from([-1, 0, 1, 6]))
    def wait_until(self, pick: int, minutes: int) -> None:
        moments = self.world.moments()
        then = moments[pick % len(moments)] + timedelta(minutes=minutes)
        self.world.wait(max(then - self.world.pipeline.now, timedelta()))

    @rule(time=times)
    def wait(self, time: timedelta) -> None:
        self.world.wait(time)

    @rule(table=tables, when=st.sampled_from(Expiry))
    def let_expire(self, table: str, when: Expiry) -> None:
        self.world.expiry[table] = when
        self.world.expire()

    @rule(minutes=st.lists(st.sampled_from([-5, 0, 5]), min_size=len(CLOCKS), max_size=len(CLOCKS)))
    def set_clocks(self, minutes: list[int]) -> None:
        ahead = [timedelta(minutes=one) for one in minutes]
        self.world.pipeline.skews = dict(zip(CLOCKS, ahead, strict=True))

    @rule(job=st.sampled_from(JOBS))
    def work(self, job: tuple[Handler, dict[str, Any]]) -> None:
        self.world.run(*job)

    @rule()
    def rotate(self) -> None:
        self.world.pipeline.ring.add()

    @rule()
    def settle(self) -> None:
        self.world.settle()
        check_settled(self.world)

    @invariant()
    def nobody_has_what_they_may_not(self) -> None:
        check_always(self.world)

    def teardown(self) -> None:
        self.world.settle()
        self.everybody_asks(0)
        check_always(self.world)
        check_settled(self.world)


def test_nobody_gets_what_they_may_not_in_two_elections_over_years() -> None:
    run_state_machine_as_test(
        TwoElections,
        settings=settings(
            settings(),
            max_examples=1000 if _DEEP else 20,
            deadline=None,
            stateful_step_count=60 if _DEEP else 40,
            report_multiple_bugs=False,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )
