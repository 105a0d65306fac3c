"""Wrong IAM statements of every kind are found in templates, and right ones are accepted."""

from copy import deepcopy
from typing import Any

import pytest
from tools.statements import findings

ARNS = {
    "table": {"Fn::GetAtt": ["Table", "Arn"]},
    "stream": {"Fn::GetAtt": ["Table", "StreamArn"]},
    "queue": {"Fn::GetAtt": ["Queue", "Arn"]},
    "bus": {"Fn::Sub": "arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:event-bus/x"},
    "objects": {"Fn::Sub": "${Bucket.Arn}/log/*"},
    "logs": {"Fn::Sub": "arn:aws:logs:${AWS::Region}:${AWS::AccountId}:log-group:/civic/x:*"},
    "elsewhere": {"Fn::ImportValue": {"Fn::Sub": "${Other}-box-stream"}},
}
OURS = {"events:source": "civic.x", "events:detail-type": ["A", "B"]}
PRESENT = {"events:source": "false", "events:detail-type": "false"}


def template(**resources: Any) -> dict[str, Any]:
    return {
        "Resources": {
            "Table": {"Type": "AWS::DynamoDB::Table"},
            "Queue": {"Type": "AWS::SQS::Queue"},
            "Bucket": {"Type": "AWS::S3::Bucket"},
            **resources,
        },
        "Outputs": {
            "Stream": {
                "Value": {"Fn::GetAtt": ["Table", "StreamArn"]},
                "Export": {"Name": {"Fn::Sub": "${AWS::StackName}-box-stream"}},
            }
        },
    }


