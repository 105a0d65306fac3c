"""The rights of every function, as CloudFormation will be given them, against the matrix.

Compared both ways: a right that is missing fails, and so does one too many.
"""

from typing import Any

import pytest

from civic.contracts.registry import EVENTS
from tests.rights import PUBLISHES, RIGHTS
from tests.templates import (
    IDENTITY,
    TEMPLATES,
    Template,
    every,
    home_of,
    listed,
    logical_id,
    on_aws,
)

KNOW_NO_RESOURCE = {"dynamodb:ListStreams"}

every_template = pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES)


def statement(role: str, sid: str) -> dict[str, Any]:
    (found,) = (one for one in home_of(role).statements(role) if one["Sid"] == sid)
    return dict(found)


@pytest.mark.parametrize("role", RIGHTS)
def test_role_has_exactly_the_rights_of_its_row(role: str) -> None:
    assert home_of(role).rights(role) == RIGHTS[role]


def test_every_role_is_in_the_matrix_once() -> None:
    roles = [name for _, name, _ in every("AWS::IAM::Role")]
    assert sorted(roles) == sorted(RIGHTS)


def test_every_function_has_its_own_role() -> None:
    for _, name, function in every("AWS::Lambda::Function"):
        assert logical_id(function["Role"]) == name.removesuffix("Function") + "Role"


@pytest.mark.parametrize("role", RIGHTS)
def test_only_lambda_assumes_a_role_which_can_else_only_log(role: str) -> None:
    properties = home_of(role).of_type("AWS::IAM::Role")[role]
    assert properties["AssumeRolePolicyDocument"]["Statement"] == [
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ]
    assert [logical_id(policy) for policy in properties["ManagedPolicyArns"]] == ["RuntimePolicy"]


@every_template
def test_runtime_policy_writes_lines_and_where_traces_are_taken_traces(template: Template) -> None:
    (policy,) = template.of_type("AWS::IAM::ManagedPolicy").values()
    actions = {
        action
        for statement in policy["PolicyDocument"]["Statement"]
        for action in listed(statement["Action"])
    }
    traces = {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}
    lines = {"logs:CreateLogStream", "logs:PutLogEvents"}
    assert actions == (lines | traces if template in IDENTITY else lines)


@pytest.mark.parametrize("role", PUBLISHES)
def test_publisher_is_pinned_to_its_own_events(role: str) -> None:
    statements = home_of(role).statements(role)
    (publishing,) = (one for one in statements if one["Action"] == "events:PutEvents")
    equals = on_aws(publishing["Condition"])["StringEquals"]
    source, names = PUBLISHES[role]
    assert equals["events:source"] == source
    assert set(listed(equals["events:detail-type"])) == names
    assert {EVENTS[name].SOURCE for name in names} == {source}


def test_gateway_reads_no_wrapped_key() -> None:
    condition = on_aws(statement("GatewayRole", "RecognizeARetryWithoutReadingTheKey")["Condition"])
    assert "w" not in condition["ForAllValues:StringEquals"]["dynamodb:Attributes"]
    assert condition["StringEqualsIfExists"]["dynamodb:Select"] == "SPECIFIC_ATTRIBUTES"


def test_gateway_reads_only_the_current_public_key() -> None:
    condition = on_aws(statement("GatewayRole", "ReadThePublicWrappingKey")["Condition"])
    assert condition == {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["current"]}}


@pytest.mark.parametrize("role", RIGHTS)
def test_no_right_is_a_wildcard(role: str) -> None:
    for action, resource, _ in home_of(role).rights(role):
        assert "*" not in action
        assert resource != "*" or action in KNOW_NO_RESOURCE
