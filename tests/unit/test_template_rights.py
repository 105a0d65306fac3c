"""The rights of every function, as CloudFormation receives them, against the matrix.

They are compared both ways: a missing right fails, and so does one too many.
"""

import pytest

from civic.contracts.events import source_of
from civic.contracts.registry import EVENTS
from tests.rights import RIGHTS
from tests.templates import (
    TEMPLATES,
    every,
    home_of,
    listed,
    logical_id,
    name_of,
    on_aws,
)

OPERATOR = "operator"
"""Publishes through `civic dlq`, with the rights of the person who runs it."""

KNOW_NO_RESOURCE = {"dynamodb:ListStreams"}

every_template = pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES)


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


def test_function_may_publish_the_events_of_its_contract_in_its_own_name_and_no_others() -> None:
    allowed = {}
    for template, _, function in every("AWS::Lambda::Function"):
        role = logical_id(function["Role"])
        statements = template.statements(role)
        for publishing in (one for one in statements if one["Action"] == "events:PutEvents"):
            condition = on_aws(publishing["Condition"])
            # Both keys have as many values as the request has events.
            assert set(condition) == {"ForAllValues:StringEquals", "Null"}
            assert condition["Null"] == {"events:source": "false", "events:detail-type": "false"}
            conditions = condition["ForAllValues:StringEquals"]
            assert name_of(function) not in allowed
            allowed[name_of(function)] = (
                listed(conditions["events:source"]),
                set(listed(conditions["events:detail-type"])),
            )
    publishers = {name for event in EVENTS.values() for name in event.SOURCES}
    assert allowed == {
        name: (
            [source_of(name)],
            {event.detail_type() for event in EVENTS.values() if name in event.SOURCES},
        )
        for name in publishers - {OPERATOR}
    }


def test_only_the_operator_publishes_without_being_a_function() -> None:
    functions = {name_of(function) for _, _, function in every("AWS::Lambda::Function")}
    publishers = {name for event in EVENTS.values() for name in event.SOURCES}
    assert publishers - functions == {OPERATOR}


@pytest.mark.parametrize("role", RIGHTS)
def test_no_right_is_a_wildcard(role: str) -> None:
    for action, resource, _ in home_of(role).rights(role):
        assert "*" not in action
        assert resource != "*" or action in KNOW_NO_RESOURCE
