"""What every signer of checkpoints does."""

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from civic.audit.adapters.signer_kms import KmsSigner
from civic.audit.errors import StoreUnavailable
from civic.lab.memory.audit import MemoryLogSigner
from civic.runtime import clients
from tests.fakes.aws import LOG_KEY, Aws
from tests.fakes.fixtures import each_kind

TEXT = b"civic.example/log\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"

type Signer = KmsSigner | MemoryLogSigner


def deployed() -> KmsSigner:
    return KmsSigner(clients.kms(), LOG_KEY)


signer = each_kind("kms", lambda: MemoryLogSigner(bytes(32)), deployed)


def test_signature_is_ed25519_of_the_text_and_of_no_other(signer: Signer) -> None:
    key = Ed25519PublicKey.from_public_bytes(signer.public_key())
    signature = signer.sign(TEXT)
    key.verify(signature, TEXT)
    with pytest.raises(InvalidSignature):
        key.verify(signature, TEXT + b"\n")


def test_same_text_is_signed_alike(signer: Signer) -> None:
    # Two writers must publish the same under one name.
    assert signer.sign(TEXT) == signer.sign(TEXT)


def test_public_key_is_asked_for_once(aws: Aws) -> None:
    signer = deployed()
    assert signer.public_key() == signer.public_key()
    assert len(aws.asked("GetPublicKey")) == 1


def test_kms_signs_the_text_itself(aws: Aws) -> None:
    deployed().sign(TEXT)
    (asked,) = aws.asked("Sign")
    assert (asked["Message"], asked["MessageType"]) == (TEXT, "RAW")


@pytest.mark.parametrize("code", ["ThrottlingException", "AccessDeniedException"])
def test_refusal_by_kms_is_unavailability(aws: Aws, code: str) -> None:
    signer = deployed()
    for operation in ("Sign", "GetPublicKey"):
        aws.fail("kms", operation, code)
    with pytest.raises(StoreUnavailable):
        signer.sign(TEXT)
    with pytest.raises(StoreUnavailable):
        signer.public_key()
