"""A function may die at any call: nothing acknowledged is lost, and nothing is doubled."""

from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from civic.contracts.events import ValidationRequest
from civic.identity.errors import IdentityError
from civic.identity.model.receipt import Receipt
from tests.fakes.faults import Crash, Faults
from tests.fakes.pipeline import Pipeline
from tests.fakes.views import ERASED, View, counts, opened, views
from tests.strategies.registrations import person

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

KEY = "0b9f2f3a-6a0e-4f0c-9a53-3f0c8f6a2b11"
ORIGINAL = person(username="original")
CORRECTED = person(username="corrected")

REGISTER, RECTIFY, ERASE = "register", "rectify", "erase"
LIVES = [
    (REGISTER,),
    (REGISTER, RECTIFY),
    (REGISTER, ERASE),
    (REGISTER, RECTIFY, ERASE),
]
PATIENT, HASTY = "each step delivered", "all delivered at the end"


@dataclass
class Client:
    """A citizen's program: one step after the other, each retried until it is acknowledged."""

    pipeline: Pipeline
    gives_up: bool = False
    receipt: Receipt | None = None

    def live(self, steps: Sequence[str], pace: str = PATIENT) -> str | None:
        """Take the steps; return the one it gave up at, None if all were acknowledged."""
        failed = None
        for step in steps:
            published = len(self.pipeline.bus.events)
            acknowledged = self._take(step)
            if pace == PATIENT:
                self.pipeline.drain(published)
            if not acknowledged:
                failed = step
                break
        if pace == HASTY:
            self.pipeline.drain()
        return failed

    def _take(self, step: str) -> bool:
        while True:
            try:
                self._request(step)
            except Crash:
                if self.gives_up:
                    return False
            else:
                return True

    def _request(self, step: str) -> None:
        if step == REGISTER:
            self.receipt = self.pipeline.register(ORIGINAL, KEY)
            return
        assert self.receipt is not None
        if step == RECTIFY:
            self.pipeline.rectify(self.receipt, CORRECTED)
        else:
            self.pipeline.erase(self.receipt)


def calls_of(steps: Sequence[str], pace: str) -> range:
    """Return the numbers of all calls of a life without crashes."""
    faults = Faults()
    Client(Pipeline(faults)).live(steps, pace)
    return range(1, faults.calls + 1)


def without_revision(seen: View) -> object:
    """Return a view with revisions compared to each other only: a crash may use one up."""
    if seen.stored == ERASED:
        return seen
    assert isinstance(seen.stored, tuple)
    assert isinstance(seen.decided, tuple)
    revision, data = seen.stored
    agreed = (seen.decided[0], seen.joined, seen.keys) == (
        revision,
        (revision, revision),
        (revision,),
    )
    return data, seen.decided[1], agreed


def outcome(pipeline: Pipeline) -> object:
    return [without_revision(one) for one in views(pipeline).values()], counts(pipeline)


def nothing_opens(pipeline: Pipeline) -> bool:
    for request in pipeline.bus.of(ValidationRequest):
        with pytest.raises(IdentityError):
            opened(pipeline, request)
    return True


every_life = pytest.mark.parametrize("steps", LIVES, ids="-".join)
every_pace = pytest.mark.parametrize("pace", [PATIENT, HASTY])
every_moment = pytest.mark.parametrize("after", [False, True], ids=["before", "after"])


@every_life
@every_pace
@every_moment
def test_crash_at_any_call_and_retry_ends_as_without_crash(
    steps: Sequence[str], pace: str, *, after: bool
) -> None:
    untroubled = Pipeline()
    Client(untroubled).live(steps, pace)
    for call in calls_of(steps, pace):
        pipeline = Pipeline(Faults(call, after=after))
        assert Client(pipeline).live(steps, pace) is None
        assert outcome(pipeline) == outcome(untroubled), call
        if ERASE in steps:
            assert nothing_opens(pipeline), call


@unhurried
@given(
    st.sampled_from(LIVES),
    st.sampled_from([PATIENT, HASTY]),
    st.sets(st.integers(1, 60), min_size=2, max_size=4),
    st.booleans(),
)
def test_several_crashes_and_retries_end_as_without_crash(
    steps: Sequence[str],
    pace: str,
    calls: set[int],
    after: bool,  # noqa: FBT001 - drawn
) -> None:
    untroubled = Pipeline()
    Client(untroubled).live(steps, pace)
    pipeline = Pipeline(Faults(*calls, after=after))
    Client(pipeline).live(steps, pace)
    assert outcome(pipeline) == outcome(untroubled)


@every_life
@every_pace
@every_moment
def test_crash_at_any_call_without_retry_leaves_all_stores_agreed(
    steps: Sequence[str], pace: str, *, after: bool
) -> None:
    for call in calls_of(steps, pace):
        pipeline = Pipeline(Faults(call, after=after))
        client = Client(pipeline, gives_up=True)
        failed = client.live(steps, pace)
        seen = list(views(pipeline).values())
        if not seen:
            assert failed == REGISTER
            continue
        (one,) = seen
        allowed = {
            None: after_all(steps),
            REGISTER: {"nothing", "original"},
            RECTIFY: {"original", "corrected"},
            ERASE: after_all([step for step in steps if step != ERASE]) | {ERASED},
        }[failed]
        assert state(one) in allowed, call
        assert len(list(pipeline.joins.complete())) == (state(one) in {"original", "corrected"})


def after_all(steps: Sequence[str]) -> set[str]:
    if ERASE in steps:
        return {ERASED}
    return {"corrected" if RECTIFY in steps else "original"}


def state(seen: View) -> str:
    """Name the state all stores agree on."""
    if seen.stored is None:
        assert (seen.decided, seen.joined) == (None, None)
        return "nothing"
    if seen.stored == ERASED:
        assert (seen.decided, seen.joined, seen.keys) == (ERASED, ERASED, ())
        return ERASED
    assert isinstance(seen.stored, tuple)
    revision, data = seen.stored
    assert isinstance(seen.decided, tuple)
    assert seen.decided[0] == revision
    assert seen.decided[1] is not None
    assert seen.joined == (revision, revision)
    # A request that died before its event leaves a key under which nothing was ever published.
    assert seen.keys[0] == revision
    return "corrected" if "corrected" in data else "original"
