"""Access and portability through the real handler (GDPR Art. 15 and 20)."""

import csv
import io
import json
from typing import Any

import pytest

from civic.contracts.retention import REQUEST_LOG_LIFETIME
from civic.identity.errors import StoreUnavailable
from civic.identity.http.csv_export import as_csv
from civic.identity.model import notice
from civic.identity.model.registration import Registration
from tests.fakes.deployment import Deployment
from tests.fakes.fixtures import LogLines
from tests.fakes.lambda_events import said
from tests.fakes.office import (
    ACCEPTABLE,
    DOUBTFUL,
    HOPELESS,
    Citizen,
    assert_silent,
    citizen,
    content,
    somebody,
    staff,
)
from tests.strategies.registrations import address

BODY = ACCEPTABLE.model_dump_json(exclude_none=True)
CSV = {"accept": "text/csv"}


def pending(deployment: Deployment) -> Citizen:
    answer = content(deployment.http("POST /registrations", BODY))
    return Citizen(deployment, answer["id"], answer["access_token"])


def table(text: str) -> dict[str, str]:
    """Read a table of pointers and values; RFC 4180, strictly."""
    header, *rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    assert header == ["pointer", "value"]
    values = dict(rows)
    assert len(values) == len(rows)
    return values


def resolve(document: Any, pointer: str) -> Any:
    """Follow a JSON Pointer (RFC 6901)."""
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        document = document[int(name)] if isinstance(document, list) else document[name]
    return document


# ------------------------------------------------------------------ access


def test_every_access_asks_kms(deployment: Deployment) -> None:
    who = citizen(deployment)
    before = len(deployment.aws.asked("Decrypt"))
    for _ in range(2):
        who.ask("GET /data")
    assert len(deployment.aws.asked("Decrypt")) == before + 2


def test_everything_that_is_held_is_told(deployment: Deployment) -> None:
    who = citizen(deployment, DOUBTFUL)
    response = who.ask("GET /data")
    assert response["statusCode"] == 200
    assert response["headers"]["cache-control"] == "no-store"
    told = content(response)
    assert told["data"] == DOUBTFUL.model_dump(mode="json", exclude_none=True)
    assert (told["id"], told["revision"]) == (who.id, 1)
    assert told["decision"] == who.status()
    assert told["created"] == told["updated"] == told["decision"]["created"]


def test_cohort_that_analytics_holds_is_told(deployment: Deployment) -> None:
    who = citizen(deployment)
    (row,) = deployment.aws.items("joins")
    cohort = {name: row[name]["S"] for name in ("region", "age_band")}
    assert content(who.ask("GET /data"))["cohort"] == cohort
    values = table(who.ask("GET /data", headers=CSV)["body"])
    assert {name: values[f"/cohort/{name}"] for name in cohort} == cohort


def test_who_objected_has_no_cohort(deployment: Deployment) -> None:
    who = citizen(deployment)
    who.ask("PUT /objection")
    deployment.deliver()
    assert "cohort" not in content(who.ask("GET /data"))
    values = table(who.ask("GET /data", headers=CSV)["body"])
    assert not [pointer for pointer in values if pointer.startswith("/cohort")]


def test_nothing_is_opened_if_the_joins_do_not_answer(deployment: Deployment) -> None:
    who = citizen(deployment)
    before = len(deployment.aws.asked("Decrypt"))

    def refusing(**call: Any) -> None:
        if call["params"]["TableName"] == "joins":
            raise StoreUnavailable

    deployment.aws.hook("dynamodb", "provide-client-params.dynamodb.GetItem", refusing)
    assert said(who.ask("GET /data")) == (503, "temporarily_unavailable")
    assert len(deployment.aws.asked("Decrypt")) == before


def test_processing_is_told_as_in_the_notice(deployment: Deployment) -> None:
    told = content(citizen(deployment).ask("GET /data"))
    published = content(deployment.http("GET /privacy-notice"))
    assert told["purposes"] == published["fields"]
    for part in ("recipients", "retention", "rights", "source", "automated_decisions"):
        assert told[part] == published[part]


def test_retention_is_what_the_operator_configured(deployment: Deployment) -> None:
    told = content(citizen(deployment).ask("GET /data"))["retention"]
    assert any("90 days" in one["how_long"] for one in told)
    assert any(f"{REQUEST_LOG_LIFETIME.days} days" in one["how_long"] for one in told)


def test_access_tells_of_itself_and_of_those_before(deployment: Deployment) -> None:
    who = citizen(deployment, HOPELESS)
    who.ask("POST /review")
    staff("GET /reviews/{id}", on=who.id)
    who.ask("GET /data")
    told = content(who.ask("GET /data"))
    assert [one["kind"] for one in told["requests"]] == ["review", "access", "access"]
    assert [(one["by"], one["purpose"]) for one in told["accesses"]] == [
        ("staff", "review"),
        ("data subject", "access"),
        ("data subject", "access"),
    ]
    assert [one["at"] for one in told["accesses"]] == sorted(one["at"] for one in told["accesses"])


