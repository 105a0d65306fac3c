from pathlib import Path
from typing import Any, cast

import pytest

from civic.stack.deploy import deploy
from civic.stack.engine import Engine
from civic.stack.target import Target
from civic.stack.workspace import Workspace, here
from civic.terminal.failures import DeployFailed

SAM = """#!/bin/sh
echo "$1" >> "{calls}"
mkdir -p "{root}/.civic/build"
test ! -e "{root}/refuse-$1"
"""


class EmptyAccount:
    """A target that never has a stack, so that every deployment is a first one."""

    stack = "civic-local"

    class cloudformation:  # noqa: N801 - stands in for a client
        @staticmethod
        def get_paginator(_: str) -> Any:
            return EmptyAccount.cloudformation

        @staticmethod
        def paginate(**_: str) -> list[Any]:
            return []

    @staticmethod
    def find_outputs() -> None:
        return None

    @property
    def voting(self) -> "EmptyAccount":
        return self

    audit = voting


NOWHERE = cast("Target", EmptyAccount())


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "checkout"
    sam = root / ".venvs" / "sam" / "bin" / "sam"
    sam.parent.mkdir(parents=True)
    sam.write_text(SAM.format(root=root, calls=root / "calls"))
    sam.chmod(0o755)
    (root / "stacks").mkdir()
    for template in ("template.yaml", "stacks/voting.yaml", "stacks/audit.yaml"):
        (root / template).write_text("Resources: {}\n")
    (root / "samconfig.toml").write_text(
        '[local.deploy.parameters]\nparameter_overrides = ["Environment=local"]\n'
        '[local-voting.deploy.parameters]\nparameter_overrides = ["Environment=local"]\n'
        '[local-audit.deploy.parameters]\nparameter_overrides = ["Environment=local"]\n'
    )
    for context in ("shared", "identity", "analytics", "voting", "audit"):
        (root / "src" / context).mkdir(parents=True)
    return root


def engine_of(root: Path, elsewhere: Path | None = None) -> Engine:
    workspace = Workspace(root, elsewhere)
    workspace.state.mkdir(exist_ok=True)
    return Engine(workspace, 14998)


def calls(root: Path) -> list[str]:
    return (root / "calls").read_text().split()


def test_state_stands_in_the_checkout_unless_told_otherwise(tmp_path: Path) -> None:
    assert Workspace(tmp_path).state == tmp_path / ".civic"
    assert Workspace(tmp_path, tmp_path / "other").state == tmp_path / "other"


def test_artefacts_stay_in_the_checkout(tmp_path: Path) -> None:
    assert Workspace(tmp_path, tmp_path / "other").artefacts == tmp_path / ".civic"


def test_here_takes_the_state_directory_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CIVIC_STATE", str(tmp_path))
    assert here().state == tmp_path
    monkeypatch.delenv("CIVIC_STATE")
    assert here().state == here().root / ".civic"


def test_here_makes_a_relative_state_directory_absolute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CIVIC_STATE", "state")
    assert here().state == tmp_path / "state"


def test_deploy_builds_once_for_all_engines_of_a_checkout(root: Path, tmp_path: Path) -> None:
    assert deploy(NOWHERE, engine_of(root))
    assert deploy(NOWHERE, engine_of(root, tmp_path / "other"))
    assert calls(root) == [*["build"] * 3, *["deploy"] * 6]


def test_deploy_builds_again_after_a_change(root: Path) -> None:
    deploy(NOWHERE, engine_of(root))
    (root / "src" / "identity" / "handler.py").write_text("changed = True\n")
    deploy(NOWHERE, engine_of(root))
    assert calls(root) == [*["build"] * 3, *["deploy"] * 3] * 2


def test_deploy_builds_again_after_a_failed_build(root: Path) -> None:
    refusal = root / "refuse-build"
    refusal.touch()
    with pytest.raises(DeployFailed):
        deploy(NOWHERE, engine_of(root))
    refusal.unlink()
    deploy(NOWHERE, engine_of(root))
    assert calls(root) == ["build"] * 4 + ["deploy"] * 3
