"""The scan itself: a leak planted in any form and any place is found, and nothing is disturbed."""

import json
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from civic.lab.leakscan import command
from civic.lab.leakscan.files import places_on_disk
from civic.lab.leakscan.places import Place, blind_spots, places_of_aws
from civic.lab.leakscan.scan import Scanner, contents_before
from civic.lab.leakscan.settling import settle
from civic.stack.engine import Engine
from civic.stack.target import Target
from civic.stack.workspace import Workspace
from civic.terminal.failures import INTERRUPTED_EXIT_CODE
from tests.integration.conftest import Command
from tests.integration.consumers import paused, send
from tests.integration.rows import BY_ID, is_tombstone, rows
from tests.strategies.leaks import WRITERS

PLANTED = {way: f"Zqplanted {number:02} łä-𠮷O'x+/?" for number, way in enumerate(WRITERS)}
"""A separate marker for each way of writing one."""

type Plant = Callable[[Target, Engine, str, bytes], Callable[[], object]]
"""Puts some bytes under a name somewhere, and returns a function that removes them."""


def in_a_table(target: Target, _: Engine, name: str, content: bytes) -> Callable[[], object]:
    table, key = target.output(BY_ID[1]), {"id": {"S": name}}
    deep: Any = {"M": {"seal": {"L": [{"B": content}]}}}
    target.dynamodb.put_item(TableName=table, Item=key | {"facts": deep})
    return lambda: target.dynamodb.delete_item(TableName=table, Key=key)


def in_the_name_of_an_attribute(
    target: Target, _: Engine, name: str, content: bytes
) -> Callable[[], object]:
    table, key = target.output(BY_ID[2]), {"id": {"S": name}}
    target.dynamodb.put_item(TableName=table, Item=key | {text(content): {"N": "1"}})
    return lambda: target.dynamodb.delete_item(TableName=table, Key=key)


