"""The staff API through the real handler: who may use it, what they see, and its log line."""

import hashlib
import json
from typing import Any

import pytest

from civic.identity.errors import StoreUnavailable
from civic.identity.functions import review
from tests.fakes.deployment import Deployment
from tests.fakes.fixtures import LogLines
from tests.fakes.lambda_events import http_event, said, sqs_event, wrong_fields
from tests.fakes.office import (
    ANOTHER,
    DOUBTFUL,
    HOPELESS,
    JANE,
    JOHN,
    Citizen,
    assert_silent,
    citizen,
    content,
    staff,
)
from tests.fakes.people import UNKNOWN

ROUTES = [route.key for route in review.ROUTES.routes]
ACCEPT = {"revision": 1, "decision": "accepted"}
REJECT = {"revision": 1, "decision": "rejected"}
PROPOSAL = {"decision": "rejected", "reason": "moved_away"}


@pytest.fixture
def two_people(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> Deployment:
    monkeypatch.setenv("PEOPLE_NEEDED", "2")
    review.review.cache_clear()
    return deployment


def decide(who: Citizen, body: dict[str, Any], by: str = JANE) -> Any:
    return staff("POST /reviews/{id}", by, on=who.id, body=body)


def show(who: Citizen, by: str = JANE) -> Any:
    return staff("GET /reviews/{id}", by, on=who.id)


def views(deployment: Deployment) -> list[tuple[str, str]]:
    items = deployment.aws.items("request-log")
    return [(item["by"]["S"], item["purpose"]["S"]) for item in items if "by" in item]


# ------------------------------------------------------------------ who may


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize(
    "context",
    [
        None,
        {},
        {"authorizer": {}},
        {"authorizer": {"iam": {}}},
        {"authorizer": {"iam": {"userArn": ""}}},
        {"authorizer": {"iam": {"userId": "AIDA", "accountId": "123456789012"}}},
        {"authorizer": {"jwt": {"claims": {"userArn": JANE}}}},
        {"authorizer": {"lambda": {"userArn": JANE}}},
        {"identity": {"userArn": JANE}},
    ],
)
def test_request_that_iam_has_not_let_through_is_403(
    deployment: Deployment, route: str, context: dict[str, Any] | None
) -> None:
    who = citizen(deployment, DOUBTFUL)
    event = http_event(route, json.dumps(ACCEPT), path={"id": who.id}, token=who.token)
    event["headers"]["x-amzn-iam-user-arn"] = JANE
    if context is not None:
        event["requestContext"] = context
    assert said(review.handler(event, None)) == (403, "not_staff")
    assert views(deployment) == []
    assert who.status()["decision"] == "review"


# ------------------------------------------------------------------ the list


def test_list_holds_who_waits_the_oldest_first_and_nothing_they_wrote(
    deployment: Deployment,
) -> None:
    rejected, doubtful = citizen(deployment, HOPELESS), citizen(deployment, DOUBTFUL)
    citizen(deployment, ANOTHER)
    rejected.ask("POST /review")
    response = staff("GET /reviews")
    assert response["statusCode"] == 200
    cases = content(response)["cases"]
    assert [(case["id"], case["cause"]) for case in cases] == [
        (doubtful.id, "rules"),
        (rejected.id, "data_subject"),
    ]
    for case in cases:
        assert set(case) == {"id", "revision", "cause", "since", "due_at", "opinions"}
    assert_silent(cases)
    assert views(deployment) == []


def test_list_asks_for_no_key(deployment: Deployment) -> None:
    citizen(deployment, DOUBTFUL)
    before = len(deployment.aws.asked("Decrypt"))
    staff("GET /reviews")
    assert len(deployment.aws.asked("Decrypt")) == before


def test_empty_list_is_a_list(deployment: Deployment) -> None:
    assert deployment.failures == []
    assert content(staff("GET /reviews")) == {"cases": []}


# ------------------------------------------------------------------ a look


def test_case_is_shown_with_the_record_and_the_decision_that_stands(
    deployment: Deployment,
) -> None:
    who = citizen(deployment, DOUBTFUL)
    response = show(who)
    assert response["statusCode"] == 200
    assert response["headers"]["cache-control"] == "no-store"
    shown = content(response)
    assert shown["data"] == DOUBTFUL.model_dump(mode="json", exclude_none=True)
    assert (shown["id"], shown["revision"], shown["cause"]) == (who.id, 1, "rules")
    assert (shown["decision"], shown["reasons"]) == ("review", who.status()["reasons"])


def test_every_look_asks_kms_and_is_logged_with_the_principal(deployment: Deployment) -> None:
    who = citizen(deployment, DOUBTFUL)
    before = len(deployment.aws.asked("Decrypt"))
    for by in (JANE, JOHN):
        show(who, by)
    assert len(deployment.aws.asked("Decrypt")) == before + 2
    assert views(deployment) == [(JANE, "review"), (JOHN, "review")]


def test_data_subject_is_told_of_the_look_and_not_by_whom(deployment: Deployment) -> None:
    who = citizen(deployment, DOUBTFUL)
    show(who)
    decide(who, ACCEPT)
    told = content(who.ask("GET /data"))
    looks = [(one["by"], one["purpose"]) for one in told["accesses"]]
    assert looks == [("staff", "review"), ("staff", "decision"), ("data subject", "access")]
    assert "arn:" not in json.dumps(told)


def test_look_at_what_does_not_open_is_logged(deployment: Deployment) -> None:
    who = citizen(deployment, DOUBTFUL)
    deployment.aws.fail("kms", "Decrypt", "DisabledException")
    assert said(show(who)) == (503, "temporarily_unavailable")
    assert views(deployment) == [(JANE, "review")]


def test_look_that_cannot_be_logged_is_not_taken(deployment: Deployment) -> None:
    who = citizen(deployment, DOUBTFUL)
    before = len(deployment.aws.asked("Decrypt"))
    deployment.aws.fail("dynamodb", "PutItem", "ThrottlingException")
    assert said(show(who)) == (503, "temporarily_unavailable")
    assert len(deployment.aws.asked("Decrypt")) == before


@pytest.mark.parametrize("identifier", [UNKNOWN, "not-a-uuid"])
@pytest.mark.parametrize("route", ROUTES[1:])
def test_case_that_is_not_there_is_404(deployment: Deployment, route: str, identifier: str) -> None:
    code = {"code": "0000-0000-0000-0000"}
    body = code if route.endswith("renewals") else PROPOSAL if "PUT" in route else ACCEPT
    assert said(staff(route, on=identifier, body=body)) == (404, "not_found")
    assert views(deployment) == []


@pytest.mark.parametrize(
    ("change", "answer"),
    [
        ("PUT ", (409, "review_outdated")),
        ("DELETE ", (409, "review_outdated")),
        ("PUT /restriction", (409, "restricted")),
    ],
)
@pytest.mark.parametrize("route", ["GET /reviews/{id}", "POST /reviews/{id}"])
def test_case_that_has_changed_is_409(
    deployment: Deployment, route: str, change: str, answer: tuple[int, str]
) -> None:
    who = citizen(deployment, DOUBTFUL)
    who.ask(change, DOUBTFUL.model_dump_json(exclude_none=True))
    assert said(staff(route, on=who.id, body=ACCEPT)) == answer
    assert views(deployment) == []


# ------------------------------------------------------------------ a decision


@pytest.mark.parametrize("decision", ["accepted", "rejected"])
def test_decision_stands_and_is_announced(deployment: Deployment, decision: str) -> None:
    who = citizen(deployment, DOUBTFUL)
    response = decide(who, {"revision": 1, "decision": decision})
    assert response["statusCode"] == 200
    assert content(response) == {"id": who.id, "outcome": "decided", "decision": decision}
    deployment.deliver()
    status = who.status()
    assert (status["status"], status["decision"]) == ("fulfilled", decision)
    assert status["reasons"] == [{"code": "decided_by_people", "pointer": ""}]
    assert content(staff("GET /reviews")) == {"cases": []}
    (entry,) = [one for one in deployment.aws.published if one["DetailType"] == "ReviewDecided"]
    assert entry["Source"] == "civic.review"
    assert_silent(entry["Detail"])
    assert deployment.failures == []


def test_one_of_two_people_waits_for_the_other(two_people: Deployment) -> None:
    who = citizen(two_people, DOUBTFUL)
    for _ in range(2):
        response = decide(who, ACCEPT)
        assert content(response)["outcome"] == "awaiting_agreement"
    assert who.status()["decision"] == "review"
    assert content(decide(who, REJECT, JOHN))["outcome"] == "awaiting_agreement"
    assert content(decide(who, ACCEPT, JOHN))["outcome"] == "decided"
    assert who.status()["decision"] == "accepted"


def test_list_says_how_many_have_given_an_opinion(two_people: Deployment) -> None:
    who = citizen(two_people, DOUBTFUL)
    decide(who, ACCEPT)
    (case,) = content(staff("GET /reviews"))["cases"]
    assert case["opinions"] == 1


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({"revision": 1, "decision": "review"}, [("wrong_type", "/decision")]),
        ({"revision": 1, "decision": "yes"}, [("wrong_type", "/decision")]),
        ({"revision": 1}, [("missing", "/decision")]),
        ({"decision": "accepted"}, [("missing", "/revision")]),
        ({"revision": 0, "decision": "accepted"}, [("wrong_type", "/revision")]),
        (ACCEPT | {"comment": "marked"}, [("unknown_field", "")]),
    ],
)
def test_opinion_of_wrong_form_is_422(
    deployment: Deployment, body: dict[str, Any], wrong: list[tuple[str, str]]
) -> None:
    who = citizen(deployment, DOUBTFUL)
    response = decide(who, body)
    assert said(response) == (422, "invalid_fields")
    assert wrong_fields(response) == wrong
    assert who.status()["decision"] == "review"


