"""KMS is out for three hours of simulated time: nobody's registration is lost for it."""

import heapq
import json
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from civic.identity.functions import validator
from tests.fakes.deployment import Deployment, body_of
from tests.fakes.fixtures import LogLines
from tests.fakes.lambda_events import failed
from tests.strategies.registrations import person

PEOPLE, POISON = 12, "garbage"
VISIBILITY_SECONDS, TRIES, BATCH = 90, 5, 10
OUTAGE_SECONDS = 3 * 3600
QUARTER_OF_AN_HOUR = 900


@dataclass(order=True)
class Waiting:
    """A message in the queue, from when it can be received."""

    visible: float
    number: int
    body: str = field(compare=False)
    attributes: dict[str, Any] = field(compare=False, default_factory=dict)
    receives: int = field(compare=False, default=0)


class Queue:
    """The validator's queue, with its delays, visibility and dead letters, on a simulated clock."""

    def __init__(self, deployment: Deployment) -> None:
        self.now = 0.0
        self.waiting: list[Waiting] = []
        self.dead: list[tuple[str, int]] = []
        self.copies = 0
        self.last = 0.0
        self._made = 0
        deployment.aws.hook("sqs", "before-call.sqs.SendMessage", self._take)

    def add(self, body: str, delay: int = 0, attributes: dict[str, Any] | None = None) -> None:
        self._made += 1
        waiting = Waiting(self.now + delay, self._made, body, attributes or {})
        heapq.heappush(self.waiting, waiting)

    def run(self, until: float) -> None:
        """Deliver batches until a time, as Lambda does."""
        while self.waiting and self.waiting[0].visible <= until:
            self.now = max(self.now, self.waiting[0].visible)
            ready = min(BATCH, sum(one.visible <= self.now for one in self.waiting))
            self._deliver([heapq.heappop(self.waiting) for _ in range(ready)])
        self.now = until

    def _deliver(self, batch: list[Waiting]) -> None:
        records = [
            {"messageId": str(one.number), "body": one.body, "messageAttributes": one.attributes}
            for one in batch
        ]
        back = failed(validator.handler({"Records": records}, None))
        self.last = self.now
        for one in batch:
            one.receives += 1
            if str(one.number) not in back:
                continue
            if one.receives == TRIES:
                self.dead.append((one.body, one.receives))
            else:
                one.visible = self.now + VISIBILITY_SECONDS
                heapq.heappush(self.waiting, one)

    def _take(self, **call: Any) -> Any:
        asked = json.loads(call["params"]["body"])
        self.copies += 1
        attributes = {
            name: {"stringValue": one["StringValue"], "dataType": one["DataType"]}
            for name, one in asked["MessageAttributes"].items()
        }
        self.add(asked["MessageBody"], asked["DelaySeconds"], attributes)
        return SimpleNamespace(status_code=200), {"MessageId": "x"}


def registered(deployment: Deployment) -> list[str]:
    for _ in range(PEOPLE):
        deployment.http("POST /registrations", person().model_dump_json(exclude_none=True))
    return [body_of(entry) for entry in deployment.aws.published[-PEOPLE:]]


def states(deployment: Deployment) -> set[str]:
    rows = deployment.aws.items("decisions")
    return {"fulfilled" if "decision" in row else "pending" for row in rows}


def queued(deployment: Deployment) -> Queue:
    """Return the queue with the registrations, and poison beside them."""
    bodies = registered(deployment)
    queue = Queue(deployment)
    for body in [*bodies, POISON]:
        queue.add(body)
    return queue


def test_three_hours_without_kms_lose_no_registration(deployment: Deployment) -> None:
    queue = queued(deployment)
    deployment.aws.fail("kms", "Decrypt", "DisabledException")
    queue.run(until=OUTAGE_SECONDS)
    assert states(deployment) == {"pending"}
    # Poison beside them is given up as ever, and nothing else is.
    assert queue.dead == [(POISON, TRIES)]
    assert {one.receives for one in queue.waiting} == {0}
    deployment.aws.mend("kms", "Decrypt")
    queue.run(until=OUTAGE_SECONDS + QUARTER_OF_AN_HOUR)
    assert states(deployment) == {"fulfilled"}
    assert queue.dead == [(POISON, TRIES)]
    assert queue.waiting == []
    # About four copies in the first quarter of an hour and five in each hour to come.
    assert queue.copies <= PEOPLE * 32


def test_first_after_the_outage_is_decided_within_a_quarter_of_an_hour(
    deployment: Deployment, log_lines: LogLines
) -> None:
    queue = queued(deployment)
    deployment.aws.fail("kms", "Decrypt", "DisabledException")
    log_lines()
    queue.run(until=0)
    first = log_lines()[0]
    put_off = [one for one in first["records"] if one.get("outcome") == "put_off"]
    assert len(put_off) == min(PEOPLE, BATCH)
    assert first["MessagesPostponed"] == [len(put_off)]
    assert first["failed"] == 0
    assert all(one.visible <= QUARTER_OF_AN_HOUR for one in queue.waiting)


def test_bodies_come_back_byte_for_byte(deployment: Deployment) -> None:
    queue = queued(deployment)
    before = sorted(one.body for one in queue.waiting)
    deployment.aws.fail("kms", "Decrypt", "DisabledException")
    queue.run(until=60)
    assert sorted(one.body for one in queue.waiting) == before


def test_where_the_queue_is_out_too_messages_come_back_and_use_up_their_tries(
    deployment: Deployment, log_lines: LogLines
) -> None:
    """As it was before: nothing is acknowledged that is not kept."""
    (body, *_) = registered(deployment)
    deployment.aws.fail("kms", "Decrypt", "DisabledException")
    deployment.aws.fail("sqs", "SendMessage", "AccessDeniedException")
    log_lines()
    record = {"messageId": "m0", "body": body, "messageAttributes": {}}
    assert failed(validator.handler({"Records": [record]}, None)) == ["m0"]
    (line,) = log_lines()
    assert line["not_put_off"] == "Unavailable < ClientError:AccessDeniedException"


def test_crash_after_the_copy_only_makes_two_of_it(deployment: Deployment) -> None:
    """What was sent again is delivered as well as what was never acknowledged."""
    queue = queued(deployment)
    for one in list(queue.waiting):
        queue.add(one.body)
    queue.run(until=QUARTER_OF_AN_HOUR)
    assert states(deployment) == {"fulfilled"}
    assert len(deployment.aws.items("decisions")) == PEOPLE


def test_announcement_that_failed_is_put_off_with_all_that_it_held(deployment: Deployment) -> None:
    queue = queued(deployment)
    deployment.aws.fail("events", "PutEvents", "InternalException")
    queue.run(until=OUTAGE_SECONDS)
    assert queue.dead == [(POISON, TRIES)]
    deployment.aws.mend("events", "PutEvents")
    before = len(deployment.aws.published)
    queue.run(until=OUTAGE_SECONDS + QUARTER_OF_AN_HOUR)
    details = [
        json.loads(one["Detail"])
        for one in deployment.aws.published[before:]
        if one["DetailType"] == "ValidationResult"
    ]
    decided = {one["id"] for detail in details for one in detail["results"]}
    assert len(decided) == PEOPLE
