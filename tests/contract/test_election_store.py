"""What every store of elections does."""

from collections.abc import Callable
from typing import Any

import pytest

from civic.contracts.identifiers import ElectionId, StyleId
from civic.contracts.voting import (
    Audience,
    ElectionCreated,
    ElectionDeleted,
    ElectionPublished,
    ElectionUpdated,
    StyleAreas,
)
from civic.lab.memory.voting import MemoryElections
from civic.runtime import clients
from civic.voting.adapters.election_store_dynamodb import DynamoDbElections
from civic.voting.errors import ElectionMoved, StoreUnavailable
from civic.voting.model.drafting import begin
from civic.voting.model.election import Election
from civic.voting.model.rules import MAX_DOCUMENT_BYTES, MAX_ENTRY_BYTES, check
from civic.voting.ports import Announcement, BoxCount, StoredElection
from tests.fakes.aws import Aws
from tests.fakes.fixtures import each_kind
from tests.fakes.voting_elections import NOW, draft

ONE, TWO = ElectionId("0123456789ab"), ElectionId("ba9876543210")
NORTH, SOUTH = StyleId("north"), StyleId("south")

type Store = DynamoDbElections | MemoryElections


def deployed() -> DynamoDbElections:
    return DynamoDbElections(clients.dynamodb(), "elections")


store = each_kind("dynamodb", MemoryElections, deployed)


def election(id_: ElectionId = ONE, revision: int = 1) -> Election:
    return begin(id_, draft()).model_copy(update={"revision": revision})


def made(id_: ElectionId = ONE) -> ElectionCreated:
    return ElectionCreated(election=id_, revision=1, at=NOW)


def changed(revision: int) -> ElectionUpdated:
    return ElectionUpdated(election=ONE, revision=revision, at=NOW)


def given_up(revision: int = 2) -> ElectionDeleted:
    return ElectionDeleted(election=ONE, revision=revision, at=NOW)


def created(store: Store, id_: ElectionId = ONE) -> Announcement:
    return store.create(election(id_), b"sealed", made(id_))


def test_what_is_not_there_is_none(store: Store) -> None:
    assert store.find(ONE) is None
    assert list(store.every()) == []
    assert list(store.unannounced()) == []


def test_created_election_is_found_with_its_secret_and_its_event(store: Store) -> None:
    announcement = created(store)
    assert announcement == Announcement(ONE, 1, (made(),))
    assert store.find(ONE) == StoredElection(election(), {}, b"sealed", announcement)
    assert list(store.every()) == [election()]
    assert list(store.unannounced()) == [announcement]


def test_second_of_an_id_is_refused_and_changes_nothing(store: Store) -> None:
    created(store)
    before = store.find(ONE)
    with pytest.raises(ElectionMoved):
        store.create(election().model_copy(update={"title": "Other"}), b"other", made())
    assert store.find(ONE) == before


def test_announced_election_carries_no_event(store: Store) -> None:
    store.announced(created(store))
    assert store.find(ONE) == StoredElection(election(), {}, b"sealed")
    assert list(store.unannounced()) == []


def test_next_revision_waits_until_the_one_before_is_announced(store: Store) -> None:
    created(store)
    before = store.find(ONE)
    for write in (store.replace, store.delete):
        with pytest.raises(ElectionMoved):
            write(election(revision=2), changed(2))
    assert store.find(ONE) == before


def test_next_revision_takes_the_place_of_the_one_before(store: Store) -> None:
    store.announced(created(store))
    announcement = store.replace(election(revision=2), changed(2), made())
    assert announcement == Announcement(ONE, 2, (changed(2), made()))
    assert store.find(ONE) == StoredElection(election(revision=2), {}, b"sealed", announcement)
    assert list(store.every()) == [election(revision=2)]
    assert list(store.unannounced()) == [announcement]


@pytest.mark.parametrize("revision", [1, 3])
def test_revision_that_does_not_follow_is_refused(store: Store, revision: int) -> None:
    store.announced(created(store))
    before = store.find(ONE)
    for write in (store.replace, store.delete):
        with pytest.raises(ElectionMoved):
            write(election(revision=revision), changed(revision))
    assert store.find(ONE) == before


def test_what_is_not_there_is_not_replaced(store: Store) -> None:
    for write in (store.replace, store.delete):
        with pytest.raises(ElectionMoved):
            write(election(revision=2), changed(2))
    assert store.find(ONE) is None


