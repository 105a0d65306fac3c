"""However people register, erase, marry and ask: no more credentials than there are people.

Staff know who is who: they reject whoever is on the roll already, and accept a namesake. Events
arrive in any order and more than once. Nobody uses a name under which they were never accepted:
that is not found (docs/adr/0043).
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from civic.client.blinding import SignerKey, blind, prepare
from civic.contracts.events import Event
from civic.contracts.voting import ElectionPublished
from civic.identity.errors import DuplicateCheckPending, IdentityError, IssuedBeforeErasure
from civic.identity.model.receipt import Receipt
from civic.identity.model.rows import DecisionRow
from civic.identity.usecases import comparing, roll
from civic.identity.usecases.issuing import issue_credential
from tests.fakes.elections import ELECTION, STYLE, published
from tests.fakes.pipeline import NOW, Consumer, Entropy, Pipeline
from tests.fakes.reviewing import ACCEPTED, JANE, JOHN, REJECTED, decide, like
from tests.strategies.registrations import person

NAMES = ("Erika Mustermann", "Erika Gabler")
PEOPLE = 2

picks = st.integers(0, 11)
whos, names = st.integers(0, PEOPLE - 1), st.sampled_from(NAMES)
steps = st.one_of(
    st.tuples(st.just("register"), whos, names),
    st.tuples(st.just("correct"), picks, names),
    st.tuples(st.just("erase"), picks, st.none()),
    st.tuples(st.just("ask"), picks, st.none()),
    st.tuples(st.just("ask"), picks, st.none()),
    st.tuples(st.just("decide"), picks, st.none()),
    st.tuples(st.just("deliver"), picks, st.none()),
    st.tuples(st.just("settle"), picks, st.none()),
    st.tuples(st.just("repeat"), picks, st.none()),
)
type Step = tuple[str, int, str | None]


@dataclass
class Registered:
    """A registration, and whose it really is."""

    who: int
    receipt: Receipt
    message: bytes


class Namesakes:
    """People of one birthday and of two names, any of which each may have."""

    def __init__(self) -> None:
        self.pipeline = Pipeline()
        self.entropy = Entropy("namesakes")
        event: ElectionPublished = published(NOW, "DE")
        assert self.pipeline.deliver(Consumer.CREDENTIAL_ROLL, event)
        self.known: list[Registered] = []
        self.names = {who: {NAMES[0]} for who in range(PEOPLE)}
        self.signed: set[int] = set()
        self.waiting: list[tuple[Consumer, Event]] = []
        self.heard: list[tuple[Consumer, Event]] = []
        self.seen = 0

    def do(self, step: Step) -> None:
        command, pick, name = step
        if command == "register":
            self.register(pick, name or NAMES[0])
        elif self.known or command in {"deliver", "settle", "repeat"}:
            getattr(self, command)(pick, name)
        self.collect()
        for one in self.known:
            row = self.row(one)
            if row is not None and len(row.listed) > 1:
                self.names[one.who] |= set(NAMES)
        assert len(self.signed) <= len({one.who for one in self.known})

    def row(self, one: Registered) -> DecisionRow | None:
        """Return what the low-security store has of a registration that is not erased."""
        there = self.pipeline.decisions.get(one.receipt.id)
        return there if isinstance(there, DecisionRow) else None

    def collect(self) -> None:
        """Put what was published into the queues of those who hear it."""
        for event in self.pipeline.bus.events[self.seen :]:
            consumers = self.pipeline.subscriptions[type(event)]
            self.waiting += [(Consumer(one), event) for one in consumers]
        self.seen = len(self.pipeline.bus.events)

    def register(self, who: int, name: str) -> None:
        if name not in self.names[who]:
            return
        key = SignerKey.parse(self.pipeline.issuer_keys.public(ELECTION, STYLE))
        drawn = blind(key, prepare(self.entropy(32), self.entropy), self.entropy)
        receipt = self.pipeline.register(person(full_name=name))
        self.known.append(Registered(who, receipt, drawn.message))

    def picked(self, pick: int) -> int:
        return pick % len(self.known)

    def correct(self, pick: int, name: str) -> None:
        one = self.known[self.picked(pick)]
        row = self.row(one)
        if row is None or (row.acceptance is None and name not in self.names[one.who]):
            return
        with suppress(IdentityError):
            self.pipeline.rectify(one.receipt, person(full_name=name))

    def erase(self, pick: int, _: None) -> None:
        self.pipeline.erase(self.known[self.picked(pick)].receipt)

    def ask(self, pick: int, _: None) -> None:
        number = self.picked(pick)
        one = self.known[number]
        who = one.receipt
        with suppress(IdentityError):
            issue_credential(self.pipeline.issuing, who.id, who.access_token, ELECTION, one.message)
            self.signed.add(number)

    def decide(self, pick: int, _: None) -> None:
        """Decide a case as staff do who see the true people."""
        one = self.known[self.picked(pick)]
        row = self.row(one)
        if row is None:
            return
        with suppress(IdentityError):
            beside = like(self.pipeline, one.receipt)
            others = {known.who for known in self.known if known.receipt.id in beside}
            revision = row.record.revision
            decision = REJECTED if one.who in others else ACCEPTED
            for by in (JANE, JOHN):
                decide(self.pipeline, one.receipt, decision, by, revision)

    def deliver(self, pick: int, _: None) -> None:
        self.collect()
        if self.waiting:
            consumer, event = self.waiting.pop(pick % len(self.waiting))
            if self.pipeline.deliver(consumer, event):
                self.heard.append((consumer, event))
            else:
                self.waiting.append((consumer, event))

    def repeat(self, pick: int, _: None) -> None:
        if self.heard:
            self.pipeline.deliver(*self.heard[pick % len(self.heard)])

    def settle(self, _pick: int, _: None) -> None:
        """Deliver everything; what is put off goes to the end of its queue."""
        self.collect()
        tries = 0
        while self.waiting:
            before = len(self.waiting)
            self.deliver(0, None)
            self.collect()
            tries = tries + 1 if len(self.waiting) >= before else 0
            assert tries <= 10 * len(self.waiting) + 10, "something waits for ever"


@settings(deadline=timedelta(seconds=20))
@given(st.lists(steps, max_size=30))
def test_there_are_no_more_credentials_than_people(walk: list[Step]) -> None:
    world = Namesakes()
    for step in walk:
        world.do(step)
    world.settle(0, None)
    for number in range(len(world.known)):
        world.do(("ask", number, None))


KEPT: dict[str, list[Step]] = {
    "erased and registered again": [
        ("register", 0, NAMES[0]),
        ("settle", 0, None),
        ("ask", 0, None),
        ("erase", 0, None),
        ("settle", 0, None),
        ("register", 0, NAMES[0]),
        ("settle", 0, None),
        ("ask", 1, None),
    ],
    "married in between": [
        ("register", 0, NAMES[0]),
        ("settle", 0, None),
        ("ask", 0, None),
        ("correct", 0, NAMES[1]),
        ("settle", 0, None),
        ("erase", 0, None),
        ("settle", 0, None),
        ("register", 0, NAMES[1]),
        ("settle", 0, None),
        ("ask", 1, None),
    ],
    "before the erasure was followed": [
        ("register", 0, NAMES[0]),
        ("settle", 0, None),
        ("ask", 0, None),
        ("correct", 0, NAMES[1]),
        ("settle", 0, None),
        ("erase", 0, None),
        ("register", 0, NAMES[1]),
        *[("deliver", 2, None), ("deliver", 1, None), ("deliver", 0, None)] * 3,
        ("ask", 1, None),
        ("settle", 0, None),
        ("ask", 1, None),
    ],
}


@pytest.mark.parametrize("walk", KEPT.values(), ids=KEPT)
def test_walks_that_once_led_to_two(walk: list[Step]) -> None:
    world = Namesakes()
    for step in walk:
        world.do(step)
    assert world.signed == {0}


def walked(walk: list[Step]) -> Namesakes:
    world = Namesakes()
    for step in walk:
        with suppress(AssertionError):
            world.do(step)
    return world


def without_marks_at_the_erasure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roll, "_remember", lambda *_: None)


def without_waiting_for_the_roll(monkeypatch: pytest.MonkeyPatch) -> None:
    before = comparing._is_accepted

    def accepted(*known: object) -> bool:
        try:
            return before(*known)  # type: ignore[arg-type]
        except IdentityError:
            return False

    monkeypatch.setattr(comparing, "_is_accepted", accepted)


@pytest.mark.parametrize(
    ("walk", "broken"),
    [
        ("married in between", without_marks_at_the_erasure),
        ("before the erasure was followed", without_waiting_for_the_roll),
    ],
)
def test_walk_leads_to_two_without_its_mechanism(
    walk: str,
    broken: Callable[[pytest.MonkeyPatch], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broken(monkeypatch)
    assert walked(KEPT[walk]).signed == {0, 1}


def test_both_refusals_are_met() -> None:
    """The walks are of no use if nobody is ever refused."""
    world = Namesakes()
    for step in KEPT["erased and registered again"]:
        world.do(step)
    one = world.known[1]
    asked = world.pipeline.issuing, one.receipt.id, one.receipt.access_token, ELECTION
    with pytest.raises(IssuedBeforeErasure):
        issue_credential(*asked, one.message)
    world.do(("register", 0, NAMES[0]))
    world.settle(0, None)
    two = world.known[2]
    with pytest.raises(DuplicateCheckPending):
        issue_credential(
            world.pipeline.issuing, two.receipt.id, two.receipt.access_token, ELECTION, two.message
        )