def in_a_stream(target: Target, _: Engine, name: str, content: bytes) -> Callable[[], object]:
    """Put it into a table, and return its removal."""
    table = f"planted-{name}"
    key: Any = {"AttributeName": "id", "KeyType": "HASH"}
    target.dynamodb.create_table(
        TableName=table,
        KeySchema=[key],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
    target.dynamodb.put_item(TableName=table, Item={"id": {"S": "1"}, "seal": {"B": content}})
    target.dynamodb.delete_item(TableName=table, Key={"id": {"S": "1"}})
    return lambda: target.dynamodb.delete_table(TableName=table)


def in_a_queue(target: Target, _: Engine, name: str, content: bytes) -> Callable[[], object]:
    url = target.sqs.create_queue(QueueName=f"planted-{name}")["QueueUrl"]
    target.sqs.send_message(QueueUrl=url, MessageBody=text(content))
    return lambda: target.sqs.delete_queue(QueueUrl=url)


def in_an_attribute_of_a_message(
    target: Target, _: Engine, name: str, content: bytes
) -> Callable[[], object]:
    url = target.sqs.create_queue(QueueName=f"planted-{name}")["QueueUrl"]
    note: Any = {"note": {"DataType": "String", "StringValue": text(content)}}
    target.sqs.send_message(QueueUrl=url, MessageBody="{}", MessageAttributes=note)
    return lambda: target.sqs.delete_queue(QueueUrl=url)


def in_a_dead_letter_queue(
    target: Target, _: Engine, name: str, content: bytes
) -> Callable[[], object]:
    del name
    url = target.output("ReleaseDlqUrl")
    target.sqs.send_message(QueueUrl=url, MessageBody=text(content))
    return lambda: target.sqs.purge_queue(QueueUrl=url)


def in_an_object(target: Target, _: Engine, name: str, content: bytes) -> Callable[[], object]:
    bucket = target.output("ReleaseBucketName")
    target.s3.put_object(Bucket=bucket, Key=name, Body=content)
    return lambda: _delete_versions(target, bucket, name)


def in_an_overwritten_object(
    target: Target, _: Engine, name: str, content: bytes
) -> Callable[[], object]:
    bucket = target.output("ReleaseBucketName")
    for body in (content, b"harmless"):
        target.s3.put_object(Bucket=bucket, Key=name, Body=body)
    target.s3.delete_object(Bucket=bucket, Key=name)
    return lambda: _delete_versions(target, bucket, name)


def in_the_key_of_an_object(
    target: Target, _: Engine, name: str, content: bytes
) -> Callable[[], object]:
    bucket, key = target.output("ReleaseBucketName"), f"{name}/{text(content)}"
    target.s3.put_object(Bucket=bucket, Key=key, Body=b"harmless")
    return lambda: _delete_versions(target, bucket, name)


def _delete_versions(target: Target, bucket: str, prefix: str) -> None:
    answer = target.s3.list_object_versions(Bucket=bucket, Prefix=prefix)
    for version in [*answer.get("Versions", []), *answer.get("DeleteMarkers", [])]:
        target.s3.delete_object(Bucket=bucket, Key=version["Key"], VersionId=version["VersionId"])


def in_a_log(target: Target, _: Engine, name: str, content: bytes) -> Callable[[], object]:
    group = f"/civic/{target.stacks['platform']}/http"
    target.logs.create_log_stream(logGroupName=group, logStreamName=name)
    now = target.logs.describe_log_groups()["logGroups"][0]["creationTime"]
    target.logs.put_log_events(
        logGroupName=group,
        logStreamName=name,
        logEvents=[{"timestamp": now, "message": text(content)}],
    )
    return lambda: target.logs.delete_log_stream(logGroupName=group, logStreamName=name)


def in_a_dimension_of_a_metric(
    target: Target, _: Engine, name: str, content: bytes
) -> Callable[[], object]:
    dimension = {"Name": "who", "Value": text(content)}
    target.client("cloudwatch").put_metric_data(
        Namespace="Planted",
        MetricData=[{"MetricName": name, "Value": 1.0, "Dimensions": [dimension]}],
    )
    return lambda: None


def in_the_state_of_the_engine(
    _: Target, engine: Engine, name: str, content: bytes
) -> Callable[[], object]:
    return _in_a_file(engine.workspace.state / "state" / name, content)


def in_the_log_of_the_engine(
    _: Target, engine: Engine, name: str, content: bytes
) -> Callable[[], object]:
    del name
    before = engine.log.read_bytes()
    engine.log.write_bytes(before + content)
    return lambda: engine.log.write_bytes(before)


def in_a_journal(_: Target, engine: Engine, name: str, content: bytes) -> Callable[[], object]:
    return _in_a_file(engine.workspace.output / f"{name}.jsonl", content)


def in_a_generated_file(
    _: Target, engine: Engine, name: str, content: bytes
) -> Callable[[], object]:
    return _in_a_file(engine.workspace.root / "events" / f"{name}.json", content)


def _in_a_file(file: Path, content: bytes) -> Callable[[], object]:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    return file.unlink


class NotText(Exception):
    """These bytes cannot be stored as text."""


def text(content: bytes) -> str:
    try:
        found = content.decode()
    except UnicodeDecodeError:
        raise NotText from None
    if "\0" in found:
        raise NotText
    return found


PLANTS: dict[Plant, tuple[str, bool]] = {
    in_a_table: ("table", True),
    in_the_name_of_an_attribute: ("table", False),
    in_a_stream: ("stream", True),
    in_a_queue: ("queue", False),
    in_an_attribute_of_a_message: ("queue", False),
    in_a_dead_letter_queue: ("queue", False),
    in_an_object: ("bucket", True),
    in_an_overwritten_object: ("bucket", True),
    in_the_key_of_an_object: ("bucket", False),
    in_a_log: ("log group", False),
    in_a_dimension_of_a_metric: ("metrics", False),
    in_the_state_of_the_engine: ("files", True),
    in_the_log_of_the_engine: ("files", True),
    in_a_journal: ("files", True),
    in_a_generated_file: ("files", True),
}
"""Each place, its kind, and whether it accepts any bytes or only text."""


def places(target: Target, engine: Engine) -> list[Place]:
    return [*places_of_aws(target), *places_on_disk(engine.workspace)]


@pytest.fixture(scope="module")
def before(target: Target, engine: Engine) -> frozenset[bytes]:
    """The functions' code and its copies, which need not be scanned repeatedly."""
    return contents_before(places(target, engine))


@pytest.fixture
def apart(engine: Engine, tmp_path: Path) -> Engine:
    """The running engine, in a separate checkout for the test."""
    (tmp_path / "events").mkdir()
    return Engine(Workspace(tmp_path, engine.workspace.state), engine.port)


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.__name__)
def test_scan_finds_every_form_of_a_leak_in(
    target: Target, apart: Engine, plant: Plant, before: frozenset[bytes]
) -> None:
    kind, takes_bytes = PLANTS[plant]
    planted = set()
    with ExitStack() as undo:
        for number, (way, write) in enumerate(WRITERS.items()):
            try:
                clear = plant(target, apart, f"{number:02}", write(PLANTED[way], b"{", b"}"))
            except NotText:
                assert not takes_bytes
                continue
            undo.callback(clear)
            planted.add(way)
        assert len(planted) > len(WRITERS) - 5
        assert found_in(places(target, apart), kind, before) == planted
    if plant is not in_a_dimension_of_a_metric:  # nothing can be removed from CloudWatch
        assert found_in(places(target, apart), kind, before) == set()


def found_in(looked_at: list[Place], kind: str, before: frozenset[bytes]) -> set[str]:
    scanner = Scanner(PLANTED, before)
    looked = [scanner.look(place) for place in looked_at if place.kind == kind]
    return {leak.marker for one in looked for leak in one.leaks}


