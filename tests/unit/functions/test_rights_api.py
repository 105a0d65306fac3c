"""The rights of data subjects through the real handlers."""

import base64
import json
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from civic.analytics.functions import collector
from civic.identity.adapters.rule_set_files import load_rule_set
from civic.identity.model.codes import Code
from civic.identity.model.erasure_receipt import key_fingerprint
from civic.identity.model.requests import one_month_after
from tests.fakes.deployment import Deployment
from tests.fakes.lambda_events import said
from tests.fakes.office import (
    ACCEPTABLE,
    DOUBTFUL,
    HOPELESS,
    Citizen,
    citizen,
    content,
    somebody,
    staff,
)

RULES = load_rule_set("national-2027")
BODY = ACCEPTABLE.model_dump_json(exclude_none=True)


def requests(who: Citizen) -> dict[str, bool]:
    """Return the requests, and whether each was answered."""
    told = content(who.ask("GET /requests"))["requests"]
    return {one["kind"]: "completed_at" in one for one in told}


def counted() -> int:
    return len(list(collector.joins().complete()))


def test_restriction_is_shown_refuses_corrections_and_can_be_lifted(
    deployment: Deployment,
) -> None:
    who = citizen(deployment)
    response = who.ask("PUT /restriction")
    assert response["statusCode"] == 200
    assert content(response)["restricted"] is True
    assert content(response) == who.status()
    assert said(who.ask("PUT ", BODY)) == (409, "restricted")
    response = who.ask("DELETE /restriction")
    assert response["statusCode"] == 200
    assert content(response)["restricted"] is False
    assert who.ask("PUT ", BODY)["statusCode"] == 202


def test_restricted_person_is_neither_decided_nor_counted_until_it_is_lifted(
    deployment: Deployment,
) -> None:
    answer = content(deployment.http("POST /registrations", BODY))
    who = Citizen(deployment, answer["id"], answer["access_token"])
    who.ask("PUT /restriction")
    deployment.deliver()
    assert (who.status()["status"], counted()) == ("pending", 0)
    who.ask("DELETE /restriction")
    deployment.deliver()
    assert (who.status()["decision"], counted()) == ("accepted", 1)
    assert deployment.failures == []


def test_lifting_of_what_was_never_restricted_is_no_request(deployment: Deployment) -> None:
    who = citizen(deployment)
    assert content(who.ask("DELETE /restriction")) == who.status()
    assert requests(who) == {}


def test_objection_is_acknowledged_with_its_due_date_and_honoured(deployment: Deployment) -> None:
    who = citizen(deployment)
    assert counted() == 1
    response = who.ask("PUT /objection")
    noted = content(response)
    assert response["statusCode"] == 202
    assert (noted["kind"], noted["article"], noted["count"]) == ("objection", "21", 1)
    received = datetime.fromisoformat(noted["received_at"])
    assert datetime.fromisoformat(noted["due_at"]) == one_month_after(received)
    assert "completed_at" not in noted
    assert requests(who) == {"objection": False}
    deployment.deliver()
    assert requests(who) == {"objection": True}
    assert counted() == 0


def test_objection_made_again_is_counted_to_the_first(deployment: Deployment) -> None:
    who = citizen(deployment)
    first, second = (content(who.ask("PUT /objection")) for _ in range(2))
    assert second == first | {"count": 2}


def test_rejection_can_be_contested(deployment: Deployment) -> None:
    who = citizen(deployment, HOPELESS)
    response = who.ask("POST /review")
    assert response["statusCode"] == 202
    assert (content(response)["kind"], content(response)["article"]) == ("review", "22(3)")
    (case,) = content(staff("GET /reviews"))["cases"]
    assert (case["id"], case["cause"], case["revision"]) == (who.id, "data_subject", 1)
    assert case["due_at"] == content(response)["due_at"]


def test_acceptance_cannot_be_contested(deployment: Deployment) -> None:
    assert said(citizen(deployment).ask("POST /review")) == (409, "nothing_to_review")


def test_restricted_rejection_cannot_be_contested(deployment: Deployment) -> None:
    who = citizen(deployment, HOPELESS)
    who.ask("PUT /restriction")
    assert said(who.ask("POST /review")) == (409, "restricted")


def test_acceptance_is_explained(deployment: Deployment) -> None:
    who = citizen(deployment)
    response = who.ask("GET /explanation")
    assert response["statusCode"] == 200
    assert content(response) == {
        "id": who.id,
        "decision": "accepted",
        "decided_by": "rules",
        "rule_set": RULES.version,
        "reasons": [],
    }


