"""What the condition `FullAws` changes: all that is not the same in the embedded engine."""

from collections.abc import Iterator
from typing import Any

from tests.templates import TEMPLATES

NOTHING = {"Ref": "AWS::NoValue"}


def choices(value: Any, place: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Yield each place that depends on the condition, with what is there on AWS and elsewhere."""
    if isinstance(value, dict):
        condition, *branches = value.get("Fn::If", [""])
        if condition == "FullAws":
            yield place, *branches
        for name, child in value.items():
            yield from choices(child, place if name == "Fn::If" else name)
    elif isinstance(value, list):
        for child in value:
            yield from choices(child, place)


def of_all_templates() -> list[tuple[str, str, Any, Any]]:
    return [
        (resource["Type"], *choice)
        for template in TEMPLATES.values()
        for resource in template.resources.values()
        for choice in choices(resource)
    ]


def test_engine_has_no_archive_no_tls_and_few_condition_keys() -> None:
    left_out = {
        resource["Type"]
        for template in TEMPLATES.values()
        for resource in template.resources.values()
        if resource.get("Condition") == "FullAws"
    }
    assert left_out == {
        "AWS::Events::Archive",
        "AWS::S3::BucketPolicy",
        "AWS::SQS::QueuePolicy",
    }
    for kind, place, on_aws, elsewhere in of_all_templates():
        if kind == "AWS::SQS::QueuePolicy":
            assert (place, elsewhere) == ("Statement", NOTHING)
            assert on_aws["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        if kind == "AWS::IAM::Role" and place == "Condition":
            # The engine knows one of the keys by which ballots are counted unseen.
            assert elsewhere in (NOTHING, {"StringEquals": {"dynamodb:Select": "COUNT"}})


def test_condition_changes_nothing_else_but_what_the_decision_names() -> None:
    changed = {(kind, place) for kind, place, _, _ in of_all_templates()}
    assert changed == {
        ("AWS::IAM::Role", "Condition"),
        ("AWS::SQS::QueuePolicy", "Statement"),
        ("AWS::DynamoDB::Table", "DeletionProtectionEnabled"),
        ("AWS::Lambda::Function", "Timeout"),
        ("AWS::SQS::Queue", "VisibilityTimeout"),
        ("AWS::Lambda::EventSourceMapping", "TumblingWindowInSeconds"),
        ("AWS::IAM::Role", "Statement"),
    }
    added = [
        (on_aws, elsewhere["Action"])
        for kind, place, on_aws, elsewhere in of_all_templates()
        if (kind, place) == ("AWS::IAM::Role", "Statement")
    ]
    assert added == [(NOTHING, "dynamodb:DescribeStream")] * 2
