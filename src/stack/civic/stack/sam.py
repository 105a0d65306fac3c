"""Runs the `sam` program: quiet while it works, its last words when it does not."""

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

from civic.stack.engine import CREDENTIALS, REGION, Engine, no_room
from civic.terminal.failures import DeployFailed

_TAIL_LINES = 20


@dataclass(frozen=True)
class Sam:
    """The `sam` program, pointed at the embedded engine."""

    engine: Engine
    config: str
    """The table of samconfig.toml that says which stack, such as ``local``."""

    def build(self, parameters: Sequence[str]) -> None:
        """Build the layer and the functions.

        Args:
            parameters: The template's parameters, `Name=value`.

        Raises:
            DeployFailed: sam ended with an error.
            DiskFull: There was no room for the artefacts.
        """
        self._run("build", parameters)

    def deploy(self, parameters: Sequence[str]) -> None:
        """Deploy what was built.

        Args:
            parameters: The template's parameters, `Name=value`.

        Raises:
            DeployFailed: sam ended with an error, or the stack was rolled back.
            DiskFull: There was no room for the artefacts.
        """
        self._run("deploy", parameters)

    def _run(self, verb: str, parameters: Sequence[str]) -> None:
        workspace = self.engine.workspace
        done = subprocess.run(
            [
                workspace.sam,
                verb,
                "--config-env",
                self.config,
                "--parameter-overrides",
                *parameters,
            ],
            cwd=workspace.root,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )
        (workspace.state / f"sam-{verb}-{self.config}.log").write_text(done.stdout)
        if done.returncode == 0:
            return
        if "No space left on device" in done.stdout:
            raise no_room()
        tail = "\n".join(done.stdout.strip().splitlines()[-_TAIL_LINES:])
        raise DeployFailed(f"sam {verb} failed; its output ends:\n{tail}")

    def _environment(self) -> dict[str, str]:
        """Give our environment, without anything in it that leads to a real AWS account."""
        ours = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        # The certificates of the machine, which a registry's mirror may need.
        if "AWS_CA_BUNDLE" in os.environ:
            ours["AWS_CA_BUNDLE"] = os.environ["AWS_CA_BUNDLE"]
        programs = self.engine.workspace.sam.parent
        return ours | {
            # sam builds with the interpreter that `Runtime` names; it stands beside sam.
            "PATH": f"{programs}{os.pathsep}{ours.get('PATH', os.defpath)}",
            "AWS_ENDPOINT_URL": self.engine.endpoint,
            "AWS_ACCESS_KEY_ID": CREDENTIALS[0],
            "AWS_SECRET_ACCESS_KEY": CREDENTIALS[1],
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_PROXY": ",".join(filter(None, [ours.get("NO_PROXY"), "127.0.0.1"])),
            "SAM_CLI_TELEMETRY": "0",
            # Otherwise sam writes to the home directory.
            "__SAM_CLI_APP_DIR": str(self.engine.workspace.state / "sam"),
            # The locks are complete, and what the layer brings is left out of the functions'.
            "PIP_NO_DEPS": "1",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        }
