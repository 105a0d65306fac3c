"""The journal in S3: one object per batch, with keys that sort the newest first.

A writer claims the number of a batch by creating its object, which S3 lets only one writer do.
"""

from collections.abc import Sequence
from typing import override

from civic.audit.adapters.bucket_s3 import Bucket, side_by_side
from civic.audit.errors import NotLogged, NumberTaken
from civic.audit.model.journal import Batch
from civic.audit.ports import Journal

_PREFIX = "journal/"
_LAST = 10**12 - 1


class S3Journal(Journal):
    """The batches; the newest one seen is remembered, to save reading it again."""

    def __init__(self, bucket: Bucket) -> None:
        """Keep them in ``bucket``."""
        self._bucket = bucket
        self._seen: Batch | None = None

    @override
    def head(self) -> Batch | None:
        """Return the newest batch; S3 shows a new object to every reader at once."""
        if self._seen is None:
            key = self._bucket.first_key(_PREFIX)
            if key is None:
                return None
            self._seen = Batch.load(self._bucket.read(key))
        while True:
            try:
                self._seen = self.read(self._seen.number + 1)
            except NotLogged:
                return self._seen

    @override
    def read(self, number: int) -> Batch:
        return Batch.load(self._bucket.read(_key(number)))

    @override
    def read_all(self, numbers: Sequence[int]) -> list[Batch]:
        return side_by_side(self.read, numbers)

    @override
    def append(self, batch: Batch) -> None:
        if not self._bucket.create(_key(batch.number), batch.dump()):
            raise NumberTaken("there already is a batch with that number")
        self._seen = batch


def _key(number: int) -> str:
    return f"{_PREFIX}{_LAST - number:012}"
