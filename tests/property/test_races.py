"""Two requests about one registration at the same moment, the second at each step of the first."""

from collections.abc import Callable
from contextlib import suppress

import pytest

from civic.contracts.events import ValidationRequest
from civic.identity.errors import IdentityError, RegistrationErased, RegistrationNotFound
from civic.identity.model.receipt import Receipt
from tests.fakes.faults import Meanwhile
from tests.fakes.pipeline import Pipeline
from tests.fakes.views import ERASED, View, opened, view
from tests.strategies.registrations import person

KEY = "0b9f2f3a-6a0e-4f0c-9a53-3f0c8f6a2b11"


def rectify(pipeline: Pipeline, receipt: Receipt) -> None:
    with suppress(RegistrationNotFound):
        pipeline.rectify(receipt, person(username="corrected"))


def rectify_otherwise(pipeline: Pipeline, receipt: Receipt) -> None:
    with suppress(RegistrationNotFound):
        pipeline.rectify(receipt, person(username="otherwise"))


def erase(pipeline: Pipeline, receipt: Receipt) -> None:
    pipeline.erase(receipt)


def retry(pipeline: Pipeline, receipt: Receipt) -> None:
    with suppress(RegistrationErased):
        assert pipeline.register(person(), KEY) == receipt


type Request = Callable[[Pipeline, Receipt], None]

CALLS: dict[Request, int] = {rectify: 5, erase: 3}
"""How many calls each request makes by itself."""


def at_every_call(*races: tuple[Request, Request]) -> pytest.MarkDecorator:
    cases = [(one, two, call) for one, two in races for call in range(1, CALLS[one] + 1)]
    ids = [f"{two.__name__} at call {call} of {one.__name__}" for one, two, call in cases]
    return pytest.mark.parametrize(("first", "second", "call"), cases, ids=ids)


prompt_or_not = pytest.mark.parametrize("prompt", [False, True], ids=["later", "at once"])


def race(first: Request, second: Request, call: int, *, prompt: bool) -> tuple[Pipeline, Receipt]:
    """Run the second request just before a call of the first; ``prompt`` delivers it there too."""
    meanwhile = Meanwhile()
    pipeline = Pipeline(meanwhile)
    receipt = pipeline.register(person(), KEY)
    pipeline.drain()
    published = len(pipeline.bus.events)

    def interrupt() -> None:
        happened.append(second)
        second(pipeline, receipt)
        if prompt:
            pipeline.drain(published)

    happened: list[Request] = []
    meanwhile.action = interrupt
    meanwhile.at = {meanwhile.calls + call}
    first(pipeline, receipt)
    assert happened
    pipeline.drain(published)
    return pipeline, receipt


@at_every_call((rectify, erase), (erase, rectify), (erase, erase), (erase, retry))
@prompt_or_not
def test_race_with_an_erasure_ends_erased(
    first: Request, second: Request, call: int, *, prompt: bool
) -> None:
    pipeline, receipt = race(first, second, call, prompt=prompt)
    assert view(pipeline, receipt.id) == View(ERASED, ERASED, ERASED, ())
    for request in pipeline.bus.of(ValidationRequest):
        with pytest.raises(IdentityError):
            opened(pipeline, request)


@at_every_call((rectify, rectify_otherwise), (rectify, retry), (rectify, rectify))
@prompt_or_not
def test_race_of_corrections_ends_with_one_of_them_everywhere(
    first: Request, second: Request, call: int, *, prompt: bool
) -> None:
    pipeline, receipt = race(first, second, call, prompt=prompt)
    seen = view(pipeline, receipt.id)
    assert isinstance(seen.stored, tuple)
    assert isinstance(seen.decided, tuple)
    revision, data = seen.stored
    assert "corrected" in data or "otherwise" in data
    assert seen.decided[0] == revision
    assert seen.decided[1] is not None
    assert (seen.joined, seen.keys) == ((revision, revision), (revision,))
