"""How the bench counts AWS calls, on known sequences counted by hand."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

from civic.lab.bench.aws import BusEvent, CountedAws, NotCounted
from civic.lab.bench.run import Run
from civic.runtime import clients

TABLE = "People"
ROW = {"id": {"S": "a"}, "text": {"S": "x" * 1500}}
ROW_BYTES = 2 + 1 + 4 + 1500


@pytest.fixture
def aws() -> Iterator[CountedAws]:
    with CountedAws.open({TABLE: ["id:S"], "Boxes": ["id:S", "part:B"]}) as counted:
        yield counted


def put(item: Any, **more: Any) -> None:
    clients.dynamodb().put_item(TableName=TABLE, Item=item, **more)


def test_a_known_sequence_is_counted_call_by_call(aws: CountedAws) -> None:
    dynamodb = clients.dynamodb()
    with aws.function("writer"):
        put(ROW)
        put({"id": {"S": "b"}})
    with aws.function("reader"):
        dynamodb.get_item(TableName=TABLE, Key={"id": {"S": "a"}}, ConsistentRead=True)
        dynamodb.get_item(TableName=TABLE, Key={"id": {"S": "c"}})
        dynamodb.query(
            TableName=TABLE,
            KeyConditionExpression="#key = :id",
            ProjectionExpression="#key",
            ExpressionAttributeNames={"#key": "id"},
            ExpressionAttributeValues={":id": {"S": "a"}},
        )
        dynamodb.delete_item(TableName=TABLE, Key={"id": {"S": "a"}})

    units = {
        (line.function, line.operation): (tally.calls, tally.write_units, tally.read_units)
        for line, tally in aws.run.tallies.items()
    }
    assert units == {
        ("writer", "PutItem"): (2, 3, 0),
        ("reader", "GetItem"): (2, 0, 1.5),
        ("reader", "Query"): (1, 0, 0.5),
        ("reader", "DeleteItem"): (1, 2, 0),
    }
    assert aws.run.written == {TABLE: [ROW_BYTES, 3]}
    assert (aws.run.write_units, aws.run.read_units) == (5, 2)
    assert aws.run.calls("reader") == 4
    assert aws.run.calls(service="kms") == 0


def test_a_refused_write_is_counted_and_changes_nothing(aws: CountedAws) -> None:
    put(ROW)
    with pytest.raises(ClientError) as refusal:
        put({"id": {"S": "a"}}, ConditionExpression="attribute_not_exists(id)")
    assert refusal.value.response["Error"]["Code"] == "ConditionalCheckFailedException"
    assert aws.run.write_units == 4
    assert aws.run.written[TABLE] == [ROW_BYTES]
    assert aws.items(TABLE) == [ROW]


def test_an_update_is_billed_by_the_larger_of_both_images(aws: CountedAws) -> None:
    put(ROW)
    with aws.counting() as run:
        clients.dynamodb().update_item(
            TableName=TABLE,
            Key={"id": {"S": "a"}},
            UpdateExpression="SET #text = :short",
            ExpressionAttributeNames={"#text": "text"},
            ExpressionAttributeValues={":short": {"S": ""}},
        )
    assert run.write_units == 2
    assert run.written[TABLE] == [2 + 1 + 4]


def test_what_is_behind_a_binary_key_is_found(aws: CountedAws) -> None:
    key: Any = {"id": {"S": "a"}, "part": {"B": b"\x01" * 32}}
    dynamodb = clients.dynamodb()
    dynamodb.put_item(TableName="Boxes", Item=key | {"text": {"B": bytes(5000)}})
    dynamodb.get_item(TableName="Boxes", Key=key, ConsistentRead=True)
    assert (aws.run.write_units, aws.run.read_units) == (5, 2)
    assert aws.items("Boxes")[0]["part"]["B"].startswith("AQEB")


def test_kms_opens_what_it_sealed_for_the_same_context_only(aws: CountedAws) -> None:
    kms = clients.kms()
    context = {"purpose": "test"}
    blob = kms.encrypt(KeyId="k", Plaintext=b"secret", EncryptionContext=context)["CiphertextBlob"]
    assert len(blob) == 6 + 152
    answer = kms.decrypt(KeyId="k", CiphertextBlob=blob, EncryptionContext=context)
    assert answer["Plaintext"] == b"secret"
    with pytest.raises(NotCounted):
        kms.decrypt(KeyId="k", CiphertextBlob=blob, EncryptionContext={"purpose": "other"})
    assert aws.run.calls(service="kms") == 2


def test_events_are_on_the_bus_until_taken(aws: CountedAws) -> None:
    entry: Any = {"EventBusName": "b", "Source": "s", "DetailType": "Done", "Detail": '{"id":"é"}'}
    answer = clients.events().put_events(Entries=[entry, entry])
    assert answer["FailedEntryCount"] == 0
    taken = aws.take_events()
    assert [event.size for event in taken] == [1 + 4 + 11] * 2
    assert '"detail":{"id":"é"}' in taken[0].message()
    assert aws.take_events() == []


def test_a_message_that_is_sent_waits_in_its_queue(aws: CountedAws) -> None:
    clients.sqs().send_message(QueueUrl="https://queue", MessageBody="vote")
    assert aws.queues == {"https://queue": ["vote"]}
    assert aws.run.calls(service="sqs", operation="SendMessage") == 1


@pytest.mark.parametrize(
    "call",
    [
        lambda: clients.dynamodb().scan(TableName=TABLE),
        lambda: clients.kms().create_key(),
        lambda: clients.sqs().purge_queue(QueueUrl="https://queue"),
        lambda: clients.dynamodb().query(TableName=TABLE, KeyConditionExpression="begins_with(a)"),
    ],
)
@pytest.mark.usefixtures("aws")
def test_an_operation_that_is_not_known_is_an_error(call: Any) -> None:
    with pytest.raises(NotCounted):
        call()


def test_a_run_of_its_own_keeps_what_is_called_within(aws: CountedAws) -> None:
    put(ROW)
    with aws.counting() as inner:
        put(ROW)
        clients.dynamodb().get_item(TableName=TABLE, Key={"id": {"S": "a"}})
    assert (aws.run.calls(), inner.calls()) == (1, 2)


def test_calls_from_several_threads_are_all_counted(aws: CountedAws) -> None:
    with aws.function("writer"), ThreadPoolExecutor(10) as threads:
        list(threads.map(put, ({"id": {"S": str(number)}} for number in range(20))))
    assert aws.run.calls("writer") == aws.run.write_units == 20
    assert len(aws.items(TABLE)) == len(aws.run.written[TABLE]) == 20


def test_events_and_messages_are_billed_by_the_started_64_kilobytes() -> None:
    run = Run()
    for size in (10, 64 * 1024):
        run.publish("T", BusEvent("s", "T", "x" * size).size)
    run.send("x")
    run.receive(["x" * 40_000, "x" * 40_000])
    assert run.events == {"T": 2}
    assert run.events_billed == 3
    # One send; a receive of two chunks; one delete.
    assert run.sqs_requests == 4
