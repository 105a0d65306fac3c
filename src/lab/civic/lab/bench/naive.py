"""The two designs that ours is compared with, counted on the same AWS."""

import json
from collections.abc import Callable, Mapping, Sequence
from itertools import batched
from typing import Any

from civic.lab.bench import naive_functions as theirs
from civic.lab.bench.aws import CountedAws, Item
from civic.lab.bench.functions import http_event, sqs_event
from civic.lab.bench.run import Run

FIELDS = ("username", "full_name", "date_of_birth", "address", "phone_number")
"""The fields of the original requirement."""
BATCH = 10
"""Votes that the processor receives in a batch."""
INDEX_WRITES_PER_VOTE = 1
"""The candidate on a voter's row adds the row to the index on state and candidate."""

type Handler = Callable[[Item, object], object]

_SUBSCRIBERS: dict[str, tuple[Handler, ...]] = {
    "ValidationRequest": (theirs.validator, theirs.pii_storage),
    "ValidationResult": (theirs.analytics,),
    "DataStored": (theirs.analytics,),
}


def register(people: Sequence[Mapping[str, Any]], tick: Callable[[], None]) -> tuple[Run, Item]:
    """Count the registrations of some people, and all that follows from each.

    Returns:
        The run, and the stored items by table.
    """
    with CountedAws.open({theirs.HIGH_SEC: ["id:S"], theirs.LOW_SEC: ["id:S"]}) as aws:
        for person in people:
            body = json.dumps({name: person[name] for name in FIELDS if name in person})
            _invoke(aws, theirs.gateway, http_event("POST /registrations", body))
            aws.run.people += 1
            aws.run.http += 1
            _deliver(aws)
            tick()
        return aws.run, {table: aws.items(table) for table in (theirs.HIGH_SEC, theirs.LOW_SEC)}


def vote(count: int) -> Run:
    """Count the votes of some people."""
    tables = {theirs.VOTERS: ["id:S"], theirs.RESULTS: ["state:S", "candidate:S"]}
    with CountedAws.open(tables) as aws:
        for number in range(count):
            theirs.put(theirs.VOTERS, {"id": {"S": f"voter-{number:08d}"}, "state": {"S": "CA"}})
        with aws.counting() as run:
            for event in vote_events(count):
                _invoke(aws, theirs.enqueuer, event)
            run.people = run.http = count
            for batch in batched(aws.queues[theirs.QUEUE_URL], BATCH, strict=False):
                for message in batch:
                    run.send(message)
                run.receive(batch)
                _invoke(aws, theirs.processor, sqs_event(batch), len(batch))
    return run


def _invoke(aws: CountedAws, handler: Handler, event: Item, messages: int = 1) -> None:
    name = handler.__name__
    with aws.function(name):
        handler(event, None)
    aws.run.invocations[name] += 1
    aws.run.messages[name] += messages


def _deliver(aws: CountedAws) -> None:
    for event in aws.take_events():
        aws.run.publish(event.detail_type, event.size)
        for handler in _SUBSCRIBERS[event.detail_type]:
            _invoke(aws, handler, event.envelope())
            _deliver(aws)


def vote_events(count: int) -> list[Item]:
    """Return the requests of that many voters."""
    return [
        http_event("POST /votes", f'{{"id": "voter-{number:08d}", "candidate": "Hillary Clinton"}}')
        for number in range(count)
    ]
