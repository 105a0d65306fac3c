"""The artefacts that `civic up` built and deployed, unpacked as Lambda does."""

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import httpx
import pytest

from civic.stack.engine import Engine
from civic.stack.target import Target
from civic.stack.template import read_template
from civic.stack.workspace import Workspace, here

LAYER = "Shared"
FUNCTIONS = ("Analytics", "Audit", "Identity", "Voting")

# CPython 3.13's, as Lambda runs it (Include/internal/pycore_magic_number.h).
MAGIC = (3571).to_bytes(2, "little") + b"\r\n"

START = """
import importlib, json, sys
for module in json.loads(sys.argv[1]):
    importlib.import_module(module)
from civic.runtime import clients
for make in (
    clients.dynamodb, clients.dynamodb_streams, clients.events, clients.kms, clients.s3, clients.sqs
):
    make()
"""


@pytest.fixture(scope="module")
def unpacked(target: Target, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Unpack what was uploaded, as Lambda does."""
    assert target.find_stacks()
    folder = tmp_path_factory.mktemp("unpacked")
    for name in (LAYER, *FUNCTIONS):
        with ZipFile(here().artefacts / "build" / f"{name}.zip") as archive:
            archive.extractall(folder / name)
    return folder


@pytest.fixture(scope="module")
def read_only(unpacked: Path) -> Iterator[Path]:
    """Remove all write permissions and spoil the sources, so that only bytecode can run."""
    for source in unpacked.rglob("*.py"):
        source.write_text("raise SystemExit('compiled at the start')")
    _let_write(unpacked, may=False)
    yield unpacked
    _let_write(unpacked, may=True)


@pytest.mark.parametrize("name", [LAYER, *FUNCTIONS])
def test_every_module_is_compiled_for_the_runtime(unpacked: Path, name: str) -> None:
    sources = list((unpacked / name).rglob("*.py"))
    assert sources
    for source in sources:
        bytecode = Path(importlib.util.cache_from_source(str(source)))
        assert bytecode.exists(), source
        with bytecode.open("rb") as file:
            head = file.read(8)
        # PEP 552: 01 is a hash that is never compared with that of the source.
        assert head == MAGIC + bytes([1, 0, 0, 0]), source


@pytest.mark.parametrize("name", [LAYER, *FUNCTIONS])
def test_no_artefact_names_this_machine(unpacked: Path, name: str) -> None:
    root = str(here().root).encode()
    named = [
        file
        for file in (unpacked / name).rglob("*")
        if file.is_file() and file.suffix != ".so" and root in file.read_bytes()
    ]
    assert not named


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_start_from_read_only_folders_and_write_nothing(
    read_only: Path, name: str
) -> None:
    before = _files(read_only)
    modules = _handlers(here(), name)
    assert modules
    subprocess.run(  # noqa: S603 - this interpreter
        # Without its own packages, which would hide that the artefacts lack some.
        [sys.executable, "-S", "-P", "-c", START, json.dumps(modules)],
        env={
            "PATH": os.defpath,
            "PYTHONPATH": f"{read_only / LAYER / 'python'}{os.pathsep}{read_only / name}",
            "AWS_DEFAULT_REGION": "eu-west-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        },
        cwd="/",
        check=True,
    )
    assert _files(read_only) == before


def test_workers_of_the_engine_share_what_it_unpacked(engine: Engine, api: httpx.Client) -> None:
    assert api.get("/privacy-notice").status_code == 200
    workers = [one for one in (engine.workspace.state / "tmp").iterdir() if (one / "code").exists()]
    assert len(workers) > 1
    assert {
        part.readlink().parent.name if part.is_symlink() else part
        for worker in workers
        for part in worker.iterdir()
        if not part.is_file()
    } == {"shared"}


def _handlers(workspace: Workspace, artefact: str) -> list[str]:
    resources: list[dict[str, Any]] = [
        resource["Properties"]
        for template in workspace.templates.values()
        for resource in read_template(template)["Resources"].values()
        if resource["Type"] == "AWS::Serverless::Function"
    ]
    return [
        function["Handler"].rpartition(".")[0]
        for function in resources
        if Path(function["CodeUri"]).name == artefact.lower()
    ]


def _files(folder: Path) -> set[tuple[Path, int]]:
    return {(file, file.stat().st_mtime_ns) for file in folder.rglob("*")}


def _let_write(folder: Path, *, may: bool) -> None:
    for place in (folder, *folder.rglob("*")):
        mode = place.stat().st_mode
        place.chmod(mode | 0o200 if may else mode & ~0o222)
