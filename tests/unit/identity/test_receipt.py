"""Receipts: the same for a retry, unguessable for everybody else."""

import base64
import hashlib
import hmac
import uuid

import pytest

from civic.identity.model.receipt import Receipt, issue_receipt
from tests.fakes.pipeline import Entropy

KEY = "5b3f1e0a-7c2d-4f6e-9a8b-1c2d3e4f5a6b"
PAYLOAD = b'{"username":"erika"}'


def issue(key: str | None = KEY, payload: bytes = PAYLOAD, seed: str = "") -> Receipt:
    return issue_receipt(key, payload, Entropy(seed))


def test_same_key_and_payload_give_the_same_receipt() -> None:
    assert issue(seed="first environment") == issue(seed="second environment")


def test_same_key_with_another_payload_gives_the_same_id_and_another_token() -> None:
    first, second = issue(), issue(payload=PAYLOAD + b" ")
    assert first.id == second.id
    assert first.access_token != second.access_token


def test_another_key_gives_another_id_and_token() -> None:
    first, second = issue(), issue(KEY[:-1] + "c")
    assert first.id != second.id
    assert first.access_token != second.access_token


def test_without_key_every_receipt_is_fresh() -> None:
    first, second = issue(None, seed="a"), issue(None, seed="b")
    assert first.id != second.id
    assert first.access_token != second.access_token


@pytest.mark.parametrize("key", [KEY, None])
def test_id_is_a_version_8_uuid(key: str | None) -> None:
    parsed = uuid.UUID(issue(key).id)
    assert str(parsed) == issue(key).id
    assert (parsed.version, parsed.variant) == (8, uuid.RFC_4122)


@pytest.mark.parametrize("key", [KEY, None])
def test_token_has_256_bits(key: str | None) -> None:
    token = issue(key).access_token
    assert len(base64.urlsafe_b64decode(token + "=")) == 32


def test_without_key_all_bits_but_the_version_come_from_the_entropy() -> None:
    receipt = issue_receipt(None, PAYLOAD, lambda size: b"\xff" * size)
    assert receipt.id == "ffffffff-ffff-8fff-bfff-ffffffffffff"
    assert receipt.access_token == base64.urlsafe_b64encode(b"\xff" * 32).decode().rstrip("=")


def test_derivation_is_the_specified_one() -> None:
    # HKDF of one block, RFC 5869 section 2, written out.
    secret = KEY.encode()
    extracted = hmac.digest(hashlib.sha256(PAYLOAD).digest(), secret, "sha256")
    token = hmac.digest(extracted, b"civic/access-token/1\x01", "sha256")
    extracted = hmac.digest(bytes(32), secret, "sha256")
    number = hmac.digest(extracted, b"civic/registration-id/1\x01", "sha256")[:16]
    receipt = issue()
    assert receipt.access_token == base64.urlsafe_b64encode(token).decode().rstrip("=")
    assert receipt.id.replace("-", "")[:12] == number.hex()[:12]
    assert receipt.access_digest == hashlib.sha256(receipt.access_token.encode()).digest()


def test_token_is_not_shown() -> None:
    receipt = issue()
    assert receipt.access_token not in repr(receipt)
    assert KEY not in repr(receipt)
