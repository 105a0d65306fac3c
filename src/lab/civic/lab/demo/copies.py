"""Copies of a person's sealed data, such as archives and backups would hold."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from civic.client.citizen import Receipt
from civic.contracts.events import SealedFields, ValidationRequest
from civic.contracts.identifiers import RegistrationId, Revision
from civic.identity.model.keys import RecordId
from civic.lab.demo.break_in import Copy
from civic.stack.target import Target

type Item = dict[str, Any]

_RULE = "civic-demo-archive"


class EventArchive:
    """A queue behind the bus, in place of the event archive that the engine lacks."""

    def __init__(self, target: Target, queue_url: str) -> None:
        """Read from ``queue_url``."""
        self._target = target
        self._queue = queue_url

    def requests_of(self, receipt: Receipt) -> list[dict[str, Any]]:
        """Return the archived ValidationRequest envelopes of one registration."""
        found: list[dict[str, Any]] = []
        while True:
            messages = self._target.sqs.receive_message(
                QueueUrl=self._queue, MaxNumberOfMessages=10
            ).get("Messages", [])
            if not messages:
                return found
            for message in messages:
                envelope = json.loads(message["Body"])
                if envelope["detail"]["id"] == receipt.id:
                    found.append(envelope)
                self._target.sqs.delete_message(
                    QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"]
                )


@contextmanager
def event_archive(target: Target) -> Iterator[EventArchive]:
    """Keep a copy of every ValidationRequest while the block runs."""
    bus = target.output("BusName")
    queue = target.sqs.create_queue(QueueName=_RULE)["QueueUrl"]
    arn = target.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    try:
        target.events.put_rule(
            Name=_RULE,
            EventBusName=bus,
            EventPattern=json.dumps({"detail-type": ["ValidationRequest"]}),
        )
        target.events.put_targets(
            Rule=_RULE,
            EventBusName=bus,
            Targets=[{"Id": "archive", "Arn": arn["Attributes"]["QueueArn"]}],
        )
        yield EventArchive(target, queue)
    finally:
        target.events.remove_targets(Rule=_RULE, EventBusName=bus, Ids=["archive"])
        target.events.delete_rule(Name=_RULE, EventBusName=bus)
        target.sqs.delete_queue(QueueUrl=queue)


def copy_of_event(envelope: dict[str, Any]) -> Copy:
    """Return the sealed record inside an archived event."""
    request = ValidationRequest.model_validate_json(json.dumps(envelope["detail"]))
    record = RecordId(request.id, request.revision)
    return Copy("archived event", record, request.sealed)


def replay(target: Target, envelope: dict[str, Any]) -> None:
    """Put an archived event on the bus again, as a replay of the archive would."""
    target.events.put_events(
        Entries=[
            {
                "EventBusName": target.output("BusName"),
                "Source": envelope["source"],
                "DetailType": envelope["detail-type"],
                "Detail": json.dumps(envelope["detail"]),
            }
        ]
    )


def vault_item(target: Target, receipt: Receipt) -> Item | None:
    """Return the row of the high-security store."""
    return _item(target, "HighSecDataStoreName", receipt)


def decision_item(target: Target, receipt: Receipt) -> Item | None:
    """Return the row of the low-security store."""
    return _item(target, "LowSecDataStoreName", receipt)


def join_item(target: Target, receipt: Receipt) -> Item | None:
    """Return the row in the join table of analytics."""
    return _item(target, "AnalyticsJoinsName", receipt)


def restore_vault_item(target: Target, item: Item) -> None:
    """Put a row back, as restoring a backup would."""
    target.dynamodb.put_item(TableName=target.output("HighSecDataStoreName"), Item=item)


def subject_keys(target: Target, receipt: Receipt) -> int:
    """Return how many subject keys a registration has."""
    return target.dynamodb.query(
        TableName=target.output("SubjectKeysTableName"),
        KeyConditionExpression="id = :id",
        ExpressionAttributeValues={":id": {"S": receipt.id}},
        ConsistentRead=True,
        Select="COUNT",
    )["Count"]


def copy_of_item(item: Item) -> Copy:
    """Return the sealed record inside a row of the high-security store."""
    fields = {
        name.removeprefix("pii_"): bytes(value["B"])
        for name, value in item.items()
        if name.startswith("pii_")
    }
    record = RecordId(RegistrationId(item["id"]["S"]), Revision(int(item["revision"]["N"])))
    sealed = SealedFields(commitment=bytes(item["commitment"]["B"]), fields=fields)
    return Copy("backup of the high-security store", record, sealed)


def _item(target: Target, output: str, receipt: Receipt) -> Item | None:
    return target.dynamodb.get_item(
        TableName=target.output(output), Key={"id": {"S": receipt.id}}, ConsistentRead=True
    ).get("Item")