def test_later_revision_keeps_its_event_when_the_one_before_is_announced(store: Store) -> None:
    first = created(store)
    store.announced(first)
    second = store.replace(election(revision=2), changed(2))
    store.announced(first)
    assert list(store.unannounced()) == [second]
    store.announced(second)
    assert list(store.unannounced()) == []


def test_deleted_draft_is_not_found_but_its_event_is(store: Store) -> None:
    store.announced(created(store))
    announcement = store.delete(election(revision=2), given_up())
    assert store.find(ONE) is None
    assert list(store.every()) == []
    assert list(store.unannounced()) == [announcement]
    for write in (store.replace, store.delete):
        with pytest.raises(ElectionMoved):
            write(election(revision=3), changed(3))
    store.announced(announcement)
    assert list(store.unannounced()) == []
    store.announced(announcement)
    assert store.find(ONE) is None


def test_deletion_announced_late_leaves_a_new_election_of_that_id_alone(store: Store) -> None:
    store.announced(created(store))
    gone = store.delete(election(revision=2), given_up())
    store.announced(gone)
    again = created(store)
    store.announced(gone)
    assert store.find(ONE) == StoredElection(election(), {}, b"sealed", again)


def test_kept_keys_are_found_and_stay(store: Store) -> None:
    store.announced(created(store))
    store.keep_keys(ONE, {NORTH: b"first"})
    store.keep_keys(ONE, {NORTH: b"second", SOUTH: b"third"})
    stored = store.find(ONE)
    assert stored is not None
    assert stored.keys == {NORTH: b"first", SOUTH: b"third"}
    store.replace(election(revision=2), changed(2))
    after = store.find(ONE)
    assert after is not None
    assert after.keys == stored.keys


def test_box_count_of_the_latest_seal_stays(store: Store) -> None:
    store.announced(created(store))
    assert found(store).box is None
    for seal, ballots, kept in ((4, 7, (4, 7)), (3, 5, (4, 7)), (4, 8, (4, 8)), (6, 2, (6, 2))):
        store.keep_box_count(ONE, BoxCount(seal, ballots))
        assert found(store).box == BoxCount(*kept)
    store.keep_box_count(TWO, BoxCount(9, 9))
    store.replace(election(revision=2), changed(2))
    assert found(store).box == BoxCount(6, 2)
    assert store.find(TWO) is None


def test_logged_ballots_are_those_of_the_largest_tree(store: Store) -> None:
    store.announced(created(store))
    assert found(store).logged == 0
    for size, ballots, kept in ((10, 3, 3), (9, 2, 3), (10, 4, 3), (100, 5, 5), (99, 6, 5)):
        store.keep_logged(ONE, size, ballots)
        assert found(store).logged == kept
    store.keep_logged(TWO, 200, 9)
    store.replace(election(revision=2), changed(2))
    assert found(store).logged == 5
    assert store.find(TWO) is None


def test_counts_of_nobody_are_in_nobodys_way(store: Store) -> None:
    """Somebody else's events may name an election that is not made yet."""
    store.keep_box_count(ONE, BoxCount(1, 9))
    store.keep_logged(ONE, 1, 9)
    created(store)
    assert found(store).election == election()


def found(store: Store) -> StoredElection:
    stored = store.find(ONE)
    assert stored is not None
    return stored


def test_elections_do_not_mix(store: Store) -> None:
    created(store)
    created(store, TWO)
    store.keep_keys(TWO, {NORTH: b"key"})
    store.announced(Announcement(ONE, 1, (made(),)))
    one, two = store.find(ONE), store.find(TWO)
    assert one is not None
    assert two is not None
    assert (one.election.id, one.keys, one.unannounced) == (ONE, {}, None)
    assert (two.election.id, dict(two.keys)) == (TWO, {NORTH: b"key"})
    assert [one.election for one in store.unannounced()] == [TWO]
    assert {one.id for one in store.every()} == {ONE, TWO}


# ------------------------------------------------------------------ DynamoDB alone


def test_find_is_one_consistent_query(aws: Aws) -> None:
    created(deployed())
    before = len(aws.requests)
    deployed().find(ONE)
    ((operation, asked),) = aws.requests[before:]
    assert operation == "Query"
    assert asked["ConsistentRead"] is True


