"""Wrapping keys in DynamoDB and KMS: what is kept where, what is cached, and failing closed."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError
from cryptography.hazmat.primitives.serialization import load_der_public_key

from civic.identity.adapters.wrapping_keys_kms import (
    KmsKey,
    KmsWrappingKeyRing,
    PrivateKeys,
    PublicKeys,
)
from civic.identity.errors import KeyServiceUnavailable, StoreUnavailable, WrappingKeyMissing
from civic.identity.model.keys import WrappingKeyVersion
from civic.runtime import clients
from tests.fakes.aws import Aws

NOW = datetime(2027, 1, 15, tzinfo=UTC)
TEN_MINUTES = timedelta(minutes=10)
FIRST = WrappingKeyVersion("wk-0001")


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.moment = NOW

    def __call__(self) -> datetime:
        return self.moment


def ring(aws: Aws) -> KmsWrappingKeyRing:
    return KmsWrappingKeyRing(
        clients.dynamodb(), "wrapping-keys", KmsKey(clients.kms(), aws.key_id)
    )


def private(aws: Aws, lifetime: timedelta = TEN_MINUTES, clock: Clock | None = None) -> PrivateKeys:
    kms = KmsKey(clients.kms(), aws.key_id)
    return PrivateKeys(clients.dynamodb(), "wrapping-keys", kms, lifetime, clock or Clock())


def public(clock: Clock | None = None) -> PublicKeys:
    return PublicKeys(clients.dynamodb(), "wrapping-keys", TEN_MINUTES, clock or Clock())


def rows(aws: Aws) -> dict[str, dict[str, Any]]:
    return {item["wk"]["S"]: item for item in aws.items("wrapping-keys")}


def test_current_row_holds_what_the_gateway_may_read_and_no_more(aws: Aws) -> None:
    ring(aws).add()
    assert set(rows(aws)) == {"current", "wk-0001"}
    assert set(rows(aws)["current"]) == {"wk", "version", "public_key"}
    assert rows(aws)["current"]["public_key"] == rows(aws)["wk-0001"]["public_key"]


def test_gateway_reads_the_current_row_only(aws: Aws) -> None:
    ring(aws).add()
    aws.requests.clear()
    public().current()
    assert [asked["Key"] for asked in aws.asked("GetItem")] == [{"wk": {"S": "current"}}]


def test_private_key_is_stored_encrypted_under_its_context(aws: Aws) -> None:
    ring(aws).add()
    blob = rows(aws)["wk-0001"]["private_key"]["B"]
    assert b"PRIVATE KEY" not in blob
    context = {"wk": "wk-0001", "purpose": "registration"}
    plaintext = clients.kms().decrypt(
        KeyId=aws.key_id, CiphertextBlob=blob, EncryptionContext=context
    )["Plaintext"]
    assert plaintext
    with pytest.raises(clients.kms().exceptions.InvalidCiphertextException):
        clients.kms().decrypt(
            KeyId=aws.key_id, CiphertextBlob=blob, EncryptionContext=context | {"wk": "wk-0002"}
        )


def test_pair_is_rsa_of_3072_bits(aws: Aws) -> None:
    ring(aws).add()
    key: Any = load_der_public_key(rows(aws)["wk-0001"]["public_key"]["B"])
    assert key.key_size == 3072


def test_encryption_context_names_no_person(aws: Aws) -> None:
    ring(aws).add()
    private(aws).version(FIRST)
    (made,) = aws.asked("GenerateDataKeyPairWithoutPlaintext")
    (opened,) = aws.asked("Decrypt")
    assert made["EncryptionContext"] == opened["EncryptionContext"]
    assert set(made["EncryptionContext"]) == {"wk", "purpose"}


def test_private_key_is_opened_once_per_lifetime(aws: Aws) -> None:
    ring(aws).add()
    clock = Clock()
    keys = private(aws, clock=clock)
    for _ in range(3):
        keys.version(FIRST)
    assert len(aws.asked("Decrypt")) == 1
    clock.moment += TEN_MINUTES - timedelta(seconds=1)
    keys.version(FIRST)
    assert len(aws.asked("Decrypt")) == 1
    clock.moment += timedelta(seconds=1)
    keys.version(FIRST)
    assert len(aws.asked("Decrypt")) == 2


def test_expired_private_keys_are_dropped_when_another_is_asked_for(aws: Aws) -> None:
    for _ in range(2):
        ring(aws).add()
    clock = Clock()
    keys = private(aws, clock=clock)
    keys.version(FIRST)
    clock.moment += TEN_MINUTES
    keys.version(WrappingKeyVersion("wk-0002"))
    assert list(keys._cache._kept) == ["wk-0002"]


def test_private_key_without_lifetime_is_opened_every_time_and_not_kept(aws: Aws) -> None:
    ring(aws).add()
    keys = private(aws, timedelta(0))
    for _ in range(3):
        keys.version(FIRST)
    assert len(aws.asked("Decrypt")) == 3
    assert not keys._cache._kept


def test_public_key_is_read_again_after_its_lifetime(aws: Aws) -> None:
    ring(aws).add()
    clock = Clock()
    keys = public(clock)
    assert keys.current()[0] == "wk-0001"
    ring(aws).add()
    assert keys.current()[0] == "wk-0001"
    clock.moment += TEN_MINUTES
    assert keys.current()[0] == "wk-0002"


def test_addition_that_broke_off_is_finished_with_the_pair_it_made(aws: Aws) -> None:
    ring(aws).add()
    made = rows(aws)["wk-0001"]["public_key"]
    clients.dynamodb().delete_item(TableName="wrapping-keys", Key={"wk": {"S": "current"}})
    assert ring(aws).add() == "wk-0001"
    assert rows(aws)["wk-0001"]["public_key"] == made
    assert rows(aws)["current"]["public_key"] == made


def test_two_additions_at_once_agree_on_one_pair(aws: Aws) -> None:
    ring(aws).add()
    meanwhile: list[WrappingKeyVersion] = []

    def twin(**_call: object) -> None:
        if not meanwhile:
            meanwhile.append(WrappingKeyVersion("started"))
            meanwhile[0] = ring(aws).add()

    aws.hook("kms", "provide-client-params.kms.GenerateDataKeyPairWithoutPlaintext", twin)
    assert ring(aws).add() == meanwhile[0] == "wk-0002"
    assert set(rows(aws)) == {"current", "wk-0001", "wk-0002"}
    assert rows(aws)["current"]["public_key"] == rows(aws)["wk-0002"]["public_key"]


def test_addition_that_was_overtaken_leaves_the_newer_version_current(aws: Aws) -> None:
    ring(aws).add()

    def overtaken(**call: Any) -> None:
        if not overtakers and call["params"]["Item"]["wk"] == {"S": "current"}:
            overtakers.append("started")
            ring(aws).add()
            overtakers.append(ring(aws).add())

    overtakers: list[str] = []
    aws.hook("dynamodb", "provide-client-params.dynamodb.PutItem", overtaken)
    assert ring(aws).add() == "wk-0002"
    assert overtakers[1:] == ["wk-0003"]
    assert rows(aws)["current"]["version"]["S"] == "wk-0003"
    assert rows(aws)["current"]["public_key"] == rows(aws)["wk-0003"]["public_key"]


def test_first_addition_that_was_overtaken_leaves_the_newer_version_current(aws: Aws) -> None:
    overtakers: list[str] = []

    def overtaken(**call: Any) -> None:
        if not overtakers and call["params"]["Item"]["wk"] == {"S": "current"}:
            overtakers.append("started")
            ring(aws).add()
            overtakers.append(ring(aws).add())

    aws.hook("dynamodb", "provide-client-params.dynamodb.PutItem", overtaken)
    assert ring(aws).add() == "wk-0001"
    assert rows(aws)["current"]["version"]["S"] == overtakers[1] == "wk-0002"


@pytest.mark.parametrize("failing", ["GetItem", "PutItem"])
def test_refusal_by_dynamodb_in_the_middle_of_an_addition_is_unavailability(
    aws: Aws, failing: str
) -> None:
    ring(aws).add()
    clients.dynamodb().delete_item(TableName="wrapping-keys", Key={"wk": {"S": "current"}})

    def refuse(**_call: object) -> None:
        aws.fail("dynamodb", failing, "ThrottlingException")

    aws.hook("kms", "provide-client-params.kms.GenerateDataKeyPairWithoutPlaintext", refuse)
    with pytest.raises(StoreUnavailable):
        ring(aws).add()


def test_version_that_lost_its_row_is_missing(aws: Aws) -> None:
    with pytest.raises(WrappingKeyMissing):
        private(aws).version(FIRST)


@pytest.mark.parametrize(
    "code",
    [
        "ThrottlingException",
        "AccessDeniedException",
        "DisabledException",
        "KMSInvalidStateException",
        "InvalidCiphertextException",
    ],
)
def test_refusal_by_kms_opens_nothing_and_keeps_nothing(aws: Aws, code: str) -> None:
    ring(aws).add()
    keys = private(aws)
    aws.fail("kms", "Decrypt", code)
    aws.fail("kms", "GenerateDataKeyPairWithoutPlaintext", code)
    with pytest.raises(KeyServiceUnavailable):
        keys.version(FIRST)
    assert not keys._cache._kept
    with pytest.raises(KeyServiceUnavailable):
        ring(aws).add()
    assert ring(aws).current() == FIRST


def test_private_key_is_opened_with_the_key_that_closed_it(aws: Aws) -> None:
    ring(aws).add()
    private(aws).version(FIRST)
    assert [asked["KeyId"] for asked in aws.asked("Decrypt")] == [aws.key_id]


def test_reads_are_consistent(aws: Aws) -> None:
    ring(aws).add()
    clients.dynamodb().delete_item(TableName="wrapping-keys", Key={"wk": {"S": "current"}})
    # Finds the pair of the version it was about to make.
    ring(aws).add()
    ring(aws).current()
    public().current()
    private(aws).version(FIRST)
    reads = aws.asked("GetItem")
    assert len(reads) == 6
    assert all(asked["ConsistentRead"] for asked in reads)


def test_private_row_of_current_is_nobodys(aws: Aws) -> None:
    ring(aws).add()
    with pytest.raises(WrappingKeyMissing):
        private(aws).version(WrappingKeyVersion("current"))
    assert aws.asked("Decrypt") == []


def test_silence_of_kms_is_unavailability(aws: Aws) -> None:
    ring(aws).add()
    aws.lose("kms", "Decrypt", ReadTimeoutError(endpoint_url="here"))
    with pytest.raises(KeyServiceUnavailable):
        private(aws).version(FIRST)


@pytest.mark.parametrize("code", ["ThrottlingException", "AccessDeniedException"])
def test_refusal_by_dynamodb_is_unavailability(aws: Aws, code: str) -> None:
    ring(aws).add()
    for operation in ("GetItem", "PutItem"):
        aws.fail("dynamodb", operation, code)
    calls: list[Callable[[], object]] = [
        lambda: private(aws).version(FIRST),
        lambda: public().current(),
        lambda: ring(aws).current(),
        lambda: ring(aws).add(),
    ]
    for call in calls:
        with pytest.raises(StoreUnavailable):
            call()
