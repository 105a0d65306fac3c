"""Entries of a search for pairs in S3: an object for each slice and shard of a run.

Nobody deletes them: the bucket lets them expire.
"""

from typing import TYPE_CHECKING, override

from civic.identity.errors import StoreUnavailable
from civic.identity.model.pairs import Run
from civic.identity.ports.pairs import Shards
from civic.runtime.aws_errors import unavailable_as

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class S3Shards(Shards):
    """The shards of runs, named ``shards/BEGAN/SHARD/SLICE``."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        """Use ``bucket`` through ``client``."""
        self._client = client
        self._bucket = bucket

    @override
    def put(self, run: Run, shard: int, entries: bytes) -> None:
        key = f"{_folder(run, shard)}{run.slices:06}"
        with unavailable_as(StoreUnavailable):
            self._client.put_object(Bucket=self._bucket, Key=key, Body=entries)

    @override
    def get(self, run: Run, shard: int) -> bytes:
        found = bytearray()
        with unavailable_as(StoreUnavailable):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=_folder(run, shard)
            )
            for page in pages:
                for one in page.get("Contents", []):
                    there = self._client.get_object(Bucket=self._bucket, Key=one["Key"])
                    found += there["Body"].read()
        return bytes(found)


def _folder(run: Run, shard: int) -> str:
    return f"shards/{run.began:%Y%m%dT%H%M%S}/{shard:04}/"
