"""Brings the templates into the embedded engine: build, deploy, and what the engine left out."""

import platform
import tomllib
from pathlib import Path

from civic.stack.engine import Engine, require_room
from civic.stack.fingerprint import fingerprint
from civic.stack.sam import Sam
from civic.stack.target import Target
from civic.stack.unmodelled import apply_settings
from civic.stack.workspace import Workspace
from civic.terminal.console import step
from civic.terminal.failures import DeployFailed
from civic.terminal.locks import one_at_a_time

CONFIGURATIONS = ("local", "local-voting", "local-audit")
"""The tables of samconfig.toml for this machine, in the order in which the stacks build on each
other; the templates of a workspace stand in the same order.
"""

_ARM = {"aarch64", "arm64"}
_BROKEN = {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED"}


def deploy(target: Target, engine: Engine) -> bool:
    """Build and deploy the templates into the running engine unless nothing changed since.

    Args:
        target: The identity stack in the engine.
        engine: The engine, running.

    Returns:
        True if they were deployed now, False if the stacks were up to date.

    Raises:
        DeployFailed: sam refused; the message ends with its last words.
        DiskFull: Less than 1 GiB is free.
    """
    workspace = engine.workspace
    deployed = workspace.state / "deployed"
    current = fingerprint(workspace.root, local_parameters(workspace))
    if _is(deployed, current) and all(stack.find_outputs() is not None for stack in _all(target)):
        return False
    for template in workspace.templates:
        if not template.exists():
            raise DeployFailed(f"{template.name} is missing")
    require_room(workspace.state)
    deployed.unlink(missing_ok=True)
    # Among the artefacts, so that it goes when they go.
    built = workspace.artefacts / "build" / "fingerprint"
    # Another engine of this checkout must not build while this one deploys what was built.
    with one_at_a_time(workspace.artefacts / "build.lock"):
        if not _is(built, current):
            built.unlink(missing_ok=True)
            with step("sam build"):
                for config in CONFIGURATIONS:
                    Sam(engine, config).build(local_parameters(workspace, config))
            built.write_text(current)
        with step("sam deploy"):
            for stack, template, config in zip(
                _all(target), workspace.templates, CONFIGURATIONS, strict=True
            ):
                _clear_broken_stack(stack)
                Sam(engine, config).deploy(local_parameters(workspace, config))
                apply_settings(stack, template)
    deployed.write_text(current)
    return True


def _all(target: Target) -> tuple[Target, ...]:
    return target, target.voting, target.audit


def _is(stamp: Path, fingerprint_now: str) -> bool:
    return stamp.exists() and stamp.read_text() == fingerprint_now


def local_parameters(workspace: Workspace, config: str = CONFIGURATIONS[0]) -> list[str]:
    """Give a template's parameters for this machine, `Name=value`."""
    settings = tomllib.loads((workspace.root / "samconfig.toml").read_text())
    named: list[str] = settings[config]["deploy"]["parameters"]["parameter_overrides"]
    architecture = "arm64" if platform.machine().lower() in _ARM else "x86_64"
    return [*named, f"Architecture={architecture}"]


def _clear_broken_stack(target: Target) -> None:
    """Delete a stack whose first creation failed; CloudFormation cannot update one."""
    if target.find_outputs() is None:
        return
    stack = target.cloudformation.describe_stacks(StackName=target.stack)["Stacks"][0]
    if stack["StackStatus"] in _BROKEN:
        target.cloudformation.delete_stack(StackName=target.stack)
        waiter = target.cloudformation.get_waiter("stack_delete_complete")
        waiter.wait(StackName=target.stack, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
