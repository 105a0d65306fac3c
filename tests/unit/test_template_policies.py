"""Policies that hang on resources rather than on functions, word for word.

The rights of the functions stand in `test_template.py`.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from tools.check_templates import translate

ROOT = Path(__file__).resolve().parents[2]
OUR_LOGS = (
    "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}"
    ":log-group:/civic/${AWS::StackName}/functions:*"
)
FOR_CREDENTIALS = {
    "StringEquals": {"kms:EncryptionContext:purpose": "credential"},
    "Null": {
        "kms:EncryptionContext:election": "false",
        "kms:EncryptionContext:style": "false",
    },
}
NARROWED = {
    "ReadThePublicWrappingKey": {
        "ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["current"]}
    },
    "RecognizeARetryWithoutReadingTheKey": {
        "ForAllValues:StringEquals": {"dynamodb:Attributes": ["id", "revision", "access_digest"]},
        "StringEqualsIfExists": {"dynamodb:Select": "SPECIFIC_ATTRIBUTES"},
    },
    "FindSubjectKeysWithoutReadingThem": {
        "ForAllValues:StringEquals": {"dynamodb:Attributes": ["id", "revision"]},
        "StringEquals": {"dynamodb:Select": "SPECIFIC_ATTRIBUTES"},
    },
    "CountErasuresWithoutSeeingThem": {"StringEquals": {"dynamodb:Select": "COUNT"}},
    "MakeCredentialKeys": FOR_CREDENTIALS,
    "OpenCredentialKeys": FOR_CREDENTIALS,
    "OpenWrappingKeys": {
        "StringEquals": {"kms:EncryptionContext:purpose": "registration"},
        "Null": {"kms:EncryptionContext:wk": "false"},
    },
}


@cache
def resources() -> dict[str, Any]:
    return dict(translate(ROOT / "template.yaml")["Resources"])


def of_type(kind: str) -> dict[str, Any]:
    found = {name: one["Properties"] for name, one in resources().items() if one["Type"] == kind}
    assert found, f"no {kind} in the template"
    return found


def on_aws(value: Any) -> Any:
    """Choose the branch that holds on AWS."""
    if isinstance(value, dict) and "Fn::If" in value:
        condition, then, _ = value["Fn::If"]
        assert condition == "FullAws"
        return then
    return value


def without_names(statements: list[Any]) -> list[dict[str, Any]]:
    return [
        {key: value for key, value in on_aws(one).items() if key != "Sid"} for one in statements
    ]


@pytest.mark.parametrize("role", of_type("AWS::IAM::Role"))
def test_lambda_may_assume_a_role_and_nobody_else(role: str) -> None:
    document = of_type("AWS::IAM::Role")[role]["AssumeRolePolicyDocument"]
    assert document["Statement"] == [
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ]


ALARMS_MAY_ENCRYPT = {
    "Effect": "Allow",
    "Principal": {"Service": "cloudwatch.amazonaws.com"},
    "Action": ["kms:GenerateDataKey", "kms:Decrypt"],
    "Resource": "*",
}


@pytest.mark.parametrize("key", of_type("AWS::KMS::Key"))
def test_keys_are_granted_by_this_accounts_iam_alone(key: str) -> None:
    # Nobody is named here, so that the roles' policies say everything about who may decrypt.
    account = {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}
    ours = {"Effect": "Allow", "Principal": {"AWS": account}, "Action": "kms:*", "Resource": "*"}
    # Alarms hold no data; CloudWatch has to be let in to publish them.
    others = [ALARMS_MAY_ENCRYPT] if key == "AlarmsKey" else []
    statements = of_type("AWS::KMS::Key")[key]["KeyPolicy"]["Statement"]
    assert without_names(statements) == [ours, *others]


def test_every_function_may_write_to_our_log_group_and_trace() -> None:
    (policy,) = of_type("AWS::IAM::ManagedPolicy").values()
    assert without_names(policy["PolicyDocument"]["Statement"]) == [
        {
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": {"Fn::Sub": OUR_LOGS},
        },
        {
            "Effect": "Allow",
            "Action": ["xray:PutTraceSegments", "xray:PutTelemetryRecords"],
            "Resource": "*",
        },
    ]


def test_bucket_refuses_everything_without_tls() -> None:
    for policy in of_type("AWS::S3::BucketPolicy").values():
        bucket = policy["Bucket"]["Ref"]
        assert without_names(policy["PolicyDocument"]["Statement"]) == [
            {
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:*",
                "Resource": [
                    {"Fn::GetAtt": [bucket, "Arn"]},
                    {"Fn::Sub": "${" + bucket + ".Arn}/*"},
                ],
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            }
        ]


def test_rights_are_narrowed_word_for_word() -> None:
    # What publishers may publish stands in the matrix of rights.
    found = {
        one["Sid"]: on_aws(one["Condition"])
        for role in of_type("AWS::IAM::Role").values()
        for policy in role.get("Policies", [])
        for one in policy["PolicyDocument"]["Statement"]
        if "Condition" in one and one["Action"] != "events:PutEvents"
    }
    assert found == NARROWED


@pytest.mark.parametrize("sid", NARROWED)
def test_same_name_narrows_the_same_everywhere(sid: str) -> None:
    alike = [
        json.dumps(one)
        for role in of_type("AWS::IAM::Role").values()
        for policy in role.get("Policies", [])
        for one in policy["PolicyDocument"]["Statement"]
        if one["Sid"] == sid
    ]
    assert len(set(alike)) == 1
