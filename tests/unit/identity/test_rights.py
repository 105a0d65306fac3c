"""What all requests have in common: who may make them, their log entry, and their retries."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from civic.identity.errors import RegistrationNotFound
from civic.identity.model.receipt import Receipt
from tests.fakes.asking import (
    contesting,
    history,
    lifting,
    objecting,
    registered,
    restrict_and_lift,
    restricting,
)
from tests.fakes.faults import Crash, Faults
from tests.fakes.people import UNKNOWN
from tests.fakes.pipeline import NOW, Pipeline
from tests.fakes.reviewing import counted, listed, open_requests
from tests.fakes.views import decision_of
from tests.strategies.registrations import person

type Request = Callable[[Pipeline, Receipt], object]

EVERY = pytest.mark.parametrize("request_", [restricting, lifting, objecting, contesting])


def wrong_token(_pipeline: Pipeline, receipt: Receipt) -> Receipt:
    return replace(receipt, access_token="x" * 43)


def empty_token(_pipeline: Pipeline, receipt: Receipt) -> Receipt:
    return replace(receipt, access_token="")


def token_of_another(pipeline: Pipeline, receipt: Receipt) -> Receipt:
    return replace(receipt, access_token=pipeline.register(person()).access_token)


def unknown(_pipeline: Pipeline, receipt: Receipt) -> Receipt:
    return replace(receipt, id=UNKNOWN)


def erased(pipeline: Pipeline, receipt: Receipt) -> Receipt:
    pipeline.erase(receipt)
    return receipt


def restored_without_keys(pipeline: Pipeline, receipt: Receipt) -> Receipt:
    row = pipeline.decisions.rows[receipt.id]
    pipeline.erase(receipt)
    pipeline.drain()
    pipeline.decisions.rows[receipt.id] = row
    return receipt


STRANGERS = [wrong_token, empty_token, token_of_another, unknown, erased, restored_without_keys]


@EVERY
@pytest.mark.parametrize("stranger", STRANGERS)
def test_strangers_and_the_erased_are_told_the_same_nothing(
    request_: Request, stranger: Callable[[Pipeline, Receipt], Receipt]
) -> None:
    pipeline = Pipeline()
    receipt = stranger(pipeline, registered(pipeline))
    events, rows = list(pipeline.bus.events), dict(pipeline.decisions.rows)
    requests = history(pipeline, receipt)
    with pytest.raises(RegistrationNotFound):
        request_(pipeline, receipt)
    assert (pipeline.bus.events, pipeline.decisions.rows) == (events, rows)
    assert history(pipeline, receipt) == requests
    assert not pipeline.reviews.rows


@EVERY
def test_every_refusal_costs_the_same_calls(request_: Request) -> None:
    costs = set()
    for stranger in STRANGERS:
        faults = Faults()
        pipeline = Pipeline(faults)
        receipt = stranger(pipeline, registered(pipeline))
        before = faults.calls
        with pytest.raises(RegistrationNotFound):
            request_(pipeline, receipt)
        costs.add(faults.calls - before)
    assert len(costs) == 1


@pytest.mark.parametrize("request_", [restricting, objecting, contesting])
def test_request_is_logged_before_anything_is_done(request_: Request) -> None:
    faults = Faults()
    pipeline = Pipeline(faults)
    receipt = registered(pipeline)
    events, rows = list(pipeline.bus.events), dict(pipeline.decisions.rows)
    pipeline.rights = replace(
        pipeline.rights, requests=Faults(1, after=True).guard(pipeline.requests)
    )
    with pytest.raises(Crash):
        request_(pipeline, receipt)
    (request,) = history(pipeline, receipt)
    assert (request.received_at, request.completed_at) == (NOW, None)
    assert (pipeline.bus.events, pipeline.decisions.rows) == (events, rows)
    assert not pipeline.reviews.rows


def outcome(pipeline: Pipeline, receipt: Receipt) -> object:
    """Return the end state of a life, however it was reached."""
    row = decision_of(pipeline, receipt.id)
    requests = [(one.kind, one.received_at, one.revision) for one in history(pipeline, receipt)]
    return (
        (row.restriction, row.verdict, counted(pipeline), listed(pipeline)),
        (requests, open_requests(pipeline, receipt)),
        pipeline.joins.rows[receipt.id],
    )


@pytest.mark.parametrize("call", range(1, 11))
@pytest.mark.parametrize("after", [False, True])
@EVERY
def test_crash_at_any_call_and_retry_ends_as_without_crash(
    request_: Request, call: int, *, after: bool
) -> None:
    smooth = Pipeline()
    expected = registered(smooth)
    if request_ is lifting:
        restricting(smooth, expected)
    request_(smooth, expected)
    smooth.drain()

    faults = Faults(after=after)
    pipeline = Pipeline(faults)
    receipt = registered(pipeline)
    if request_ is lifting:
        restricting(pipeline, receipt)
    faults.at = {faults.calls + call}
    try:
        request_(pipeline, receipt)
    except Crash:
        request_(pipeline, receipt)
    pipeline.drain()
    assert outcome(pipeline, receipt) == outcome(smooth, expected)


@EVERY
def test_request_made_again_changes_nothing(request_: Request) -> None:
    pipeline = Pipeline()
    receipt = registered(pipeline)
    restrict_and_lift(pipeline, receipt)
    request_(pipeline, receipt)
    row = decision_of(pipeline, receipt.id)
    request_(pipeline, receipt)
    assert decision_of(pipeline, receipt.id) == row
