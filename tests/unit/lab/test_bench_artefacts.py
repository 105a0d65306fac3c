"""The section of cold starts, on artefacts so small that they start at once."""

import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from civic.lab.bench.artefacts import measure_artefacts
from civic.lab.bench.deployment import Function
from civic.lab.bench.report import MeasurementFailed, Section
from civic.stack.bytecode import compile_folder

FUNCTIONS = ("gateway", "enqueuer", "results", "tally")
LAYER = {
    "python/civic/runtime/clients.py": (
        "import os\n\n\ndef now(): raise SystemExit('no client')\n\n\n"
        "def kms(): raise SystemExit(f'made with {os.environ[\"KEY\"]}')\n"
    )
}
HANDLER = "from civic.runtime import clients\n\n\ndef handler(*_): return clients.now()\n"


def built(folder: Path, code: dict[str, str], compiled: tuple[str, ...]) -> Path:
    """Make artefacts as a build leaves them."""
    for name, files in {"Shared": LAYER, "Code": code}.items():
        for file, content in files.items():
            (folder / name / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / name / file).write_text(content)
        if name in compiled:
            compile_folder(Path(sys.executable), folder / name, "/var/task")
        with ZipFile(folder / f"{name}.zip", "w") as archive:
            for one in (folder / name).rglob("*.py*"):
                archive.write(one, one.relative_to(folder / name))
    return folder


def measured(folder: Path) -> Section:
    functions = [
        Function(
            name, f"civic.code.{name}", {"KEY": name}, 512, None, 1, traced=False, silent=False
        )
        for name in FUNCTIONS
    ]
    return measure_artefacts(folder, functions, lambda *_: lambda: None)


@pytest.fixture
def code() -> dict[str, str]:
    return {f"civic/code/{name}.py": HANDLER for name in FUNCTIONS}


def test_every_function_is_a_multiple_of_the_floor_and_every_module_is_looked_at(
    tmp_path: Path, code: dict[str, str]
) -> None:
    document = measured(built(tmp_path, code, compiled=("Shared",))).document()
    ratios = document["cold_import_ratio_as_shipped"]
    assert set(ratios) == set(FUNCTIONS)
    assert all(0 < ratio < 1 for ratio in ratios.values())
    assert set(document["without_bytecode"]["cold_import_ratio_as_shipped"]) == set(FUNCTIONS)
    assert document["pyc_missing"] == len(code)


def test_clients_are_made_in_the_functions_environment(
    tmp_path: Path, code: dict[str, str]
) -> None:
    code["civic/code/tally.py"] += "\n\ndef keys(): return clients.kms()\n"
    with pytest.raises(MeasurementFailed, match="made with tally"):
        measured(built(tmp_path, code, compiled=("Shared", "Code")))
