"""What is generated into a template from the declarations of its functions."""

from pathlib import Path
from typing import Any

import pytest
from samtranslator.yaml_helper import yaml_parse

from civic.contracts.registry import events_in
from civic.contracts.voting import ElectionChange, StateChanged
from civic.lab.schemas.wiring import BEGIN, END, NotWired, wired
from civic.runtime.routes import Access
from civic.voting.functions import elections, enqueuer, results

QUEUE = "{Type: AWS::SQS::Queue, Properties: {SqsManagedSseEnabled: true}}"
HEAD = f"""\
Parameters:
  Platform: {{Type: String}}
Conditions:
  FullAws: !Equals ["", ""]
Resources:
  UndeliveredQueue: {QUEUE}
"""


def function(name: str, module: str, *queues: str) -> str:
    events = "".join(
        f"        {queue}: {{Type: SQS, Properties: {{Queue: !GetAtt {queue}.Arn}}}}\n"
        for queue in queues
    )
    return (
        f"  {name}Function:\n    Type: AWS::Serverless::Function\n    Properties:\n"
        f"      Handler: civic.{module}.handler\n" + (f"      Events:\n{events}" if events else "")
    )


def api(name: str) -> str:
    return f"  {name}: {{Type: AWS::ApiGatewayV2::Api, Properties: {{ProtocolType: HTTP}}}}\n"


OFFICE = function("Elections", "voting.functions.elections") + api("StaffApi")
BOOTH = (
    function("Enqueuer", "voting.functions.enqueuer")
    + function("Results", "voting.functions.results")
    + api("VoteApi")
)
KEYS = (
    function("ElectionKeys", "voting.functions.election_keys", "KeysQueue")
    + f"  KeysQueue: {QUEUE}\n"
)
PRESS = (
    function("Press", "voting.functions.press", "AskedQueue", "StatesQueue")
    + "  AskedQueue: {Type: AWS::SQS::Queue, Properties: {FifoQueue: true}}\n"
    + f"  StatesQueue: {QUEUE}\n"
)
NOTICES = (
    "  Notices:\n    Type: AWS::SNS::Topic\n"
    "    Metadata: {Subscribes: civic.voting.notices}\n    Properties: {}\n"
)
SCHEDULE = (
    f"  ClockQueue: {QUEUE}\n  ClockRule:\n    Type: AWS::Events::Rule\n    Properties:\n"
    "      ScheduleExpression: rate(1 day)\n      Targets:\n"
    "        - Id: clock\n          Arn: !GetAtt ClockQueue.Arn\n"
    "          DeadLetterConfig: {Arn: !GetAtt UndeliveredQueue.Arn}\n"
)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "template.yaml"


def text_of(place: Path, *parts: str) -> str:
    place.write_text(HEAD + "".join(parts) + "\n" + BEGIN + END + "\nOutputs: {}\n")
    return wired(place)


