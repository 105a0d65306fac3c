"""What the elections template alone promises: notices, the office, the calendar."""

from civic.contracts.registry import EVENTS
from civic.contracts.voting import ElectionChange
from tests.templates import TEMPLATES, logical_id

ELECTIONS = TEMPLATES["elections"]

# ------------------------------------------------------------------ settings and code


def test_settings_from_mappings_are_text() -> None:
    # The embedded engine hands a number on as it is, and no process takes one.
    values = ELECTIONS.document["Mappings"]["Office"].values()
    assert all(isinstance(one["SettlingSeconds"], str) for one in values)
    assert {one["SettlingSeconds"] for one in values} == {"0", "120"}


# ------------------------------------------------------------------ rules and queues


def test_calendar_looks_every_minute_unless_told_otherwise() -> None:
    (rule,) = (
        one
        for one in ELECTIONS.of_type("AWS::Events::Rule").values()
        if one.get("ScheduleExpression")
    )
    assert [logical_id(target["Arn"]) for target in rule["Targets"]] == ["CalendarQueue"]
    assert ELECTIONS.document["Parameters"]["CalendarSchedule"]["Default"] == "rate(1 minute)"


# ------------------------------------------------------------------ notices


def test_every_change_of_an_election_is_a_notice() -> None:
    rule = ELECTIONS.of_type("AWS::Events::Rule")["ElectionNoticesRule"]
    changes = {name for name, event in EVENTS.items() if issubclass(event, ElectionChange)}
    assert set(rule["EventPattern"]["detail-type"]) == changes
    assert [logical_id(target["Arn"]) for target in rule["Targets"]] == ["ElectionNotices"]


def test_only_the_rule_publishes_notices_under_a_key_it_may_use() -> None:
    (topic,) = ELECTIONS.of_type("AWS::SNS::Topic").values()
    assert topic["KmsMasterKeyId"] == {"Ref": "NoticesKey"}
    (policy,) = ELECTIONS.of_type("AWS::SNS::TopicPolicy").values()
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": "events.amazonaws.com"}
    assert statement["Action"] == "sns:Publish"
    source = statement["Condition"]["ArnEquals"]["aws:SourceArn"]
    assert logical_id(source) == "ElectionNoticesRule"


# ------------------------------------------------------------------ the staff API


def test_no_other_api_leads_to_the_office_and_its_own_nowhere_else() -> None:
    routes = ELECTIONS.of_type("AWS::ApiGatewayV2::Route").values()
    assert {logical_id(route["ApiId"]) for route in routes} == {"StaffApi"}
    assert {route["Target"]["Fn::Sub"] for route in routes} == {
        "integrations/${ElectionsIntegration}"
    }
