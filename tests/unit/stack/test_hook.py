"""What the engine runs first, started as the engine is, in a program that unpacks as it does."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from civic.stack import engine

HOOK = Path(engine.__file__).parent / "hook"
ENGINE = """
import subprocess, sys, zipfile
for folder in sys.stdin.read().split():
    for part in ("code", "layer_0"):
        with zipfile.ZipFile(f"{folder}/{part}.zip") as archive:
            archive.extractall(f"{folder}/{part}")
    subprocess.run([sys.executable, f"{folder}/_worker.py"], cwd=f"{folder}/code", check=True)
"""
WORKER = """
import os, sys
sys.path.insert(0, os.getcwd())
import greeting
print(greeting.SAID, os.environ.get("PYTHONPATH"))
"""


def packed(scratch: Path, worker: str, said: str) -> Path:
    """Prepare the folder of a worker as the engine does, before it unpacks anything."""
    folder = scratch / worker
    for name, content in {"code": f"SAID = {said!r}\n", "layer_0": "LAYER = 1\n"}.items():
        (folder / name).mkdir(parents=True)
        with zipfile.ZipFile(folder / f"{name}.zip", "w") as archive:
            archive.writestr(zipfile.ZipInfo("greeting.py"), content)
    (folder / "_worker.py").write_text(WORKER)
    return folder


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    """Give a folder with a program that the hook takes for the engine, and one that it does not."""
    for program in ("ministack", "another"):
        package = tmp_path / "programs" / program
        package.mkdir(parents=True)
        (package / "__main__.py").write_text(ENGINE)
    return tmp_path


def started(scratch: Path, *folders: Path, program: str = "ministack") -> list[str]:
    """Let the engine unpack and start workers; return what they say."""
    return subprocess.run(  # noqa: S603 - this interpreter
        [sys.executable, "-m", program],
        input="\n".join(map(str, folders)),
        cwd=scratch,
        env={"PYTHONPATH": f"{HOOK}{os.pathsep}{scratch / 'programs'}", "PATH": os.defpath},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()


def copies(scratch: Path) -> int:
    return sum(one.is_dir() for one in (scratch / "shared").iterdir())


def worker(scratch: Path, name: str, said: str) -> Path:
    return packed(scratch, f"ministack-lambda-{name}", said)


def test_workers_of_the_same_code_share_one_folder(scratch: Path) -> None:
    first, second = worker(scratch, "a-1", "hello"), worker(scratch, "a-2", "hello")
    assert started(scratch, first, second) == ["hello None"] * 2
    for name in ("code", "layer_0"):
        assert (first / name).resolve() == (second / name).resolve() != first / name
    assert sorted(one.name for one in first.iterdir()) == ["_worker.py", "code", "layer_0"]


def test_workers_of_different_code_share_only_the_layer(scratch: Path) -> None:
    first, second = worker(scratch, "a-1", "hello"), worker(scratch, "b-1", "bye")
    assert started(scratch, first, second) == ["hello None", "bye None"]
    assert (first / "code").resolve() != (second / "code").resolve()
    assert (first / "layer_0").resolve() == (second / "layer_0").resolve()


def test_a_copy_goes_when_no_worker_runs_it_any_more(scratch: Path) -> None:
    old, kept = worker(scratch, "a-1", "old"), worker(scratch, "b-1", "kept")
    started(scratch, old, kept)
    assert copies(scratch) == 3
    shutil.rmtree(old)
    started(scratch, worker(scratch, "a-2", "new"))
    assert copies(scratch) == 3
    assert (kept / "code" / "greeting.py").exists()


def test_a_worker_may_end_without_taking_the_copy_along(scratch: Path) -> None:
    first, second = worker(scratch, "a-1", "hello"), worker(scratch, "a-2", "hello")
    started(scratch, first)
    shutil.rmtree(first)
    assert started(scratch, second) == ["hello None"]


def test_what_breaks_off_is_no_copy(scratch: Path) -> None:
    first, second = worker(scratch, "a-1", "hello"), worker(scratch, "a-2", "hello")
    started(scratch, first)
    (copy,) = {(first / "code").resolve()}
    # As if the engine had been killed while it unpacked.
    shutil.rmtree(first)
    copy.rename(copy.with_suffix(".part"))
    (copy.with_suffix(".part") / "greeting.py").write_text("SAID = 'half")
    assert started(scratch, second) == ["hello None"]


def test_other_archives_are_unpacked_where_they_should_be(scratch: Path) -> None:
    folder = packed(scratch, "elsewhere", "hello")
    assert started(scratch, folder) == ["hello None"]
    assert not (scratch / "shared").exists()
    assert (folder / "code.zip").exists()


def test_other_programs_are_left_alone(scratch: Path) -> None:
    folder = worker(scratch, "a-1", "hello")
    (said,) = started(scratch, folder, program="another")
    assert said.startswith("hello ")
    assert not (scratch / "shared").exists()
    assert (folder / "code.zip").exists()
