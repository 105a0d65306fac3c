"""Runs the `sam` program quietly, and shows its last lines of output if it fails."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from civic.stack.engine import CREDENTIALS, REGION, Engine, no_room
from civic.stack.workspace import Workspace
from civic.terminal.failures import DeployFailed

_TAIL_LINES = 20


def sam_build(workspace: Workspace, template: Path, folder: Path) -> None:
    """Build the code that a template names, into a folder.

    Args:
        workspace: The checkout.
        template: The template to build.
        folder: The folder to build into, which is emptied first.

    Raises:
        DeployFailed: sam ended with an error.
        DiskFull: There was not enough space for the artefacts.
    """
    words = ("--template-file", template, "--build-dir", folder, "--cached", "--parallel")
    _run(workspace, "build", words, {}, "sam-build.log")


def sam_deploy(engine: Engine, config: str, parameters: Mapping[str, str]) -> None:
    """Deploy what was built for a stack to the embedded engine.

    Args:
        engine: The engine, running.
        config: The stack's table of samconfig.toml.
        parameters: The values of the template's parameters.

    Raises:
        DeployFailed: sam ended with an error, or the stack was rolled back.
        DiskFull: There was not enough space for the uploads.
    """
    given = [f"{name}={value}" for name, value in parameters.items()]
    words = ("--config-env", config, "--parameter-overrides", *given)
    _run(engine.workspace, "deploy", words, _only(engine), f"sam-deploy-{config}.log")


def _run(
    workspace: Workspace,
    verb: str,
    words: tuple[str | Path, ...],
    more: dict[str, str],
    log: str,
) -> None:
    done = subprocess.run(
        [workspace.sam, verb, *words],
        cwd=workspace.root,
        env=_environment(workspace) | more,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    (workspace.state / log).write_text(done.stdout)
    if done.returncode == 0:
        return
    if "No space left on device" in done.stdout:
        raise no_room()
    tail = "\n".join(done.stdout.strip().splitlines()[-_TAIL_LINES:])
    raise DeployFailed(f"sam {verb} failed; its output ends:\n{tail}")


def _environment(workspace: Workspace) -> dict[str, str]:
    """Return this process's environment, without anything that leads to a real AWS account."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    # Compiling sam takes longer than running it, so it is done once, whatever others prefer.
    ours.pop("PYTHONDONTWRITEBYTECODE", None)
    # The certificates of the machine, which a registry's mirror may need.
    if "AWS_CA_BUNDLE" in os.environ:
        ours["AWS_CA_BUNDLE"] = os.environ["AWS_CA_BUNDLE"]
    return ours | {
        # sam builds with the interpreter that `Runtime` names; it is beside sam.
        "PATH": f"{workspace.sam.parent}{os.pathsep}{ours.get('PATH', os.defpath)}",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "SAM_CLI_TELEMETRY": "0",
        # Otherwise sam writes to the home directory.
        "__SAM_CLI_APP_DIR": str(workspace.state / "sam"),
        # The lock files are complete, and those of the functions omit what is in the layer.
        "PIP_NO_DEPS": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }


def _only(engine: Engine) -> dict[str, str]:
    """Return the variables that point sam at the engine."""
    passed_by = filter(None, [os.environ.get("NO_PROXY"), "127.0.0.1"])
    return {
        "AWS_ENDPOINT_URL": engine.endpoint,
        "AWS_ACCESS_KEY_ID": CREDENTIALS[0],
        "AWS_SECRET_ACCESS_KEY": CREDENTIALS[1],
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        # Seconds between two looks: the engine is done at once, AWS would not be.
        "SAM_CLI_POLL_DELAY": "0.2",
        "NO_PROXY": ",".join(passed_by),
    }
