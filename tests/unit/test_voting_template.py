"""The voting stack as CloudFormation will be given it: rights, queues, rules, APIs, settings."""

import importlib
import json
from typing import Any

import pytest

from civic.contracts.registry import EVENTS
from civic.contracts.voting import ElectionChange
from civic.voting.functions.elections import ROUTES
from tests.rights import VOTING_PUBLISHES, VOTING_RIGHTS
from tests.templates import Template, environment_of, logical_id, on_aws

VOTING = Template("stacks/voting.yaml")
LIBRARY_SETTINGS = {"POWERTOOLS_SERVICE_NAME", "PYDANTIC_DISABLE_PLUGINS"}
STATES = (
    "ElectionPublished",
    "ElectionOpened",
    "ElectionSuspended",
    "ElectionResumed",
    "ElectionEnded",
    "ElectionCertified",
)
RECEIVES = {
    **{name: {"StatesQueue"} for name in STATES},
    "CredentialKeysPublished": {"ElectionKeysQueue"},
    "civic.elections": {"ElectionNotices"},
}
ACCOUNT = {
    "Sid": "TheAccountGrantsByIam",
    "Effect": "Allow",
    "Principal": {"AWS": {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}},
    "Action": "kms:*",
    "Resource": "*",
}


def timeout(function: str) -> int:
    return int(VOTING.of_type("AWS::Lambda::Function")[function]["Timeout"])


# ------------------------------------------------------------------ rights


def test_who_announces_changes_may_announce_every_change_there_is() -> None:
    changes = {
        name
        for name, event in EVENTS.items()
        if issubclass(event, ElectionChange) and not name.startswith("Redrive")
    }
    assert VOTING_PUBLISHES["ElectionsRole"][1] == VOTING_PUBLISHES["CalendarRole"][1] == changes


@pytest.mark.parametrize("role", ["EnqueuerRole", "ProcessorRole"])
def test_secrets_are_opened_for_the_ballots_of_an_election_only(role: str) -> None:
    (statement,) = (one for one in VOTING.statements(role) if "Secrets" in one["Sid"])
    assert on_aws(statement["Condition"]) == {
        "StringEquals": {"kms:EncryptionContext:purpose": "ballots"},
        "Null": {"kms:EncryptionContext:election": "false"},
    }


def test_enqueuer_sees_who_has_voted_and_not_how() -> None:
    (statement,) = (one for one in VOTING.statements("EnqueuerRole") if "NotHow" in one["Sid"])
    condition = on_aws(statement["Condition"])
    assert condition["ForAllValues:StringEquals"] == {"dynamodb:Attributes": ["nullifier"]}
    assert condition["StringEqualsIfExists"] == {"dynamodb:Select": "SPECIFIC_ATTRIBUTES"}


def test_secrets_are_made_for_the_ballots_of_an_election_only() -> None:
    (statement,) = (one for one in VOTING.statements("ElectionsRole") if "Secrets" in one["Sid"])
    assert on_aws(statement["Condition"]) == {
        "StringEquals": {"kms:EncryptionContext:purpose": "ballots"},
        "Null": {"kms:EncryptionContext:election": "false"},
    }


def test_no_right_is_a_wildcard() -> None:
    for role in VOTING_RIGHTS:
        for action, resource, _ in VOTING.rights(role):
            assert "*" not in action
            # An action that knows no resource.
            assert resource != "*" or action == "dynamodb:ListStreams"


# ------------------------------------------------------------------ settings and code


def test_function_gets_exactly_the_settings_it_reads_and_has_its_handler() -> None:
    for function in VOTING.of_type("AWS::Lambda::Function").values():
        variables = function["Environment"]["Variables"]
        assert set(variables) == environment_of(function) | LIBRARY_SETTINGS
        module, _, name = function["Handler"].rpartition(".")
        assert callable(getattr(importlib.import_module(module), name))