@pytest.mark.parametrize("revision", [2, 99])
def test_opinion_on_another_revision_is_409(deployment: Deployment, revision: int) -> None:
    who = citizen(deployment, DOUBTFUL)
    assert said(decide(who, ACCEPT | {"revision": revision})) == (409, "review_outdated")
    assert who.status()["decision"] == "review"


# ------------------------------------------------------------------ the log


def digest(principal: str) -> str:
    return hashlib.sha256(principal.encode()).hexdigest()[:16]


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("by", [JANE, JOHN])
def test_log_line_has_a_digest_of_the_principal_and_nothing_of_anybody(
    deployment: Deployment, log_lines: LogLines, route: str, by: str
) -> None:
    who = citizen(deployment, DOUBTFUL)
    log_lines()
    response = staff(route, by, on=who.id, body=ACCEPT)
    (line,) = log_lines()
    assert (line["staff"], line["status"]) == (digest(by), response["statusCode"])
    assert line.get("id") == (who.id if "{id}" in route else None)
    assert_silent(line)


def test_log_line_of_a_refused_body_says_nothing_of_it(
    deployment: Deployment, log_lines: LogLines
) -> None:
    who = citizen(deployment, DOUBTFUL)
    log_lines()
    decide(who, ACCEPT | {"comment": "marked"})
    decide(who, {"revision": 1, "decision": "marked"})
    for line in log_lines():
        assert line["code"] == "invalid_fields"
        assert_silent(line)


