"""What the audit template alone promises: locks, triggers and alarms."""

from typing import Any

from civic.audit.functions.public_log import ROUTES
from civic.contracts.registry import EVENTS
from civic.contracts.voting import ElectionChange
from tests.rights import AUDIT_RIGHTS
from tests.templates import TEMPLATES, logical_id, on_aws

AUDIT = TEMPLATES["audit"]
RECORDERS = {"LogWriterRole", "EventLoggerRole"}


def who_may(*actions: str) -> set[str]:
    return {
        role for role in AUDIT_RIGHTS for action, _, _ in AUDIT.rights(role) if action in actions
    }


def in_environment(value: Any, environment: str) -> Any:
    """Return the value of a setting in an environment."""
    if isinstance(value, dict) and "Fn::FindInMap" in value:
        name, key, attribute = value["Fn::FindInMap"]
        assert key == {"Ref": "Environment"}
        return AUDIT.document["Mappings"][name][environment][attribute]
    return value


# ------------------------------------------------------------------ rights


def test_nobody_takes_anything_out_of_the_log_or_its_lock_off() -> None:
    of_s3 = {
        action
        for role in AUDIT_RIGHTS
        for action, _, _ in AUDIT.rights(role)
        if action.startswith("s3:")
    }
    assert of_s3 == {"s3:GetObject", "s3:PutObject", "s3:ListBucket"}


def test_only_the_recorders_sign() -> None:
    assert who_may("kms:Sign") == RECORDERS


def test_only_the_opener_reads_the_box_and_only_the_recorder_of_ballots_its_stream() -> None:
    assert who_may("dynamodb:Scan", "dynamodb:GetItem", "dynamodb:Query") == {"OpenerRole"}
    assert who_may("dynamodb:GetRecords") == {"LogWriterRole"}


def test_only_the_opener_sees_what_is_for_auditors_alone() -> None:
    of_auditors = {
        role
        for role in AUDIT_RIGHTS
        for _, resource, _ in AUDIT.rights(role)
        if "/auditors/" in resource
    }
    assert of_auditors == {"OpenerRole"}


# ------------------------------------------------------------------ the log and its key


def test_log_is_locked_for_ten_years_in_production() -> None:
    (bucket,) = AUDIT.of_type("AWS::S3::Bucket").values()
    assert bucket["ObjectLockEnabled"] is True
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    rule = bucket["ObjectLockConfiguration"]["Rule"]["DefaultRetention"]
    assert bucket["ObjectLockConfiguration"]["ObjectLockEnabled"] == "Enabled"
    found = {
        environment: tuple(in_environment(rule[name], environment) for name in ("Mode", "Days"))
        for environment in ("prod", "dev", "local")
    }
    mode, days = found.pop("prod")
    assert mode == "COMPLIANCE"
    assert days >= 10 * 365.25
    # Elsewhere nobody ends up with a bucket that cannot be removed.
    assert {days for _, days in found.values()} == {1}


def test_what_is_old_is_kept_at_lower_cost_and_never_expires() -> None:
    (bucket,) = AUDIT.of_type("AWS::S3::Bucket").values()
    (rule,) = bucket["LifecycleConfiguration"]["Rules"]
    assert rule["Status"] == "Enabled"
    assert rule["Transitions"] == [{"StorageClass": "GLACIER_IR", "TransitionInDays": 90}]
    assert not {name for name in rule if "Expiration" in name}


def test_bucket_is_opened_to_auditors_and_to_nobody_else() -> None:
    (policy,) = AUDIT.of_type("AWS::S3::BucketPolicy").values()
    _, auditors = policy["PolicyDocument"]["Statement"]
    condition, granted, otherwise = auditors["Fn::If"]
    assert (condition, otherwise) == ("HasAuditors", {"Ref": "AWS::NoValue"})
    assert granted["Principal"] == {"AWS": {"Ref": "AuditorArns"}}
    assert granted["Action"] == "s3:GetObject"
    assert granted["Resource"] == {"Fn::Sub": "${LogBucket.Arn}/auditors/*"}
    assert AUDIT.document["Parameters"]["AuditorArns"]["Default"] == ""


