"""The section of cold starts, on artefacts so small that they start at once."""

import sys
from dataclasses import replace
from pathlib import Path
from zipfile import ZipFile

import pytest

from civic.lab.bench.artefacts import measure_artefacts
from civic.lab.bench.deployment import Function
from civic.lab.bench.report import MeasurementFailed, Section
from civic.stack.bytecode import compile_folder

NAMES = ("gateway", "enqueuer", "results", "tally")
FUNCTION = Function(
    name="",
    module="",
    environment={},
    memory_mb=512,
    queue=None,
    batch_size=1,
    traced=False,
    silent=False,
)
LAYER = {
    "python/civic/runtime/clients.py": (
        "import os\n\n\ndef now(): raise SystemExit('no client')\n\n\n"
        "def kms(): raise SystemExit(f'made with {os.environ[\"KEY\"]}')\n"
    )
}
HANDLER = "from civic.runtime import clients\n\n\ndef handler(*_): return clients.now()\n"


def measured(folder: Path, code: dict[str, str], compiled: tuple[str, ...]) -> Section:
    """Make the artefacts as a build leaves them, and measure."""
    for name, files in {"Shared": LAYER, "Voting": code}.items():
        for file, content in files.items():
            (folder / name / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / name / file).write_text(content)
        if name in compiled:
            compile_folder(Path(sys.executable), folder / name, "/var/task")
        with ZipFile(folder / f"{name}.zip", "w") as archive:
            for one in (folder / name).rglob("*.py*"):
                archive.write(one, one.relative_to(folder / name))
    functions = [
        replace(FUNCTION, name=name, module=f"civic.voting.{name}", environment={"KEY": name})
        for name in NAMES
    ]
    return measure_artefacts(folder, functions, lambda *_: lambda: None)


@pytest.fixture
def code() -> dict[str, str]:
    return {f"civic/voting/{name}.py": HANDLER for name in NAMES}


def test_every_function_is_a_multiple_of_the_floor_and_every_module_is_looked_at(
    tmp_path: Path, code: dict[str, str]
) -> None:
    document = measured(tmp_path, code, compiled=("Shared",)).document()
    ratios = document["cold_import_ratio_as_shipped"]
    assert set(ratios) == set(NAMES)
    assert all(0 < ratio < 1 for ratio in ratios.values())
    assert set(document["without_bytecode"]["cold_import_ratio_as_shipped"]) == set(NAMES)
    assert document["pyc_missing"] == len(code)


def test_clients_are_made_in_the_functions_environment(
    tmp_path: Path, code: dict[str, str]
) -> None:
    code["civic/voting/tally.py"] += "\n\ndef keys(): return clients.kms()\n"
    with pytest.raises(MeasurementFailed, match="made with tally"):
        measured(tmp_path, code, compiled=("Shared", "Voting"))
