"""Looks for marked personal data wherever the stack keeps anything.

A marker is looked for as it is and in the forms it could have taken on the way: escaped in JSON,
URL-encoded, in hex, in base64 (of either alphabet and at any alignment), and those nested one in
another once. Letter case does not matter, but in base64.
"""

import base64
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import quote, quote_plus

from civic.cli.target import Target
from tests.integration.consumers import read

_ARTEFACTS = "aws-sam-cli-managed-"
"""The bucket of `sam deploy`: code and templates, uploaded before there was anybody."""


@dataclass(frozen=True, slots=True, order=True)
class Leak:
    """Which marker was found where; its name, for its value is what must not be repeated."""

    marker: str
    place: str


def scan(places: Iterable[tuple[str, bytes]], markers: dict[str, str]) -> list[Leak]:
    """Return every marker found in any place, each once per place.

    Args:
        places: Names of places and their contents.
        markers: The values to look for, by name.
    """
    forms = {name: (_texts(value), _base64s(value)) for name, value in markers.items()}
    found = set()
    for place, content in places:
        folded = content.decode(errors="replace").lower()
        for name, (texts, encoded) in forms.items():
            if any(text in folded for text in texts) or any(form in content for form in encoded):
                found.add(Leak(name, place))
    return sorted(found)


def tables(target: Target) -> Iterator[tuple[str, bytes]]:
    """Return every item of every table: its names and values, byte strings as they are."""
    for page in target.dynamodb.get_paginator("list_tables").paginate():
        for table in page["TableNames"]:
            for items in target.dynamodb.get_paginator("scan").paginate(TableName=table):
                for item in items["Items"]:
                    yield f"table {table}", b"\0".join(_leaves(item))


def queues(target: Target) -> Iterator[tuple[str, bytes]]:
    """Return every message of every queue, and leave it there."""
    for page in target.sqs.get_paginator("list_queues").paginate():
        for url in page.get("QueueUrls", []):
            for body in read(target, url):
                yield f"queue {url.rpartition('/')[2]}", body.encode()


def logs(target: Target) -> Iterator[tuple[str, bytes]]:
    """Return every message of every log group."""
    for groups in target.logs.get_paginator("describe_log_groups").paginate():
        for group in groups["logGroups"]:
            name = group["logGroupName"]
            pages = target.logs.get_paginator("filter_log_events").paginate(logGroupName=name)
            for page in pages:
                for event in page["events"]:
                    yield f"log group {name}", event["message"].encode()


def objects(target: Target) -> Iterator[tuple[str, bytes]]:
    """Return every version of every object, with its key and its metadata."""
    for bucket in target.s3.list_buckets()["Buckets"]:
        name = bucket["Name"]
        if name.startswith(_ARTEFACTS):
            continue
        for page in target.s3.get_paginator("list_object_versions").paginate(Bucket=name):
            for version in page.get("Versions", []):
                stored = target.s3.get_object(
                    Bucket=name, Key=version["Key"], VersionId=version["VersionId"]
                )
                about = json.dumps([version["Key"], stored.get("Metadata"), stored["ContentType"]])
                yield f"bucket {name}", stored["Body"].read() + b"\0" + about.encode()


def _leaves(value: object) -> Iterator[bytes]:
    match value:
        case dict():
            for name, child in value.items():
                yield from _leaves(name)
                yield from _leaves(child)
        case list() | set() | tuple():
            for child in value:
                yield from _leaves(child)
        case bytes():
            yield value
        case _:
            yield str(value).encode()


def _texts(marker: str) -> set[str]:
    escaped = json.dumps(marker)[1:-1]
    written = {marker, escaped, json.dumps(escaped)[1:-1]}
    written |= {form for text in written for form in _url_forms(text)}
    return {text.lower() for text in written | {marker.encode().hex()}}


def _url_forms(text: str) -> set[str]:
    once = {quote(text), quote(text, safe=""), quote_plus(text)}
    return once | {quote(form, safe="") for form in once}


def _base64s(marker: str) -> set[bytes]:
    escaped = json.dumps(marker)[1:-1]
    once = {form for text in {marker, escaped} for form in _alignments(text.encode())}
    return once | {form for text in once for form in _alignments(text)}


def _alignments(content: bytes) -> Iterator[bytes]:
    """Give the part of the base64 that is the same whatever stands before and after."""
    for shift in range(3):
        padded = b"\0" * shift + content
        whole = slice(-(-shift * 8 // 6), len(padded) * 8 // 6)
        yield base64.b64encode(padded)[whole]
        yield base64.urlsafe_b64encode(padded)[whole]
