"""Where things are in a checkout: the environments, and the engine's `.civic` directory."""

import os
from dataclasses import dataclass
from pathlib import Path

from civic.stack.stacks import STACKS, template_file
from civic.terminal.failures import SetupMissing


@dataclass(frozen=True)
class Workspace:
    """The places that the commands read or write.

    Attributes:
        root: The root of the checkout.
        elsewhere: Where the engine's state is instead of in the checkout's `.civic`, for a second
        engine beside the checkout's own; None for the usual place.
    """

    root: Path
    elsewhere: Path | None = None

    @property
    def state(self) -> Path:
        """The engine's state, which `make clean` removes together with the artefacts."""
        return self.elsewhere or self.artefacts

    @property
    def artefacts(self) -> Path:
        """What `sam build` makes for `sam deploy`, shared by all engines of the checkout."""
        return self.root / ".civic"

    @property
    def templates(self) -> dict[str, Path]:
        """The template of every stack, in the order of ``STACKS``."""
        return {stack: self.root / template_file(stack) for stack in STACKS}

    @property
    def output(self) -> Path:
        """The directory of reports: `out/`."""
        return self.root / "out"

    @property
    def engine_python(self) -> Path:
        """The interpreter of the engine's environment.

        Raises:
            SetupMissing: `make setup` has not run.
        """
        return self._present(self.root / ".venvs" / "engine" / "bin" / "python")

    @property
    def sam(self) -> Path:
        """The `sam` program, which is beside the interpreter that builds the functions.

        Raises:
            SetupMissing: `make setup` has not run.
        """
        return self._present(self.root / ".venvs" / "sam" / "bin" / "sam")

    def _present(self, program: Path, made_by: str = "make setup") -> Path:
        if not program.exists():
            raise SetupMissing(f"{program.relative_to(self.root)} is missing; run `{made_by}`")
        return program


def here() -> Workspace:
    """Return the workspace of the checkout that this command is installed from.

    CIVIC_STATE can name another directory for the engine's state.
    """
    elsewhere = os.environ.get("CIVIC_STATE")
    root = Path(__file__).resolve().parents[4]
    return Workspace(root, Path(elsewhere).absolute() if elsewhere else None)