def test_rejection_is_explained_reason_by_reason(deployment: Deployment) -> None:
    explained = content(citizen(deployment, HOPELESS).ask("GET /explanation"))
    assert (explained["decision"], explained["decided_by"]) == ("rejected", "rules")
    assert explained["reasons"] == [
        {
            "code": "attestation_missing",
            "pointer": "/citizenship_attestation",
            "explanation": RULES.rules[Code.ATTESTATION_MISSING].text,
            "effect": "reject",
        }
    ]


def test_decision_of_people_is_explained_as_theirs(deployment: Deployment) -> None:
    who = citizen(deployment, DOUBTFUL)
    staff("POST /reviews/{id}", on=who.id, body={"revision": 1, "decision": "rejected"})
    explained = content(who.ask("GET /explanation"))
    assert (explained["decision"], explained["decided_by"]) == ("rejected", "people")
    (reason,) = explained["reasons"]
    assert reason["code"] == "decided_by_people"
    assert "staff" in reason["explanation"]


def test_acceptance_with_a_remark_is_explained_as_an_acceptance(deployment: Deployment) -> None:
    who = citizen(deployment, somebody(phone_number="+1 861 220 4567"))
    explained = content(who.ask("GET /explanation"))
    assert (explained["decision"], who.status()["decision"]) == ("accepted", "accepted")
    assert explained["reasons"] == [
        {
            "code": "phone_invalid",
            "pointer": "/phone_number",
            "explanation": RULES.rules[Code.PHONE_INVALID].text,
            "effect": "remark",
        }
    ]
    assert said(who.ask("POST /review")) == (409, "nothing_to_review")


def test_nothing_is_explained_before_there_is_a_decision(deployment: Deployment) -> None:
    answer = content(deployment.http("POST /registrations", BODY))
    who = Citizen(deployment, answer["id"], answer["access_token"])
    assert said(who.ask("GET /explanation")) == (409, "not_yet_decided")


def test_requests_are_told_with_article_and_dates_also_after_an_erasure(
    deployment: Deployment,
) -> None:
    who = citizen(deployment)
    assert requests(who) == {}
    who.ask("PUT ", BODY)
    who.ask("GET /data")
    who.ask("DELETE ")
    deployment.deliver()
    response = who.ask("GET /requests")
    assert response["statusCode"] == 200
    told = content(response)
    assert told["id"] == who.id
    assert [(one["kind"], one["article"]) for one in told["requests"]] == [
        ("rectification", "16"),
        ("access", "15"),
        ("erasure", "17"),
    ]
    assert all(one["completed_at"] >= one["received_at"] for one in told["requests"])


def test_no_erasure_is_told_to_who_asked_for_none(deployment: Deployment) -> None:
    assert said(citizen(deployment).ask("GET /erasure")) == (404, "no_erasure")


def test_erasure_is_told_from_its_acknowledgement_to_its_receipt(deployment: Deployment) -> None:
    who = citizen(deployment)
    asked = content(who.ask("DELETE "))
    begun = content(who.ask("GET /erasure"))
    assert (begun["status"], begun["requested_at"]) == ("erasing", asked["requested_at"])
    assert begun["stores"] == [
        {"store": store}
        for store in ("decisions", "records", "subject_keys", "analytics", "issuance_roll")
    ]
    assert "receipt" not in begun
    deployment.deliver()
    done = content(who.ask("GET /erasure"))
    assert (done["status"], done["requested_at"]) == ("erased", asked["requested_at"])
    assert all(store["erased_at"] <= done["completed_at"] for store in done["stores"])
    assert deployment.failures == []


def test_receipt_verifies_and_says_what_the_status_says(deployment: Deployment) -> None:
    who = citizen(deployment)
    who.ask("DELETE ")
    deployment.deliver()
    done = content(who.ask("GET /erasure"))
    receipt = done["receipt"]
    assert receipt["algorithm"] == "ECDSA_SHA_256"
    public_key = base64.b64decode(receipt["public_key"])
    key = load_der_public_key(public_key)
    assert isinstance(key, ec.EllipticCurvePublicKey)
    signature = base64.b64decode(receipt["signature"])
    key.verify(signature, receipt["receipt"].encode(), ec.ECDSA(SHA256()))
    statement = json.loads(receipt["receipt"])
    assert (statement["registration"], statement["key"]) == (who.id, key_fingerprint(public_key))
    for name in ("requested_at", "completed_at"):
        assert datetime.fromisoformat(statement[name]) == datetime.fromisoformat(done[name])
