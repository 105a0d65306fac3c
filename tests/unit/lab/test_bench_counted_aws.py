from typing import Any

import botocore.session
import pytest
from botocore.exceptions import ClientError

from civic.lab.bench.counted_aws import ENVIRONMENT, CountedAws, NotCounted
from civic.lab.bench.ledger import Line

TABLE = "People"
ROW = {"id": {"S": "a"}, "text": {"S": "x" * 1500}}
ROW_BYTES = 2 + 1 + 4 + 1500


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> CountedAws:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    return CountedAws({TABLE: ("id",)})


@pytest.fixture
def client(aws: CountedAws) -> Any:
    session = botocore.session.get_session()
    aws.attach(session)
    return session.create_client


def test_a_known_sequence_is_counted_call_by_call(aws: CountedAws, client: Any) -> None:
    dynamodb = client("dynamodb")
    with aws.function("writer"):
        dynamodb.put_item(TableName=TABLE, Item=ROW)
        dynamodb.put_item(TableName=TABLE, Item={"id": {"S": "b"}})
    with aws.function("reader"):
        dynamodb.get_item(TableName=TABLE, Key={"id": {"S": "a"}}, ConsistentRead=True)
        dynamodb.get_item(TableName=TABLE, Key={"id": {"S": "c"}})
        dynamodb.query(
            TableName=TABLE,
            KeyConditionExpression="id = :id",
            ExpressionAttributeValues={":id": {"S": "a"}},
        )
        dynamodb.delete_item(TableName=TABLE, Key={"id": {"S": "a"}})

    units = {
        (line.function, line.operation): (tally.calls, tally.write_units, tally.read_units)
        for line, tally in aws.ledger.tallies.items()
    }
    assert units == {
        ("writer", "PutItem"): (2, 3, 0),
        ("reader", "GetItem"): (2, 0, 1.5),
        ("reader", "Query"): (1, 0, 0.5),
        ("reader", "DeleteItem"): (1, 2, 0),
    }
    assert aws.ledger.written == {TABLE: [ROW_BYTES, 3]}
    assert aws.ledger.calls("reader") == 4
    assert aws.ledger.calls(service="kms") == 0


def test_a_refused_write_is_counted_and_changes_nothing(aws: CountedAws, client: Any) -> None:
    dynamodb = client("dynamodb")
    dynamodb.put_item(TableName=TABLE, Item=ROW)

    with pytest.raises(ClientError) as refusal:
        dynamodb.put_item(
            TableName=TABLE,
            Item={"id": {"S": "a"}},
            ConditionExpression="attribute_not_exists(id)",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )

    assert refusal.value.response["Error"]["Code"] == "ConditionalCheckFailedException"
    assert refusal.value.response.get("Item") == ROW
    assert aws.ledger.total().write_units == 4
    assert aws.ledger.written[TABLE] == [ROW_BYTES]


def test_update_begins_and_changes_an_item(client: Any) -> None:
    dynamodb = client("dynamodb")
    for revision in ("1", "2"):
        dynamodb.update_item(
            TableName=TABLE,
            Key={"id": {"S": "a"}},
            UpdateExpression="SET revision = :r",
            ConditionExpression="attribute_not_exists(revision) OR revision < :r",
            ExpressionAttributeValues={":r": {"N": revision}},
        )

    assert dynamodb.get_item(TableName=TABLE, Key={"id": {"S": "a"}})["Item"] == {
        "id": {"S": "a"},
        "revision": {"N": "2"},
    }


def test_bytes_on_the_wire_grow_with_what_is_sent(aws: CountedAws, client: Any) -> None:
    dynamodb = client("dynamodb")
    line = Line("", "dynamodb", "PutItem")
    dynamodb.put_item(TableName=TABLE, Item={"id": {"S": "a"}})
    small = aws.ledger.tallies[line].request_bytes
    dynamodb.put_item(TableName=TABLE, Item={"id": {"S": "a" * 101}})

    # The body's own length stands in a header and grows by a digit.
    assert aws.ledger.tallies[line].request_bytes - 2 * small == 100 + 1
    assert small > len(ENVIRONMENT["AWS_SESSION_TOKEN"])


def test_kms_opens_what_it_sealed_for_the_same_context_only(aws: CountedAws, client: Any) -> None:
    kms = client("kms")
    context = {"purpose": "test"}
    blob = kms.encrypt(KeyId="k", Plaintext=b"secret", EncryptionContext=context)["CiphertextBlob"]

    assert len(blob) == 6 + 152
    answer = kms.decrypt(KeyId="k", CiphertextBlob=blob, EncryptionContext=context)
    assert answer["Plaintext"] == b"secret"
    with pytest.raises(NotCounted):
        kms.decrypt(KeyId="k", CiphertextBlob=blob, EncryptionContext={"purpose": "other"})
    assert aws.ledger.calls(service="kms") == 2


def test_events_are_on_the_bus_until_taken(aws: CountedAws, client: Any) -> None:
    entry = {"EventBusName": "b", "Source": "s", "DetailType": "Done", "Detail": '{"id":"é"}'}

    answer = client("events").put_events(Entries=[entry, entry])

    assert answer["FailedEntryCount"] == 0
    taken = aws.take_events()
    assert [event.size for event in taken] == [1 + 4 + 11] * 2
    assert '"detail":{"id":"é"}' in taken[0].envelope()
    assert aws.take_events() == []


def test_an_operation_that_is_not_known_is_an_error(aws: CountedAws, client: Any) -> None:
    assert aws.ledger.calls() == 0
    with pytest.raises(NotCounted):
        client("dynamodb").list_tables()


def test_a_ledger_of_its_own_keeps_what_is_called_within(aws: CountedAws, client: Any) -> None:
    dynamodb = client("dynamodb")
    dynamodb.put_item(TableName=TABLE, Item=ROW)
    with aws.counting() as inner:
        dynamodb.put_item(TableName=TABLE, Item=ROW)
        dynamodb.get_item(TableName=TABLE, Key={"id": {"S": "a"}})

    assert (aws.ledger.calls(), inner.calls()) == (1, 2)
    assert inner.beyond(aws.ledger).calls() == 1