def test_scan_finds_a_message_in_flight(target: Target, engine: Engine) -> None:
    url = target.output("ReleaseDlqUrl")
    target.sqs.send_message(QueueUrl=url, MessageBody=PLANTED["as it is"])
    target.sqs.receive_message(QueueUrl=url, VisibilityTimeout=60)
    try:
        assert found_in(places(target, engine), "queue", frozenset()) == {"as it is"}
    finally:
        target.sqs.purge_queue(QueueUrl=url)


def test_scan_leaves_messages_as_they_were(target: Target) -> None:
    with paused(target, "Validator"):
        send(target, "Validator", "a message that waits")
        for _ in range(6):
            for place in places_of_aws(target):
                if place.kind == "queue":
                    list(place.read())
        (message,) = target.sqs.receive_message(
            QueueUrl=target.output("ValidatorQueueUrl"),
            AttributeNames=["ApproximateReceiveCount"],
            VisibilityTimeout=0,
        )["Messages"]
        target.sqs.purge_queue(QueueUrl=target.output("ValidatorQueueUrl"))
    assert message["Body"] == "a message that waits"
    # More often than the queue delivers: receiving would have made it a dead letter.
    assert message["Attributes"]["ApproximateReceiveCount"] == "1"


def test_every_resource_that_holds_data_is_a_place(target: Target) -> None:
    assert blind_spots(target) == []
    named = {place.name for place in places_of_aws(target)}
    assert holding(target, "Table", "Queue", "Bucket", "LogGroup") <= named
    assert {target.output("LogBucketName"), target.output("BallotsTableName")} <= named


def holding(target: Target, *kinds: str) -> set[str]:
    """Return the names of the stacks' resources of some kinds."""
    listing = target.cloudformation.get_paginator("list_stack_resources")
    found = [
        one
        for stack in target.stacks.values()
        for page in listing.paginate(StackName=stack)
        for one in page["StackResourceSummaries"]
    ]
    names = {
        one["PhysicalResourceId"].rpartition("/")[2]
        if one["ResourceType"].endswith("Queue")
        else one["PhysicalResourceId"]
        for one in found
        if one["ResourceType"].rpartition("::")[2] in kinds
    }
    assert len(names) > 40
    return names


def test_resource_that_nobody_can_read_is_told(target: Target) -> None:
    template = {"Resources": {"Flow": {"Type": "AWS::Kinesis::Stream", "Properties": {}}}}
    target.cloudformation.create_stack(StackName="blind", TemplateBody=json.dumps(template))
    target.cloudformation.get_waiter("stack_create_complete").wait(
        StackName="blind", WaiterConfig={"Delay": 1, "MaxAttempts": 30}
    )
    try:
        assert blind_spots(target) == ["AWS::Kinesis::Stream"]
    finally:
        target.cloudformation.delete_stack(StackName="blind")


def living(target: Target) -> list[str]:
    return [item["id"]["S"] for item in rows(target, BY_ID[0]) if not is_tombstone(item)]


@pytest.mark.deep
def test_leakscan_of_this_stack_is_clean_and_leaves_nobody(
    target: Target, civic: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    settle(target)
    before = living(target)
    assert civic("leakscan", "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert report["clean"]
    assert report["controls"] > 100
    assert {"accepted", "rejected", "in review", "rectified", "rights", "reviewed"} <= set(
        report["paths"]
    )
    assert "PUT /registrations/{id}" in report["paths"]
    sizes = {one["place"]: one["bytes"] for one in report["places"]}
    assert sizes["HTTP APIs"]
    assert sizes["civic-leakscan-archive"]
    assert holding(target, "Table", "Queue", "Bucket", "LogGroup") <= sizes.keys()
    settle(target)
    assert living(target) == before
    assert "civic-leakscan-archive" not in {place.name for place in places_of_aws(target)}


@pytest.mark.deep
def test_leakscan_for_given_markers_names_the_place_and_not_the_marker(
    target: Target,
    civic: Command,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "300")
    file, url = tmp_path / "markers.txt", target.output("ReleaseDlqUrl")
    file.write_text("Zqnowhere else\n\nZqsomewhere łä\n")
    target.sqs.send_message(QueueUrl=url, MessageBody=json.dumps({"x": "Zqsomewhere łä"}))
    try:
        assert civic("leakscan", "--markers", file) == 1
    finally:
        target.sqs.purge_queue(QueueUrl=url)
    said = capsys.readouterr()
    assert f"line 3 in queue {url.rpartition('/')[2]}" in said.out
    assert "2 markers" in said.out
    assert "line 1" not in said.out
    assert "Zq" not in said.out + said.err


@pytest.mark.deep
def test_leakscan_broken_off_leaves_nobody(
    target: Target, civic: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_: Target) -> None:
        raise KeyboardInterrupt

    settle(target)
    before = living(target)
    monkeypatch.setattr(command, "settle", interrupted)
    assert civic("leakscan") == INTERRUPTED_EXIT_CODE
    settle(target)
    assert living(target) == before
    assert "civic-leakscan-archive" not in {place.name for place in places_of_aws(target)}
