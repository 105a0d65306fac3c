"""What every high-security store does."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from civic.contracts.events import SealedFields
from civic.contracts.identifiers import Revision
from civic.identity.adapters.items import RevisionedTable
from civic.identity.adapters.pii_vault_dynamodb import DynamoDbVault
from civic.identity.errors import StoreUnavailable
from civic.identity.model.keys import AccessDigest, RecordId
from civic.identity.model.rows import Tombstone, VaultRow
from civic.lab.memory.identity import MemoryVault
from civic.runtime import clients
from tests.fakes.aws import Aws
from tests.fakes.fixtures import each_kind
from tests.fakes.people import ADA

NOW = datetime(2027, 1, 15, 12, 30, 15, 123456, tzinfo=UTC)
DIGEST, ANOTHER = AccessDigest(bytes(range(32))), AccessDigest(bytes(32))
EXPIRES = (NOW + timedelta(days=400)).replace(microsecond=0)
GRAVE = Tombstone(ADA, NOW, EXPIRES)

type Vault = DynamoDbVault | MemoryVault


def deployed() -> DynamoDbVault:
    return DynamoDbVault(RevisionedTable(clients.dynamodb(), "vault"))


vault = each_kind("dynamodb", MemoryVault, deployed)


def row(revision: int = 1, /, **fields: bytes) -> VaultRow:
    sealed = SealedFields(commitment=b"\xff" * 32, fields=fields or {"username": bytes(range(256))})
    updated = NOW + timedelta(minutes=revision)
    return VaultRow(RecordId(ADA, Revision(revision)), DIGEST, sealed, NOW, updated)


def test_nothing_is_there_at_first(vault: Vault) -> None:
    assert vault.get(ADA) is None


def test_stored_row_is_returned(vault: Vault) -> None:
    assert vault.store(row()) is None
    assert vault.get(ADA) == row()


def test_field_may_have_the_name_of_an_attribute(vault: Vault) -> None:
    clashing = row(id=b"a", revision=b"b", commitment=b"c", pii_x=b"d", ttl=b"e")
    vault.store(clashing)
    assert vault.get(ADA) == clashing


def test_earlier_revision_is_replaced_with_all_its_fields(vault: Vault) -> None:
    vault.store(row(1, username=b"a", email=b"b"))
    assert vault.store(row(2, username=b"c")) is None
    assert vault.get(ADA) == row(2, username=b"c")


@pytest.mark.parametrize("known", [2, 3])
def test_same_or_later_revision_stands_in_the_way(vault: Vault, known: int) -> None:
    there = row(known, username=b"first")
    vault.store(there)
    assert vault.store(row(2, username=b"second")) == there
    assert vault.get(ADA) == there


@pytest.mark.parametrize("revision", [1, 2, 3])
def test_row_under_another_digest_is_not_replaced_by_any_revision(
    vault: Vault, revision: int
) -> None:
    vault.store(row(2))
    foreign = replace(row(revision, username=b"theirs"), access_digest=ANOTHER)
    assert vault.store(foreign) == row(2)
    assert vault.get(ADA) == row(2)


def test_burial_ends_what_the_first_digest_fixed(vault: Vault) -> None:
    vault.store(row())
    vault.bury(GRAVE)
    assert vault.store(replace(row(2), access_digest=ANOTHER)) == GRAVE


def test_burial_replaces_the_row(vault: Vault) -> None:
    vault.store(row())
    vault.bury(GRAVE)
    assert vault.get(ADA) == GRAVE


def test_burial_of_what_is_unknown_is_remembered(vault: Vault) -> None:
    vault.bury(GRAVE)
    assert vault.get(ADA) == GRAVE


def test_second_burial_changes_nothing(vault: Vault) -> None:
    vault.bury(GRAVE)
    vault.bury(replace(GRAVE, erased_at=NOW + timedelta(days=1)))
    assert vault.get(ADA) == GRAVE


@pytest.mark.parametrize("days", [-1, 1])
def test_of_two_tombstones_the_earlier_stays_in_either_order(vault: Vault, days: int) -> None:
    apart = timedelta(days=days)
    other = Tombstone(ADA, NOW + apart, EXPIRES + apart)
    vault.bury(GRAVE)
    vault.bury(other)
    assert vault.get(ADA) == (GRAVE if days > 0 else other)


def test_tombstones_are_compared_with_and_without_microseconds(vault: Vault) -> None:
    whole = replace(GRAVE, erased_at=NOW.replace(microsecond=0))
    later = replace(GRAVE, erased_at=whole.erased_at + timedelta(microseconds=1))
    for grave in (later, whole, later):
        vault.bury(grave)
    assert vault.get(ADA) == whole


@pytest.mark.parametrize("revision", [1, 99])
def test_tombstone_stands_in_the_way(vault: Vault, revision: int) -> None:
    vault.bury(GRAVE)
    assert vault.store(row(revision)) == GRAVE
    assert vault.get(ADA) == GRAVE


def test_fields_are_binary_attributes_of_their_own(aws: Aws) -> None:
    deployed().store(row(1, username=b"u", email=b"e"))
    (item,) = aws.items("vault")
    assert item["pii_username"] == {"B": b"u"}
    assert set(item) == {
        "id",
        "revision",
        "access_digest",
        "commitment",
        "created",
        "updated",
        "pii_username",
        "pii_email",
    }


def test_tombstone_holds_nothing_of_the_person(aws: Aws) -> None:
    deployed().store(row())
    deployed().bury(GRAVE)
    (item,) = aws.items("vault")
    assert set(item) == {"id", "erased_at", "ttl"}


@pytest.mark.parametrize("code", ["ThrottlingException", "AccessDeniedException"])
def test_refusal_by_dynamodb_is_unavailability(aws: Aws, code: str) -> None:
    for operation in ("PutItem", "GetItem"):
        aws.fail("dynamodb", operation, code)
    store = deployed()
    calls: list[Callable[[], object]] = [
        lambda: store.get(ADA),
        lambda: store.store(row()),
        lambda: store.bury(GRAVE),
    ]
    for call in calls:
        with pytest.raises(StoreUnavailable):
            call()