def statement(action: str, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {
        "Sid": "Planted",
        "Effect": "Allow",
        "Action": action,
        "Resource": ARNS.get(resource, resource) if isinstance(resource, str) else resource,
        **more,
    }


def found(*statements: Any, resource: Any = None) -> list[str]:
    role = {
        "Type": "AWS::IAM::Role",
        "Properties": {"Policies": [{"PolicyDocument": {"Statement": list(statements)}}]},
    }
    return [str(finding) for finding in findings({"one.yaml": template(Planted=resource or role)})]


def on(kind: str, *statements: Any) -> dict[str, Any]:
    """Return a resource with a policy of its own."""
    return {"Type": kind, "Properties": {"Policy": {"Statement": list(statements)}}}


def publishing(condition: dict[str, Any]) -> dict[str, Any]:
    return statement("events:PutEvents", "bus", Condition=condition)


RIGHT = [
    statement("dynamodb:GetItem", "table"),
    statement("dynamodb:GetRecords", "stream"),
    statement("dynamodb:GetRecords", "elsewhere"),
    statement("dynamodb:ListStreams"),
    statement("s3:GetObject", "objects"),
    statement("logs:PutLogEvents", "logs"),
    statement("sqs:*", "queue"),
    statement("SQS:sendmessage", "queue"),
    publishing({"ForAllValues:StringEquals": OURS, "Null": PRESENT}),
    statement("sqs:SendMessage", "queue", Condition={"Bool": {"AWS:SecureTransport": "true"}}),
    statement(
        "dynamodb:GetItem",
        "table",
        Condition={"StringEquals": {"dynamodb:Select": "SPECIFIC_ATTRIBUTES"}},
    ),
    # Where a key is missing, a denial that holds denies more.
    statement(
        "dynamodb:Query",
        "table",
        Effect="Deny",
        Condition={"ForAllValues:StringEquals": {"dynamodb:Attributes": "w"}},
    ),
]

WRONG = {
    "an action that does not exist": (
        statement("dynamodb:GetItems", "table"),
        "there is no action dynamodb:GetItems",
    ),
    "a service that does not exist": (
        statement("dynamo:GetItem", "table"),
        "there is no action dynamo:GetItem",
    ),
    "a wildcard for nothing": (statement("sqs:Post*", "queue"), "there is no action sqs:Post*"),
    "a resource of another service": (
        statement("dynamodb:GetItem", "queue"),
        "dynamodb:GetItem applies to table, not to arn:aws:sqs:",
    ),
    "a resource of another type": (
        statement("dynamodb:GetRecords", "table"),
        "dynamodb:GetRecords applies to stream, not to arn:aws:dynamodb:",
    ),
    "an import of another type": (
        statement("dynamodb:Scan", "elsewhere"),
        "dynamodb:Scan applies to index or table, not to arn:aws:dynamodb:",
    ),
    "a bucket for its objects": (
        statement("s3:GetObject", {"Fn::GetAtt": ["Bucket", "Arn"]}),
        "s3:GetObject applies to ",
    ),
    "everything, where something can be named": (
        statement("dynamodb:Scan"),
        "dynamodb:Scan is granted on everything; name the index or table",
    ),
    "something, where nothing can be named": (
        statement("dynamodb:ListStreams", "stream"),
        'dynamodb:ListStreams applies to no resource; give it a statement with Resource "*"',
    ),
    "an import of nothing": (
        statement("dynamodb:Scan", {"Fn::ImportValue": {"Fn::Sub": "${Other}-missing"}}),
        "no template exports '…-missing'",
    ),
    "a value of a form nobody knows": (
        statement("dynamodb:Scan", {"Fn::Select": [0, []]}),
        "is not understood",
    ),
    "a condition key of another action": (
        statement(
            "dynamodb:Scan",
            "table",
            Condition={"Null": {"dynamodb:LeadingKeys": "false"}},
        ),
        "dynamodb:Scan has no condition key dynamodb:LeadingKeys",
    ),
    "a condition key of another service": (
        statement("sqs:SendMessage", "queue", Condition={"StringEquals": OURS}),
        "sqs:SendMessage has no condition key events:source",
    ),
    "a global condition key that does not exist": (
        statement("sqs:SendMessage", "queue", Condition={"StringEquals": {"aws:SourceAcount": 1}}),
        "aws:SourceAcount is not known",
    ),
    "a key of many values compared as if it had one": (
        publishing({"StringEquals": OURS}),
        "events:source has many values; compare it with ForAllValues:StringEquals",
    ),
    "a key of one value compared as if it had many": (
        statement(
            "dynamodb:Query",
            "table",
            Condition={"ForAnyValue:StringEquals": {"dynamodb:Select": "COUNT"}},
        ),
        "dynamodb:Select has one value; compare it with StringEquals",
    ),
    "all of no values": (
        publishing({"ForAllValues:StringEquals": OURS}),
        'ForAllValues:StringEquals also holds where events:source is absent; add "Null"',
    ),
    "all of no values, for one of two keys": (
        publishing(
            {"ForAllValues:StringEquals": OURS, "Null": {"events:source": "false"}},
        ),
        "ForAllValues:StringEquals also holds where events:detail-type is absent",
    ),
    "a null that asks for absence": (
        publishing(
            {
                "ForAllValues:StringEquals": OURS,
                "Null": {"events:source": "true", "events:detail-type": "false"},
            },
        ),
        "also holds where events:source is absent",
    ),
    "a value if there is one": (
        statement(
            "dynamodb:GetItem",
            "table",
            Condition={"StringEqualsIfExists": {"dynamodb:Select": "COUNT"}},
        ),
        "StringEqualsIfExists also holds where dynamodb:Select is absent",
    ),
    "everything but": (
        {"Sid": "Planted", "Effect": "Allow", "NotAction": "sqs:*", "Resource": "*"},
        "NotAction and NotResource cover more than anyone named",
    ),
}


@pytest.mark.parametrize("right", RIGHT)
def test_right_statement_is_left_alone(right: dict[str, Any]) -> None:
    assert found(right) == []


@pytest.mark.parametrize("kind", WRONG)
def test_wrong_statement_is_found_where_it_is(kind: str) -> None:
    wrong, problem = WRONG[kind]
    first, *_ = found(RIGHT[0], wrong)
    assert first.startswith("one.yaml: Planted: Planted: ")
    assert problem in first


def test_statement_without_a_name_is_found_by_its_number() -> None:
    nameless = {key: value for key, value in statement("sqs:Nothing").items() if key != "Sid"}
    (only,) = found(RIGHT[0], nameless)
    assert only.startswith("one.yaml: Planted: statement 2: ")


@pytest.mark.parametrize(
    ("branches", "faults"),
    [
        (["FullAws", statement("sqs:Nothing"), RIGHT[0]], 1),
        # Only the embedded engine receives what is left out elsewhere.
        (["FullAws", RIGHT[0], statement("sqs:Nothing")], 0),
        (["FullAws", {"Ref": "AWS::NoValue"}, statement("sqs:Nothing")], 0),
        (["HasAuditors", RIGHT[0], statement("sqs:Nothing")], 1),
    ],
)
def test_every_branch_that_aws_may_be_given_is_read(branches: list[Any], faults: int) -> None:
    assert len(found({"Fn::If": branches})) == faults


def test_condition_that_hangs_on_the_home_is_read_as_on_aws() -> None:
    condition = {"Fn::If": ["FullAws", {"StringEquals": OURS}, {"Ref": "AWS::NoValue"}]}
    assert len(found(publishing(condition))) == 2


# ------------------------------------------------------------------ policies of resources


@pytest.mark.parametrize(
    ("kind", "action"),
    [
        ("AWS::SQS::QueuePolicy", "sqs:SendMessage"),
        ("AWS::SNS::TopicPolicy", "sns:Publish"),
        ("AWS::S3::BucketPolicy", "s3:GetObject"),
        ("AWS::S3::BucketPolicy", "s3:ListBucket"),
        ("AWS::KMS::Key", "kms:*"),
        ("AWS::DynamoDB::Table", "dynamodb:CreateBackup"),
    ],
)
def test_everything_is_the_resource_itself_in_a_policy_of_its_own(kind: str, action: str) -> None:
    assert found(resource=on(kind, statement(action))) == []
    (wrong,) = found(resource=on(kind, statement("lambda:InvokeFunction")))
    assert "lambda:InvokeFunction applies to function, not to arn:aws:" in wrong


def test_who_may_assume_a_role_names_no_resource() -> None:
    trust = {key: value for key, value in statement("sts:AssumeRole").items() if key != "Resource"}
    role = {
        "Type": "AWS::IAM::Role",
        "Properties": {"AssumeRolePolicyDocument": {"Statement": [trust]}},
    }
    assert found(resource=role) == []
    wrong = deepcopy(role)
    wrong["Properties"]["AssumeRolePolicyDocument"]["Statement"][0]["Action"] = "sts:BecomeRole"  # type: ignore[index]
    (only,) = found(resource=wrong)
    assert "there is no action sts:BecomeRole" in only