def resources(place: Path, *parts: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml_parse(text_of(place, *parts))["Resources"]
    return found


def of_type(found: dict[str, Any], kind: str) -> dict[str, Any]:
    return {name: one["Properties"] for name, one in found.items() if one["Type"] == kind}


def routed(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["RouteKey"]: one for one in of_type(found, "AWS::ApiGatewayV2::Route").values()}


# ------------------------------------------------------------------ routes


def test_every_route_and_one_for_the_rest_of_its_path_is_for_whom_the_table_says(
    place: Path,
) -> None:
    routes = routed(resources(place, OFFICE))
    declared = {one.key for one in elections.ROUTES.routes}
    rest = {f"ANY {one.path}" for one in elections.ROUTES.routes}
    assert routes.keys() == declared | rest
    assert {one["AuthorizationType"] for one in routes.values()} == {"AWS_IAM"}
    assert {one.access for one in elections.ROUTES.routes} == {Access.STAFF}


def test_path_of_two_functions_is_answered_by_the_one_that_knows_both(place: Path) -> None:
    routes = routed(resources(place, BOOTH))
    targets = {key: one["Target"]["Fn::Sub"] for key, one in routes.items()}
    assert (
        targets["GET /votes"] == targets["ANY /elections"] == "integrations/${ResultsIntegration}"
    )
    assert targets["POST /votes"] == targets["ANY /votes"] == "integrations/${EnqueuerIntegration}"
    paths = {one.path for table in (enqueuer, results) for one in table.ROUTES.routes}
    assert {key for key in routes if key.startswith("ANY ")} == {f"ANY {path}" for path in paths}
    assert {one["AuthorizationType"] for one in routes.values()} == {"NONE"}


def test_path_that_no_function_knows_all_methods_of_is_refused(place: Path) -> None:
    alone = function("Results", "voting.functions.results") + api("VoteApi")
    assert "ANY /votes" in routed(resources(place, alone))
    with pytest.raises(NotWired, match="/votes"):
        text_of(place, alone.replace("Results", "One"), alone.replace("Results", "Other"))


def test_only_its_own_api_calls_a_function(place: Path) -> None:
    found = resources(place, OFFICE, BOOTH)
    sources = {
        one["FunctionName"]["Ref"]: one["SourceArn"]["Fn::Sub"].rpartition(":")[2]
        for one in of_type(found, "AWS::Lambda::Permission").values()
    }
    assert sources == {
        "ElectionsFunction": "${StaffApi}/*",
        "EnqueuerFunction": "${VoteApi}/*",
        "ResultsFunction": "${VoteApi}/*",
    }


def test_api_of_another_stack_is_imported_from_the_platform(place: Path) -> None:
    found = resources(place, function("ApiDocs", "identity.functions.api_docs"))
    platforms = {"Fn::ImportValue": {"Fn::Sub": "${Platform}-api"}}
    assert {str(one["ApiId"]) for one in routed(found).values()} == {str(platforms)}
    (permission,) = of_type(found, "AWS::Lambda::Permission").values()
    text, names = permission["SourceArn"]["Fn::Sub"]
    assert text.endswith("${Api}/*")
    assert names == {"Api": platforms}


# ------------------------------------------------------------------ subscriptions


def test_consumer_has_one_rule_of_what_it_has_subscribed_to(place: Path) -> None:
    rules = of_type(resources(place, KEYS, PRESS), "AWS::Events::Rule")
    assert rules.keys() == {"ElectionKeysRule", "PressRule"}
    pattern = rules["PressRule"]["EventPattern"]
    assert pattern["detail-type"] == sorted(one.detail_type() for one in events_in(StateChanged))
    assert pattern["source"] == ["civic.calendar", "civic.elections"]
    (target,) = rules["PressRule"]["Targets"]
    assert target["Arn"] == {"Fn::GetAtt": ["StatesQueue", "Arn"]}
    assert target["DeadLetterConfig"] == {"Arn": {"Fn::GetAtt": ["UndeliveredQueue", "Arn"]}}
    bus = {"Fn::ImportValue": {"Fn::Sub": "${Platform}-bus"}}
    assert all(rule["EventBusName"] == bus for rule in rules.values())


def test_topic_has_a_rule_like_a_consumer(place: Path) -> None:
    (rule,) = of_type(resources(place, NOTICES), "AWS::Events::Rule").values()
    kinds = {one.detail_type() for one in events_in(ElectionChange)}
    assert set(rule["EventPattern"]["detail-type"]) == kinds
    assert rule["EventPattern"]["source"] == ["civic.calendar", "civic.elections", "civic.operator"]
    assert [one["Arn"] for one in rule["Targets"]] == [{"Ref": "Notices"}]


def test_queue_lets_in_its_own_rules_and_nothing_else(place: Path) -> None:
    found = resources(place, KEYS, PRESS, NOTICES, SCHEDULE)
    policies = of_type(found, "AWS::SQS::QueuePolicy")
    senders = {}
    others = policies.pop("OtherQueuesPolicy")
    for policy in policies.values():
        (queue,) = policy["Queues"]
        allowed, denied = policy["PolicyDocument"]["Statement"]
        assert allowed["Action"] == "sqs:SendMessage"
        assert allowed["Resource"] == {"Fn::GetAtt": [queue["Ref"], "Arn"]}
        arns = allowed["Condition"]["ArnEquals"]["aws:SourceArn"]
        senders[queue["Ref"]] = {one["Fn::GetAtt"][0] for one in arns}
        _, on_aws, _ = denied["Fn::If"]
        assert (on_aws["Effect"], on_aws["Action"]) == ("Deny", "sqs:*")
        assert on_aws["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert senders == {
        "KeysQueue": {"ElectionKeysRule"},
        "StatesQueue": {"PressRule"},
        "ClockQueue": {"ClockRule"},
        "UndeliveredQueue": {"ElectionKeysRule", "PressRule", "NoticesRule", "ClockRule"},
    }
    # A queue without rules is closed to services, and to everybody without TLS.
    assert others["Queues"] == [{"Ref": "AskedQueue"}]
    (denied,) = others["PolicyDocument"]["Statement"]
    assert (denied["Sid"], denied["Effect"]) == ("OnlyOverTls", "Deny")


def test_consumer_without_a_queue_or_with_two_is_refused(place: Path) -> None:
    with pytest.raises(NotWired, match="ElectionKeysFunction"):
        text_of(place, function("ElectionKeys", "voting.functions.election_keys"))
    two = function("ElectionKeys", "voting.functions.election_keys", "KeysQueue", "ClockQueue")
    with pytest.raises(NotWired, match="ElectionKeysFunction"):
        text_of(place, two, f"  KeysQueue: {QUEUE}\n", SCHEDULE)


# ------------------------------------------------------------------ the text


def test_what_is_written_by_hand_stays_and_what_is_generated_is_made_anew(place: Path) -> None:
    text = text_of(place, OFFICE, KEYS)
    place.write_text(text.replace("PUT /elections/{id}/opening", "PUT /elections/{id}/gone"))
    assert wired(place) == text
    assert text.startswith(HEAD + OFFICE + KEYS)
    assert text.endswith(END + "\nOutputs: {}\n")


def test_template_without_a_part_for_it_is_refused(place: Path) -> None:
    place.write_text(HEAD)
    with pytest.raises(NotWired, match="no generated part"):
        wired(place)


def test_name_that_is_taken_is_refused(place: Path) -> None:
    with pytest.raises(NotWired, match="ElectionKeysRule"):
        text_of(place, KEYS, SCHEDULE.replace("ClockRule", "ElectionKeysRule"))
