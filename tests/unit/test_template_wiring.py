"""The templates and the code agree: environments, rules, queues, time limits, who may call whom."""

import importlib
import json
from typing import Any

import pytest

from civic.contracts.registry import EVENTS
from tests.fakes.pipeline import SUBSCRIPTIONS, Consumer
from tests.templates import (
    IDENTITY,
    ROOT,
    TEMPLATES,
    Template,
    environment_of,
    every,
    home_of,
    logical_id,
    on_aws,
)

LIBRARY_SETTINGS = {"POWERTOOLS_SERVICE_NAME", "PYDANTIC_DISABLE_PLUGINS"}
QUEUES = {
    "ValidatorQueue": Consumer.VALIDATOR,
    "PiiStorageQueue": Consumer.STORAGE,
    "AnalyticsQueue": Consumer.ANALYTICS,
    "AccountabilityQueue": Consumer.ACCOUNTABILITY,
    "CredentialRollQueue": Consumer.CREDENTIAL_ROLL,
}
LONGEST_KEPT = 1_209_600
"""Seconds: as long as SQS keeps anything."""

every_template = pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES)


def queue_mappings() -> list[tuple[Template, str, dict[str, Any]]]:
    """Return the mappings from queues, and not from streams."""
    return [
        (template, name, mapping)
        for template, name, mapping in every("AWS::Lambda::EventSourceMapping")
        if logical_id(mapping["EventSourceArn"]) in template.of_type("AWS::SQS::Queue")
    ]


# ------------------------------------------------------------------ settings and code


def test_function_gets_exactly_the_settings_it_reads() -> None:
    for _, _, function in every("AWS::Lambda::Function"):
        variables = function["Environment"]["Variables"]
        assert set(variables) == environment_of(function) | LIBRARY_SETTINGS


def test_handler_is_there() -> None:
    for _, _, function in every("AWS::Lambda::Function"):
        module, _, name = function["Handler"].rpartition(".")
        assert callable(getattr(importlib.import_module(module), name))


def test_shipped_rule_set_is_the_default() -> None:
    chosen = {
        template.document["Parameters"]["RuleSet"]["Default"]
        for template, _, function in every("AWS::Lambda::Function")
        if function["Environment"]["Variables"].get("RULE_SET") == {"Ref": "RuleSet"}
    }
    (name,) = chosen
    assert (ROOT / "src/identity/civic/identity/rules" / f"{name}.toml").is_file()


@every_template
def test_functions_have_the_layer_and_the_log_group_of_their_own_stack(template: Template) -> None:
    (layer,) = template.of_type("AWS::Lambda::LayerVersion")
    for function in template.of_type("AWS::Lambda::Function").values():
        assert [logical_id(one) for one in function["Layers"]] == [layer]
        assert logical_id(function["LoggingConfig"]["LogGroup"]) == "Logs"
    assert "Logs" in template.of_type("AWS::Logs::LogGroup")


# ------------------------------------------------------------------ rules


def test_rules_deliver_every_event_of_identity_to_its_consumers() -> None:
    delivered: dict[str, set[Consumer]] = {}
    for template, _, rule in every("AWS::Events::Rule"):
        if template in IDENTITY and "EventPattern" in rule:
            for name in rule["EventPattern"]["detail-type"]:
                targets = {QUEUES[logical_id(target["Arn"])] for target in rule["Targets"]}
                delivered.setdefault(name, set()).update(targets)
    subscribed = {
        event.detail_type(): set(consumers)
        for event, consumers in SUBSCRIPTIONS.items()
        if consumers
    }
    assert delivered == subscribed


def test_rules_take_events_of_the_bus_and_of_no_other_source() -> None:
    for _, _, rule in every("AWS::Events::Rule"):
        pattern = rule.get("EventPattern")
        if pattern is None:
            assert "EventBusName" not in rule
            continue
        assert logical_id(rule["EventBusName"]) == "Bus"
        if {"source", "detail-type"} <= set(pattern):
            names = pattern["detail-type"]
            assert set(pattern["source"]) == {EVENTS[name].SOURCE for name in names}


def test_rules_deliver_within_their_stack_and_nothing_is_lost_that_they_cannot_deliver() -> None:
    for template, _, rule in every("AWS::Events::Rule"):
        receivers = {
            **template.of_type("AWS::SQS::Queue"),
            **template.of_type("AWS::SNS::Topic"),
        }
        for target in rule["Targets"]:
            assert logical_id(target["Arn"]) in receivers
            assert logical_id(target["DeadLetterConfig"]["Arn"]) == "UndeliveredQueue"
        assert "UndeliveredQueue" in receivers


# ------------------------------------------------------------------ queues


def test_every_queue_is_encrypted() -> None:
    for _, _, queue in every("AWS::SQS::Queue"):
        assert queue.get("SqsManagedSseEnabled") or queue.get("KmsMasterKeyId")


