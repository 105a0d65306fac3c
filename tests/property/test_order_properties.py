"""Any order and any number of deliveries ends where the orderly run ends."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from civic.contracts.events import Event
from civic.identity.errors import IdempotencyKeyReused, RegistrationErased, RegistrationNotFound
from civic.identity.model.receipt import Receipt
from civic.identity.model.registration import Registration
from tests.fakes.pipeline import SUBSCRIPTIONS, Consumer, Pipeline
from tests.fakes.views import ERASED, View, counts, views
from tests.strategies.registrations import person

# A run takes as long as it has deliveries; the first one also loads the rule libraries' tables.
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

_ENOUGH = 500
"""Deliveries after which a message that is still on its way will never be handled."""

PEOPLE = ("ada", "grace")


class Step(StrEnum):
    """What a citizen does."""

    RECTIFY = "rectify"
    RETRY = "retry"
    RETRY_WITH_OTHER_DATA = "retry with other data"
    ERASE = "erase"


def corrected(name: str, corrections: int) -> Registration:
    """Return data that counts in another cell after each correction."""
    born = date(1990 - 10 * corrections, 1, 1)
    return person(username=f"{name} {corrections}", date_of_birth=born)


@dataclass
class Citizen:
    """Does one step after the other; knows its receipt and how often it corrected its data."""

    name: str
    steps: Sequence[Step]
    receipt: Receipt | None = None
    corrections: int = 0

    def actions(self, pipeline: Pipeline) -> list[Callable[[], None]]:
        return [lambda: self._register(pipeline)] + [
            lambda step=step: self._do(pipeline, step) for step in self.steps
        ]

    @property
    def _key(self) -> str:
        return f"{self.name}-0123456789abcdef"

    def _register(self, pipeline: Pipeline) -> None:
        self.receipt = pipeline.register(person(username=self.name), self._key)

    def _do(self, pipeline: Pipeline, step: Step) -> None:
        assert self.receipt is not None
        with suppress(RegistrationNotFound, RegistrationErased, IdempotencyKeyReused):
            match step:
                case Step.RECTIFY:
                    self.corrections += 1
                    pipeline.rectify(self.receipt, corrected(self.name, self.corrections))
                case Step.RETRY:
                    assert pipeline.register(person(username=self.name), self._key) == self.receipt
                case Step.RETRY_WITH_OTHER_DATA:
                    pipeline.register(person(username="other"), self._key)
                case Step.ERASE:
                    pipeline.erase(self.receipt)


@dataclass
class Post:
    """Messages on their way; each stays until its consumer has handled it."""

    pipeline: Pipeline
    waiting: list[tuple[Consumer, Event]] = field(default_factory=list)
    seen: int = 0

    def collect(self) -> None:
        for event in self.pipeline.bus.events[self.seen :]:
            self.waiting += [(consumer, event) for consumer in SUBSCRIPTIONS[type(event)]]
        self.seen = len(self.pipeline.bus.events)

    def deliver(self, index: int, *, again: bool) -> None:
        """Deliver one message; ``again`` leaves a duplicate of it on its way."""
        handled = self.pipeline.deliver(*self.waiting[index])
        message = self.waiting.pop(index)
        if again or not handled:
            self.waiting.append(message)
        self.collect()


def citizens(lives: Sequence[Sequence[Step]]) -> list[Citizen]:
    return [Citizen(name, steps) for name, steps in zip(PEOPLE, lives, strict=False)]


def orderly(lives: Sequence[Sequence[Step]]) -> Pipeline:
    """Let every step be followed by the delivery of all it published, once each."""
    pipeline = Pipeline()
    for citizen in citizens(lives):
        for action in citizen.actions(pipeline):
            published = len(pipeline.bus.events)
            action()
            pipeline.drain(published)
    return pipeline


def disorderly(lives: Sequence[Sequence[Step]], choices: Sequence[tuple[int, bool]]) -> Pipeline:
    """Let steps and deliveries happen in the chosen order, some deliveries more than once."""
    pipeline = Pipeline()
    post = Post(pipeline)
    actions = [action for citizen in citizens(lives) for action in citizen.actions(pipeline)]
    chosen = iter(choices)
    for _ in range(_ENOUGH):
        if not actions and not post.waiting:
            return pipeline
        index, again = next(chosen, (0, False))
        index %= len(post.waiting) + bool(actions)
        if actions and index == len(post.waiting):
            actions.pop(0)()
            post.collect()
        else:
            post.deliver(index, again=again)
    raise AssertionError(post.waiting)


def name_of(view: View) -> str:
    assert isinstance(view.stored, tuple)
    return Registration.model_validate_json(view.stored[1]).username


def last_name(name: str, steps: Sequence[Step]) -> str:
    corrections = steps.count(Step.RECTIFY)
    return f"{name} {corrections}" if corrections else name


LIVES = st.lists(st.lists(st.sampled_from(Step), max_size=4), min_size=1, max_size=len(PEOPLE))
CHOICES = st.lists(st.tuples(st.integers(0, 30), st.booleans()), max_size=60)


@unhurried
@given(LIVES, CHOICES)
@example([[Step.RECTIFY, Step.ERASE]], [(99, False)] * 3)
@example([[Step.RECTIFY, Step.RETRY_WITH_OTHER_DATA]], [])
def test_any_order_and_duplication_ends_in_the_orderly_state(
    lives: list[list[Step]], choices: list[tuple[int, bool]]
) -> None:
    expected, actual = orderly(lives), disorderly(lives, choices)
    assert views(actual) == views(expected)
    assert counts(actual) == counts(expected)


@unhurried
@given(LIVES)
def test_orderly_state_is_what_the_citizens_did(lives: list[list[Step]]) -> None:
    pipeline = orderly(lives)
    seen = list(views(pipeline).values())
    kept = [view for view in seen if view.stored != ERASED]
    assert {name_of(view) for view in kept} == {
        last_name(name, steps)
        for name, steps in zip(PEOPLE, lives, strict=False)
        if Step.ERASE not in steps
    }
    assert len(list(pipeline.joins.complete())) == len(kept)
    for view in kept:
        assert isinstance(view.stored, tuple)
        revision = view.stored[0]
        assert (view.joined, view.keys) == ((revision, revision), (revision,))
    for view in seen:
        if view not in kept:
            assert view == View(ERASED, ERASED, ERASED, ())


@unhurried
@given(LIVES, CHOICES)
def test_replaying_every_event_changes_nothing(
    lives: list[list[Step]], choices: list[tuple[int, bool]]
) -> None:
    pipeline = orderly(lives)
    before = (views(pipeline), counts(pipeline))
    archive = list(pipeline.bus.events)
    for index, _ in choices:
        event = archive[index % len(archive)]
        for consumer in SUBSCRIPTIONS[type(event)]:
            pipeline.deliver(consumer, event)
    assert (views(pipeline), counts(pipeline)) == before
