"""What a worker of the engine runs first, started as the engine starts it."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from civic.stack import engine

START = Path(engine.__file__).parent / "worker"
PROGRAM = "import os, sys; sys.path.insert(0, os.getcwd()); import greeting; print(greeting.SAID)"


def unpacked(scratch: Path, worker: str, said: str, program: str = "_worker.py") -> Path:
    """Unpack a function with a layer as the engine does."""
    folder = scratch / worker
    for name, content in {"code": f"SAID = {said!r}\n", "layer_0": "LAYER = 1\n"}.items():
        (folder / name).mkdir(parents=True)
        (folder / name / "greeting.py").write_text(content)
        with zipfile.ZipFile(folder / f"{name}.zip", "w") as archive:
            archive.writestr(zipfile.ZipInfo("greeting.py"), content)
    (folder / program).write_text(PROGRAM)
    return folder


def started(folder: Path, program: str = "_worker.py") -> str:
    """Start a worker as the engine does, and return its output."""
    return subprocess.run(  # noqa: S603 - this interpreter
        [sys.executable, folder / program],
        cwd=folder / "code",
        env={"PYTHONPATH": str(START), "PATH": os.defpath},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()


def copies(scratch: Path) -> int:
    return sum(one.is_dir() for one in (scratch / "shared").iterdir())


def test_workers_of_the_same_code_share_one_folder(tmp_path: Path) -> None:
    first, second = unpacked(tmp_path, "a-1", "hello"), unpacked(tmp_path, "a-2", "hello")
    assert started(first) == started(second) == "hello"
    for name in ("code", "layer_0"):
        assert (first / name).resolve() == (second / name).resolve() != first / name
    assert sorted(one.name for one in first.iterdir()) == ["_worker.py", "code", "layer_0"]


def test_workers_of_different_code_share_only_the_layer(tmp_path: Path) -> None:
    first, second = unpacked(tmp_path, "a-1", "hello"), unpacked(tmp_path, "b-1", "good day")
    assert (started(first), started(second)) == ("hello", "good day")
    assert (first / "code").resolve() != (second / "code").resolve()
    assert (first / "layer_0").resolve() == (second / "layer_0").resolve()


def test_a_copy_goes_when_no_worker_runs_it_any_more(tmp_path: Path) -> None:
    old, kept = unpacked(tmp_path, "a-1", "old"), unpacked(tmp_path, "b-1", "kept")
    started(old)
    started(kept)
    assert copies(tmp_path) == 3
    for link in ("code", "layer_0"):
        (old / link).unlink()
    started(unpacked(tmp_path, "a-2", "new"))
    assert copies(tmp_path) == 3
    assert started(kept) == "kept"


def test_a_worker_may_end_without_taking_the_copy_along(tmp_path: Path) -> None:
    first, second = unpacked(tmp_path, "a-1", "hello"), unpacked(tmp_path, "a-2", "hello")
    started(first)
    shutil.rmtree(first)
    assert started(second) == "hello"


def test_other_programs_are_left_alone(tmp_path: Path) -> None:
    folder = unpacked(tmp_path, "a-1", "hello", program="other.py")
    assert started(folder, "other.py") == "hello"
    assert not (tmp_path / "shared").exists()
    assert (folder / "code.zip").exists()