def test_key_signs_as_c2sp_says() -> None:
    key = AUDIT.of_type("AWS::KMS::Key")["LogKey"]
    assert (key["KeySpec"], key["KeyUsage"]) == ("ECC_NIST_EDWARDS25519", "SIGN_VERIFY")


# ------------------------------------------------------------------ what comes in


def test_ballots_are_in_the_log_within_seconds() -> None:
    mapping = AUDIT.of_type("AWS::Lambda::EventSourceMapping")["LogWriterFunctionBox"]
    assert logical_id(mapping["EventSourceArn"]) == "BallotsTable"
    for environment in ("prod", "dev", "local"):
        assert in_environment(mapping["BatchSize"], environment) <= 10_000
        assert in_environment(mapping["MaximumBatchingWindowInSeconds"], environment) <= 2
    assert on_aws(mapping["TumblingWindowInSeconds"]) <= 2


def logged() -> set[str]:
    rule = AUDIT.of_type("AWS::Events::Rule")["EventLoggerRule"]
    return set(rule["EventPattern"]["detail-type"])


def test_every_change_of_an_election_and_its_keys_erasures_and_openings_are_logged() -> None:
    changes = {name for name, event in EVENTS.items() if issubclass(event, ElectionChange)}
    others = {"CredentialKeysPublished", "ErasuresCounted", "OpeningsPublished"}
    assert len(changes) > 10
    assert logged() == changes | others


def test_no_event_is_logged_that_logging_makes() -> None:
    made = {
        name
        for name, event in EVENTS.items()
        if {"log_writer", "event_logger"} & set(event.SOURCES)
    }
    assert made == {"CheckpointPublished"}
    assert not made & logged()


def test_openings_are_made_of_certifications_and_never_of_openings() -> None:
    pattern = AUDIT.of_type("AWS::Events::Rule")["OpenerRule"]["EventPattern"]
    assert pattern["detail-type"] == ["ElectionCertified"]


def test_certification_waits_for_ballots_as_long_as_they_may_take() -> None:
    queue = AUDIT.of_type("AWS::SQS::Queue")["EventQueue"]
    patience = queue["RedrivePolicy"]["maxReceiveCount"]
    seconds = patience * in_environment(queue["VisibilityTimeout"], "prod")
    assert 3600 <= seconds < queue["MessageRetentionPeriod"]


# ------------------------------------------------------------------ the public API


def test_api_is_for_everybody_and_only_reads() -> None:
    routes = AUDIT.of_type("AWS::ApiGatewayV2::Route").values()
    assert {route["AuthorizationType"] for route in routes} == {"NONE"}
    assert {route.method for route in ROUTES.routes} == {"GET"}


# ------------------------------------------------------------------ alarms


def test_log_that_lags_is_an_alarm_long_before_the_stream_forgets() -> None:
    alarm = AUDIT.of_type("AWS::CloudWatch::Alarm")["LogLagAlarm"]
    assert (alarm["Namespace"], alarm["MetricName"]) == ("AWS/Lambda", "IteratorAge")
    (dimension,) = alarm["Dimensions"]
    assert dimension["Name"] == "FunctionName"
    assert logical_id(dimension["Value"]) == "LogWriterFunction"
    # In milliseconds.
    assert alarm["Threshold"] == 60_000
    assert alarm["Period"] * alarm["EvaluationPeriods"] <= 600


def test_everything_that_was_given_up_is_an_alarm() -> None:
    alarms = AUDIT.of_type("AWS::CloudWatch::Alarm").values()
    watched = {
        logical_id(alarm["Dimensions"][0]["Value"])
        for alarm in alarms
        if alarm["MetricName"] == "ApproximateNumberOfMessagesVisible"
        and (alarm["Threshold"], alarm["ComparisonOperator"]) == (0, "GreaterThanThreshold")
    }
    queues = AUDIT.of_type("AWS::SQS::Queue")
    assert watched == {name for name, queue in queues.items() if "RedrivePolicy" not in queue}


# ------------------------------------------------------------------ the artefact


def test_functions_are_made_of_the_audit_artefact_and_the_layer() -> None:
    functions = len(AUDIT.of_type("AWS::Lambda::Function"))
    assert AUDIT.source.count("CodeUri: ../src/audit\n") == AUDIT.source.count("CodeUri:")
    assert AUDIT.source.count("CodeUri:") == functions
