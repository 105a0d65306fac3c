"""What every release archive does, and the files that S3's writes."""

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from civic.analytics.aggregates import TABLES, Cell, Release
from civic.analytics.errors import StoreUnavailable
from civic.analytics.release_archive_s3 import S3Releases
from civic.lab.memory.analytics import MemoryReleases
from civic.runtime import clients
from tests.fakes.aws import BUCKET, Aws
from tests.fakes.fixtures import each_kind

RELEASED_AT = datetime(2027, 1, 15, 3, tzinfo=UTC)
RELEASE = Release(
    cells=(
        (Cell("decisions", ("accepted",)), 40),
        (Cell("regions", ("DE-BY", "accepted")), 12),
        (Cell("reasons", ("phone_invalid", "rejected")), 10),
    ),
    suppressed=3,
    people=50,
    threshold=10,
    first_day=date(2027, 1, 1),
    last_day=None,
)

type Archive = S3Releases | MemoryReleases


def deployed() -> S3Releases:
    return S3Releases(clients.s3(), BUCKET)


archive = each_kind("s3", MemoryReleases, deployed)


def read(key: str) -> str:
    return clients.s3().get_object(Bucket=BUCKET, Key=key)["Body"].read().decode()


def test_keys_tell_day_and_release(archive: Archive) -> None:
    assert archive.write("r1", RELEASED_AT, RELEASE) == (
        "releases/2027/01/15/r1.json",
        "releases/2027/01/15/r1.jsonl",
    )


def test_same_release_gets_the_same_keys_and_another_others(archive: Archive) -> None:
    first = archive.write("r1", RELEASED_AT, RELEASE)
    assert archive.write("r1", RELEASED_AT, RELEASE) == first
    assert set(archive.write("r2", RELEASED_AT, RELEASE)).isdisjoint(first)


def test_archive_names_its_bucket(archive: Archive) -> None:
    assert archive.bucket


@pytest.mark.usefixtures("aws")
def test_document_holds_every_table_and_no_more() -> None:
    json_key, _ = deployed().write("r1", RELEASED_AT, RELEASE)
    document: dict[str, Any] = json.loads(read(json_key))
    assert set(document["tables"]) == set(TABLES)
    assert document["tables"]["decisions"] == [{"decision": "accepted", "count": 40}]
    assert document["tables"]["regions"] == [
        {"region": "DE-BY", "decision": "accepted", "count": 12}
    ]
    assert document["tables"]["days"] == []
    assert (document["people"], document["threshold"]) == (50, 10)
    assert document["suppressed_cells"] == 3
    assert (document["first_day"], document["last_day"]) == ("2027-01-01", None)


@pytest.mark.usefixtures("aws")
def test_lines_are_flat_and_have_the_same_keys() -> None:
    _, lines_key = deployed().write("r1", RELEASED_AT, RELEASE)
    lines = [json.loads(line) for line in read(lines_key).splitlines()]
    assert [line["count"] for line in lines] == [40, 12, 10]
    assert {tuple(line) for line in lines} == {tuple(lines[0])}
    assert all(not isinstance(value, dict | list) for line in lines for value in line.values())
    assert lines[2]["reason"] == "phone_invalid"
    assert lines[2]["region"] is None


@pytest.mark.usefixtures("aws")
def test_empty_release_is_written() -> None:
    empty = Release((), 0, 0, 10, None, None)
    json_key, lines_key = deployed().write("r1", RELEASED_AT, empty)
    assert json.loads(read(json_key))["people"] == 0
    assert read(lines_key) == ""


@pytest.mark.parametrize("code", ["SlowDown", "AccessDenied"])
def test_refusal_by_s3_is_unavailability(aws: Aws, code: str) -> None:
    aws.fail("s3", "PutObject", code)
    with pytest.raises(StoreUnavailable):
        deployed().write("r1", RELEASED_AT, RELEASE)
