"""Releases in S3: one JSON document for people, JSON lines for columnar tools.

The lines have one flat object per cell with the same keys in every line, null where a table lacks
a dimension, so that they load into Parquet without a schema of their own.
"""

import json
from datetime import datetime
from typing import TYPE_CHECKING, override

from civic.analytics.aggregates import TABLES, Release
from civic.analytics.errors import StoreUnavailable
from civic.analytics.ports import ReleaseArchive
from civic.runtime.aws_errors import unavailable_as

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_DIMENSIONS = tuple(dict.fromkeys(name for table in TABLES.values() for name in table))


class S3Releases(ReleaseArchive):
    """The release archive."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        """Write to ``bucket`` through ``client``."""
        self._client = client
        self._bucket = bucket

    @property
    @override
    def bucket(self) -> str:
        return self._bucket

    @override
    def write(self, release_id: str, released_at: datetime, release: Release) -> tuple[str, str]:
        prefix = f"releases/{released_at:%Y/%m/%d}/{release_id}"
        json_key, lines_key = f"{prefix}.json", f"{prefix}.jsonl"
        document = json.dumps(_document(release_id, released_at, release), indent=2)
        lines = "".join(json.dumps(line) + "\n" for line in _lines(release_id, release))
        self._put(json_key, document, "application/json")
        self._put(lines_key, lines, "application/jsonl")
        return json_key, lines_key

    def _put(self, key: str, text: str, content_type: str) -> None:
        with unavailable_as(StoreUnavailable):
            self._client.put_object(
                Bucket=self._bucket, Key=key, Body=text.encode(), ContentType=content_type
            )


def _document(release_id: str, released_at: datetime, release: Release) -> dict[str, object]:
    tables: dict[str, list[dict[str, object]]] = {table: [] for table in TABLES}
    for cell, count in release.cells:
        row: dict[str, object] = dict(zip(TABLES[cell.table], cell.values, strict=True))
        tables[cell.table].append(row | {"count": count})
    return {
        "release_id": release_id,
        "released_at": released_at.isoformat(),
        "first_day": release.first_day and release.first_day.isoformat(),
        "last_day": release.last_day and release.last_day.isoformat(),
        "threshold": release.threshold,
        "people": release.people,
        "suppressed_cells": release.suppressed,
        "tables": tables,
    }


def _lines(release_id: str, release: Release) -> list[dict[str, object]]:
    nothing = dict.fromkeys(_DIMENSIONS)
    return [
        {"release_id": release_id, "table": cell.table}
        | nothing
        | dict(zip(TABLES[cell.table], cell.values, strict=True))
        | {"count": count}
        for cell, count in release.cells
    ]
