"""The scanner itself: a leak planted in any form and any place is found."""

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import pytest

from civic.cli.target import Target
from tests.integration.consumers import purge
from tests.integration.leak_scan import Leak, logs, objects, queues, scan, tables
from tests.integration.rows import BY_ID

MARKER = "Zzplanted Nâme-7fQ+/?"
PLANTED = {"name": MARKER}
FORMS: dict[str, Callable[[bytes], bytes]] = {
    "as it is": lambda raw: raw,
    "in capitals": lambda raw: raw.decode().upper().encode(),
    "in JSON": lambda raw: json.dumps({"x": raw.decode()}).encode(),
    "in JSON in JSON": lambda raw: json.dumps(json.dumps({"x": raw.decode()})).encode(),
    "URL-encoded": lambda raw: quote(raw, safe="").encode(),
    "in hex": lambda raw: raw.hex().encode(),
    "in base64": base64.b64encode,
    "in base64, one byte later": lambda raw: base64.b64encode(b"1" + raw + b"and more"),
    "in base64, two bytes later": lambda raw: base64.b64encode(b"12" + raw + b"and"),
    "in base64 for URLs": lambda raw: base64.urlsafe_b64encode(b'{"x":"' + raw + b'"}'),
    "in base64 of JSON": lambda raw: base64.b64encode(json.dumps({"x": raw.decode()}).encode()),
    "in base64 of base64": lambda raw: base64.b64encode(b"[" + base64.b64encode(b"-" + raw)),
}


@pytest.mark.parametrize("form", FORMS)
def test_scan_finds_a_marker(form: str) -> None:
    content = b"before " + FORMS[form](MARKER.encode()) + b" after"
    assert scan([("here", content)], PLANTED) == [Leak("name", "here")]


@pytest.mark.parametrize("form", FORMS)
def test_scan_finds_nothing_of_another_marker(form: str) -> None:
    content = b"before " + FORMS[form](b"Zzplanted Nome-7fQ+/?") + b" after"
    assert scan([("here", content)], PLANTED) == []


def test_scan_does_not_repeat_the_value() -> None:
    (leak,) = scan([("here", MARKER.encode())], PLANTED)
    assert MARKER not in repr(leak)


@pytest.fixture
def in_a_table(target: Target) -> Iterator[None]:
    table = target.output(BY_ID[1])
    seal: Any = {"L": [{"B": b"0" + MARKER.encode()}]}
    target.dynamodb.put_item(TableName=table, Item={"id": {"S": "planted"}, "seal": seal})
    yield
    target.dynamodb.delete_item(TableName=table, Key={"id": {"S": "planted"}})


@pytest.fixture
def in_a_queue(target: Target) -> Iterator[None]:
    body = json.dumps({"x": base64.b64encode(MARKER.encode()).decode()})
    target.sqs.send_message(QueueUrl=target.output("ReleaseDlqUrl"), MessageBody=body)
    yield
    purge(target, "Release")


@pytest.fixture
def in_a_log(target: Target) -> Iterator[None]:
    group = f"/civic/{target.stack}/http"
    target.logs.create_log_stream(logGroupName=group, logStreamName="planted")
    now = target.logs.describe_log_groups()["logGroups"][0]["creationTime"]
    target.logs.put_log_events(
        logGroupName=group,
        logStreamName="planted",
        logEvents=[{"timestamp": now, "message": json.dumps({"x": MARKER})}],
    )
    yield
    target.logs.delete_log_stream(logGroupName=group, logStreamName="planted")


@pytest.fixture
def in_an_object(target: Target) -> Iterator[None]:
    bucket = target.output("ReleaseBucketName")
    key = f"releases/{quote(MARKER)}"
    target.s3.put_object(Bucket=bucket, Key=key, Body=b"harmless")
    yield
    for version in target.s3.list_object_versions(Bucket=bucket, Prefix=key)["Versions"]:
        target.s3.delete_object(Bucket=bucket, Key=key, VersionId=version["VersionId"])


PLACES = {
    "in_a_table": tables,
    "in_a_queue": queues,
    "in_a_log": logs,
    "in_an_object": objects,
}


@pytest.mark.parametrize("planted", PLACES)
def test_scan_finds_what_was_planted(
    target: Target, request: pytest.FixtureRequest, planted: str
) -> None:
    assert scan(PLACES[planted](target), PLANTED) == []
    request.getfixturevalue(planted)
    assert [leak.marker for leak in scan(PLACES[planted](target), PLANTED)] == ["name"]
