"""An erasure over HTTP: from its acknowledgement, store by store, to a receipt that verifies."""

import json

import pytest

from civic.client.api_client import Refused
from civic.client.citizen import Citizen, Receipt
from civic.client.erasing import missing_stores, receipt_file
from civic.identity.errors import ReceiptRefused
from civic.identity.model.erasure import ErasureStore
from civic.identity.model.erasure_receipt import read_receipt, verify_receipt
from civic.identity.model.registration import PII_FIELDS
from civic.stack.target import Target
from tests.integration.consumers import paused
from tests.integration.lives import erased, registered, rejected
from tests.integration.people import idempotency_key, person
from tests.integration.waiting import eventually, settled

EVERY_STORE = [store.value for store in ErasureStore]


@pytest.fixture(scope="module")
def gone(citizen: Citizen) -> Receipt:
    """A person who is erased, store by store."""
    receipt = registered(citizen, person())
    citizen.erase(receipt)
    erased(citizen, receipt)
    return receipt


def test_data_right_after_an_acknowledged_erasure_is_not_found(
    target: Target, citizen: Citizen
) -> None:
    receipt = registered(citizen, person())
    with paused(target, "PiiStorage", "Validator"):
        citizen.erase(receipt)
        for ask in (citizen.data, citizen.status, citizen.data_as_csv, citizen.explanation):
            with pytest.raises(Refused) as refusal:
                ask(receipt)
            assert (refusal.value.status, refusal.value.code) == (404, "not_found")
    erased(citizen, receipt)


def test_erasure_is_told_store_by_store(target: Target, citizen: Citizen) -> None:
    receipt = registered(citizen, person())
    settled(target)
    with paused(target, "Validator", "PiiStorage", "Analytics", "CredentialRoll"):
        citizen.erase(receipt)
        assert missing_stores(citizen.erasure(receipt)) == EVERY_STORE
    with paused(target, "Analytics"):
        eventually(
            "only analytics is missing",
            lambda: missing_stores(citizen.erasure(receipt)) == ["analytics"],
        )
        status = citizen.erasure(receipt)
        assert (status["status"], receipt_file(status)) == ("erasing", None)
        assert "completed_at" not in status
    status = erased(citizen, receipt)
    assert missing_stores(status) == []
    assert status["completed_at"] == max(one["erased_at"] for one in status["stores"])


def test_receipt_verifies_and_says_what_was_erased(citizen: Citizen, gone: Receipt) -> None:
    status = citizen.erasure(gone)
    statement = verify_receipt(read_receipt(json.dumps(status["receipt"]).encode()))
    assert statement.registration == gone.id
    assert statement.fields == tuple(PII_FIELDS)
    assert sorted(statement.stores) == sorted(EVERY_STORE)
    told = {one["store"]: one["erased_at"] for one in status["stores"]}
    assert {
        name: moment.isoformat().replace("+00:00", "Z") for name, moment in statement.stores.items()
    } == told


def test_receipt_is_signed_with_the_key_of_the_stack(
    target: Target, citizen: Citizen, gone: Receipt
) -> None:
    signed = read_receipt(json.dumps(citizen.erasure(gone)["receipt"]).encode())
    key = target.kms.get_public_key(KeyId=target.output("ReceiptKeyArn"))["PublicKey"]
    assert verify_receipt(signed, key).registration == gone.id
    with pytest.raises(ReceiptRefused, match="another key"):
        verify_receipt(signed, key + b"\0")


def test_receipt_is_the_same_for_every_get_and_after_a_repeated_erasure(
    target: Target, citizen: Citizen, gone: Receipt
) -> None:
    before = citizen.erasure(gone)
    citizen.erase(gone)
    citizen.withdraw(gone)
    settled(target)
    assert citizen.erasure(gone) == citizen.erasure(gone) == before


def test_withdrawal_of_consent_erases_as_well(citizen: Citizen) -> None:
    receipt = registered(citizen, person())
    citizen.withdraw(receipt)
    assert receipt_file(erased(citizen, receipt)) is not None
    with pytest.raises(Refused):
        citizen.data(receipt)
    kinds = {(one["kind"], one["article"]) for one in citizen.requests(receipt)["requests"]}
    assert kinds == {("access", "15"), ("withdrawal", "7(3)")}


def test_requests_are_told_after_the_erasure_and_the_review_has_lapsed(
    target: Target, citizen: Citizen
) -> None:
    receipt = registered(citizen, rejected())
    citizen.dispute(receipt)
    citizen.erase(receipt)
    erased(citizen, receipt)
    settled(target)
    notes = citizen.requests(receipt)["requests"]
    assert [one["kind"] for one in notes] == ["access", "review", "erasure"]
    assert ["completed_at" in one for one in notes] == [True, False, True]
    assert ["lapsed_at" in one for one in notes] == [False, True, False]


def test_erasure_that_nobody_asked_for_is_said(citizen: Citizen) -> None:
    receipt = citizen.register(person(), idempotency_key())
    with pytest.raises(Refused) as refusal:
        citizen.erasure(receipt)
    assert (refusal.value.status, refusal.value.code) == (404, "no_erasure")
