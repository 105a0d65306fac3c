"""What samconfig.toml says about the stacks of an environment."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from civic.stack.stacks import STACKS, named
from civic.stack.template import read_template
from civic.stack.workspace import Workspace


@dataclass(frozen=True)
class Deployment:
    """One stack of one environment.

    Attributes:
        config: The table of samconfig.toml.
        name: The name of the CloudFormation stack.
        template: The template as it is in the repository.
        built: The built template, which `sam deploy` reads.
        parameters: The values of the template's parameters that are given.
    """

    config: str
    name: str
    template: Path
    built: Path
    parameters: Mapping[str, str]

    def after(self, others: Iterable[str]) -> set[str]:
        """Return those of the other stacks' names that this stack imports from.

        They are among the values of its parameters.
        """
        return set(others) & set(self.parameters.values())


def deployments(
    workspace: Workspace, environment: str, more: Mapping[str, str] | None = None
) -> tuple[Deployment, ...]:
    """Read every stack of an environment, in the order of ``STACKS``.

    Args:
        workspace: The checkout.
        environment: ``local``, ``dev`` or ``prod``.
        more: Parameters that are not in the file.
    """
    tables = tomllib.loads((workspace.root / "samconfig.toml").read_text("utf-8"))
    return tuple(
        _deployment(workspace, stack, named(environment, stack), tables, more or {})
        for stack in STACKS
    )


def _deployment(
    workspace: Workspace,
    stack: str,
    config: str,
    tables: Mapping[str, Any],
    more: Mapping[str, str],
) -> Deployment:
    table = tables[config]["deploy"]["parameters"]
    template = workspace.templates[stack]
    given = {**parameters_of(table), **more}
    known = read_template(template).get("Parameters", {})
    return Deployment(
        config,
        table["stack_name"],
        template,
        workspace.root / table["template_file"],
        {name: value for name, value in given.items() if name in known},
    )


def parameters_of(table: Mapping[str, Any]) -> dict[str, str]:
    """Return the template parameters in a table, where ``sam`` reads them as ``Name=value``."""
    pairs = (given.partition("=") for given in table["parameter_overrides"])
    return {name: value for name, _, value in pairs}
