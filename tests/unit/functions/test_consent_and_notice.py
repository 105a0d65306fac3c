"""Withdrawal of consent (GDPR Art. 7(3)) and the privacy notice (Art. 13)."""

import json

import pytest

from civic.identity.model.registration import Registration
from tests.fakes.deployment import Deployment
from tests.fakes.fixtures import LogLines
from tests.fakes.lambda_events import said
from tests.fakes.office import Citizen, assert_silent, citizen, content
from tests.fakes.people import UNKNOWN


def test_withdrawal_of_consent_erases_everything(deployment: Deployment) -> None:
    who = citizen(deployment)
    response = who.ask("DELETE /consent")
    assert response["statusCode"] == 202
    assert content(response)["status"] == "erasing"
    deployment.deliver()
    assert deployment.failures == []
    assert deployment.aws.items("subject-keys") == []
    for name in ("vault", "decisions", "joins"):
        (item,) = deployment.aws.items(name)
        assert "erased_at" in item
    assert content(who.ask("GET /erasure"))["status"] == "erased"


def test_withdrawal_is_logged_as_what_it_is(deployment: Deployment) -> None:
    who = citizen(deployment)
    who.ask("DELETE /consent")
    deployment.deliver()
    (request,) = content(who.ask("GET /requests"))["requests"]
    assert (request["kind"], request["article"]) == ("withdrawal", "7(3)")
    assert "completed_at" in request


@pytest.mark.parametrize("first", ["DELETE ", "DELETE /consent"])
@pytest.mark.parametrize("second", ["DELETE ", "DELETE /consent"])
def test_withdrawal_and_erasure_repeat_the_same_answer(
    deployment: Deployment, first: str, second: str
) -> None:
    who = citizen(deployment)
    answer = content(who.ask(first))
    assert content(who.ask(second)) == answer
    orders = [one for one in deployment.aws.published if one["DetailType"] == "DeletionRequest"]
    told = [json.loads(one["Detail"]) for one in orders]
    # The messages of the first may have been lost.
    assert len(told) == 2
    assert told[0]["requested_at"] == told[1]["requested_at"]


def test_withdrawal_by_strangers_is_answered_alike(deployment: Deployment) -> None:
    who, other = citizen(deployment), citizen(deployment)
    strangers = [
        Citizen(deployment, who.id, other.token),
        Citizen(deployment, UNKNOWN, other.token),
        Citizen(deployment, "not-a-uuid", other.token),
    ]
    for stranger in strangers:
        assert said(stranger.ask("DELETE /consent")) == (404, "not_found")
    assert said(who.ask("DELETE /consent", token=None)) == (401, "token_required")
    assert who.status()["status"] == "fulfilled"


def test_log_line_of_a_withdrawal_says_nothing_of_the_person(
    deployment: Deployment, log_lines: LogLines
) -> None:
    who = citizen(deployment)
    log_lines()
    who.ask("DELETE /consent")
    deployment.deliver()
    lines = log_lines()
    assert (lines[0]["id"], lines[0]["ErasuresRequested"]) == (who.id, [1.0])
    assert who.token not in json.dumps(lines)
    assert_silent(lines)


def test_notice_is_told_to_everybody_as_configured(deployment: Deployment) -> None:
    response = deployment.http("GET /privacy-notice")
    assert response["statusCode"] == 200
    told = content(response)
    assert told["controller"] == "The election office"
    assert told["contact"] == "office@example.org"
    assert told["data_protection_officer"] == "dpo@example.org"
    assert {one["field"] for one in told["fields"]} == set(Registration.model_fields)


def test_notice_may_be_cached_and_asks_aws_for_nothing(
    deployment: Deployment, log_lines: LogLines
) -> None:
    log_lines()
    response = deployment.http("GET /privacy-notice")
    assert "public" in response["headers"]["cache-control"]
    (line,) = log_lines()
    assert line["aws_calls"] == {}
