"""What every subject key store does."""

from dataclasses import replace

import pytest
from botocore.exceptions import EndpointConnectionError

from civic.contracts.identifiers import RegistrationId, Revision
from civic.identity.adapters.subject_key_store_dynamodb import DynamoDbSubjectKeys
from civic.identity.errors import RevisionTaken, StoreUnavailable
from civic.identity.model.keys import (
    AccessDigest,
    RecordId,
    StoredSubjectKey,
    WrappedKey,
    WrappingKeyVersion,
)
from civic.lab.memory.identity import MemorySubjectKeys
from civic.runtime import clients
from tests.fakes.aws import Aws
from tests.fakes.fixtures import each_kind
from tests.fakes.people import ADA, GRACE

ANOTHER = AccessDigest(bytes(32))
NEW = WrappedKey(WrappingKeyVersion("wk-0002"), b"rewrapped")

type Keys = DynamoDbSubjectKeys | MemorySubjectKeys


def deployed() -> DynamoDbSubjectKeys:
    return DynamoDbSubjectKeys(clients.dynamodb(), "subject-keys")


keys = each_kind("dynamodb", MemorySubjectKeys, deployed)


def row(
    registration: RegistrationId = ADA, revision: int = 1, blob: bytes = b"w"
) -> StoredSubjectKey:
    return StoredSubjectKey(
        RecordId(registration, Revision(revision)),
        WrappedKey(WrappingKeyVersion("wk-0001"), blob + registration[-1:].encode()),
        AccessDigest(bytes(range(32))),
    )


def test_nothing_is_there_at_first(keys: Keys) -> None:
    assert keys.get(row().record) is None
    assert keys.owners(ADA) == {}
    assert keys.page(None, 10) == ([], None)


def test_put_row_is_returned(keys: Keys) -> None:
    keys.put(row(blob=bytes(range(256))))
    assert keys.get(row().record) == row(blob=bytes(range(256)))
    assert keys.owners(ADA) == {1: bytes(range(32))}


def test_put_twice_is_refused_and_keeps_the_first(keys: Keys) -> None:
    keys.put(row(blob=b"first"))
    with pytest.raises(RevisionTaken):
        keys.put(row(blob=b"second"))
    assert keys.get(row().record) == row(blob=b"first")


def test_put_of_another_revision_or_person_is_no_conflict(keys: Keys) -> None:
    for one in (row(), row(revision=2), row(GRACE)):
        keys.put(one)
    assert keys.get(row(GRACE).record) == row(GRACE)


def test_revisions_are_those_of_one_person_in_order(keys: Keys) -> None:
    for one in (row(revision=10), row(revision=2), row(), row(GRACE, 7)):
        keys.put(one)
    assert list(keys.owners(ADA)) == [1, 2, 10]


def test_each_revision_is_told_with_its_own_digest(keys: Keys) -> None:
    keys.put(row())
    keys.put(replace(row(revision=2), access_digest=ANOTHER))
    assert keys.owners(ADA) == {1: row().access_digest, 2: ANOTHER}


def test_put_under_another_digest_is_refused_and_keeps_the_first(keys: Keys) -> None:
    keys.put(row())
    with pytest.raises(RevisionTaken):
        keys.put(replace(row(), access_digest=ANOTHER))
    assert keys.get(row().record) == row()


def test_deleted_key_is_gone_and_the_others_stay(keys: Keys) -> None:
    keys.put(row())
    keys.put(row(revision=2))
    keys.delete(row().record)
    assert keys.get(row().record) is None
    assert list(keys.owners(ADA)) == [2]


def test_deleting_what_is_not_there_is_no_error(keys: Keys) -> None:
    keys.delete(row().record)
    assert keys.get(row().record) is None


def test_deleted_revision_may_be_put_again(keys: Keys) -> None:
    keys.put(row(blob=b"first"))
    keys.delete(row().record)
    keys.put(row(blob=b"second"))
    assert keys.get(row().record) == row(blob=b"second")


@pytest.mark.parametrize("size", [1, 2, 3, 5, 6])
def test_pages_show_every_row_once(keys: Keys, size: int) -> None:
    rows = [row(ADA, revision) for revision in (1, 2, 3)] + [row(GRACE, 1), row(GRACE, 2)]
    for one in rows:
        keys.put(one)
    seen: list[StoredSubjectKey] = []
    page, cursor = keys.page(None, size)
    while cursor is not None:
        assert len(page) <= size
        seen += page
        page, cursor = keys.page(cursor, size)
    seen += page
    assert sorted(map(repr, seen)) == sorted(map(repr, rows))


def test_replace_swaps_the_wrapped_key_only(keys: Keys) -> None:
    keys.put(row())
    assert keys.replace(row(), NEW)
    assert keys.get(row().record) == StoredSubjectKey(row().record, NEW, row().access_digest)


def test_replace_leaves_a_row_that_changed_meanwhile(keys: Keys) -> None:
    keys.put(row(blob=b"changed"))
    assert not keys.replace(row(blob=b"seen before"), NEW)
    assert keys.get(row().record) == row(blob=b"changed")


def test_replace_brings_no_destroyed_key_back(keys: Keys) -> None:
    assert not keys.replace(row(), NEW)
    assert keys.get(row().record) is None


def test_owners_asks_for_no_key(aws: Aws) -> None:
    store = deployed()
    store.owners(ADA)
    (asked,) = aws.asked("Query")
    assert asked["ProjectionExpression"] == "id, revision, access_digest"
    # The policies require it, and nothing else would show if it were missing.
    assert asked["Select"] == "SPECIFIC_ATTRIBUTES"
    assert asked["ConsistentRead"] is True


def test_row_holds_what_the_architecture_says(aws: Aws) -> None:
    store = deployed()
    store.put(row())
    (item,) = aws.items("subject-keys")
    assert set(item) == {"id", "revision", "wk", "w", "access_digest"}


@pytest.mark.parametrize(
    "code",
    [
        "ProvisionedThroughputExceededException",
        "AccessDeniedException",
        "ResourceNotFoundException",
    ],
)
def test_refusal_by_dynamodb_is_unavailability(aws: Aws, code: str) -> None:
    for operation in ("PutItem", "GetItem", "Query", "DeleteItem", "Scan", "UpdateItem"):
        aws.fail("dynamodb", operation, code)
    store = deployed()
    for call in (
        lambda: store.put(row()),
        lambda: store.get(row().record),
        lambda: store.owners(ADA),
        lambda: store.delete(row().record),
        lambda: store.page(None, 1),
        lambda: store.replace(row(), NEW),
    ):
        with pytest.raises(StoreUnavailable):
            call()


def test_lost_connection_is_unavailability(aws: Aws) -> None:
    store = deployed()
    aws.lose("dynamodb", "PutItem", EndpointConnectionError(endpoint_url="here"))
    with pytest.raises(StoreUnavailable):
        store.put(row())