def test_scans_go_on_to_the_last_page(aws: Aws) -> None:
    for number in range(4):
        created(deployed(), ElectionId(f"0123456789a{number}"))

    def two_a_page(**call: Any) -> None:
        call["params"]["Limit"] = 2

    aws.hook("dynamodb", "provide-client-params.dynamodb.Scan", two_a_page)
    assert len(list(deployed().every())) == 4
    assert len(list(deployed().unannounced())) == 4


def test_every_write_is_of_one_item_and_conditional(aws: Aws) -> None:
    store = deployed()
    store.announced(created(store))
    store.announced(store.replace(election(revision=2), changed(2)))
    store.keep_keys(ONE, {NORTH: b"key"})
    store.keep_box_count(ONE, BoxCount(2, 7))
    store.keep_logged(ONE, 10, 7)
    store.announced(store.delete(election(revision=3), given_up(3)))
    writes = [(name, asked) for name, asked in aws.requests if name not in {"Query", "Scan"}]
    assert {name for name, _ in writes} == {"PutItem", "UpdateItem", "DeleteItem"}
    assert all(asked["ConditionExpression"] for _, asked in writes)


def test_largest_election_fits_an_item_together_with_its_publication(aws: Aws) -> None:
    most = tuple(f"{number:016d}" for number in range(MAX_ENTRY_BYTES // 19 - 2))
    styles = [{"id": "n", "name": "N", "areas": most}]
    smaller = begin(ONE, draft(styles=styles))
    left = MAX_DOCUMENT_BYTES - len(smaller.model_dump_json()) - 4
    many = [{"text": f"{n:04d}", "description": "x" * 1800} for n in range(left // 2000)]
    contests = [{"title": "Party", "options": many}]
    largest = begin(ONE, draft(styles=styles, contests=contests))
    check(largest, NOW)
    assert len(largest.model_dump_json()) > 0.9 * MAX_DOCUMENT_BYTES
    store = deployed()
    store.announced(store.create(largest, bytes(200), made()))
    published = ElectionPublished(
        election=ONE,
        revision=2,
        at=NOW,
        opens_at=largest.opens_at,
        closes_at=largest.closes_at,
        styles=(StyleAreas(style=NORTH, areas=most),),
        openings=Audience.AUDITORS,
        definition=bytes(32),
    )
    after = largest.model_copy(update={"revision": 2})
    store.replace(after, changed(2), published)
    (item,) = [one for one in aws.items("elections") if one["part"]["S"] == "definition"]
    room = MAX_DOCUMENT_BYTES - len(largest.model_dump_json())
    assert size_of(item) + room < 400 * 1024


def size_of(item: dict[str, Any]) -> int:
    """Return roughly an item's size in DynamoDB: its names and values, and some bytes per level."""
    told = item["unannounced"]["L"]
    events = sum(len(one["M"]["detail"]["S"]) + 60 for one in told)
    return len(item["document"]["S"]) + events + 200


def test_given_up_draft_leaves_its_useless_secret_only(aws: Aws) -> None:
    store = deployed()
    store.announced(created(store))
    store.announced(store.delete(election(revision=2), given_up()))
    assert [item["part"]["S"] for item in aws.items("elections")] == ["secret"]


@pytest.mark.parametrize("code", ["ThrottlingException", "AccessDeniedException"])
def test_refusal_by_dynamodb_is_unavailability(aws: Aws, code: str) -> None:
    for operation in ("PutItem", "UpdateItem", "DeleteItem", "Query", "Scan"):
        aws.fail("dynamodb", operation, code)
    store = deployed()
    calls: list[Callable[[], object]] = [
        lambda: created(store),
        lambda: store.replace(election(revision=2), changed(2)),
        lambda: store.delete(election(revision=2), given_up()),
        lambda: store.announced(Announcement(ONE, 1, (made(),))),
        lambda: store.announced(Announcement(ONE, 2, (given_up(),))),
        lambda: store.keep_keys(ONE, {NORTH: b"key"}),
        lambda: store.keep_box_count(ONE, BoxCount(2, 7)),
        lambda: store.keep_logged(ONE, 10, 7),
        lambda: store.find(ONE),
        lambda: list(store.every()),
        lambda: list(store.unannounced()),
    ]
    for call in calls:
        with pytest.raises(StoreUnavailable):
            call()