def test_every_consumed_queue_has_a_dead_letter_queue_that_nobody_consumes() -> None:
    consumed = {logical_id(mapping["EventSourceArn"]) for _, _, mapping in queue_mappings()}
    for template, _, mapping in queue_mappings():
        queues = template.of_type("AWS::SQS::Queue")
        queue = queues[logical_id(mapping["EventSourceArn"])]
        dead = logical_id(queue["RedrivePolicy"]["deadLetterTargetArn"])
        assert dead in queues
        assert dead not in consumed


def test_dead_letters_are_kept_as_long_as_any_queue_can() -> None:
    dead = [one for _, _, one in every("AWS::SQS::Queue") if "RedrivePolicy" not in one]
    assert {one["MessageRetentionPeriod"] for one in dead} == {LONGEST_KEPT}


def test_queue_hides_a_message_six_times_as_long_as_its_function_may_take() -> None:
    # AWS Lambda developer guide, "Using Lambda with Amazon SQS". Of the log's two see its own test.
    for template, _, mapping in queue_mappings():
        if template.stack != "audit":
            queue = template.of_type("AWS::SQS::Queue")[logical_id(mapping["EventSourceArn"])]
            function = logical_id(mapping["FunctionName"])
            timeout = template.of_type("AWS::Lambda::Function")[function]["Timeout"]
            assert queue["VisibilityTimeout"] >= 6 * timeout


# ------------------------------------------------------------------ who may call whom


def test_no_function_has_an_address_of_its_own() -> None:
    kinds = {one["Type"] for template in TEMPLATES.values() for one in template.resources.values()}
    assert "AWS::Lambda::Url" not in kinds


def test_only_the_api_that_routes_to_a_function_may_invoke_it() -> None:
    invoked = {
        logical_id(permission["FunctionName"]): permission
        for _, _, permission in every("AWS::Lambda::Permission")
    }
    routed = {}
    for template, _, route in every("AWS::ApiGatewayV2::Route"):
        name = route["Target"]["Fn::Sub"].removeprefix("integrations/${").removesuffix("}")
        integration = template.of_type("AWS::ApiGatewayV2::Integration")[name]
        assert logical_id(integration["ApiId"]) == logical_id(route["ApiId"])
        routed[logical_id(integration["IntegrationUri"])] = logical_id(route["ApiId"])
    assert invoked.keys() == routed.keys()
    for function, permission in invoked.items():
        assert permission["Principal"] == "apigateway.amazonaws.com"
        source = json.dumps(permission["SourceArn"])
        ours = "${Api}" if routed[function] == "Api" else f"${{{routed[function]}}}"
        assert ours in source


@pytest.mark.parametrize(
    ("api", "stage"),
    [
        ("Api", "ApiStage"),
        ("StaffApi", "StaffStage"),
        ("VoteApi", "VoteStage"),
        ("LogApi", "LogStage"),
    ],
)
def test_every_api_is_throttled(api: str, stage: str) -> None:
    stages = [one for _, name, one in every("AWS::ApiGatewayV2::Stage") if name == stage]
    apis = [name for _, name, _ in every("AWS::ApiGatewayV2::Api") if name == api]
    assert len(stages) == len(apis)
    for one in stages:
        assert logical_id(one["ApiId"]) == api
        assert one["DefaultRouteSettings"]["ThrottlingRateLimit"]
        assert one["DefaultRouteSettings"]["ThrottlingBurstLimit"]


def test_only_staff_apis_ask_for_iam_and_every_route_of_theirs_does() -> None:
    for _, _, route in every("AWS::ApiGatewayV2::Route"):
        staff = logical_id(route["ApiId"]) == "StaffApi"
        assert (route.get("AuthorizationType") == "AWS_IAM") == staff


def test_access_logs_hold_no_address_and_no_path() -> None:
    lines = [
        stage["AccessLogSettings"]["Format"]
        for _, _, stage in every("AWS::ApiGatewayV2::Stage")
        if "AccessLogSettings" in stage
    ]
    assert len(lines) == 3
    for line in lines:
        for revealing in ("sourceIp", "userAgent", "context.path", "authorizer", "identity"):
            assert revealing not in line


# ------------------------------------------------------------------ what outlives a stack


def test_nobody_deletes_a_table_by_accident() -> None:
    for template, name, table in every("AWS::DynamoDB::Table"):
        assert on_aws(table["DeletionProtectionEnabled"]) is True
        assert template.resources[name]["DeletionPolicy"] == "Retain"
        assert template.resources[name]["UpdateReplacePolicy"] == "Retain"


@pytest.mark.parametrize("kind", ["AWS::S3::Bucket", "AWS::Logs::LogGroup"])
def test_buckets_and_lines_survive_their_stack(kind: str) -> None:
    for template, name, _ in every(kind):
        assert template.resources[name]["DeletionPolicy"] == "Retain"


@pytest.mark.parametrize("key", ["CivicKey", "CredentialKey", "ReceiptKey", "VotingKey", "LogKey"])
def test_keys_survive_their_stack(key: str) -> None:
    assert home_of(key).resources[key]["DeletionPolicy"] == "Retain"


def test_every_symmetric_key_rotates() -> None:
    for _, _, key in every("AWS::KMS::Key"):
        # KMS cannot rotate the others.
        assert key.get("EnableKeyRotation", False) is ("KeySpec" not in key)
