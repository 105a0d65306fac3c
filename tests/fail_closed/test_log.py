"""The log on an S3 that loses answers: everything is logged once, and published nevertheless."""

from collections import Counter
from collections.abc import Callable
from itertools import count

import pytest
from botocore.exceptions import ReadTimeoutError

from civic.audit.adapters.bucket_s3 import Bucket
from civic.audit.adapters.journal_s3 import S3Journal
from civic.audit.adapters.shelf_s3 import S3Heads, S3Shelf
from civic.audit.adapters.signer_kms import KmsSigner
from civic.audit.errors import StoreUnavailable
from civic.audit.model.notes import Checkpoint
from civic.audit.usecases.recording import Recorder, record_ballots, record_events
from civic.runtime import clients
from tests.fakes.aws import LOG_BUCKET, LOG_KEY, Aws
from tests.fakes.log import Log, arrivals, certified

SHARD = "shardId-1"
PUTS = ("journal", "entries", "leaves", "signed head", "newest head")
"""The objects written for a batch, each by one request."""

type Write = Callable[[Recorder], int]


def ballots(recorder: Recorder) -> int:
    return record_ballots(recorder, SHARD, arrivals(1, 13)).logged


def certification(recorder: Recorder) -> int:
    return record_events(recorder, [certified(10)])


@pytest.fixture
def log(aws: Aws) -> Log:
    """Give a log of ten ballots in S3."""
    del aws
    made = writer()
    record_ballots(made.recorder(), SHARD, arrivals(1, 11))
    return made


def writer() -> Log:
    """Return what another environment reads from the bucket."""
    bucket = Bucket(clients.s3(), LOG_BUCKET)
    return Log(
        journal=S3Journal(bucket),
        shelf=S3Shelf(bucket, "log/"),
        index=S3Shelf(bucket, "index/"),
        auditors=S3Shelf(bucket, "auditors/"),
        heads=S3Heads(bucket, "log/checkpoint"),
        signer=KmsSigner(clients.kms(), LOG_KEY),
    )


def lose_answers(aws: Aws, which: Callable[[int], bool]) -> list[int]:
    """Make botocore miss S3's answers to some of its PUTs, and retry as usual.

    Returns:
        The status of every answer as it arrives, including those that are lost.
    """
    said: list[int] = []
    # Objects are put in parallel.
    numbers = count()

    def missed(response: tuple[object, dict[str, dict[str, int]]] | None, **_: object) -> object:
        assert response is not None
        said.append(response[1]["ResponseMetadata"]["HTTPStatusCode"])
        return 0 if which(next(numbers)) else None

    aws.hook("s3", "needs-retry.s3.PutObject", missed)
    return said


def assert_each_thing_is_logged_once(write: Write) -> None:
    """Write again, as after a repeated delivery, and check what is there."""
    again = writer()
    write(again.recorder())
    entries = again.entries()
    assert Counter(entries).most_common(1)[0][1] == 1
    assert len(entries) == 12
    head = again.heads.newest()
    assert head is not None
    assert Checkpoint.parse(head.note).size == 12
    assert again.shelf.read("checkpoints/12") == head.note
    alone = Log(signer=again.signer)
    batch = again.journal.head()
    for number in range(1, batch.number + 1):
        alone.journal.append(again.journal.read(number))
    alone.recorder().publisher.publish()
    for path, content in alone.shelf.objects.items():
        assert again.shelf.read(path) == content
    assert sorted(again.shelf.paths("")) == sorted([*alone.shelf.objects, "checkpoint"])


@pytest.mark.parametrize("lost", range(len(PUTS)), ids=PUTS)
def test_write_that_meets_its_own_object_is_no_second_entry(aws: Aws, log: Log, lost: int) -> None:
    del log
    said = lose_answers(aws, lambda number: number == lost)
    ballots(writer().recorder())
    # Something was lost, and the store refused what was written twice.
    assert said.count(412) == 1
    assert_each_thing_is_logged_once(ballots)


@pytest.mark.parametrize("write", [ballots, certification])
def test_every_answer_is_lost_and_everything_is_logged_once(
    aws: Aws, log: Log, write: Write
) -> None:
    del log
    said = lose_answers(aws, lambda number: number % 2 == 0)
    write(writer().recorder())
    assert said.count(412) >= len(PUTS)
    assert_each_thing_is_logged_once(write)


@pytest.mark.parametrize("write", [ballots, certification])
def test_store_or_key_that_does_not_answer_is_never_success(
    aws: Aws, log: Log, write: Write
) -> None:
    del log
    for service, operation in (
        ("s3", "ListObjectsV2"),
        ("s3", "GetObject"),
        ("s3", "PutObject"),
        ("kms", "Sign"),
    ):
        aws.lose(service, operation, ReadTimeoutError(endpoint_url="https://service.invalid"))
        with pytest.raises(StoreUnavailable):
            write(writer().recorder())
        aws.mend(service, operation)
    assert_each_thing_is_logged_once(write)
