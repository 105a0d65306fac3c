"""A small checkout with every stack, and a `sam` that records how it is called."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import cast

from civic.stack.engine import Engine
from civic.stack.service_models import SERVICES
from civic.stack.stacks import STACKS, named
from civic.stack.target import Target
from civic.stack.workspace import Workspace

ROOTS = {
    "platform": "identity",
    "registration": "identity",
    "accountability": "identity",
    "credentials": "identity",
    "proofing": "identity",
    "analytics": "analytics",
    "reconciliation": "identity",
    "elections": "voting",
    "voting": "voting",
    "audit": "audit",
}
"""The code root of each stack."""

_SAM = """#!/bin/sh
if [ "$1" = deploy ]; then what="deploy $3"; else what=build; fi
echo "$what" >> "{root}/calls"
if [ "$1" = build ]; then
  cd "{root}/.civic" && mkdir -p build && cd build
  for name in {artefacts}; do mkdir -p $name && touch $name/handler.py; done
  for name in {services}; do mkdir -p Shared/python/botocore/data/$name; done
  echo '{{"partitions": []}}' > Shared/python/botocore/data/endpoints.json
fi
test ! -e "{root}/refuse-$1"
"""

_TEMPLATE = """
Globals: {{Function: {{Runtime: python3.13}}}}
Parameters:
  Architecture: {{Type: String}}
{imports}
Resources:
  Layer:
    Type: AWS::Serverless::LayerVersion
    Metadata: {{BuildMethod: python3.13, BuildArchitecture: !Ref Architecture}}
    Properties:
      ContentUri: {up}src/shared
      CompatibleRuntimes: [python3.13]
  Function:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: {up}src/{root}
      Handler: handler.handler
"""


def make_checkout(root: Path) -> Path:
    """Write the checkout, with the same imports between stacks as in the real one."""
    workspace = Workspace(root)
    sam = root / ".venvs" / "sam" / "bin" / "sam"
    sam.parent.mkdir(parents=True)
    artefacts = " ".join(one.capitalize() for one in {"shared", *ROOTS.values()})
    sam.write_text(_SAM.format(root=root, artefacts=artefacts, services=" ".join(SERVICES)))
    sam.chmod(0o755)
    sam.with_name("python3.13").symlink_to(sys.executable)
    (root / "stacks").mkdir()
    tables = []
    for stack, template in workspace.templates.items():
        up = "" if stack == "registration" else "../"
        template.write_text(_TEMPLATE.format(imports=_imports(stack), up=up, root=ROOTS[stack]))
        tables.append(_table(stack, template))
    (root / "samconfig.toml").write_text("".join(tables))
    for context in {"shared", *ROOTS.values()}:
        (root / "src" / context).mkdir(parents=True)
        (root / "src" / context / "handler.py").write_text("")
    return root


def _imports(stack: str) -> str:
    parameters = {
        "platform": (),
        "registration": ("Platform", "AnalyticsStack"),
        "voting": ("Platform", "ElectionsStack"),
        "audit": ("Platform", "VotingStack"),
        "reconciliation": ("Platform", "CredentialsStack", "AnalyticsStack"),
    }
    names = parameters.get(stack, ("Platform",))
    return "".join(f"  {name}: {{Type: String}}\n" for name in names)


def _table(stack: str, template: Path) -> str:
    return f"""
[{named("local", stack)}.deploy.parameters]
stack_name = "{named("civic-local", stack)}"
template_file = ".civic/build/{template.name}"
parameter_overrides = [
    "Platform=civic-local-platform",
    "ElectionsStack=civic-local-elections",
    "VotingStack=civic-local-voting",
]
"""


def engine_of(root: Path, elsewhere: Path | None = None) -> Engine:
    """Return an engine that is never started."""
    workspace = Workspace(root, elsewhere)
    workspace.state.mkdir(exist_ok=True)
    return Engine(workspace, 14998)


def calls(root: Path) -> list[str]:
    """Return how sam has been called, and forget it."""
    log = root / "calls"
    lines = log.read_text().splitlines() if log.exists() else []
    log.unlink(missing_ok=True)
    return lines


class _Account:
    """CloudFormation in an account with some stacks in a good state."""

    def __init__(self, stacks: Iterable[str]) -> None:
        self.stacks = tuple(stacks)

    def find_stacks(self) -> dict[str, dict[str, str]]:
        return {stack: {} for stack in self.stacks}

    def find_stack(self, name: str) -> dict[str, str] | None:
        return {"StackStatus": "CREATE_COMPLETE"} if name in self.stacks else None

    def resources(self, stack: str) -> list[tuple[str, str]]:
        assert stack
        return []


def account(stacks: Iterable[str] = ()) -> Target:
    """Return a target that has exactly these stacks, whatever is deployed."""
    return cast("Target", _Account(stacks))


EVERY_STACK = [named("civic-local", stack) for stack in STACKS]
EVERY_TABLE = [f"deploy {named('local', stack)}" for stack in STACKS]
