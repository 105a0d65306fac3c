"""Published objects in S3, written and read in parallel."""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import override

from botocore.exceptions import ClientError

from civic.audit.adapters.bucket_s3 import MISSING, TAKEN, Bucket, side_by_side
from civic.audit.errors import CheckpointMoved, LogBroken, StoreUnavailable
from civic.audit.model.tiles import Published
from civic.audit.ports import Head, Heads, Shelf
from civic.runtime.aws_errors import code_of, unavailable_as

_NOTE = "text/plain; charset=utf-8"


class S3Shelf(Shelf):
    """The objects of the bucket under one prefix."""

    def __init__(self, bucket: Bucket, prefix: str) -> None:
        """Keep them in ``bucket`` under ``prefix``, which ends in a slash."""
        self._bucket = bucket
        self._prefix = prefix

    @override
    def put(self, objects: Iterable[Published]) -> None:
        side_by_side(self._put, list(objects))

    @override
    def read(self, path: str) -> bytes:
        return self._bucket.read(self._prefix + path)

    @override
    def read_all(self, paths: Sequence[str]) -> list[bytes]:
        return side_by_side(self.read, paths)

    @override
    def read_parts(self, paths: Sequence[str], first: int, count: int) -> list[bytes]:
        read = partial(self._bucket.read, part=f"bytes={first}-{first + count - 1}")
        return side_by_side(read, [self._prefix + path for path in paths])

    def paths(self, under: str) -> list[str]:
        """Return the paths of all objects under another one."""
        start = len(self._prefix)
        return [key[start:] for key in self._bucket.keys(self._prefix + under)]

    def _put(self, published: Published) -> None:
        kind = _NOTE if published.path.startswith("checkpoints/") else "application/octet-stream"
        created = self._bucket.create(self._prefix + published.path, published.content, kind)
        if not created and self.read(published.path) != published.content:
            raise LogBroken("another object is already published under this name")


class S3Heads(Heads):
    """The newest checkpoint: the one object that is replaced, and only if it has not moved."""

    def __init__(self, bucket: Bucket, key: str) -> None:
        """Keep it in ``bucket`` under ``key``."""
        self._bucket = bucket
        self._key = key

    @override
    def newest(self) -> Head | None:
        with unavailable_as(StoreUnavailable):
            try:
                answer = self._bucket.client.get_object(Bucket=self._bucket.name, Key=self._key)
            except ClientError as error:
                if code_of(error) in MISSING:
                    return None
                raise
            return Head(answer["Body"].read(), answer["ETag"])

    @override
    def replace(self, before: Head | None, note: bytes) -> Head:
        """Replace the newest checkpoint if its tag is unchanged (``If-Match``); return the new."""
        condition = {"IfNoneMatch": "*"} if before is None else {"IfMatch": before.tag}
        with unavailable_as(StoreUnavailable):
            try:
                answer = self._bucket.client.put_object(
                    Bucket=self._bucket.name,
                    Key=self._key,
                    Body=note,
                    ContentType=_NOTE,
                    CacheControl="public, max-age=1",
                    **condition,  # type: ignore[arg-type]
                )
            except ClientError as error:
                if code_of(error) in TAKEN:
                    raise CheckpointMoved("the checkpoint has been replaced meanwhile") from error
                raise
        return Head(note, answer["ETag"])
