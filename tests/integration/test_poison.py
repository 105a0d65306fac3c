"""Messages that cannot be handled: where they end up, and what `civic dlq` does with them."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from civic.client.citizen import Citizen, Receipt
from civic.operator.operations import queue_depths
from civic.stack.stacks import STACKS
from civic.stack.target import Target
from tests.integration.conftest import Command
from tests.integration.consumers import (
    dead,
    dead_letters,
    impatient,
    paused,
    publish,
    purge,
    recorded_events,
    send,
)
from tests.integration.log_lines import lines_of
from tests.integration.people import idempotency_key, person, stranger
from tests.integration.rows import everything_about
from tests.integration.waiting import decided, settled, stored

CONSUMERS = ("Validator", "PiiStorage", "Analytics", "CredentialRoll")
NOT_JSON = "not an event"


@pytest.fixture(autouse=True)
def _no_dead_letters(target: Target) -> Iterator[None]:
    yield
    for consumer in CONSUMERS:
        purge(target, consumer)


@pytest.fixture(scope="module")
def request_event(target: Target, citizen: Citizen) -> dict[str, Any]:
    """The archived ValidationRequest of a person with a decision."""
    with recorded_events(target) as recording:
        receipt = citizen.register(person(), idempotency_key())
        decided(citizen, receipt)
        stored(citizen, receipt)
        (envelope,) = recording.envelopes("ValidationRequest")
    settled(target)
    return envelope


def tampered(envelope: dict[str, Any]) -> str:
    """Return the event with one sealed field replaced by another."""
    fields = envelope["detail"]["sealed"]["fields"]
    swapped = fields | {"username": fields["full_name"], "full_name": fields["username"]}
    sealed = envelope["detail"]["sealed"] | {"fields": swapped}
    return json.dumps(envelope | {"detail": envelope["detail"] | {"sealed": sealed}})


def of_version(envelope: dict[str, Any], version: int) -> str:
    return json.dumps(envelope | {"detail": envelope["detail"] | {"version": version}})


def test_poison_ends_in_the_dead_letter_queue_and_what_waits_beside_it_is_handled(
    target: Target, citizen: Citizen, request_event: dict[str, Any]
) -> None:
    poison = [NOT_JSON, of_version(request_event, 2), tampered(request_event)]
    with impatient(target, "Validator"):
        with paused(target, "Validator"):
            send(target, "Validator", *poison)
            mates = [citizen.register(stranger(), idempotency_key()) for _ in range(3)]
        decisions = [decided(citizen, mate)["decision"] for mate in mates]
        given_up = dead(target, "Validator", len(poison))
    assert decisions == ["accepted"] * 3
    assert sorted(given_up) == sorted(poison)
    # How messages are grouped into batches is up to the queue; the handlers' own tests mix them.
    errors = {
        record["error"].split()[0]
        for line in lines_of(target, "validator")
        for record in line.get("records", ())
        if "error" in record
    }
    assert errors >= {"JSONDecodeError", "ValidationError", "FieldTampered"}


@pytest.mark.parametrize("consumer", CONSUMERS)
def test_consumer_gives_up_what_is_no_event_it_knows(
    target: Target, request_event: dict[str, Any], consumer: str
) -> None:
    later = json.dumps(request_event | {"detail-type": "ValidationRequest.v2"})
    forged = json.dumps(request_event | {"source": "civic.analytics"})
    with impatient(target, consumer):
        send(target, consumer, NOT_JSON, later, forged)
        assert sorted(dead(target, consumer, 3)) == sorted([NOT_JSON, later, forged])


def test_dlq_list_shows_how_many_were_given_up(
    target: Target, civic: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    settled(target)
    bury(target, "PiiStorage", NOT_JSON, NOT_JSON)
    assert civic("dlq", "list") == 0
    shown = capsys.readouterr().out
    (line,) = (line for line in shown.splitlines() if "PiiStorage" in line)
    assert [cell.strip() for cell in line.strip("│┃ ").split("│")] == ["PiiStorage", "0", "0", "2"]


def test_redrive_brings_what_still_fails_back_again(
    target: Target, civic: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    bury(target, "Analytics", NOT_JSON)
    with impatient(target, "Analytics"):
        assert civic("dlq", "redrive", "analytics") == 0
        assert "moved: 1" in capsys.readouterr().out
        assert dead(target, "Analytics", 1) == [NOT_JSON]


def test_redrive_moves_no_more_than_told(
    target: Target, civic: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    bury(target, "Analytics", *[NOT_JSON] * 3)
    with impatient(target, "Analytics"):
        with paused(target, "Analytics"):
            assert civic("dlq", "redrive", "Analytics", "--limit", "2") == 0
            assert "moved: 2" in capsys.readouterr().out
            assert len(dead_letters(target, "Analytics")) == 1
        dead(target, "Analytics", 3)


def test_redrive_of_an_unknown_consumer_is_2(civic: Command) -> None:
    assert civic("dlq", "redrive", "Tally") == 2


def test_redriven_requests_are_handled_and_a_second_time_change_nothing(
    target: Target, citizen: Citizen, civic: Command
) -> None:
    receipt, envelope = given_up_registration(target, citizen)
    assert citizen.status(receipt)["status"] == "pending"
    for consumer in ("Validator", "PiiStorage"):
        assert civic("dlq", "redrive", consumer) == 0
    decided(citizen, receipt)
    stored(citizen, receipt)
    settled(target)
    before = everything_about(target, receipt)
    for consumer in ("Validator", "PiiStorage"):
        bury(target, consumer, json.dumps(envelope))
        assert civic("dlq", "redrive", consumer) == 0
    settled(target)
    assert everything_about(target, receipt) == before


def given_up_registration(target: Target, citizen: Citizen) -> tuple[Receipt, dict[str, Any]]:
    """Register a person whose request is not handled."""
    with (
        recorded_events(target) as recording,
        paused(target, "Validator", "PiiStorage"),
    ):
        receipt = citizen.register(person(), idempotency_key())
        (envelope,) = recording.envelopes("ValidationRequest")
        for consumer in ("Validator", "PiiStorage"):
            target.sqs.purge_queue(QueueUrl=target.output(f"{consumer}QueueUrl"))
            bury(target, consumer, json.dumps(envelope))
    return receipt, envelope


def bury(target: Target, consumer: str, *bodies: str) -> None:
    """Put messages into a dead-letter queue."""
    for body in bodies:
        target.sqs.send_message(QueueUrl=target.output(f"{consumer}DlqUrl"), MessageBody=body)


WITHOUT_RULES = {"platform", "proofing"}
"""The stacks in which nothing listens to the bus."""


def test_no_event_was_left_undelivered(target: Target, request_event: dict[str, Any]) -> None:
    publish(target, request_event)
    settled(target)
    undelivered = [one for one in queue_depths(target) if one.name.endswith("Undelivered")]
    assert len(undelivered) == len(STACKS) - len(WITHOUT_RULES)
    assert {one.dead for one in undelivered} == {0}