def test_restricted_record_is_told_to_its_owner(deployment: Deployment) -> None:
    who = citizen(deployment)
    who.ask("PUT /restriction")
    told = content(who.ask("GET /data"))
    assert told["decision"]["restricted"] is True
    assert told["data"] == json.loads(BODY)


def test_access_that_came_too_early_is_answered_by_the_next(deployment: Deployment) -> None:
    who = pending(deployment)
    for headers in ({}, CSV):
        response = who.ask("GET /data", headers=headers)
        assert said(response) == (409, "not_yet_stored")
        assert response["headers"]["content-type"] == "application/problem+json"
    deployment.deliver()
    (request,) = content(who.ask("GET /data"))["requests"]
    assert (request["kind"], request["count"]) == ("access", 3)
    assert "completed_at" in request


@pytest.mark.parametrize("delivered", [False, True])
@pytest.mark.parametrize("headers", [{}, CSV])
def test_erasure_hides_the_data_from_its_acknowledgement_on(
    deployment: Deployment, headers: dict[str, str], *, delivered: bool
) -> None:
    who = citizen(deployment)
    who.ask("DELETE ")
    if delivered:
        deployment.deliver()
    before = len(deployment.aws.asked("Decrypt"))
    assert said(who.ask("GET /data", headers=headers)) == (404, "not_found")
    assert len(deployment.aws.asked("Decrypt")) == before


def test_access_that_cannot_be_logged_is_not_given(deployment: Deployment) -> None:
    who = citizen(deployment)
    before = len(deployment.aws.asked("Decrypt"))
    deployment.aws.fail("dynamodb", "UpdateItem", "ThrottlingException")
    assert said(who.ask("GET /data")) == (503, "temporarily_unavailable")
    assert len(deployment.aws.asked("Decrypt")) == before


@pytest.mark.parametrize("headers", [{}, CSV])
def test_log_line_says_nothing_of_the_data(
    deployment: Deployment, log_lines: LogLines, headers: dict[str, str]
) -> None:
    who = citizen(deployment)
    log_lines()
    assert who.ask("GET /data", headers=headers)["statusCode"] == 200
    (line,) = log_lines()
    assert (line["id"], line["Disclosed"]) == (who.id, [1.0])
    assert who.token not in json.dumps(line)
    assert_silent(line)


# ------------------------------------------------------------------ portability


@pytest.mark.parametrize("accept", ["text/csv", "text/csv;q=0.9, */*;q=0.1"])
def test_table_is_given_to_who_accepts_it(deployment: Deployment, accept: str) -> None:
    response = citizen(deployment).ask("GET /data", headers={"accept": accept})
    assert response["statusCode"] == 200
    assert response["headers"]["content-type"] == "text/csv; charset=utf-8; header=present"
    assert response["headers"]["cache-control"] == "no-store"
    assert table(response["body"])["/username"] == ACCEPTABLE.username


@pytest.mark.parametrize("accept", ["application/json", "*/*", "text/html", ""])
def test_document_is_given_to_everybody_else(deployment: Deployment, accept: str) -> None:
    response = citizen(deployment).ask("GET /data", headers={"accept": accept})
    assert response["headers"]["content-type"] == "application/json"
    assert content(response)["data"] == json.loads(BODY)


PEOPLE = [
    ACCEPTABLE,
    DOUBTFUL,
    HOPELESS,
    somebody(full_name='Comma, "Quote" Name', username="a;b|c"),
    somebody(full_name="Ольга Iñigo 東京 🗳", email=None),
    somebody(address=address(lines=("one", "two", "three", "four"), region="BY")),
]


@pytest.mark.parametrize("registration", PEOPLE)
def test_table_holds_every_value_under_its_pointer(registration: Registration) -> None:
    document = registration.model_dump(mode="json", exclude_none=True)
    values = table(as_csv(registration, None)["body"])
    for pointer, value in values.items():
        found = resolve(document, pointer)
        assert value == (found if isinstance(found, str) else json.dumps(found))
    assert len(values) == len(list(leaves(document)))


def leaves(value: object) -> list[object]:
    if isinstance(value, dict):
        return [leaf for one in value.values() for leaf in leaves(one)]
    if isinstance(value, list):
        return [leaf for one in value for leaf in leaves(one)]
    return [value]


def test_lines_of_the_table_end_as_rfc_4180_says() -> None:
    body = as_csv(ACCEPTABLE, None)["body"]
    assert body.startswith("pointer,value\r\n")
    assert body.count("\n") == body.count("\r\n")


def test_purposes_are_those_of_the_fields() -> None:
    assert {one.field for one in notice.PURPOSES} == set(Registration.model_fields)
