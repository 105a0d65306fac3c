"""What every journal, shelf and store of the newest checkpoint does, in S3 and in memory."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from civic.audit.adapters.bucket_s3 import Bucket
from civic.audit.adapters.journal_s3 import S3Journal
from civic.audit.adapters.shelf_s3 import S3Heads, S3Shelf
from civic.audit.errors import CheckpointMoved, LogBroken, NotLogged, NumberTaken, StoreUnavailable
from civic.audit.model.journal import Batch, Place
from civic.audit.model.succession import Succession
from civic.audit.model.tiles import Published
from civic.audit.ports import Heads, Journal, Shelf
from civic.contracts.identifiers import ElectionId
from civic.lab.memory.audit import FolderHeads, FolderShelf, MemoryHeads, MemoryJournal, MemoryShelf
from civic.runtime import clients
from tests.fakes.aws import LOG_BUCKET, Aws

type Store = Callable[[], Any]
"""Gives the store to another writer."""

FIRST = Batch().after(
    [b"one\n"],
    Succession({ElectionId("e"): 1}, {ElectionId("f"): ["public", "sample"]}),
    shards={"shard": Place("1", 5)},
    aside=[b"\xff"],
)
SECOND = FIRST.after([b"two\n", b"three\n"])


def bucket() -> Bucket:
    return Bucket(clients.s3(), LOG_BUCKET)


def keys() -> list[str]:
    return bucket().keys("")


def _store(request: pytest.FixtureRequest, folder: Any, memory: Any, on_s3: Store) -> Store:
    if request.param == "s3":
        request.getfixturevalue("aws")
        return on_s3
    one = memory() if request.param == "memory" else folder(request.getfixturevalue("tmp_path"))
    return lambda: one


@pytest.fixture(params=["memory", "s3"])
def journals(request: pytest.FixtureRequest) -> Store:
    return _store(request, None, MemoryJournal, lambda: S3Journal(bucket()))


@pytest.fixture
def journal(journals: Store) -> Journal:
    made: Journal = journals()
    return made


@pytest.fixture(params=["memory", "folder", "s3"])
def shelf(request: pytest.FixtureRequest) -> Shelf:
    made: Shelf = _store(request, FolderShelf, MemoryShelf, lambda: S3Shelf(bucket(), "log/"))()
    return made


@pytest.fixture(params=["memory", "folder", "s3"])
def heads(request: pytest.FixtureRequest) -> Heads:
    made: Heads = _store(
        request, FolderHeads, MemoryHeads, lambda: S3Heads(bucket(), "log/checkpoint")
    )()
    return made


# ------------------------------------------------------------------ the journal


def test_journal_begins_without_a_batch(journal: Journal) -> None:
    assert journal.head() is None
    for number in (0, 1):
        with pytest.raises(NotLogged):
            journal.read(number)


def test_newest_batch_is_the_head_whoever_added_it(journals: Store) -> None:
    one, other = journals(), journals()
    one.append(FIRST)
    assert other.head() == one.head() == FIRST
    other.append(SECOND)
    assert one.head() == other.head() == journals().head() == SECOND
    assert one.read(1) == FIRST


def test_number_is_taken_once_and_keeps_what_it_has(journals: Store) -> None:
    one, other = journals(), journals()
    one.append(FIRST)
    with pytest.raises(NumberTaken):
        other.append(Batch().after([b"another\n"]))
    assert other.head() == FIRST
    # The slower writer does not get in the way of the faster one.
    other.append(SECOND)


def test_head_is_found_among_more_batches_than_one_listing_tells(journals: Store) -> None:
    one, batch = journals(), Batch()
    for number in range(12):
        batch = batch.after([b"%d\n" % number])
        one.append(batch)
    assert journals().head() == batch


@pytest.mark.usefixtures("aws")
def test_newest_batch_is_the_first_in_the_order_of_keys() -> None:
    journal = S3Journal(bucket())
    journal.append(FIRST)
    (first,) = keys()
    journal.append(SECOND)
    assert keys()[1:] == [first]
    # Up to the largest number with that many digits.
    journal.append(Batch(10**11, 3, (b"four\n",)))
    assert keys()[2:] == [first]
    assert S3Journal(bucket()).head() == Batch(10**11, 3, (b"four\n",))


# ------------------------------------------------------------------ the shelf


def test_object_is_read_as_it_was_put(shelf: Shelf) -> None:
    shelf.put([Published("tile/0/000", b"0123456789"), Published("tile/0/001", bytes(9))])
    assert shelf.read("tile/0/000") == b"0123456789"
    assert shelf.read_all(["tile/0/001", "tile/0/000"]) == [bytes(9), b"0123456789"]
    assert shelf.read_all([]) == []


def test_parts_are_of_the_bytes_that_were_asked_for(shelf: Shelf) -> None:
    shelf.put([Published("one", b"0123456789"), Published("two", b"abcdefghij")])
    assert shelf.read_parts(["two", "one"], 3, 2) == [b"de", b"34"]
    assert shelf.read_parts(["one"], 8, 5) == [b"89"]


def test_same_object_again_is_no_matter(shelf: Shelf) -> None:
    for _ in range(2):
        shelf.put([Published("tile/0/000", b"0123")])
    assert shelf.read("tile/0/000") == b"0123"


def test_another_object_of_the_name_is_refused_and_changes_nothing(shelf: Shelf) -> None:
    shelf.put([Published("tile/0/000", b"0123")])
    with pytest.raises(LogBroken):
        shelf.put([Published("tile/0/001", b"4567"), Published("tile/0/000", b"0124")])
    assert shelf.read("tile/0/000") == b"0123"


def test_what_is_not_there_is_not_logged(shelf: Shelf) -> None:
    shelf.put([Published("tile/0/000", b"0123")])
    for read in (
        lambda: shelf.read("tile/0/001"),
        lambda: shelf.read_all(["tile/0/000", "tile/0/001"]),
        lambda: shelf.read_parts(["tile/0/001"], 0, 1),
    ):
        with pytest.raises(NotLogged):
            read()


@pytest.mark.usefixtures("aws")
def test_paths_are_those_under_a_prefix_more_than_one_listing_tells() -> None:
    one, other = S3Shelf(bucket(), "log/"), S3Shelf(bucket(), "auditors/")
    one.put([Published(f"checkpoints/{size}", b"") for size in range(1050)])
    other.put([Published("checkpoints/5000", b"")])
    assert sorted(one.paths("checkpoints/")) == sorted(f"checkpoints/{n}" for n in range(1050))


# ------------------------------------------------------------------ the newest checkpoint


def test_there_is_no_checkpoint_before_the_first(heads: Heads) -> None:
    assert heads.newest() is None


def test_checkpoint_is_replaced_by_whoever_has_seen_it(heads: Heads) -> None:
    first = heads.replace(None, b"first")
    assert heads.newest() == first
    second = heads.replace(heads.newest(), b"second")
    assert heads.newest() == second
    assert (first.note, second.note) == (b"first", b"second")


def test_checkpoint_that_has_moved_is_not_replaced(heads: Heads) -> None:
    first = heads.replace(None, b"first")
    heads.replace(first, b"second")
    for seen in (None, first):
        with pytest.raises(CheckpointMoved):
            heads.replace(seen, b"third")
    newest = heads.newest()
    assert newest is not None
    assert newest.note == b"second"


# ------------------------------------------------------------------ what S3 may say


def test_writes_that_cross_are_unavailability(aws: Aws) -> None:
    # S3 API reference, "PutObject": a conditional write that meets another one must be retried.
    aws.fail("s3", "PutObject", "ConditionalRequestConflict")
    refused: tuple[Callable[[], object], ...] = (
        lambda: S3Journal(bucket()).append(FIRST),
        lambda: S3Shelf(bucket(), "log/").put([Published("tile/0/000", b"")]),
        lambda: S3Heads(bucket(), "log/checkpoint").replace(None, b"first"),
    )
    for write in refused:
        with pytest.raises(StoreUnavailable):
            write()


@pytest.mark.parametrize("failure", ["SlowDown", "AccessDenied", "InternalError", "timeout"])
def test_store_that_refuses_is_unavailable_and_never_empty(aws: Aws, failure: str) -> None:
    for operation in ("PutObject", "GetObject", "ListObjectsV2"):
        if failure == "timeout":
            aws.lose("s3", operation, ReadTimeoutError(endpoint_url="https://s3.invalid"))
        else:
            aws.fail("s3", operation, failure)
    journal, shelf = S3Journal(bucket()), S3Shelf(bucket(), "log/")
    heads = S3Heads(bucket(), "log/checkpoint")
    refused: tuple[Callable[[], object], ...] = (
        journal.head,
        lambda: journal.read(1),
        lambda: journal.append(FIRST),
        lambda: shelf.read("tile/0/000"),
        lambda: shelf.read_parts(["tile/0/000"], 0, 1),
        lambda: shelf.put([Published("tile/0/000", b"")]),
        lambda: shelf.paths("checkpoints/"),
        heads.newest,
        lambda: heads.replace(None, b"first"),
    )
    for call in refused:
        with pytest.raises(StoreUnavailable):
            call()


def test_everything_is_written_under_a_condition(aws: Aws) -> None:
    S3Journal(bucket()).append(FIRST)
    S3Shelf(bucket(), "log/").put([Published("tile/0/000", b"")])
    heads = S3Heads(bucket(), "log/checkpoint")
    first = heads.replace(None, b"first")
    heads.replace(first, b"second")
    conditions = [
        {name: asked.get(name) for name in ("IfNoneMatch", "IfMatch") if name in asked}
        for asked in aws.asked("PutObject")
    ]
    assert conditions == [{"IfNoneMatch": "*"}] * 3 + [{"IfMatch": first.tag}]
