"""A release of aggregates: what is counted, what is published, and what never is."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from civic.client.citizen import Citizen, Receipt
from civic.operator.operations import release_aggregates
from civic.stack.target import Target
from tests.integration.conftest import Command
from tests.integration.consumers import publish, recorded_events, send
from tests.integration.people import Payload, idempotency_key, stranger
from tests.integration.rows import BY_ID, is_tombstone, row, rows
from tests.integration.waiting import decided, eventually, settled, stored

GB = {"lines": ["12 High Street"], "city": "London", "postcode": "EC1Y 8SY", "country": "GB"}
FR = {"lines": ["12 rue de Rivoli"], "city": "Paris", "postcode": "75001", "country": "FR"}
ACCEPTED: Payload = {}
REJECTED: Payload = {"citizenship_attestation": False, "date_of_birth": "1961-05-17"}
YOUNGER: Payload = {"citizenship_attestation": False}
IN_GB: Payload = {"address": GB, "phone_number": "+44 7911 123456"}
IN_FR: Payload = {"address": FR, "phone_number": "+33 1 42 68 53 00"}
DIMENSIONS = {
    "decisions": ("decision",),
    "regions": ("region", "decision"),
    "age_bands": ("age_band", "decision"),
    "regions_by_age": ("region", "age_band", "decision"),
    "reasons": ("reason", "decision"),
}


@dataclass(slots=True)
class Published:
    """A known population, and what was published about it."""

    people: list[Receipt]
    event: dict[str, Any]
    document: dict[str, Any]
    lines: list[dict[str, Any]]
    objects: list[bytes]


@pytest.fixture(scope="module")
def published(target: Target, citizen: Citizen) -> Published:
    """Publish about 21 people in one region and 9 in each of two others, without the erased."""
    settled(target)
    _empty_the_joins(target)
    with recorded_events(target) as recording:
        people = [
            citizen.register(stranger(**payload), idempotency_key())
            for payload, count in (
                (YOUNGER, 1),
                (ACCEPTED, 11),
                (REJECTED, 9),
                (IN_GB, 9),
                (IN_FR, 9),
            )
            for _ in range(count)
        ]
        corrected, erased = people[0], people[1]
        stored(citizen, corrected)
        citizen.rectify(corrected, stranger(**REJECTED))
        decided(citizen, corrected, revision=2)
        stored(citizen, corrected, revision=2)
        people += [citizen.register(stranger(), idempotency_key())]
        settled(target)
        for event in recording.envelopes("ValidationResult", "DataStored"):
            publish(target, event)
        stored(citizen, erased)
        citizen.erase(erased)
        eventually("it is erased", lambda: is_tombstone(row(target, BY_ID[2], erased)))
        settled(target)
        release_aggregates(target)
        (event,) = recording.envelopes("AnalyticsReleased")
    keys = (event["detail"]["json_key"], event["detail"]["lines_key"])
    objects = [_object(target, key) for key in keys]
    lines = [json.loads(line) for line in objects[1].splitlines()]
    return Published(people, event, json.loads(objects[0]), lines, objects)


def _empty_the_joins(target: Target) -> None:
    for item in rows(target, BY_ID[2]):
        target.dynamodb.delete_item(TableName=target.output(BY_ID[2]), Key={"id": item["id"]})


def _object(target: Target, key: str) -> bytes:
    return target.s3.get_object(Bucket=target.output("ReleaseBucketName"), Key=key)["Body"].read()


def cells(published: Published, table: str) -> dict[tuple[str, ...], int]:
    found = published.document["tables"][table]
    return {tuple(one[name] for name in DIMENSIONS[table]): one["count"] for one in found}


def test_release_counts_everyone_once_and_nobody_erased(published: Published) -> None:
    # In DE 11 + 1 were accepted and one of them erased; one of the rejected was corrected.
    assert cells(published, "decisions") == {("accepted",): 29, ("rejected",): 10}
    assert published.document["people"] == 30


def test_release_drops_every_cell_under_the_threshold(published: Published) -> None:
    assert cells(published, "regions") == {("DE", "accepted"): 11, ("DE", "rejected"): 10}
    assert cells(published, "regions_by_age") == {
        ("DE", "35-44", "accepted"): 11,
        ("DE", "65-74", "rejected"): 10,
    }
    assert published.document["threshold"] == 10
    # Great Britain and France, in both tables.
    assert published.document["suppressed_cells"] == 4


def test_release_counts_by_age_and_reason(published: Published) -> None:
    assert cells(published, "age_bands") == {("35-44", "accepted"): 29, ("65-74", "rejected"): 10}
    assert cells(published, "reasons") == {("attestation_missing", "rejected"): 10}


def test_release_counts_by_day(published: Published) -> None:
    days = published.document["tables"]["days"]
    assert sum(one["count"] for one in days) == 39
    assert {one["day"] for one in days} <= {
        published.document["first_day"],
        published.document["last_day"],
    }


def test_release_lines_hold_the_cells_of_the_document(published: Published) -> None:
    of_the_document = [
        dict(sorted({"table": table, **one}.items()))
        for table, found in published.document["tables"].items()
        for one in found
    ]
    of_the_lines = [
        {
            name: line[name]
            for name in sorted(line)
            if name != "release_id" and line[name] is not None
        }
        for line in published.lines
    ]
    assert sorted(of_the_lines, key=str) == sorted(of_the_document, key=str)
    assert len({tuple(line) for line in published.lines}) == 1


def test_release_is_announced_on_the_bus(target: Target, published: Published) -> None:
    detail = published.event["detail"]
    assert published.event["source"] == "civic.analytics_release"
    assert detail["bucket"] == target.output("ReleaseBucketName")
    assert detail["counted"] == 30
    assert detail["cells"] == len(published.lines)
    assert detail["suppressed_cells"] == published.document["suppressed_cells"]


def test_release_holds_no_registration_id(published: Published) -> None:
    everything = b"".join(published.objects) + json.dumps(published.event).encode()
    assert not [one.id for one in published.people if one.id.encode() in everything]


def test_release_command_shows_the_published_document(
    target: Target,
    civic: Command,
    published: Published,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    capsys.readouterr()
    assert civic("release") == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["tables"] == published.document["tables"]
    assert civic("release", "--output", tmp_path / "release.json") == 0
    written = json.loads((tmp_path / "release.json").read_text())
    assert written["tables"] == published.document["tables"]
    assert len({shown["release_id"], written["release_id"], published.document["release_id"]}) == 3
    keys = _keys(target)
    assert any(shown["release_id"] in key for key in keys)


def test_release_is_written_when_the_schedule_says_so(target: Target) -> None:
    before = _keys(target)
    send(target, "Release", "{}")
    eventually("a release is written", lambda: len(_keys(target)) == len(before) + 2)
    settled(target)
    assert len(_keys(target)) == len(before) + 2


def _keys(target: Target) -> set[str]:
    pages = target.s3.get_paginator("list_objects_v2").paginate(
        Bucket=target.output("ReleaseBucketName"), Prefix="releases/"
    )
    return {one["Key"] for page in pages for one in page.get("Contents", [])}
