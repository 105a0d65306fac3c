"""What every receipt signer does."""

import hashlib

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from civic.identity.adapters.receipt_signer_kms import KmsReceiptSigner
from civic.identity.errors import KeyServiceUnavailable
from civic.lab.memory.accountability import MemoryReceiptSigner
from civic.runtime import clients
from tests.fakes.aws import Aws

DOCUMENT = b'{"type":"civic/erasure-receipt/1"}'

type Signer = KmsReceiptSigner | MemoryReceiptSigner


def deployed(aws: Aws) -> KmsReceiptSigner:
    return KmsReceiptSigner(clients.kms(), aws.receipt_key_id)


@pytest.fixture(params=["memory", "kms"])
def signer(request: pytest.FixtureRequest) -> Signer:
    if request.param == "memory":
        return MemoryReceiptSigner()
    aws = request.getfixturevalue("aws")
    assert isinstance(aws, Aws)
    return deployed(aws)


def verify(signer: Signer, signature: bytes, document: bytes) -> None:
    key = load_der_public_key(signer.public_key())
    assert isinstance(key, ec.EllipticCurvePublicKey)
    key.verify(signature, document, ec.ECDSA(SHA256()))


def test_public_key_is_on_p256(signer: Signer) -> None:
    key = load_der_public_key(signer.public_key())
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert key.curve.name == "secp256r1"


@pytest.mark.parametrize("document", [DOCUMENT, b"", b"x" * 5000])
def test_signature_is_that_of_the_document(signer: Signer, document: bytes) -> None:
    verify(signer, signer.sign(document), document)


def test_signature_is_of_no_other_document(signer: Signer) -> None:
    signature = signer.sign(DOCUMENT)
    with pytest.raises(InvalidSignature):
        verify(signer, signature, DOCUMENT + b" ")


def test_public_key_is_asked_for_once(aws: Aws) -> None:
    signer = deployed(aws)
    assert signer.public_key() == signer.public_key()
    assert len(aws.asked("GetPublicKey")) == 1


def test_kms_sees_a_digest_and_never_the_document(aws: Aws) -> None:
    deployed(aws).sign(DOCUMENT)
    (asked,) = aws.asked("Sign")
    assert asked["Message"] == hashlib.sha256(DOCUMENT).digest()
    assert (asked["MessageType"], asked["SigningAlgorithm"]) == ("DIGEST", "ECDSA_SHA_256")


@pytest.mark.parametrize("code", ["ThrottlingException", "DisabledException"])
def test_refusal_by_kms_is_unavailability(aws: Aws, code: str) -> None:
    signer = deployed(aws)
    for operation in ("Sign", "GetPublicKey"):
        aws.fail("kms", operation, code)
    with pytest.raises(KeyServiceUnavailable):
        signer.sign(DOCUMENT)
    with pytest.raises(KeyServiceUnavailable):
        signer.public_key()


def test_public_key_is_asked_for_again_after_a_refusal(aws: Aws) -> None:
    signer = deployed(aws)
    aws.fail("kms", "GetPublicKey", "ThrottlingException")
    with pytest.raises(KeyServiceUnavailable):
        signer.public_key()
    aws.stop()
    assert signer.public_key()
