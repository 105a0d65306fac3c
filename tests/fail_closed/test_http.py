"""HTTP functions while a service is down: 503, nothing acknowledged, and no harm afterwards."""

import json
from collections.abc import Callable

import pytest

from tests.fail_closed.office import ACCEPTED, CORRECTED, MARK, REJECTED, Citizen, Office, Response
from tests.fakes.fixtures import LogLines
from tests.fakes.lambda_events import said
from tests.fakes.outages import WAYS, outage

type Act = Callable[[Citizen], Response]


def asks(route: str) -> Act:
    return lambda citizen: citizen.ask(route)


def registers(citizen: Citizen) -> Response:
    return citizen.register(ACCEPTED, **{"idempotency-key": f"{id(citizen)}-0123456789abcdef"})


def rectifies(citizen: Citizen) -> Response:
    return citizen.ask("PUT /registrations/{id}", citizen.signed(CORRECTED))


def decides(citizen: Citizen) -> Response:
    return citizen.ask("POST /reviews/{id}", json.dumps({"revision": 1, "decision": "accepted"}))


def newcomer(office: Office) -> Citizen:
    return Citizen(office)


def accepted(office: Office) -> Citizen:
    return office.citizen()


def contesting(office: Office) -> Citizen:
    citizen = office.citizen(REJECTED)
    citizen.ask("POST /registrations/{id}/review")
    return citizen


def rejected(office: Office) -> Citizen:
    return office.citizen(REJECTED)


def restricted(office: Office) -> Citizen:
    citizen = office.citizen()
    citizen.ask("PUT /registrations/{id}/restriction")
    return citizen


def erased(office: Office) -> Citizen:
    citizen = office.citizen()
    citizen.ask("DELETE /registrations/{id}")
    office.queues.drain()
    return citizen


REQUESTS: dict[str, tuple[Callable[[Office], Citizen], Act]] = {
    "register": (newcomer, registers),
    "status": (accepted, asks("GET /registrations/{id}")),
    "rectify": (accepted, rectifies),
    "erase": (accepted, asks("DELETE /registrations/{id}")),
    "withdraw": (accepted, asks("DELETE /registrations/{id}/consent")),
    "data": (accepted, asks("GET /registrations/{id}/data")),
    "restrict": (accepted, asks("PUT /registrations/{id}/restriction")),
    "lift": (restricted, asks("DELETE /registrations/{id}/restriction")),
    "object": (accepted, asks("PUT /registrations/{id}/objection")),
    "ask for a review": (rejected, asks("POST /registrations/{id}/review")),
    "requests": (accepted, asks("GET /registrations/{id}/requests")),
    "explanation": (accepted, asks("GET /registrations/{id}/explanation")),
    "erasure": (erased, asks("GET /registrations/{id}/erasure")),
    "list cases": (contesting, asks("GET /reviews")),
    "show a case": (contesting, asks("GET /reviews/{id}")),
    "decide a case": (contesting, decides),
}
SPENDING = {"register", "rectify"}
"""Requests whose every attempt may use up a revision number."""
GOING_ON = {"decide a case"}
"""Requests that go on where an attempt broke off, and so need fewer operations then."""


@pytest.mark.parametrize("request_name", REQUESTS)
def test_request_is_refused_while_a_service_is_down_and_done_afterwards(
    office: Office, log_lines: LogLines, request_name: str
) -> None:
    prepare, act = REQUESTS[request_name]
    untroubled, citizen = prepare(office), prepare(office)
    operations = office.operations(lambda: act(untroubled))
    office.queues.drain()
    for way in WAYS:
        for operation in operations:
            if request_name in GOING_ON:
                citizen = prepare(office)
            office.cold()
            with outage(office.deployment.aws, operation, way) as failed:
                answer = act(citizen)
            assert failed, operation
            assert said(answer) == (503, "temporarily_unavailable"), operation
            assert int(answer["headers"]["retry-after"]) > 0
            assert MARK not in repr(answer)
        if request_name in SPENDING or way == WAYS[-1]:
            assert act(citizen)["statusCode"] in {200, 202}
            office.queues.drain()
            assert citizen.outcome() == untroubled.outcome()
            citizen = prepare(office)
    assert MARK not in office.everything() + repr(log_lines())
