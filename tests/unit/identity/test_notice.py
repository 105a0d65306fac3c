"""The privacy notice: complete, and true to the code and the template."""

import re
from datetime import timedelta
from typing import Any

import pytest

from civic.contracts.retention import REQUEST_LOG_LIFETIME, TOMBSTONE_LIFETIME
from civic.identity.model import notice
from civic.identity.model.notice import Controller, PrivacyNotice, privacy_notice
from civic.identity.model.registration import PII_FIELDS, Registration
from civic.identity.model.requests import ARTICLES, RequestKind
from tests.fakes.deployment import ROUTES
from tests.templates import IDENTITY, TEMPLATES, only

REJECTED = timedelta(days=17)
OFFICE = Controller("The office", "office@example.org", "dpo@example.org", REJECTED)


def told() -> PrivacyNotice:
    return privacy_notice(OFFICE)


def kept(part: str) -> str:
    """Return how long the data described with these words is kept."""
    (found,) = [one.how_long for one in told().retention if part in one.what]
    return found


def properties(kind: str) -> list[dict[str, Any]]:
    return [one for template in IDENTITY for one in template.of_type(kind).values()]


def default(parameter: str) -> Any:
    return TEMPLATES["registration"].document["Parameters"][parameter]["Default"]


def test_notice_names_who_answers_for_the_processing() -> None:
    said = told()
    assert (said.controller, said.contact) == (OFFICE.name, OFFICE.contact)
    assert said.data_protection_officer == OFFICE.data_protection_officer


def test_notice_names_every_field_with_its_purpose() -> None:
    purposes = {one.field: one.purpose for one in told().fields}
    assert purposes == {name: pii.purpose for name, pii in PII_FIELDS.items()}
    assert set(purposes) == set(Registration.model_fields)
    assert all(purposes.values())


def test_notice_says_all_that_article_13_asks_for() -> None:
    said = told()
    for part in (
        said.lawful_basis,
        said.recipients,
        said.retention,
        said.transfers,
        said.automated_decisions,
        said.source,
        said.rights,
        said.provision,
    ):
        assert part


@pytest.mark.parametrize("right", notice.RIGHTS, ids=lambda right: right.article)
def test_route_of_every_right_exists(right: notice.Right) -> None:
    named = re.findall(r"\b(?:GET|PUT|POST|DELETE) /[a-z/{}-]+", right.how)
    assert named or right.article == "77"
    assert set(named) <= set(ROUTES)


@pytest.mark.parametrize("kind", [one for one in RequestKind if one != RequestKind.LIFTING])
def test_every_request_that_can_be_made_is_a_right_that_is_told(kind: RequestKind) -> None:
    assert ARTICLES[kind] in {right.article for right in notice.RIGHTS}


@pytest.mark.parametrize("article", ["15", "16", "17", "18", "20", "21", "7(3)", "77"])
def test_every_right_of_article_13_2_is_told(article: str) -> None:
    assert article in {right.article for right in notice.RIGHTS}


def test_source_is_where_registrations_are_submitted() -> None:
    for route in ("POST /registrations", "PUT /registrations/{id}"):
        assert route in ROUTES
        assert route.split()[0] in notice.SOURCE


def test_retention_of_registrations_is_what_the_operator_configured() -> None:
    assert kept("a rejected registration").startswith("17 days")
    assert kept("waits for the election office") == "until it is decided, or you erase it"
    assert kept("is or was accepted").startswith("until you erase it")


def test_lifetimes_are_those_the_stores_keep() -> None:
    assert kept("was erased").startswith("for good")
    assert kept("and the receipt") == f"{TOMBSTONE_LIFETIME.days} days"
    assert kept("our answers") == f"{REQUEST_LOG_LIFETIME.days} days after the answer"


def test_lifetimes_of_copies_are_those_of_the_template() -> None:
    queues = {queue["MessageRetentionPeriod"] for queue in properties("AWS::SQS::Queue")}
    (archive,) = properties("AWS::Events::Archive")
    recovery = {
        table["PointInTimeRecoverySpecification"].get("RecoveryPeriodInDays", 35)
        for table in properties("AWS::DynamoDB::Table")
        if "PointInTimeRecoverySpecification" in table
    }
    days = (timedelta(seconds=max(queues)).days, archive["RetentionDays"], max(recovery))
    assert kept("queues, the event archive and backups").startswith(
        "{}, {} and {} days".format(*days)
    )


def test_erased_copies_are_unreadable_when_the_last_backup_of_keys_is_gone() -> None:
    keys = only("AWS::DynamoDB::Table", "SubjectKeysTable")
    assert keys["PointInTimeRecoverySpecification"]["RecoveryPeriodInDays"] == 1
    assert "unreadable from a day after erasure" in kept("queues, the event archive")


def test_lifetime_of_log_lines_is_that_of_the_template() -> None:
    assert kept("log lines") == f"{default('LogRetentionDays')} days"


@pytest.mark.parametrize("table", ["IssuedMarks", "MarkKeys"])
def test_what_is_destroyed_with_an_election_has_no_backup(table: str) -> None:
    there = only("AWS::DynamoDB::Table", table)
    assert "PointInTimeRecoverySpecification" not in there
    assert there["TimeToLiveSpecification"] == {"AttributeName": "ttl", "Enabled": True}
    assert "the key is destroyed" in kept("given a credential")
    assert "17(3)(b)" in notice.KEPT_AFTER_ERASURE