def test_settings_from_mappings_are_text() -> None:
    # The embedded engine hands a number on as it is, and no process takes one.
    values = VOTING.document["Mappings"]["Office"].values()
    assert all(isinstance(one["SettlingSeconds"], str) for one in values)
    assert {one["SettlingSeconds"] for one in values} == {"0", "120"}


# ------------------------------------------------------------------ rules and queues


def test_rules_deliver_to_queues_and_to_the_notices_only() -> None:
    receivers = {**VOTING.of_type("AWS::SQS::Queue"), **VOTING.of_type("AWS::SNS::Topic")}
    for rule in VOTING.of_type("AWS::Events::Rule").values():
        for target in rule["Targets"]:
            assert logical_id(target["Arn"]) in receivers
            assert logical_id(target["DeadLetterConfig"]["Arn"]) == "UndeliveredQueue"


def test_rules_take_events_of_the_bus_from_who_publishes_them() -> None:
    received: dict[str, set[str]] = {}
    for rule in VOTING.of_type("AWS::Events::Rule").values():
        pattern = rule.get("EventPattern")
        if pattern is None:
            continue
        assert rule["EventBusName"] == {"Ref": "BusName"}
        targets = {logical_id(target["Arn"]) for target in rule["Targets"]}
        names = pattern.get("detail-type", [])
        assert {EVENTS[name].SOURCE for name in names} <= set(pattern["source"])
        for name in names or pattern["source"]:
            received.setdefault(name, set()).update(targets)
    assert received == RECEIVES


def test_calendar_looks_every_minute_unless_told_otherwise() -> None:
    (rule,) = (
        one for one in VOTING.of_type("AWS::Events::Rule").values() if one.get("ScheduleExpression")
    )
    assert [logical_id(target["Arn"]) for target in rule["Targets"]] == ["CalendarQueue"]
    assert VOTING.document["Parameters"]["CalendarSchedule"]["Default"] == "rate(1 minute)"


def test_every_consumed_queue_is_bounded_and_has_a_dead_letter_queue() -> None:
    queues = VOTING.of_type("AWS::SQS::Queue")
    mappings = VOTING.of_type("AWS::Lambda::EventSourceMapping")
    queued = [one for one in mappings.values() if logical_id(one["EventSourceArn"]) in queues]
    assert queued
    for mapping in queued:
        # Snapshots are made one after the other for each election, by the queue's own order.
        if logical_id(mapping["FunctionName"]) != "PressFunction":
            assert mapping["ScalingConfig"]["MaximumConcurrency"]
        queue = queues[logical_id(mapping["EventSourceArn"])]
        assert logical_id(queue["RedrivePolicy"]["deadLetterTargetArn"]) in queues
        # AWS Lambda developer guide, "Using Lambda with Amazon SQS".
        assert queue["VisibilityTimeout"] >= 6 * timeout(logical_id(mapping["FunctionName"]))


def test_keys_of_one_message_do_not_hold_back_its_batch_mates() -> None:
    mapping = VOTING.of_type("AWS::Lambda::EventSourceMapping")["ElectionKeysFunctionQueue"]
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_every_queue_is_encrypted_and_dead_letters_are_kept_as_long_as_possible() -> None:
    for queue in VOTING.of_type("AWS::SQS::Queue").values():
        assert queue.get("SqsManagedSseEnabled") or queue.get("KmsMasterKeyId")
        if "RedrivePolicy" not in queue:
            assert queue["MessageRetentionPeriod"] == 1_209_600


def test_only_the_stacks_own_rules_may_send_to_the_offices_queues() -> None:
    policy = VOTING.of_type("AWS::SQS::QueuePolicy")["ElectionQueuesPolicy"]
    queues = {"CalendarQueue", "ElectionKeysQueue", "UndeliveredQueue"}
    assert {logical_id(queue) for queue in policy["Queues"]} == queues
    allowed, denied = (on_aws(one) for one in policy["PolicyDocument"]["Statement"])
    assert allowed["Principal"] == {"Service": "events.amazonaws.com"}
    assert allowed["Action"] == "sqs:SendMessage"
    rules = {logical_id(arn) for arn in allowed["Condition"]["ArnEquals"]["aws:SourceArn"]}
    assert rules == set(VOTING.of_type("AWS::Events::Rule"))
    assert (denied["Effect"], denied["Principal"]) == ("Deny", "*")
    assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


