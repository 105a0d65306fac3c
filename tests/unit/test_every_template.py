"""What holds for every template: queues, stores, keys, and monitoring.

What a single one promises is in its own file; rights and policies are in `test_template_rights.py`,
`test_narrowed_rights.py` and `test_template_policies.py`.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.templates import IDENTITY, TEMPLATES, Template, every, home_of, logical_id, on_aws

WAITING = {"EventQueue", "CertifiedQueue"}
"""Their messages wait for ballots on purpose, and are retried a hundred times before they die."""
WHOLE_BATCHES = {"CalendarFunction", "PressFunction"}
"""However many messages they get, they do one piece of work, which succeeds or fails as a whole."""
UNOBSERVED = {"VoteStage", "LogStage"}
"""Their access log would record the moment of every vote, or who asked for which receipt."""
SILENT = {"EnqueuerFunction", "PublicLogFunction"}
"""The functions behind those stages, where Lambda's own lines would reveal the same."""
SITE = {"Api", "VoteApi"}
"""The APIs that pages of the office's site may call."""

LONGEST_KEPT = 1_209_600
"""Seconds: as long as SQS keeps anything."""

every_template = pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES)


def mappings(template: Template, *, of_queues: bool) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield what delivers messages from queues of any stack, or records from streams."""
    queues = {name for _, name, _ in every("AWS::SQS::Queue")}
    for mapping in template.of_type("AWS::Lambda::EventSourceMapping").values():
        if (logical_id(mapping["EventSourceArn"]) in queues) == of_queues:
            yield logical_id(mapping["FunctionName"]), mapping


def in_each_environment(template: Template, value: Any) -> list[Any]:
    """Return the value of a setting on AWS."""
    value = on_aws(value)
    if isinstance(value, dict) and "Fn::FindInMap" in value:
        name, _, attribute = value["Fn::FindInMap"]
        rows = template.document["Mappings"][name]
        return [rows[environment][attribute] for environment in ("dev", "prod")]
    return [value]


def retained(template: Template, name: str) -> bool:
    resource = template.resources[name]
    return {resource.get("DeletionPolicy"), resource.get("UpdateReplacePolicy")} == {"Retain"}


def test_there_is_something_to_look_at() -> None:
    for kind in ("SQS::Queue", "DynamoDB::Table", "S3::Bucket", "KMS::Key", "SNS::Topic"):
        assert list(every(f"AWS::{kind}"))
    for of_queues in (True, False):
        found = (one for one in TEMPLATES.values() if list(mappings(one, of_queues=of_queues)))
        assert len(list(found)) > 1


# ------------------------------------------------------------------ queues and streams


@every_template
def test_every_queue_is_encrypted(template: Template) -> None:
    for queue in template.of_type("AWS::SQS::Queue").values():
        assert queue.get("SqsManagedSseEnabled") or queue.get("KmsMasterKeyId")


@every_template
def test_every_consumed_queue_has_a_dead_letter_queue_that_nobody_consumes(
    template: Template,
) -> None:
    consumed = {
        logical_id(mapping["EventSourceArn"])
        for one in TEMPLATES.values()
        for _, mapping in mappings(one, of_queues=True)
    }
    queues = template.of_type("AWS::SQS::Queue")
    for name in consumed & set(queues):
        dead = logical_id(queues[name]["RedrivePolicy"]["deadLetterTargetArn"])
        assert dead in queues
        assert dead not in consumed


@every_template
def test_dead_letters_are_kept_as_long_as_any_queue_can(template: Template) -> None:
    for queue in template.of_type("AWS::SQS::Queue").values():
        if "RedrivePolicy" not in queue:
            assert queue["MessageRetentionPeriod"] == LONGEST_KEPT


@every_template
def test_queue_hides_a_message_six_times_as_long_as_its_function_may_take(
    template: Template,
) -> None:
    # AWS Lambda developer guide, "Using Lambda with Amazon SQS": a batch for which no function is
    # free is retried, and counts as received.
    for function, mapping in mappings(template, of_queues=True):
        name = logical_id(mapping["EventSourceArn"])
        home = home_of(name)
        queue = home.of_type("AWS::SQS::Queue")[name]
        timeout = on_aws(template.of_type("AWS::Lambda::Function")[function]["Timeout"])
        times = 1 if name in WAITING else 6
        assert times == 6 or queue["RedrivePolicy"]["maxReceiveCount"] == 100
        for seconds in in_each_environment(home, queue["VisibilityTimeout"]):
            assert seconds >= times * timeout


@every_template
def test_poisonous_message_does_not_hold_back_its_batch_mates(template: Template) -> None:
    for function, mapping in mappings(template, of_queues=True):
        reports = mapping.get("FunctionResponseTypes") == ["ReportBatchItemFailures"]
        assert reports or mapping["BatchSize"] == 1 or function in WHOLE_BATCHES


@every_template
def test_consumers_of_queues_are_bounded(template: Template) -> None:
    for _, mapping in mappings(template, of_queues=True):
        scaling = mapping.get("ScalingConfig", {}).get("MaximumConcurrency")
        # A schedule sends one message at a time.
        assert scaling or mapping["BatchSize"] == 1
        for limit in in_each_environment(template, scaling) if scaling else []:
            # Lambda allows no fewer.
            assert limit >= 2


@every_template
def test_readers_of_streams_begin_at_the_beginning_and_give_nothing_up(template: Template) -> None:
    for _, mapping in mappings(template, of_queues=False):
        assert mapping["StartingPosition"] == "TRIM_HORIZON"
        assert mapping["BisectBatchOnFunctionError"] is True
        # A window, as without one a function does not learn its shard.
        assert on_aws(mapping["TumblingWindowInSeconds"]) > 0
        # A batch is retried until it succeeds or the stream drops it.
        given_up = {"MaximumRetryAttempts", "MaximumRecordAgeInSeconds", "DestinationConfig"}
        assert not given_up & set(mapping)
        # More than one batch of a shard at a time would let one overtake another.
        assert mapping.get("ParallelizationFactor", 1) == 1


@every_template
def test_queue_of_what_is_nowhere_else_survives_its_stack(template: Template) -> None:
    # Ballots are the only messages under one of our keys; events are in the archive too.
    for name, queue in template.of_type("AWS::SQS::Queue").items():
        assert retained(template, name) == ("KmsMasterKeyId" in queue)


# ------------------------------------------------------------------ stores and keys


NOWHERE_ELSE = {"IssuedMarks", "MarkKeys", "ProofSessions"}
"""Tables without a backup: what is destroyed in them, or expires, is to be gone."""


@every_template
def test_every_table_can_be_restored_and_is_not_deleted_by_accident(template: Template) -> None:
    for name, table in template.of_type("AWS::DynamoDB::Table").items():
        recovery = table.get("PointInTimeRecoverySpecification", {})
        assert recovery.get("PointInTimeRecoveryEnabled", False) is (name not in NOWHERE_ELSE)
        assert on_aws(table["DeletionProtectionEnabled"]) is True
        assert retained(template, name)


@every_template
def test_every_bucket_is_closed_to_the_public_encrypted_versioned_and_kept(
    template: Template,
) -> None:
    for name, bucket in template.of_type("AWS::S3::Bucket").items():
        closed = bucket["PublicAccessBlockConfiguration"]
        assert (len(closed), set(closed.values())) == (4, {True})
        assert bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        # What is only on its way from one step of a search to the next is not kept.
        kept = name != "PairsBucket"
        assert ("VersioningConfiguration" in bucket, retained(template, name)) == (kept, kept)


@every_template
def test_lines_outlive_the_stack_and_expire(template: Template) -> None:
    for name, group in template.of_type("AWS::Logs::LogGroup").items():
        assert retained(template, name)
        assert group["RetentionInDays"]


@every_template
def test_every_key_rotates_and_outlives_its_stack_but_for_those_of_topics(
    template: Template,
) -> None:
    topics = template.of_type("AWS::SNS::Topic").values()
    of_topics = {logical_id(topic["KmsMasterKeyId"]) for topic in topics}
    for name, key in template.of_type("AWS::KMS::Key").items():
        assert retained(template, name) == (name not in of_topics)
        # KMS cannot rotate the others.
        assert key.get("EnableKeyRotation", False) is ("KeySpec" not in key)


# ------------------------------------------------------------------ who looks on


@every_template
def test_everything_is_traced_but_votes_and_looks_at_receipts(template: Template) -> None:
    # A trace would record the moment of a vote, or which receipt was requested.
    for function in template.of_type("AWS::Lambda::Function").values():
        traced = {"Mode": "Active"} if template in IDENTITY else None
        assert function.get("TracingConfig") == traced
    assert ("xray:" in json.dumps(template.document)) == (template in IDENTITY)


@every_template
def test_lambda_writes_no_line_of_its_own_about_a_vote_or_a_receipt(template: Template) -> None:
    for name, function in template.of_type("AWS::Lambda::Function").items():
        lines = function["LoggingConfig"]
        assert (lines.get("SystemLogLevel") == "WARN") == (name in SILENT)
        assert name not in SILENT or lines["LogFormat"] == "JSON"


@every_template
def test_every_api_is_throttled(template: Template) -> None:
    stages = template.of_type("AWS::ApiGatewayV2::Stage").values()
    assert {logical_id(stage["ApiId"]) for stage in stages} == set(
        template.of_type("AWS::ApiGatewayV2::Api")
    )
    for stage in stages:
        assert stage["DefaultRouteSettings"]["ThrottlingRateLimit"]
        assert stage["DefaultRouteSettings"]["ThrottlingBurstLimit"]


@every_template
def test_access_logs_hold_no_address_and_no_path_and_of_votes_and_receipts_there_are_none(
    template: Template,
) -> None:
    for name, stage in template.of_type("AWS::ApiGatewayV2::Stage").items():
        if name in UNOBSERVED:
            assert "AccessLogSettings" not in stage
            # The reason is given where the setting is missing.
            (skipped, *_) = template.resources[name]["Metadata"]["checkov"]["skip"]
            assert (skipped["id"], bool(skipped["comment"])) == ("CKV_AWS_76", True)
        else:
            line = stage["AccessLogSettings"]["Format"]
            for revealing in ("sourceIp", "userAgent", "context.path", "authorizer", "identity"):
                assert revealing not in line


# ------------------------------------------------------------------ pages of other origins


@every_template
def test_pages_of_the_site_may_call_what_is_for_them_and_all_pages_the_log(
    template: Template,
) -> None:
    for name, api in template.of_type("AWS::ApiGatewayV2::Api").items():
        cors = api.get("CorsConfiguration", {})
        site, everybody = [{"Ref": "SiteOrigin"}], ["*"]
        allowed = site if name in SITE else everybody if name == "LogApi" else None
        assert cors.get("AllowOrigins") == allowed
        assert "AllowCredentials" not in cors
        assert name != "LogApi" or cors["AllowMethods"] == ["GET"]


def test_headers_of_a_page_cannot_tie_a_vote_to_its_voter() -> None:
    api = TEMPLATES["voting"].of_type("AWS::ApiGatewayV2::Api")["VoteApi"]
    assert api["CorsConfiguration"]["AllowHeaders"] == ["content-type", "if-none-match"]


@every_template
def test_site_is_named_by_who_deploys_and_in_production_it_is_no_machine_of_a_developer(
    template: Template,
) -> None:
    parameter = template.document["Parameters"].get("SiteOrigin")
    if parameter is None:
        return
    assert "Default" not in parameter
    (rule,) = template.document["Rules"].values()
    assert rule["RuleCondition"] == {"Fn::Equals": [{"Ref": "Environment"}, "prod"]}
    (only,) = rule["Assertions"]
    developers = {"Fn::Equals": [{"Ref": "SiteOrigin"}, "http://localhost:8080"]}
    assert only["Assert"] == {"Fn::Not": [developers]}


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("https://vote.example", True),
        ("https://vote.example:8443", True),
        ("http://localhost:8080", True),
        ("http://localhost", False),
        ("http://vote.example", False),
        ("https://vote.example/", False),
        ("https://*", False),
        ("*", False),
        ("null", False),
        ("", False),
    ],
)
def test_site_is_one_origin_and_reached_over_tls(origin: str, *, allowed: bool) -> None:
    for template in TEMPLATES.values():
        parameter = template.document["Parameters"].get("SiteOrigin")
        if parameter is not None:
            # CloudFormation compares the whole value.
            assert bool(re.fullmatch(parameter["AllowedPattern"], origin)) == allowed