def test_looks_and_decisions_are_counted(two_people: Deployment, log_lines: LogLines) -> None:
    who = citizen(two_people, DOUBTFUL)
    log_lines()
    show(who)
    decide(who, ACCEPT, JANE)
    decide(who, ACCEPT, JOHN)
    shown, first, second = log_lines()
    assert shown["ReviewsShown"] == [1.0]
    assert (first["ReviewsDecided"], second["ReviewsDecided"]) == ([0.0], [1.0])


# ------------------------------------------------------------------ what is due


def test_schedule_closes_outdated_cases_and_says_how_many_wait(
    deployment: Deployment, log_lines: LogLines
) -> None:
    corrected = citizen(deployment, ANOTHER.model_copy(update={"national_id": "not one"}))
    waits = citizen(deployment, DOUBTFUL)
    corrected.ask("PUT ", ANOTHER.model_dump_json(exclude_none=True))
    deployment.deliver()
    log_lines()
    assert review.handler(sqs_event("{}"), None) == {}
    (line,) = log_lines()
    assert (line["ReviewsWaiting"], line["ReviewsOverdue"]) == ([1.0], [0.0])
    assert_silent(line)
    assert [row["id"]["S"] for row in deployment.aws.items("review-queue")] == [waits.id]
    assert views(deployment) == []