# ------------------------------------------------------------------ notices


def test_every_change_of_an_election_is_a_notice() -> None:
    rule = VOTING.of_type("AWS::Events::Rule")["ElectionNoticesRule"]
    assert rule["EventPattern"] == {"source": ["civic.elections"]}


def test_only_the_rule_publishes_notices_under_a_key_it_may_use() -> None:
    (topic,) = VOTING.of_type("AWS::SNS::Topic").values()
    assert topic["KmsMasterKeyId"] == {"Ref": "NoticesKey"}
    (policy,) = VOTING.of_type("AWS::SNS::TopicPolicy").values()
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": "events.amazonaws.com"}
    assert statement["Action"] == "sns:Publish"
    source = statement["Condition"]["ArnEquals"]["aws:SourceArn"]
    assert logical_id(source) == "ElectionNoticesRule"


def test_keys_are_granted_by_this_accounts_iam_but_for_notices() -> None:
    keys = VOTING.of_type("AWS::KMS::Key")
    by_name = {name: key["KeyPolicy"]["Statement"] for name, key in keys.items()}
    assert all(key["EnableKeyRotation"] is True for key in keys.values())
    notices = by_name.pop("NoticesKey")
    assert all(statements == [ACCOUNT] for statements in by_name.values())
    account, rules = notices
    assert account == ACCOUNT
    assert rules["Principal"] == {"Service": "events.amazonaws.com"}
    assert set(rules["Action"]) == {"kms:GenerateDataKey", "kms:Decrypt"}


# ------------------------------------------------------------------ the staff API


def routes_of(api: str) -> dict[str, dict[str, Any]]:
    routes = VOTING.of_type("AWS::ApiGatewayV2::Route").values()
    return {route["RouteKey"]: route for route in routes if logical_id(route["ApiId"]) == api}


def test_staff_api_has_the_routes_of_the_code_and_every_one_asks_for_iam() -> None:
    routes = routes_of("StaffApi")
    assert set(routes) == {one.key for one in ROUTES.routes}
    assert {route["AuthorizationType"] for route in routes.values()} == {"AWS_IAM"}


def test_no_other_api_leads_to_the_office() -> None:
    for route in VOTING.of_type("AWS::ApiGatewayV2::Route").values():
        staff = logical_id(route["ApiId"]) == "StaffApi"
        assert staff == ("ElectionsIntegration" in str(route["Target"]))
    permission = VOTING.of_type("AWS::Lambda::Permission")["ElectionsPermission"]
    assert permission["Principal"] == "apigateway.amazonaws.com"
    assert "${StaffApi}" in json.dumps(permission["SourceArn"])
    assert "AWS::Lambda::Url" not in {one["Type"] for one in VOTING.resources.values()}


def test_staff_api_is_throttled_and_its_log_holds_no_address_and_no_path() -> None:
    stage = VOTING.of_type("AWS::ApiGatewayV2::Stage")["StaffStage"]
    settings = stage["DefaultRouteSettings"]
    assert settings["ThrottlingRateLimit"]
    assert settings["ThrottlingBurstLimit"]
    line = stage["AccessLogSettings"]["Format"]
    for revealing in ("sourceIp", "userAgent", "context.path", "authorizer", "identity"):
        assert revealing not in line


# ------------------------------------------------------------------ what outlives the stack


def test_nobody_deletes_a_table_by_accident() -> None:
    for name, table in VOTING.of_type("AWS::DynamoDB::Table").items():
        assert on_aws(table["DeletionProtectionEnabled"]) is True
        assert VOTING.resources[name]["DeletionPolicy"] == "Retain"


def test_key_of_the_ballots_survives_the_stack() -> None:
    assert VOTING.resources["VotingKey"]["DeletionPolicy"] == "Retain"
