"""The issuer's keys: made once by KMS, opened only by KMS, and kept open for a limited time."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from civic.identity.adapters.issuer_keys_kms import (
    IssuerKeyTable,
    KmsIssuerKeyRing,
    KmsSigningKeys,
)
from civic.identity.errors import CredentialKeyMissing, KeyServiceUnavailable, StoreUnavailable
from civic.lab.memory.credentials import MemoryIssuerKeys
from civic.runtime import clients
from tests.fakes.aws import Aws
from tests.fakes.elections import ELECTION, ELSEWHERE, OTHER, STYLE

NOW = datetime(2027, 1, 15, 12, tzinfo=UTC)
TEN_MINUTES = timedelta(minutes=10)


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


def table(aws: Aws) -> IssuerKeyTable:
    return IssuerKeyTable(clients.dynamodb(), "issuer-keys", clients.kms(), aws.credential_key_id)


def ring(aws: Aws) -> KmsIssuerKeyRing:
    return KmsIssuerKeyRing(table(aws))


def signing(aws: Aws, lifetime: timedelta = TEN_MINUTES) -> tuple[KmsSigningKeys, Clock]:
    clock = Clock()
    return KmsSigningKeys(table(aws), lifetime, clock), clock


def modulus(der: bytes) -> int:
    key = load_der_public_key(der)
    assert isinstance(key, RSAPublicKey)
    return key.public_numbers().n


def test_key_is_made_once_for_each_election_and_style(aws: Aws) -> None:
    names = [(ELECTION, STYLE), (ELECTION, ELSEWHERE), (OTHER, STYLE)]
    made = {name: ring(aws).ensure(*name) for name in names}
    assert len(set(made.values())) == 3
    assert {name: ring(aws).ensure(*name) for name in names} == made
    assert len(aws.asked("GenerateDataKeyPairWithoutPlaintext")) == 3


def test_private_key_is_that_of_the_public_one(aws: Aws) -> None:
    public = ring(aws).ensure(ELECTION, STYLE)
    keys, _ = signing(aws)
    assert keys.public(ELECTION, STYLE) == public
    assert keys.private(ELECTION, STYLE).n == modulus(public)


def test_fake_keys_belong_together_too() -> None:
    fake = MemoryIssuerKeys()
    public = fake.ensure(ELECTION, STYLE)
    assert fake.ensure(ELECTION, STYLE) == fake.public(ELECTION, STYLE) == public
    assert fake.private(ELECTION, STYLE).n == modulus(public)
    with pytest.raises(CredentialKeyMissing):
        fake.public(OTHER, STYLE)


def test_kms_is_told_what_the_key_is_for(aws: Aws) -> None:
    ring(aws).ensure(ELECTION, STYLE)
    signing(aws)[0].private(ELECTION, STYLE)
    context = {"election": ELECTION, "style": STYLE, "purpose": "credential"}
    (made,) = aws.asked("GenerateDataKeyPairWithoutPlaintext")
    (opened,) = aws.asked("Decrypt")
    assert made["EncryptionContext"] == opened["EncryptionContext"] == context
    assert made["KeyPairSpec"] == "RSA_3072"
    assert made["KeyId"] == opened["KeyId"] == aws.credential_key_id


def test_private_key_stands_nowhere_in_clear(aws: Aws) -> None:
    ring(aws).ensure(ELECTION, STYLE)
    key = signing(aws)[0].private(ELECTION, STYLE)
    (item,) = aws.items("issuer-keys")
    assert set(item) == {"election", "style", "public_key", "private_key"}
    half = key.p.to_bytes(192, "big")
    assert half not in bytes(item["private_key"]["B"])


def test_key_moved_to_another_election_does_not_open(aws: Aws) -> None:
    ring(aws).ensure(ELECTION, STYLE)
    (item,) = aws.items("issuer-keys")
    moved = item | {"election": {"S": OTHER}}
    clients.dynamodb().put_item(TableName="issuer-keys", Item=moved)
    with pytest.raises(KeyServiceUnavailable):
        signing(aws)[0].private(OTHER, STYLE)


def test_opened_key_is_kept_for_ten_minutes_and_no_longer(aws: Aws) -> None:
    ring(aws).ensure(ELECTION, STYLE)
    keys, clock = signing(aws)
    for seconds, calls in ((0, 1), (599, 1), (600, 2)):
        clock.now = NOW + timedelta(seconds=seconds)
        keys.private(ELECTION, STYLE)
        assert len(aws.asked("Decrypt")) == calls


def test_zero_lifetime_asks_every_time(aws: Aws) -> None:
    public = ring(aws).ensure(ELECTION, STYLE)
    keys, _ = signing(aws, timedelta(0))
    for calls in (1, 2):
        assert keys.private(ELECTION, STYLE).n == modulus(public)
        assert len(aws.asked("Decrypt")) == calls


def test_reads_are_consistent(aws: Aws) -> None:
    ring(aws).ensure(ELECTION, STYLE)
    assert [one["ConsistentRead"] for one in aws.asked("GetItem")] == [True, True]


def test_missing_key_is_missing(aws: Aws) -> None:
    keys, _ = signing(aws)
    for find in (keys.public, keys.private):
        with pytest.raises(CredentialKeyMissing):
            find(ELECTION, STYLE)


def test_of_two_makers_at_once_the_first_wins(aws: Aws) -> None:
    def overtake(**_call: object) -> None:
        if len(aws.asked("PutItem")) == 0:
            item = {name: {"S": value} for name, value in names.items()}
            clients.dynamodb().put_item(
                TableName="issuer-keys", Item=item | {"public_key": {"B": b"theirs"}}
            )

    names = {"election": ELECTION, "style": STYLE}
    aws.hook("kms", "before-call.kms.GenerateDataKeyPairWithoutPlaintext", overtake)
    assert ring(aws).ensure(ELECTION, STYLE) == b"theirs"
    assert len(aws.items("issuer-keys")) == 1


@pytest.mark.parametrize("code", ["ThrottlingException", "DisabledException"])
def test_refusing_kms_makes_and_opens_nothing(aws: Aws, code: str) -> None:
    aws.fail("kms", "GenerateDataKeyPairWithoutPlaintext", code)
    with pytest.raises(KeyServiceUnavailable):
        ring(aws).ensure(ELECTION, STYLE)
    assert aws.items("issuer-keys") == []
    aws.mend("kms", "GenerateDataKeyPairWithoutPlaintext")
    ring(aws).ensure(ELECTION, STYLE)
    aws.fail("kms", "Decrypt", code)
    with pytest.raises(KeyServiceUnavailable):
        signing(aws)[0].private(ELECTION, STYLE)


@pytest.mark.parametrize("operation", ["GetItem", "PutItem"])
def test_refusing_table_is_unavailability(aws: Aws, operation: str) -> None:
    aws.fail("dynamodb", operation, "ThrottlingException")
    with pytest.raises(StoreUnavailable):
        ring(aws).ensure(ELECTION, STYLE)
