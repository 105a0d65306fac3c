"""What the roles of every stack beside the first have in common; each by its row in `rights.py`."""

from typing import NamedTuple

import pytest

from civic.contracts.registry import EVENTS
from tests.rights import (
    AUDIT_FUNCTIONS,
    AUDIT_PUBLISHES,
    AUDIT_RIGHTS,
    VOTING_FUNCTIONS,
    VOTING_PUBLISHES,
    VOTING_RIGHTS,
    Right,
)
from tests.templates import Template, listed, logical_id, on_aws


class Stack(NamedTuple):
    """A template, and what stands of it in the matrix."""

    template: Template
    rights: dict[str, set[Right]]
    functions: dict[str, str]
    publishes: dict[str, tuple[str, set[str]]]


VOTING = Stack(Template("stacks/voting.yaml"), VOTING_RIGHTS, VOTING_FUNCTIONS, VOTING_PUBLISHES)
AUDIT = Stack(Template("stacks/audit.yaml"), AUDIT_RIGHTS, AUDIT_FUNCTIONS, AUDIT_PUBLISHES)
STACKS = [VOTING, AUDIT]
ROLES = [(stack, role) for stack in STACKS for role in stack.rights]
PUBLISHERS = [(stack, role) for stack in STACKS for role in stack.publishes]


def name(value: object) -> str | None:
    return value if isinstance(value, str) else ""


@pytest.mark.parametrize(("stack", "role"), ROLES, ids=name)
def test_role_has_exactly_the_rights_of_its_row(stack: Stack, role: str) -> None:
    assert stack.template.rights(role) == stack.rights[role]


@pytest.mark.parametrize("stack", STACKS, ids=["voting", "audit"])
def test_every_role_stands_in_the_matrix_and_every_function_has_its_own(stack: Stack) -> None:
    assert set(stack.template.of_type("AWS::IAM::Role")) == set(stack.rights)
    functions = stack.template.of_type("AWS::Lambda::Function")
    assert {name: logical_id(one["Role"]) for name, one in functions.items()} == stack.functions


@pytest.mark.parametrize(("stack", "role"), ROLES, ids=name)
def test_only_lambda_assumes_a_role_which_can_else_only_log(stack: Stack, role: str) -> None:
    properties = stack.template.of_type("AWS::IAM::Role")[role]
    (only,) = properties["AssumeRolePolicyDocument"]["Statement"]
    assert only["Principal"] == {"Service": "lambda.amazonaws.com"}
    assert [logical_id(policy) for policy in properties["ManagedPolicyArns"]] == ["RuntimePolicy"]


@pytest.mark.parametrize("stack", STACKS, ids=["voting", "audit"])
def test_runtime_policy_writes_logs_only(stack: Stack) -> None:
    (policy,) = stack.template.of_type("AWS::IAM::ManagedPolicy").values()
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert set(statement["Action"]) == {"logs:CreateLogStream", "logs:PutLogEvents"}
    assert "/civic/${AWS::StackName}/functions" in statement["Resource"]["Fn::Sub"]


@pytest.mark.parametrize(("stack", "role"), PUBLISHERS, ids=name)
def test_publisher_is_pinned_to_its_own_events(stack: Stack, role: str) -> None:
    statements = stack.template.statements(role)
    (statement,) = (one for one in statements if one["Action"] == "events:PutEvents")
    equals = on_aws(statement["Condition"])["StringEquals"]
    source, names = stack.publishes[role]
    assert (equals["events:source"], set(listed(equals["events:detail-type"]))) == (source, names)
    assert {EVENTS[name].SOURCE for name in names} == {source}
