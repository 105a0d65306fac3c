"""Deploys the stacks to the embedded engine: build, deploy, and add what the engine leaves out."""

import platform
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from graphlib import TopologicalSorter
from pathlib import Path
from threading import Lock

from civic.stack.build import build, code_roots
from civic.stack.engine import Engine, require_room
from civic.stack.fingerprint import fingerprint
from civic.stack.sam import sam_deploy
from civic.stack.samconfig import Deployment, deployments
from civic.stack.target import Target
from civic.stack.unmodelled import apply_settings
from civic.stack.workspace import Workspace
from civic.terminal.console import step
from civic.terminal.failures import DeployFailed
from civic.terminal.locks import one_at_a_time

_ARM = {"aarch64", "arm64"}
_BROKEN = {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED"}
_AT_ONCE = 2
_SETTING = Lock()


def deploy(target: Target, engine: Engine) -> list[str]:
    """Build, and deploy to the running engine every stack that has changed.

    Args:
        target: The system in the engine.
        engine: The engine, running.

    Returns:
        The names of the stacks that were deployed; none if all were up to date.

    Raises:
        DeployFailed: sam failed; the message ends with its last lines of output.
        DiskFull: Less than 1 GiB is free.
    """
    workspace = engine.workspace
    for template in workspace.templates.values():
        if not template.exists():
            raise DeployFailed(f"{template.name} is missing")
    stacks = local_stacks(workspace)
    there = target.find_stacks()
    changed = {
        stack.name: stack
        for stack in stacks
        if stack.name not in there
        or not _is(_deployed(workspace, stack), _current(workspace, stack))
    }
    if not changed:
        return []
    require_room(workspace.state)
    # Another engine of this checkout must not build while this one deploys what was built.
    with one_at_a_time(workspace.artefacts / "build.lock"):
        build_changed(workspace, stacks)
        with step(f"sam deploy, {len(changed)} of {len(stacks)} stacks"):
            in_order(changed, lambda stack: _deploy(target, engine, stack))
    return list(changed)


def build_changed(workspace: Workspace, stacks: Collection[Deployment]) -> None:
    """Build, unless the last build, perhaps for another engine, was of the same sources.

    Args:
        workspace: The checkout; the caller holds the lock ``build.lock`` among its artefacts.
        stacks: The stacks of this machine.

    Raises:
        DeployFailed: sam failed; the message ends with its last lines of output.
        DiskFull: There was not enough space for the artefacts.
    """
    current = "\n".join(_current(workspace, stack) for stack in stacks)
    # Kept among the artefacts, so that it is removed together with them.
    stamp = workspace.artefacts / "build" / "fingerprint"
    if _is(stamp, current):
        return
    with step("sam build"):
        build(workspace, stacks)
    stamp.write_text(current)


def local_stacks(workspace: Workspace) -> tuple[Deployment, ...]:
    """Return the stacks with their parameters for this machine."""
    architecture = "arm64" if platform.machine().lower() in _ARM else "x86_64"
    return deployments(workspace, "local", {"Architecture": architecture})


def in_order(stacks: Mapping[str, Deployment], work: Callable[[Deployment], None]) -> None:
    """Process each stack, two at a time, but never before the stacks that it imports from.

    Once one fails, or the command is interrupted, no other is started.

    Args:
        stacks: The stacks by their names.
        work: What to do with each; it runs in a thread.
    """
    waiting = TopologicalSorter({name: stack.after(stacks) for name, stack in stacks.items()})
    waiting.prepare()
    running: dict[Future[None], str] = {}
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        try:
            while waiting.is_active():
                for name in waiting.get_ready():
                    running[pool.submit(work, stacks[name])] = name
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    future.result()
                    waiting.done(running.pop(future))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _deploy(target: Target, engine: Engine, stack: Deployment) -> None:
    stamp = _deployed(engine.workspace, stack)
    stamp.unlink(missing_ok=True)
    _clear_broken_stack(target, stack.name)
    sam_deploy(engine, stack.config, stack.parameters)
    # It makes clients, which boto3 does not do safely in two threads at once.
    with _SETTING:
        apply_settings(target, stack)
    stamp.parent.mkdir(exist_ok=True)
    stamp.write_text(_current(engine.workspace, stack))


def _deployed(workspace: Workspace, stack: Deployment) -> Path:
    """Return where the fingerprint of the last deployment is kept."""
    return workspace.state / "deployed" / stack.name


def _current(workspace: Workspace, stack: Deployment) -> str:
    sources = {stack.template, *code_roots(stack.template)}
    return fingerprint(workspace.root, sources, stack.parameters)


def _is(stamp: Path, current: str) -> bool:
    return stamp.exists() and stamp.read_text() == current


def _clear_broken_stack(target: Target, name: str) -> None:
    """Delete a stack whose first creation failed; CloudFormation cannot update one."""
    stack = target.find_stack(name)
    if stack is not None and stack["StackStatus"] in _BROKEN:
        target.cloudformation.delete_stack(StackName=name)
        waiter = target.cloudformation.get_waiter("stack_delete_complete")
        waiter.wait(StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
