"""What the templates of identity promise: expiry, alarms, copies of keys."""

import pytest

from civic.contracts.retention import TOMBSTONE_LIFETIME
from civic.identity.model.sweeping import Finding
from civic.runtime.observability import NAMESPACE
from tests.documents import ROOT
from tests.templates import TEMPLATES, every, home_of, logical_id, only


def test_queues_outlive_no_tombstone() -> None:
    longest = TOMBSTONE_LIFETIME.total_seconds()
    for _, _, queue in every("AWS::SQS::Queue"):
        assert queue["MessageRetentionPeriod"] < longest
    ((_, _, archive),) = every("AWS::Events::Archive")
    assert archive["RetentionDays"] * 86_400 < longest
    described = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    assert f"lives {TOMBSTONE_LIFETIME.days} days" in described


def test_subject_keys_leave_no_lasting_copy() -> None:
    table = only("AWS::DynamoDB::Table", "SubjectKeysTable")
    assert table["PointInTimeRecoverySpecification"]["RecoveryPeriodInDays"] == 1
    assert "StreamSpecification" not in table
    (denied,) = table["ResourcePolicy"]["PolicyDocument"]["Statement"]
    assert (denied["Effect"], denied["Principal"], denied["Resource"]) == ("Deny", "*", "*")
    assert "Condition" not in denied
    assert set(denied["Action"]) == {
        "dynamodb:CreateBackup",
        "dynamodb:StartAwsBackupJob",
        "dynamodb:ExportTableToPointInTime",
        "dynamodb:EnableKinesisStreamingDestination",
    }


@pytest.mark.parametrize(
    "table",
    [
        *["HighSecDataStore", "AnalyticsJoins", "IssuerRoll"],
        *["ErasureLedger", "RequestLog", "AccessRenewals"],
    ],
)
def test_tombstones_and_notes_expire_by_the_attribute_that_the_code_writes(table: str) -> None:
    expiry = only("AWS::DynamoDB::Table", table)["TimeToLiveSpecification"]
    assert expiry == {"AttributeName": "ttl", "Enabled": True}


def test_tombstones_of_the_low_security_store_do_not_expire() -> None:
    # Nor do those to which an earlier release gave a time of expiry: an id is never used twice.
    expiry = only("AWS::DynamoDB::Table", "LowSecDataStore")["TimeToLiveSpecification"]
    assert expiry == {"AttributeName": "ttl", "Enabled": False}


def test_only_the_staff_api_leads_to_reviews() -> None:
    for route in home_of("ReviewFunction").of_type("AWS::ApiGatewayV2::Route").values():
        assert logical_id(route["ApiId"]) == "StaffApi"
    leading = [
        logical_id(route["ApiId"])
        for _, _, route in every("AWS::ApiGatewayV2::Route")
        if "ReviewIntegration" in str(route["Target"])
    ]
    assert set(leading) == {"StaffApi"}


@pytest.mark.parametrize(
    ("metric", "function"), [("RequestsOverdue", "deadlines"), ("ReviewsOverdue", "review")]
)
def test_alarm_watches_the_metric_that_the_check_writes(metric: str, function: str) -> None:
    alarm = only("AWS::CloudWatch::Alarm", f"{metric}Alarm")
    assert (alarm["Namespace"], alarm["MetricName"]) == (NAMESPACE, metric)
    dimensions = {one["Name"]: one["Value"] for one in alarm["Dimensions"]}
    assert dimensions == {"service": function, "function": function}
    assert alarm["TreatMissingData"] == "breaching"


def test_rows_that_the_daily_check_passes_over_ring() -> None:
    alarm = only("AWS::CloudWatch::Alarm", "RowsUnreadableAlarm")
    assert (alarm["Namespace"], alarm["MetricName"]) == (NAMESPACE, "RowsUnreadable")
    dimensions = {one["Name"]: one["Value"] for one in alarm["Dimensions"]}
    assert dimensions == {"service": "deadlines", "function": "deadlines"}
    assert (alarm["Period"], alarm["Statistic"], alarm["Threshold"]) == (86_400, "Maximum", 1)
    # RequestsOverdueAlarm says so when the check has not run.
    assert alarm["TreatMissingData"] == "notBreaching"


@pytest.mark.parametrize(
    ("name", "metric", "days", "missing"),
    [
        # A sweep that does not run mends nothing either.
        ("MendedAgainAlarm", "Mended", 2, "breaching"),
        ("BeyondMendingAlarm", Finding.BEYOND_MENDING, 1, "notBreaching"),
    ],
)
def test_alarms_watch_the_metrics_that_the_sweep_writes(
    name: str, metric: str, days: int, missing: str
) -> None:
    alarm = only("AWS::CloudWatch::Alarm", name)
    assert (alarm["Namespace"], alarm["MetricName"]) == (NAMESPACE, metric)
    dimensions = {one["Name"]: one["Value"] for one in alarm["Dimensions"]}
    assert dimensions == {"service": "reconciler", "function": "reconciler"}
    assert (alarm["Period"], alarm["EvaluationPeriods"]) == (86_400, days)
    assert (alarm["Statistic"], alarm["Threshold"]) == ("Sum", 1)
    assert alarm["TreatMissingData"] == missing


def test_round_of_a_hundred_thousand_people_takes_a_day() -> None:
    parameters = TEMPLATES["reconciliation"].document["Parameters"]
    assert parameters["SweepSchedule"]["Default"] == "rate(5 minutes)"
    assert parameters["SweepPageSize"]["Default"] * 24 * 60 // 5 >= 100_000


@pytest.mark.parametrize(
    ("name", "metric", "missing"),
    [
        # A search that does not go on finds nobody.
        ("SearchAlarm", "SearchesAbandoned", "breaching"),
        ("CrowdAlarm", "KeysCrowded", "notBreaching"),
    ],
)
def test_alarms_watch_the_metrics_that_the_search_writes(
    name: str, metric: str, missing: str
) -> None:
    alarm = only("AWS::CloudWatch::Alarm", name)
    assert (alarm["Namespace"], alarm["MetricName"]) == (NAMESPACE, metric)
    dimensions = {one["Name"]: one["Value"] for one in alarm["Dimensions"]}
    assert dimensions == {"service": "matcher", "function": "matcher"}
    assert (alarm["Period"], alarm["EvaluationPeriods"], alarm["Threshold"]) == (86_400, 1, 1)
    assert alarm["TreatMissingData"] == missing


def test_what_a_search_leaves_between_steps_expires_after_a_day() -> None:
    bucket = only("AWS::S3::Bucket", "PairsBucket")
    (rule,) = bucket["LifecycleConfiguration"]["Rules"]
    assert (rule["Status"], rule["ExpirationInDays"]) == ("Enabled", 1)
    assert "Prefix" not in rule
    assert "VersioningConfiguration" not in bucket


def test_receipts_are_signed_with_a_key_that_can_do_nothing_else() -> None:
    key = only("AWS::KMS::Key", "ReceiptKey")
    assert (key["KeySpec"], key["KeyUsage"]) == ("ECC_NIST_P256", "SIGN_VERIFY")