def test_schedule_that_a_table_refuses_is_run_again(deployment: Deployment) -> None:
    deployment.aws.fail("dynamodb", "Scan", "AccessDeniedException")
    with pytest.raises(StoreUnavailable):
        review.handler(sqs_event("{}"), None)


def test_office_takes_somebody_off_the_roll_with_two_people_and_the_person_is_told(
    deployment: Deployment,
) -> None:
    who = citizen(deployment)
    deployment.deliver()
    proposed = staff("PUT /reviews/{id}", JANE, on=who.id, body=PROPOSAL)
    assert content(proposed)["outcome"] == "awaiting_agreement"
    assert views(deployment) == [(JANE, "proposal")]
    assert said(show(who, JANE)) == (409, "another_person_needed")
    (case,) = content(staff("GET /reviews"))["cases"]
    assert (case["cause"], case["opinions"]) == ("office", 1)
    judged = REJECT | {"reason": "moved_away"}
    assert said(decide(who, REJECT, JOHN)) == (409, "reason_needed")
    assert content(decide(who, judged, JANE))["outcome"] == "awaiting_agreement"
    (seen,) = content(show(who, JOHN))["proposals"]
    assert seen.pop("at") >= case["since"]
    wish = {"areas": [], "erase": False, "beside": []}
    assert seen == {"decision": "rejected", "reason": "moved_away"} | wish
    assert content(decide(who, judged, JOHN))["outcome"] == "decided"
    deployment.deliver()
    codes = [reason["code"] for reason in content(who.ask("GET "))["reasons"]]
    assert codes == ["decided_by_people", "moved_away"]
    explained = content(who.ask("GET /explanation"))
    assert explained["decided_by"] == "people"
    assert "moved away" in explained["reasons"][1]["explanation"]
    assert said(who.ask("GET /credentials")) == (404, "not_found")


def test_two_people_erase_somebody_who_is_off_the_roll(deployment: Deployment) -> None:
    who = citizen(deployment)
    deployment.deliver()
    taken, erased = REJECT | {"reason": "died"}, REJECT | {"reason": "died", "erase": True}
    proposal = {"decision": "rejected", "reason": "died"}
    erasing = proposal | {"erase": True}
    assert said(staff("PUT /reviews/{id}", JANE, on=who.id, body=erasing)) == (
        409,
        "not_to_be_erased",
    )
    content(staff("PUT /reviews/{id}", JANE, on=who.id, body=proposal))
    assert said(decide(who, erased, JOHN)) == (409, "not_to_be_erased")
    assert content(decide(who, taken, JOHN))["outcome"] == "decided"
    deployment.deliver()
    assert content(who.ask("GET "))["held"] == ["was_accepted"]
    content(staff("PUT /reviews/{id}", JANE, on=who.id, body=erasing))
    (seen,) = content(show(who, JOHN))["proposals"]
    assert seen["erase"] is True
    assert content(decide(who, erased, JANE))["outcome"] == "awaiting_agreement"
    assert content(decide(who, erased, JOHN))["outcome"] == "decided"
    deployment.deliver()
    assert deployment.failures == []
    assert said(who.ask("GET ")) == (404, "not_found")
    assert content(who.ask("GET /erasure"))["status"] == "erased"
    assert deployment.aws.items("review-queue") == []


@pytest.mark.parametrize(
    "body", [{"decision": "rejected"}, {"decision": "rejected", "reason": "because"}, {}]
)
def test_proposal_that_is_none_is_refused(deployment: Deployment, body: dict[str, Any]) -> None:
    who = citizen(deployment)
    deployment.deliver()
    assert said(staff("PUT /reviews/{id}", on=who.id, body=body)) == (422, "invalid_fields")
    assert deployment.aws.items("review-queue") == []
