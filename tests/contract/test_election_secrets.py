"""What everything that makes the secrets of elections does."""

import pytest

from civic.contracts.identifiers import ElectionId
from civic.lab.memory.voting import MemorySecrets
from civic.runtime import clients
from civic.voting.adapters.election_secrets_kms import KmsElectionSecrets
from civic.voting.errors import SealBroken, StoreUnavailable
from tests.fakes.aws import Aws

ONE, TWO = ElectionId("0123456789ab"), ElectionId("ba9876543210")

type Secrets = KmsElectionSecrets | MemorySecrets


@pytest.fixture(params=["memory", "kms"])
def secrets(request: pytest.FixtureRequest) -> Secrets:
    if request.param == "memory":
        return MemorySecrets()
    aws: Aws = request.getfixturevalue("aws")
    return KmsElectionSecrets(clients.kms(), aws.key_id)


def test_secret_is_256_bits_and_always_the_same(secrets: Secrets) -> None:
    sealed = secrets.make(ONE)
    opened = secrets.open(ONE, sealed)
    assert len(opened) == 32
    assert secrets.open(ONE, sealed) == opened


def test_no_two_secrets_are_alike(secrets: Secrets) -> None:
    sealed = [secrets.make(election) for election in (ONE, ONE, TWO)]
    opened = {secrets.open(one, it) for one, it in zip((ONE, ONE, TWO), sealed, strict=True)}
    assert len(opened) == 3


def test_secret_of_another_election_does_not_open(secrets: Secrets) -> None:
    with pytest.raises(SealBroken):
        secrets.open(TWO, secrets.make(ONE))


def test_altered_secret_does_not_open(secrets: Secrets) -> None:
    sealed = bytearray(secrets.make(ONE))
    sealed[-1] ^= 1
    with pytest.raises(SealBroken):
        secrets.open(ONE, bytes(sealed))


def test_kms_shows_nobody_the_secret_it_makes(aws: Aws) -> None:
    KmsElectionSecrets(clients.kms(), aws.key_id).make(ONE)
    (asked,) = aws.asked("GenerateDataKeyWithoutPlaintext")
    assert asked["KeySpec"] == "AES_256"
    assert asked["EncryptionContext"] == {"election": ONE, "purpose": "ballots"}
    assert aws.asked("GenerateDataKey") == []


@pytest.mark.parametrize("code", ["ThrottlingException", "DisabledException"])
def test_refusal_by_kms_is_unavailability(aws: Aws, code: str) -> None:
    secrets = KmsElectionSecrets(clients.kms(), aws.key_id)
    sealed = secrets.make(ONE)
    for operation in ("GenerateDataKeyWithoutPlaintext", "Decrypt"):
        aws.fail("kms", operation, code)
    with pytest.raises(StoreUnavailable):
        secrets.make(ONE)
    with pytest.raises(StoreUnavailable):
        secrets.open(ONE, sealed)
