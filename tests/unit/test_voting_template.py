"""What the voting template alone promises: notices, the office, the calendar."""

from typing import Any

from civic.contracts.registry import EVENTS
from civic.contracts.voting import ElectionChange
from civic.voting.functions.elections import ROUTES
from tests.rights import PUBLISHES
from tests.templates import TEMPLATES, logical_id, on_aws

VOTING = TEMPLATES["voting"]
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

# ------------------------------------------------------------------ rights


def test_who_announces_changes_may_announce_every_change_there_is() -> None:
    changes = {
        name
        for name, event in EVENTS.items()
        if issubclass(event, ElectionChange) and not name.startswith("Redrive")
    }
    assert PUBLISHES["ElectionsRole"][1] == PUBLISHES["CalendarRole"][1] == changes


# ------------------------------------------------------------------ settings and code


def test_settings_from_mappings_are_text() -> None:
    # The embedded engine hands a number on as it is, and no process takes one.
    values = VOTING.document["Mappings"]["Office"].values()
    assert all(isinstance(one["SettlingSeconds"], str) for one in values)
    assert {one["SettlingSeconds"] for one in values} == {"0", "120"}


# ------------------------------------------------------------------ rules and queues


def test_rules_take_events_of_the_bus_from_who_publishes_them() -> None:
    received: dict[str, set[str]] = {}
    for rule in VOTING.of_type("AWS::Events::Rule").values():
        pattern = rule.get("EventPattern")
        if pattern is None:
            continue
        targets = {logical_id(target["Arn"]) for target in rule["Targets"]}
        names = pattern.get("detail-type", [])
        for name in names or pattern["source"]:
            received.setdefault(name, set()).update(targets)
    assert received == RECEIVES


def test_calendar_looks_every_minute_unless_told_otherwise() -> None:
    (rule,) = (
        one for one in VOTING.of_type("AWS::Events::Rule").values() if one.get("ScheduleExpression")
    )
    assert [logical_id(target["Arn"]) for target in rule["Targets"]] == ["CalendarQueue"]
    assert VOTING.document["Parameters"]["CalendarSchedule"]["Default"] == "rate(1 minute)"


def test_every_consumed_queue_is_bounded() -> None:
    queues = VOTING.of_type("AWS::SQS::Queue")
    mappings = VOTING.of_type("AWS::Lambda::EventSourceMapping")
    queued = [one for one in mappings.values() if logical_id(one["EventSourceArn"]) in queues]
    assert queued
    for mapping in queued:
        # Snapshots are made one after the other for each election, by the queue's own order.
        if logical_id(mapping["FunctionName"]) != "PressFunction":
            assert mapping["ScalingConfig"]["MaximumConcurrency"]


def test_keys_of_one_message_do_not_hold_back_its_batch_mates() -> None:
    mapping = VOTING.of_type("AWS::Lambda::EventSourceMapping")["ElectionKeysFunctionQueue"]
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


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
