"""The templates as CloudFormation receives them, for the tests that read them."""

import importlib
from collections.abc import Iterator
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from tools.check_templates import translate

from civic.stack.workspace import Workspace
from tests.rights import Right

ROOT = Path(__file__).resolve().parents[1]


class Template:
    """A translated template, and what tests ask about it."""

    def __init__(self, stack: str, file: Path) -> None:
        self.stack = stack
        self.file = file

    def __repr__(self) -> str:
        return self.stack

    @cached_property
    def document(self) -> dict[str, Any]:
        return translate(self.file)

    @property
    def source(self) -> str:
        return self.file.read_text("utf-8")

    @property
    def resources(self) -> dict[str, Any]:
        return dict(self.document["Resources"])

    def of_type(self, kind: str) -> dict[str, dict[str, Any]]:
        """Return the properties of all resources of a type; there may be none."""
        return {
            name: one.get("Properties", {})
            for name, one in self.resources.items()
            if one["Type"] == kind
        }

    def statements(self, role: str) -> list[dict[str, Any]]:
        policies = self.of_type("AWS::IAM::Role")[role].get("Policies", [])
        stated = [one for policy in policies for one in policy["PolicyDocument"]["Statement"]]
        # Statements that only the embedded engine needs do not exist on AWS.
        return [one for one in map(on_aws, stated) if one != {"Ref": "AWS::NoValue"}]

    def rights(self, role: str) -> set[Right]:
        """Return a role's actions, their resources, and the condition keys that narrow them."""
        found = set()
        for statement in self.statements(role):
            assert statement["Effect"] == "Allow"
            condition = on_aws(statement.get("Condition", {}))
            keys = tuple(sorted({key for operator in condition.values() for key in operator}))
            for action in listed(statement["Action"]):
                for resource in listed(statement["Resource"]):
                    found.add((action, logical_id(resource), keys))
        return found


TEMPLATES = {stack: Template(stack, file) for stack, file in Workspace(ROOT).templates.items()}
"""Every template, by the name of its stack."""

_IDENTITY = ("platform", "registration", "accountability", "credentials", "proofing", "analytics")
IDENTITY = [TEMPLATES[stack] for stack in (*_IDENTITY, "reconciliation")]
"""Those of the domain that knows identities; the others know votes."""


def every(kind: str) -> Iterator[tuple[Template, str, dict[str, Any]]]:
    """Return every resource of a type in any template; there must be some."""
    found = [
        (template, name, properties)
        for template in TEMPLATES.values()
        for name, properties in template.of_type(kind).items()
    ]
    assert found, f"no {kind} in any template"
    yield from found


def only(kind: str, name: str) -> dict[str, Any]:
    """Return the only resource of a type and name in any template."""
    (found,) = (properties for _, one, properties in every(kind) if one == name)
    return found


def home_of(name: str) -> Template:
    """Return the only template that has a resource."""
    (found,) = (template for template in TEMPLATES.values() if name in template.resources)
    return found


def environment_of(function: dict[str, Any]) -> set[str]:
    """Return the environment variables that the code of a function reads."""
    module, _, _ = function["Handler"].rpartition(".")
    return {name.upper() for name in importlib.import_module(module).Environment.model_fields}


def name_of(function: dict[str, Any]) -> str:
    """Return a function's name in its log lines and metrics, and as a publisher."""
    return str(function["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"])


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


@cache
def exports() -> dict[str, tuple[str, str]]:
    """Return the exports by the end of their names: the exporting stack and the logical id."""
    found: dict[str, tuple[str, str]] = {}
    for template in TEMPLATES.values():
        for output in template.document["Outputs"].values():
            if "Export" in output:
                name = output["Export"]["Name"]["Fn::Sub"].removeprefix("${AWS::StackName}")
                assert name not in found, f"{name} is exported twice"
                found[name] = (template.stack, logical_id(output["Value"]))
    return found


def imports(template: Template) -> set[tuple[str, str]]:
    """Return a template's imports: the parameter that names the stack, and the end of the name."""

    def within(value: Any) -> Iterator[tuple[str, str]]:
        if isinstance(value, dict):
            for key, child in value.items():
                if key == "Fn::ImportValue":
                    parameter, _, end = child["Fn::Sub"].removeprefix("${").partition("}")
                    yield parameter, end
                else:
                    yield from within(child)
        elif isinstance(value, list):
            for child in value:
                yield from within(child)

    return set(within(template.document))


def logical_id(value: Any) -> str:
    """Return the logical id behind an ARN, if need be in the stack that exports it."""
    if isinstance(value, dict):
        ((function, of),) = value.items()
        if function == "Fn::ImportValue":
            _, _, end = of["Fn::Sub"].partition("}")
            return exports()[end][1]
        if function == "Fn::Sub" and isinstance(of, list):
            ((name, imported),) = of[1].items()
            assert of[0].endswith((f":table/${{{name}}}", f":${{{name}}}/*"))
            return logical_id(imported)
        value = of[0] if isinstance(of, list) else of
    return str(value)


def on_aws(value: Any) -> Any:
    """Return the branch of ``!If [FullAws, …]`` that applies on AWS."""
    if isinstance(value, dict) and "Fn::If" in value:
        condition, then, _ = value["Fn::If"]
        assert condition == "FullAws"
        return then
    return value
