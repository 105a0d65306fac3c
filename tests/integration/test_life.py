"""The life of one registration over HTTP, from the first request to what remains after erasure."""

from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from civic.client.citizen import Receipt
from civic.identity.model.registration import PII_FIELDS
from civic.stack.target import Target
from tests.integration.consumers import paused
from tests.integration.people import Payload, person
from tests.integration.rows import BY_ID, is_tombstone, row, subject_key_revisions
from tests.integration.waiting import eventually

SUBMITTED = person(email="ada@civic-registration.eu", national_id="36574261809")
CORRECTED = SUBMITTED | {"phone_number": "+49 30 1", "username": "ada-2028"}


@dataclass(slots=True)
class Citizen:
    """One citizen with nothing but HTTP."""

    api: httpx.Client
    path: str = ""
    token: str = ""

    def register(self, payload: Payload) -> httpx.Response:
        answer = self.api.post("/registrations", json=payload)
        self.token = answer.json()["access_token"]
        self.path = answer.headers["location"]
        return answer

    def ask(self, method: str, part: str = "", payload: Payload | None = None) -> httpx.Response:
        token = {"authorization": f"Bearer {self.token}"}
        return self.api.request(method, self.path + part, json=payload, headers=token)

    def decision(self, revision: int) -> dict[str, Any]:
        def look() -> dict[str, Any] | None:
            body: dict[str, Any] = self.ask("GET").json()
            done = body["status"] == "fulfilled" and body["revision"] == revision
            return body if done else None

        return eventually(f"revision {revision} is decided", look)

    def data(self, revision: int) -> httpx.Response:
        def look() -> httpx.Response | None:
            answer = self.ask("GET", "/data")
            done = answer.status_code == 200 and answer.json()["revision"] == revision
            return answer if done else None

        return eventually(f"revision {revision} is stored", look)

    @property
    def receipt(self) -> Receipt:
        return Receipt(self.path.rpartition("/")[2], self.token)


@dataclass(slots=True)
class Life:
    """The citizen's answers at every step, and what the stores held."""

    citizen: Citizen
    registered: httpx.Response
    at_once: httpx.Response
    data_at_once: httpx.Response
    decided: dict[str, Any]
    data: httpx.Response
    rectified: httpx.Response
    decided_again: dict[str, Any]
    corrected: httpx.Response
    keys_after_correction: list[int]
    erasures: list[httpx.Response]
    afterwards: dict[str, httpx.Response]


@pytest.fixture(scope="module")
def life(api: httpx.Client, target: Target) -> Life:
    citizen = Citizen(api)
    with paused(target, "Validator", "PiiStorage"):
        registered = citizen.register(SUBMITTED)
        at_once, data_at_once = citizen.ask("GET"), citizen.ask("GET", "/data")
    decided, data = citizen.decision(1), citizen.data(1)
    rectified = citizen.ask("PUT", payload=CORRECTED)
    decided_again, corrected = citizen.decision(2), citizen.data(2)
    # The old key is deleted after the new revision is stored, so it may remain for a moment.
    eventually("one key is left", lambda: len(subject_key_revisions(target, citizen.receipt)) == 1)
    keys = subject_key_revisions(target, citizen.receipt)
    erasures = [citizen.ask("DELETE"), citizen.ask("DELETE")]
    eventually(
        "every store knows",
        lambda: all(is_tombstone(row(target, store, citizen.receipt)) for store in BY_ID),
    )
    afterwards = {
        "status": citizen.ask("GET"),
        "data": citizen.ask("GET", "/data"),
        "rectification": citizen.ask("PUT", payload=SUBMITTED),
    }
    return Life(
        citizen,
        registered,
        at_once,
        data_at_once,
        decided,
        data,
        rectified,
        decided_again,
        corrected,
        keys,
        erasures,
        afterwards,
    )


def test_registration_is_accepted_with_a_receipt(life: Life) -> None:
    body = life.registered.json()
    assert life.registered.status_code == 202
    assert body.keys() == {"id", "access_token", "status"}
    assert life.registered.headers["location"] == f"/registrations/{body['id']}"


def test_status_right_after_registering_is_pending(life: Life) -> None:
    body = life.at_once.json()
    assert life.at_once.status_code == 200
    assert (body["status"], body["revision"]) == ("pending", 1)
    assert "decision" not in body


def test_data_before_it_is_stored_asks_for_patience(life: Life) -> None:
    assert life.data_at_once.status_code == 409
    assert life.data_at_once.json()["code"] == "not_yet_stored"
    assert int(life.data_at_once.headers["retry-after"]) > 0


def test_decision_names_the_rule_set(life: Life) -> None:
    assert (life.decided["decision"], life.decided["reasons"]) == ("accepted", [])
    assert life.decided["rule_set"].startswith("national-2027")


def test_data_is_shown_exactly_as_submitted(life: Life) -> None:
    assert life.data.json()["data"] == SUBMITTED


def test_data_comes_with_a_purpose_for_every_field(life: Life) -> None:
    shown = life.data.json()
    assert {one["field"] for one in shown["purposes"]} == PII_FIELDS.keys() >= SUBMITTED.keys()
    assert all(one["purpose"] for one in shown["purposes"])
    assert shown["recipients"]
    assert shown["retention"]


def test_data_is_never_cached(life: Life) -> None:
    assert life.data.headers["cache-control"] == "no-store"


def test_rectification_is_pending_again(life: Life) -> None:
    body = life.rectified.json()
    assert life.rectified.status_code == 202
    assert (body["status"], body["revision"]) == ("pending", 2)


def test_rectification_is_decided_anew(life: Life) -> None:
    assert life.decided_again["decision"] == "accepted"
    assert life.decided_again["reasons"] == [{"code": "phone_invalid", "pointer": "/phone_number"}]


def test_rectified_data_is_shown_exactly_as_submitted(life: Life) -> None:
    assert life.corrected.json()["data"] == CORRECTED
    assert life.corrected.json()["created"] == life.data.json()["created"]


def test_rectification_leaves_the_new_subject_key_only(life: Life) -> None:
    assert life.keys_after_correction == [2]


def test_erasure_repeated_gives_the_same_receipt(life: Life) -> None:
    first, second = life.erasures
    assert first.status_code == second.status_code == 202
    assert first.json() == second.json()


@pytest.mark.parametrize("request_after", ["status", "data", "rectification"])
def test_erased_registration_is_not_found(life: Life, request_after: str) -> None:
    answer = life.afterwards[request_after]
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("store", BY_ID)
def test_erasure_leaves_a_tombstone_in(life: Life, target: Target, store: str) -> None:
    assert is_tombstone(row(target, store, life.citizen.receipt))


def test_erasure_leaves_no_subject_key(life: Life, target: Target) -> None:
    assert subject_key_revisions(target, life.citizen.receipt) == []
