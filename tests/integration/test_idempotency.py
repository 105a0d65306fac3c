from concurrent.futures import ThreadPoolExecutor

import pytest

from civic.client.api_client import Refused
from civic.client.citizen import Citizen
from civic.stack.target import Target
from tests.integration.people import idempotency_key, person
from tests.integration.rows import subject_key_revisions
from tests.integration.waiting import decided, stored

CITIZENS = 3  # each costs a cold start


def test_retry_gives_the_same_receipt_and_no_second_person(
    citizen: Citizen, target: Target
) -> None:
    key = idempotency_key()
    first = citizen.register(person(), key)
    decided(citizen, first)
    assert citizen.register(person(), key) == first
    assert citizen.status(first)["revision"] == 1
    assert subject_key_revisions(target, first) == [1]


def test_simultaneous_retries_are_one_registration(citizen: Citizen) -> None:
    key = idempotency_key()
    with ThreadPoolExecutor(CITIZENS) as pool:
        receipts = set(pool.map(lambda _: citizen.register(person(), key), range(CITIZENS)))
    (receipt,) = receipts
    assert decided(citizen, receipt)["decision"] == "accepted"
    assert stored(citizen, receipt)["data"] == person()


def test_key_reused_for_another_payload_is_refused_and_changes_nothing(citizen: Citizen) -> None:
    key = idempotency_key()
    receipt = citizen.register(person(), key)
    decided(citizen, receipt)
    with pytest.raises(Refused) as refusal:
        citizen.register(person(full_name="Somebody Else"), key)
    assert (refusal.value.status, refusal.value.code) == (422, "idempotency_key_reused")
    assert citizen.status(receipt)["revision"] == 1
    assert stored(citizen, receipt)["data"] == person()


def test_key_of_an_erased_registration_is_refused(citizen: Citizen) -> None:
    key = idempotency_key()
    receipt = citizen.register(person(), key)
    decided(citizen, receipt)
    citizen.erase(receipt)
    with pytest.raises(Refused) as refusal:
        citizen.register(person(), key)
    assert (refusal.value.status, refusal.value.code) == (409, "registration_erased")


@pytest.mark.parametrize("key", ["short", "x" * 129, "sixteen or more, with spaces"])
def test_key_of_the_wrong_form_is_refused(citizen: Citizen, key: str) -> None:
    with pytest.raises(Refused) as refusal:
        citizen.register(person(), key)
    assert (refusal.value.status, refusal.value.code) == (400, "invalid_idempotency_key")
