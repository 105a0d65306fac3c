"""One bucket under Object Lock: each object is created once and never changed.

A conditional write (``If-None-Match: *``) ensures this: of two writers, one learns that the object
already exists.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from civic.audit.errors import NotLogged, StoreUnavailable
from civic.runtime.aws_errors import code_of, unavailable_as

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

LOG = "log/"
"""What is published."""

CHECKPOINT = f"{LOG}checkpoint"
"""The newest checkpoint."""

INDEX = "index/"
"""Where leaves are looked up."""

AUDITORS = "auditors/"
"""What only auditors may read."""

MISSING = {"NoSuchKey", "404"}
TAKEN = {"PreconditionFailed", "412"}
_AT_ONCE = 16
IMMUTABLE = "public, max-age=31536000, immutable"


class Bucket:
    """Reads and creates objects of a bucket."""

    def __init__(self, client: "S3Client", name: str) -> None:
        """Use the bucket ``name`` through ``client``."""
        self.client = client
        self.name = name

    def create(self, key: str, content: bytes, kind: str = "application/octet-stream") -> bool:
        """Create an object; return False, and leave it unchanged, if it already exists."""
        with unavailable_as(StoreUnavailable):
            try:
                self.client.put_object(
                    Bucket=self.name,
                    Key=key,
                    Body=content,
                    IfNoneMatch="*",
                    ContentType=kind,
                    CacheControl=IMMUTABLE,
                )
            except ClientError as error:
                if code_of(error) in TAKEN:
                    return False
                raise
        return True

    def read(self, key: str, part: str | None = None) -> bytes:
        """Return an object, or a part of it (RFC 9110 section 14.1.2).

        Raises:
            NotLogged: There is no such object.
        """
        with unavailable_as(StoreUnavailable):
            try:
                answer = (
                    self.client.get_object(Bucket=self.name, Key=key)
                    if part is None
                    else self.client.get_object(Bucket=self.name, Key=key, Range=part)
                )
            except ClientError as error:
                if code_of(error) in MISSING:
                    raise NotLogged("no such object") from error
                raise
            return answer["Body"].read()

    def first_key(self, prefix: str) -> str | None:
        """Return the first key under a prefix, in byte order."""
        with unavailable_as(StoreUnavailable):
            answer = self.client.list_objects_v2(Bucket=self.name, Prefix=prefix, MaxKeys=1)
        return next((one["Key"] for one in answer.get("Contents", [])), None)

    def keys(self, prefix: str) -> list[str]:
        """Return all keys under a prefix."""
        with unavailable_as(StoreUnavailable):
            pages = self.client.get_paginator("list_objects_v2").paginate(
                Bucket=self.name, Prefix=prefix
            )
            return [one["Key"] for page in pages for one in page.get("Contents", [])]


def side_by_side[A, B](do: Callable[[A], B], things: Sequence[A]) -> list[B]:
    """Do the same for each of several things, some at the same time; return what each gave."""
    if len(things) < 2:  # noqa: PLR2004 - nothing to do in parallel
        return [do(one) for one in things]
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        return list(threads.map(do, things))
