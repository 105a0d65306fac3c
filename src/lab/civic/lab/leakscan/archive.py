"""A queue in place of the event archive, which the engine lacks."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from civic.stack.target import Target

if TYPE_CHECKING:
    from mypy_boto3_events.type_defs import TargetTypeDef

_NAME = "civic-leakscan-archive"
_EVERYTHING = json.dumps({"source": [{"prefix": ""}]})


@contextmanager
def every_event_kept(target: Target) -> Iterator[None]:
    """Keep a copy of every event of every bus while the block runs; a scan reads it as a queue."""
    with ExitStack() as undo:
        queue = target.sqs.create_queue(QueueName=_NAME)["QueueUrl"]
        undo.callback(target.sqs.delete_queue, QueueUrl=queue)
        arn = target.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
        archive: TargetTypeDef = {"Id": "archive", "Arn": arn["Attributes"]["QueueArn"]}
        for bus in (bus["Name"] for bus in target.events.list_event_buses()["EventBuses"]):
            target.events.put_rule(Name=_NAME, EventBusName=bus, EventPattern=_EVERYTHING)
            undo.callback(target.events.delete_rule, Name=_NAME, EventBusName=bus)
            target.events.put_targets(Rule=_NAME, EventBusName=bus, Targets=[archive])
            undo.callback(
                target.events.remove_targets, Rule=_NAME, EventBusName=bus, Ids=["archive"]
            )
        yield
