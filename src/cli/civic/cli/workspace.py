"""Where things stand in a checkout: the environments, and the engine's `.civic` directory."""

from dataclasses import dataclass
from pathlib import Path

from civic.cli.failures import SetupMissing


@dataclass(frozen=True)
class Workspace:
    """The places below the root of a checkout that the command reads or writes."""

    root: Path

    @property
    def state(self) -> Path:
        """Everything that `make clean` removes: the engine's state and the built artefacts."""
        return self.root / ".civic"

    @property
    def build(self) -> Path:
        """What `sam build` leaves for `sam deploy`."""
        return self.state / "build"

    @property
    def template(self) -> Path:
        """The identity pipeline."""
        return self.root / "template.yaml"

    @property
    def output(self) -> Path:
        """Reports for the reader: `out/`."""
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
        """The `sam` program; beside it stands the interpreter that builds the functions.

        Raises:
            SetupMissing: `make setup` has not run.
        """
        return self._present(self.root / ".venvs" / "sam" / "bin" / "sam")

    def _present(self, program: Path) -> Path:
        if not program.exists():
            raise SetupMissing(f"{program.relative_to(self.root)} is missing; run `make setup`")
        return program


def here() -> Workspace:
    """Give the workspace of the checkout this command is installed from."""
    return Workspace(Path(__file__).resolve().parents[4])
