"""A template as CloudFormation will be given it, for the tests that read one."""

import importlib
from functools import cached_property
from pathlib import Path
from typing import Any

from tools.check_templates import translate

from tests.rights import Right

ROOT = Path(__file__).resolve().parents[1]


class Template:
    """A translated template, and questions to it."""

    def __init__(self, file: str) -> None:
        self._file = ROOT / file

    @cached_property
    def document(self) -> dict[str, Any]:
        return translate(self._file)

    @property
    def resources(self) -> dict[str, Any]:
        return dict(self.document["Resources"])

    def of_type(self, kind: str) -> dict[str, dict[str, Any]]:
        """Return the properties of all resources of a type, of which there must be some."""
        found = {
            name: one.get("Properties", {})
            for name, one in self.resources.items()
            if one["Type"] == kind
        }
        assert found, f"no {kind} in {self._file.name}"
        return found

    def statements(self, role: str) -> list[dict[str, Any]]:
        policies = self.of_type("AWS::IAM::Role")[role].get("Policies", [])
        stated = [one for policy in policies for one in policy["PolicyDocument"]["Statement"]]
        # What only the embedded engine needs is no statement on AWS.
        return [one for one in map(on_aws, stated) if one != {"Ref": "AWS::NoValue"}]

    def rights(self, role: str) -> set[Right]:
        """Return the actions of a role, on what, and the condition keys that narrow them."""
        found = set()
        for statement in self.statements(role):
            assert statement["Effect"] == "Allow"
            condition = on_aws(statement.get("Condition", {}))
            keys = tuple(sorted(key for operator in condition.values() for key in operator))
            for action in listed(statement["Action"]):
                for resource in listed(statement["Resource"]):
                    found.add((action, logical_id(resource), keys))
        return found


def environment_of(function: dict[str, Any]) -> set[str]:
    """Return the environment variables that the code of a function reads."""
    module, _, _ = function["Handler"].rpartition(".")
    return {name.upper() for name in importlib.import_module(module).Environment.model_fields}


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


_ELSEWHERE = {
    "${VotingStack}-ballots": "BallotsTable",
    "${VotingStack}-ballots-stream": "BallotsTable",
}


def logical_id(value: Any) -> str:
    """Return the logical id an ARN is of; of what another stack has, what it is there."""
    if isinstance(value, dict):
        ((function, of),) = value.items()
        if function == "Fn::ImportValue":
            return _ELSEWHERE[of["Fn::Sub"]]
        if function == "Fn::Sub" and isinstance(of, list):
            ((name, imported),) = of[1].items()
            assert of[0].endswith(f":table/${{{name}}}")
            return logical_id(imported)
        value = of[0] if isinstance(of, list) else of
    return "Bus" if str(value).endswith(":event-bus/${BusName}") else str(value)


def on_aws(value: Any) -> Any:
    """Choose the branch of ``!If [FullAws, …]`` that holds on AWS."""
    if isinstance(value, dict) and "Fn::If" in value:
        condition, then, _ = value["Fn::If"]
        assert condition == "FullAws"
        return then
    return value
