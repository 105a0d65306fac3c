"""What a vendor's webhook proves, and every way in which it proves nothing."""

import hmac
import json
from base64 import b64decode, b64encode
from datetime import date, datetime, timedelta
from hashlib import sha256

import pytest
from pydantic import ValidationError

from civic.identity.model.proof import (
    Identifier,
    ProofLevel,
    ProofMethod,
    ProofRefused,
    Proven,
)
from civic.identity.model.trust import VendorService
from civic.identity.proofs import vendor
from civic.identity.proofs.vendor import Webhook
from civic.lab.wallets.checking import Vendor, body_of
from tests.fakes.wallets import NONCE, NOW

VENDOR = Vendor()
TRUSTED = VendorService(
    vendor="checks.example",
    level=ProofLevel.SUBSTANTIAL,
    starts_at="https://checks.example/start",
    address="https://civic.example",
    keys=(VENDOR.public_key,),
)
CHECK: dict[str, object] = {
    "reference": NONCE,
    "status": "approved",
    "liveness": "passed",
    "document_hash": "ab" * 32,
    "full_name": "Ada Lovelace",
    "birth_date": "1990-12-10",
}


def _webhook(
    check: dict[str, object] | bytes = CHECK,
    *,
    by: Vendor = VENDOR,
    at: datetime = NOW,
    message_id: str = "msg_1",
) -> Webhook:
    body = check if isinstance(check, bytes) else body_of(check)
    headers = by.headers(message_id, body, at)
    return Webhook(
        headers["webhook-id"], headers["webhook-timestamp"], headers["webhook-signature"], body
    )


def _verify(webhook: Webhook, trusted: VendorService = TRUSTED, nonce: str = NONCE) -> Proven:
    return vendor.verify(webhook, trusted, reference=nonce, answered_at=NOW)


def test_check_proves_name_and_birth() -> None:
    assert _verify(_webhook()) == Proven(
        method=ProofMethod.VENDOR,
        level=ProofLevel.SUBSTANTIAL,
        issuer="checks.example",
        day=date(2027, 3, 1),
        full_name="Ada Lovelace",
        birth_date=date(1990, 12, 10),
    )


def test_document_identifies_only_if_the_operator_says_so() -> None:
    trusted = TRUSTED.model_copy(update={"document_kind": "document"})
    assert _verify(_webhook(), trusted).identifier == Identifier("document", "ab" * 32)


def test_check_hides_what_it_says() -> None:
    check = vendor.Check.model_validate(CHECK)
    assert not any(text in repr((check, _webhook())) for text in ("Ada", "1990", "abab", NONCE))


def test_check_for_another_session_is_refused() -> None:
    with pytest.raises(ProofRefused, match="another request"):
        _verify(_webhook(), nonce="other")


@pytest.mark.parametrize("changes", [{"status": "declined"}, {"liveness": "failed"}])
def test_check_that_failed_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ProofRefused, match="did not approve"):
        _verify(_webhook(CHECK | changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"image": "iVBORw0KGgo="},
        {"face_template": [0.1, 0.2]},
        {"status": "pending"},
        {"status": True},
        {"liveness": 0.99},
        {"document_hash": "AB" * 32},
        {"document_hash": "C01X00T47"},
        {"full_name": ""},
        {"full_name": None},
        {"birth_date": "1990"},
        {"birth_date": 660787200},
        {"birth_date": "660787200"},
        {"birth_date": "1990-12-10T00:00:00Z"},
    ],
)
def test_anything_else_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ProofRefused):
        _verify(_webhook(CHECK | changes))


@pytest.mark.parametrize("absent", CHECK)
def test_check_says_everything(absent: str) -> None:
    with pytest.raises(ProofRefused, match="not the result"):
        _verify(_webhook({name: CHECK[name] for name in CHECK if name != absent}))


