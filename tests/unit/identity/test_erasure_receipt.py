"""What an erasure receipt says: canonical, complete, and bound to the key it is signed with."""

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import rfc8785

from civic.identity.model.erasure import ErasureRecord, ErasureStore, SignedReceipt
from civic.identity.model.erasure_receipt import RECEIPT_TYPE, key_fingerprint, receipt_document
from civic.identity.model.keys import AccessDigest
from civic.identity.model.registration import Registration
from tests.fakes.people import ADA

REQUESTED = datetime(2027, 1, 15, 12, 30, 15, 123456, tzinfo=UTC)
KEY = b"a public key"
TIMES = {store: REQUESTED + timedelta(seconds=at) for at, store in enumerate(ErasureStore, 1)}
COMPLETE = ErasureRecord(ADA, REQUESTED, AccessDigest(bytes(range(32))), TIMES)


def test_receipt_is_the_canonical_form_of_what_it_says() -> None:
    document = receipt_document(COMPLETE, KEY)
    assert rfc8785.dumps(json.loads(document)) == document


def test_receipt_of_a_known_erasure_is_known_byte_by_byte() -> None:
    fingerprint = hashlib.sha256(KEY).hexdigest()
    assert receipt_document(COMPLETE, KEY).decode() == (
        '{"completed_at":"2027-01-15T12:30:20.123456+00:00"'
        ',"fields":["username","full_name","date_of_birth","address","phone_number","email"'
        ',"national_id","citizenship_attestation","consent","evidence"]'
        f',"key":"{fingerprint}"'
        ',"registration":"3d4c1f0e-9b57-4c1b-8d0e-2f6f6f1c7a10"'
        ',"requested_at":"2027-01-15T12:30:15.123456+00:00"'
        ',"stores":{"analytics":"2027-01-15T12:30:19.123456+00:00"'
        ',"decisions":"2027-01-15T12:30:16.123456+00:00"'
        ',"issuance_roll":"2027-01-15T12:30:20.123456+00:00"'
        ',"records":"2027-01-15T12:30:17.123456+00:00"'
        ',"subject_keys":"2027-01-15T12:30:18.123456+00:00"}'
        ',"type":"civic/erasure-receipt/1"}'
    )


def test_receipt_names_every_sealed_field_and_every_store() -> None:
    said = json.loads(receipt_document(COMPLETE, KEY))
    assert said["type"] == RECEIPT_TYPE
    assert set(said["fields"]) == set(Registration.model_fields)
    assert set(said["stores"]) == {store.value for store in ErasureStore}


def test_receipt_holds_no_digest_of_the_token() -> None:
    assert COMPLETE.access_digest is not None
    text = receipt_document(COMPLETE, KEY).decode()
    assert COMPLETE.access_digest.hex() not in text


def test_receipt_does_not_depend_on_the_order_of_confirmations() -> None:
    backwards = replace(COMPLETE, confirmed=dict(reversed(TIMES.items())))
    assert receipt_document(backwards, KEY) == receipt_document(COMPLETE, KEY)


def test_receipt_is_bound_to_the_key_it_is_signed_with() -> None:
    assert json.loads(receipt_document(COMPLETE, KEY))["key"] == key_fingerprint(KEY)
    assert receipt_document(COMPLETE, b"another") != receipt_document(COMPLETE, KEY)


def test_receipt_of_a_known_key_has_its_sha_256() -> None:
    assert key_fingerprint(b"abc") == (
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )


@pytest.mark.parametrize("missing", ErasureStore)
def test_there_is_no_receipt_while_a_store_is_missing(missing: ErasureStore) -> None:
    confirmed = {store: at for store, at in TIMES.items() if store != missing}
    incomplete = replace(COMPLETE, confirmed=confirmed)
    assert incomplete.completed_at is None
    with pytest.raises(ValueError, match="not complete"):
        receipt_document(incomplete, KEY)


def test_there_is_no_receipt_without_a_request() -> None:
    unasked = replace(COMPLETE, requested_at=None, access_digest=None)
    assert unasked.completed_at is None
    with pytest.raises(ValueError, match="not complete"):
        receipt_document(unasked, KEY)


@pytest.mark.parametrize("last", ErasureStore)
def test_erasure_is_complete_when_the_last_store_has_confirmed(last: ErasureStore) -> None:
    late = REQUESTED + timedelta(days=3)
    assert replace(COMPLETE, confirmed=TIMES | {last: late}).completed_at == late


def test_erasure_stays_complete_once_there_is_a_receipt() -> None:
    sealed = replace(COMPLETE, receipt=SignedReceipt(b"{}", b"", KEY))
    assert sealed.completed_at == COMPLETE.completed_at
