"""Changes to who may do what in a SAM template."""

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from samtranslator.yaml_helper import yaml_parse

from tests.mutation.mutants import Mutant, numbered

type Path = tuple[str | int, ...]
type Edit = tuple[str, Path, Any]
"""What is changed, where, and its new value, or ``_GONE`` if it is removed."""

_GONE = object()
_NOTHING = {"Ref": "AWS::NoValue"}
_TOO_MUCH = (
    ("kms:Decrypt", {"Fn::GetAtt": ["CivicKey", "Arn"]}),
    ("dynamodb:GetItem", {"Fn::GetAtt": ["HighSecDataStore", "Arn"]}),
    ("dynamodb:GetItem", {"Fn::GetAtt": ["SubjectKeysTable", "Arn"]}),
    ("dynamodb:GetItem", {"Fn::GetAtt": ["WrappingKeysTable", "Arn"]}),
    ("dynamodb:Scan", {"Fn::GetAtt": ["AnalyticsJoins", "Arn"]}),
)
_ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"


def mutants_of(file: str, source: str) -> Iterator[Mutant]:
    """Yield every mutant of a template's policies, written as JSON, which is also YAML."""
    # Copied by way of JSON, so that what an anchor repeats is changed in only one place.
    document = json.loads(json.dumps(yaml_parse(source)))

    def found() -> Iterator[Mutant]:
        for name, resource in document["Resources"].items():
            for change, path, value in _resource(resource):
                other = deepcopy(document)
                _put(other["Resources"][name], path, value)
                yield Mutant(file, name, change, json.dumps(other, indent=1))

    return numbered(found())


def _resource(resource: dict[str, Any]) -> Iterator[Edit]:
    kind, properties = resource["Type"], resource.get("Properties", {})
    for path in _statement_lists(properties):
        yield from _statements(_at(properties, path), ("Properties", *path))
    if kind == "AWS::IAM::Role":
        yield from _role(properties)
    if kind == "AWS::Lambda::Permission":
        yield "anybody may invoke", ("Properties", "Principal"), "*"
        yield "any API may invoke", ("Properties", "SourceArn"), _GONE
    if properties.get("AuthorizationType") not in {None, "NONE"}:
        yield "no authorisation", ("Properties", "AuthorizationType"), "NONE"
        yield "authorisation left out", ("Properties", "AuthorizationType"), _GONE


def _statement_lists(value: Any, path: Path = ()) -> Iterator[Path]:
    children: Any = ()
    if isinstance(value, dict):
        if isinstance(value.get("Statement"), list):
            yield (*path, "Statement")
        children = value.items()
    elif isinstance(value, list):
        children = enumerate(value)
    for key, child in children:
        yield from _statement_lists(child, (*path, key))


def _statements(statements: list[Any], path: Path) -> Iterator[Edit]:
    for index, statement in enumerate(statements):
        here: Path = (*path, index)
        actual = statement
        if "Fn::If" in statement:
            here, actual = (*here, "Fn::If", 1), statement["Fn::If"][1]
        name = actual.get("Sid") or ", ".join(_listed(actual["Action"]))
        for change, inner, value in _statement(actual):
            yield f"{name}: {change}", (*here, *inner), value
        yield f"{name}: dropped", (*path, index), _GONE


def _statement(statement: dict[str, Any]) -> Iterator[Edit]:
    other = "Deny" if statement["Effect"] == "Allow" else "Allow"
    yield f"{other} instead", ("Effect",), other
    actions = _listed(statement["Action"])
    for index, action in enumerate(actions):
        wide = f"{action.partition(':')[0]}:*"
        if action != wide:
            yield f"{action} becomes {wide}", ("Action",), _with(actions, index, wide)
        if len(actions) > 1:
            yield f"without {action}", ("Action",), _without(actions, index)
    resources = _listed(statement.get("Resource", []))
    for index, resource in enumerate(resources):
        shown = json.dumps(resource)
        if resource != "*":
            yield f"{shown} becomes *", ("Resource",), _with(resources, index, "*")
        if len(resources) > 1:
            yield f"without {shown}", ("Resource",), _without(resources, index)
    if statement.get("Principal", "*") != "*":
        yield "for any principal", ("Principal",), "*"
    if "Condition" in statement:
        yield from _condition(statement["Condition"])


def _condition(condition: Any) -> Iterator[Edit]:
    yield "without its condition", ("Condition",), _GONE
    path: Path = ("Condition",)
    if "Fn::If" in condition:
        name, on_aws, otherwise = condition["Fn::If"]
        path, condition = (*path, "Fn::If", 1), on_aws
        yield "its condition never on AWS", ("Condition", "Fn::If"), [name, otherwise, on_aws]
        yield "its condition never", ("Condition", "Fn::If"), [name, _NOTHING, _NOTHING]
    for operator, keys in condition.items():
        for key, value in keys.items():
            here: Path = (*path, operator, key)
            yield f"without the condition on {key}", here, _GONE
            if isinstance(value, list):
                for index, one in enumerate(value):
                    yield f"{key} without {json.dumps(one)}", here, _without(value, index)
                yield f"{key} may also be *", here, [*value, "*"]
            else:
                yield f"{key} may be *", here, "*"


def _role(properties: dict[str, Any]) -> Iterator[Edit]:
    policies = properties.get("Policies", [])
    managed = properties.get("ManagedPolicyArns", [])
    yield "administrator", ("Properties", "ManagedPolicyArns"), [*managed, _ADMINISTRATOR]
    for index, policy in enumerate(managed):
        change = f"without the policy {json.dumps(policy)}"
        yield change, ("Properties", "ManagedPolicyArns"), _without(managed, index)
    allowed = [one for policy in policies for one in policy["PolicyDocument"]["Statement"]]
    for action, resource in _TOO_MUCH:
        if not any(_allows(one, action, resource) for one in allowed):
            statement = {"Effect": "Allow", "Action": action, "Resource": resource}
            document = {"Version": "2012-10-17", "Statement": [statement]}
            added = {"PolicyName": "added", "PolicyDocument": document}
            shown = f"may also {action} {resource['Fn::GetAtt'][0]}"
            yield shown, ("Properties", "Policies"), [*policies, added]


def _allows(statement: dict[str, Any], action: str, resource: Any) -> bool:
    return (
        "Condition" not in statement
        and action in _listed(statement["Action"])
        and resource in _listed(statement["Resource"])
    )


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _with(values: list[Any], index: int, value: Any) -> list[Any]:
    return [*values[:index], value, *values[index + 1 :]]


def _without(values: list[Any], index: int) -> list[Any]:
    return [*values[:index], *values[index + 1 :]]


def _at(value: Any, path: Path) -> Any:
    for key in path:
        value = value[key]
    return value


def _put(document: Any, path: Path, value: Any) -> None:
    place = _at(document, path[:-1])
    if value is _GONE:
        del place[path[-1]]
    else:
        place[path[-1]] = value