@pytest.mark.parametrize("body", [b"", b"[]", b"\xff", b'{"a":1,"a":2}'])
def test_what_is_no_check_is_refused(body: bytes) -> None:
    with pytest.raises(ProofRefused):
        _verify(_webhook(body))


def test_message_of_somebody_else_is_refused() -> None:
    with pytest.raises(ProofRefused, match="not signed by the vendor"):
        _verify(_webhook(by=Vendor()))


def test_one_key_takes_over_from_another() -> None:
    later = Vendor()
    trusted = TRUSTED.model_copy(update={"keys": (VENDOR.public_key, later.public_key)})
    assert _verify(_webhook(), trusted) == _verify(_webhook(by=later), trusted)


@pytest.mark.parametrize("minutes", [-6, 6])
def test_message_of_another_time_is_refused(minutes: int) -> None:
    with pytest.raises(ProofRefused, match="just now"):
        _verify(_webhook(at=NOW + timedelta(minutes=minutes)))


def test_altered_message_is_refused() -> None:
    good = _webhook()
    signed = (
        Webhook("msg_2", good.timestamp, good.signature, good.body),
        Webhook(good.id, str(int(good.timestamp) + 1), good.signature, good.body),
        Webhook(good.id, good.timestamp, good.signature, good.body.replace(b"Ada", b"Eve")),
        Webhook(good.id, good.timestamp, good.signature, good.body + b" "),
    )
    for altered in signed:
        with pytest.raises(ProofRefused, match="not signed"):
            _verify(altered)


def test_id_and_time_cannot_change_places() -> None:
    with pytest.raises(ProofRefused, match="no id"):
        _verify(_webhook(message_id=f"msg.{int(NOW.timestamp())}"))


@pytest.mark.parametrize("timestamp", ["", "now", "-1", "+1", "1e9", "\uff11", "0", "9" * 13, " 1"])
def test_time_that_is_none_is_refused(timestamp: str) -> None:
    good = _webhook()
    with pytest.raises(ProofRefused, match="when it was sent"):
        _verify(Webhook(good.id, timestamp, good.signature, good.body))


def test_symmetric_signature_counts_for_nothing() -> None:
    good = _webhook()
    signed = f"{good.id}.{good.timestamp}.".encode() + good.body
    secret = b64decode(VENDOR.public_key.removeprefix("whpk_"))
    forged = b64encode(hmac.digest(secret, signed, sha256)).decode()
    for scheme in ("v1", "v1a"):
        with pytest.raises(ProofRefused, match="not signed"):
            _verify(Webhook(good.id, good.timestamp, f"{scheme},{forged}", good.body))


def test_one_of_several_signatures_is_enough() -> None:
    good = _webhook()
    several = f"v1,AAAA v1a,AAAA {good.signature}"
    assert _verify(Webhook(good.id, good.timestamp, several, good.body)) == _verify(good)
    many = " ".join(["v1a,AAAA"] * 8 + [good.signature])
    with pytest.raises(ProofRefused, match="not signed"):
        _verify(Webhook(good.id, good.timestamp, many, good.body))


def test_signature_has_one_text() -> None:
    good = _webhook()
    body = good.signature.removesuffix("==")
    for other in {f"{body[:-1]}{last}==" for last in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"} - {
        good.signature
    }:
        with pytest.raises(ProofRefused, match="not signed"):
            _verify(Webhook(good.id, good.timestamp, other, good.body))


def test_body_is_bounded() -> None:
    with pytest.raises(ProofRefused, match="too long"):
        _verify(_webhook(json.dumps(CHECK).encode() + b" " * vendor.MAX_BODY))


@pytest.mark.parametrize("keys", [(), ("whsec_c2VjcmV0",), ("whpk_AA==",), ("",)])
def test_entry_has_public_keys(keys: tuple[str, ...]) -> None:
    with pytest.raises(ValidationError):
        VendorService.model_validate(TRUSTED.model_dump() | {"keys": keys})
