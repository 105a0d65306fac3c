"""What happens on due dates: retention ends, requests become overdue, and what was lost is mended.

Rows are aged by hand; the functions are called as by the schedule and as by an operator.
"""

from datetime import UTC, datetime, timedelta

from civic.client.citizen import Citizen
from civic.operator.accountability import overdue_requests, reconcile, run_deadlines
from civic.stack.target import Target
from tests.integration.consumers import paused, read, send
from tests.integration.lives import (
    aged,
    doubtful,
    is_erased,
    registered,
    rejected,
    set_back,
    waiting_too_long,
)
from tests.integration.people import person
from tests.integration.rows import row, subject_keys
from tests.integration.waiting import eventually, settled

RETENTION = timedelta(days=90)


def test_retention_that_has_ended_is_an_erasure(target: Target, citizen: Citizen) -> None:
    ended = aged(target, citizen, rejected(), RETENTION + timedelta(minutes=1))
    assert run_deadlines(target)["ended"] >= 1
    eventually("it is erased", lambda: is_erased(target, ended))
    assert citizen.erasure(ended)["status"] == "erased"


def test_retention_that_has_not_ended_is_kept(target: Target, citizen: Citizen) -> None:
    kept = [
        aged(target, citizen, rejected(), RETENTION - timedelta(minutes=10)),
        aged(target, citizen, person(), RETENTION * 10),
        # What waits for the office does not lapse.
        aged(target, citizen, doubtful(), RETENTION * 10),
    ]
    restricted = aged(target, citizen, rejected(), RETENTION * 2)
    citizen.restrict(restricted)
    run_deadlines(target)
    settled(target)
    for receipt in (*kept, restricted):
        assert citizen.data(receipt)["id"] == receipt.id
    citizen.lift(restricted)
    settled(target)


def test_schedule_ends_retention_through_its_queue(target: Target, citizen: Citizen) -> None:
    ended = aged(target, citizen, rejected(), RETENTION * 2)
    send(target, "Deadlines", '{"source": "aws.events", "detail-type": "Scheduled Event"}')
    eventually("it is erased", lambda: is_erased(target, ended))


def test_deadlines_twice_end_nothing_twice(target: Target, citizen: Citizen) -> None:
    ended = aged(target, citizen, rejected(), RETENTION * 2)
    run_deadlines(target)
    eventually("it is erased", lambda: is_erased(target, ended))
    settled(target)
    assert run_deadlines(target)["ended"] == 0


def test_request_overdue_is_counted_until_it_is_answered(target: Target, citizen: Citizen) -> None:
    before = run_deadlines(target)["overdue"]
    late = waiting_too_long(target, citizen)
    assert run_deadlines(target)["overdue"] == before + 1
    found, _ = overdue_requests(target, datetime.now(UTC))
    assert late.id in {request.id for request in found}
    citizen.erase(late)
    eventually("it is erased", lambda: is_erased(target, late))
    settled(target)
    assert run_deadlines(target)["overdue"] == before


def test_roll_that_missed_a_decision_hears_of_it_in_the_next_sweep(
    target: Target, citizen: Citizen
) -> None:
    missed, other = registered(citizen, person()), registered(citizen, person())
    settled(target)
    before, of_other = (row(target, "IssuerRollName", one) for one in (missed, other))
    for one in (missed, other):
        set_back(target, one, timedelta(hours=2))
    key = {"id": {"S": missed.id}}
    target.dynamodb.delete_item(TableName=target.output("IssuerRollName"), Key=key)
    found = [page for page in reconcile(target) if page]
    assert sum(page.get("DecisionsMended", 0) for page in found) >= 1
    eventually("they are on the roll", lambda: row(target, "IssuerRollName", missed) == before)
    settled(target)
    assert row(target, "IssuerRollName", other) == of_other
    assert not any(page.get("DecisionsMended") for page in reconcile(target))


def test_erasure_whose_message_died_is_finished_by_the_next_sweep(
    target: Target, citizen: Citizen
) -> None:
    gone = registered(citizen, person())
    settled(target)
    queue = target.output("PiiStorageQueueUrl")
    with paused(target, "PiiStorage"):
        citizen.erase(gone)
        eventually("it waits", lambda: any(gone.id in body for body in read(target, queue)))
        target.sqs.purge_queue(QueueUrl=queue)
    settled(target)
    assert subject_keys(target, gone)
    set_back(target, gone, timedelta(hours=2))
    # As by the schedule.
    send(target, "Reconciler", '{"source": "aws.events", "detail-type": "Scheduled Event"}')
    list(reconcile(target))
    eventually("it is erased", lambda: is_erased(target, gone))
    eventually("confirmed", lambda: citizen.erasure(gone)["status"] == "erased")
