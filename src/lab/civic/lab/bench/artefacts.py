"""Cold starts: handlers and their AWS clients, imported from the artefacts as they are shipped.

Fresh interpreters, one after the other, every program once per round, so that whatever slows the
machine down slows all of them. Every figure is a multiple of importing boto3 and making a client.
"""

import importlib.util
import os
import re
import statistics
import subprocess
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zipfile import ZipFile

import boto3

from civic.lab.bench.deployment import Function
from civic.lab.bench.report import Begin, MeasurementFailed, Section, Target, Tick
from civic.stack.build import artefact

ROUNDS = 4
ANSWERING = ("gateway", "enqueuer", "results")
"""The functions whose answer people wait for most often."""
_LAYER = artefact(Path("shared"))
_FLOOR_EVERY = 8
"""All figures rest on the floor: it is measured again after so many others."""
_CLIENT = re.compile(r"\bclients\.(?!now\b)(\w+)\(\)")
_TIMED = "import time; began = time.process_time()\n{}\nprint(time.process_time() - began)"


@dataclass(frozen=True, slots=True)
class Program:
    """What a fresh interpreter runs, and is timed for."""

    code: str
    path: Sequence[Path]
    environment: Mapping[str, str]

    def seconds(self) -> float:
        """Run it once.

        Raises:
            MeasurementFailed: It ended with an error.
        """
        done = subprocess.run(
            # Nothing is found but what is shipped: not this environment's own packages.
            [sys.executable, "-S", "-P", "-c", _TIMED.format(self.code)],
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": os.pathsep.join(map(str, self.path)),
                "AWS_DEFAULT_REGION": "eu-west-1",
                "AWS_EC2_METADATA_DISABLED": "true",
                **self.environment,
            },
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
        )
        if done.returncode:
            raise MeasurementFailed(f"a cold start fails: {done.stderr[-500:]}")
        return float(done.stdout)


def measure_artefacts(built: Path, functions: Collection[Function], begin: Begin) -> Section:
    """Measure the cold start of every function, and once without bytecode.

    Args:
        built: The folder of the artefacts, as they are uploaded.
        functions: What is in them.
        begin: Begins a bar of progress.
    """
    with TemporaryDirectory() as scratch:
        whole, bare = Path(scratch, "whole"), Path(scratch, "bare")
        for archive in map(ZipFile, built.glob("*.zip")):
            with archive:
                names = archive.namelist()
                unpacked = Path(archive.filename or "").stem
                archive.extractall(whole / unpacked)
                archive.extractall(bare / unpacked, [one for one in names if one[-4:] != ".pyc"])
        shipped, without = _programs(whole, functions), _programs(bare, functions)
        floor = _floor(Path(scratch, "bytecode"))
        tick = begin("cold starts", (ROUNDS + 1) * len(shipped))
        # Compiles what the floor and Python itself have not compiled yet.
        floor.seconds()
        return _section(
            _ratios(shipped, floor, ROUNDS, tick),
            _ratios(without, floor, 1, tick),
            sum(not _bytecode(module).exists() for module in whole.rglob("*.py")),
        )


def _bytecode(module: Path) -> Path:
    return Path(importlib.util.cache_from_source(str(module)))


def _programs(unpacked: Path, functions: Collection[Function]) -> dict[str, Program]:
    found = {}
    for function in functions:
        _, context, *_ = function.module.split(".")
        code = unpacked / artefact(Path(context))
        found[function.name] = Program(
            _start(code, function.module),
            (unpacked / _LAYER / "python", code),
            # Lambda's folders are read-only.
            {**function.environment, "PYTHONDONTWRITEBYTECODE": "1"},
        )
    return found


def _start(code: Path, module: str) -> str:
    """Return what imports a handler and makes the clients that its composition names."""
    source = (code / module.replace(".", "/")).with_suffix(".py")
    text = source.read_text("utf-8")
    if " composition\n" in text:
        text += (source.parents[1] / "composition.py").read_text("utf-8")
    made = [f"clients.{client}()" for client in sorted(set(_CLIENT.findall(text)))]
    return "\n".join([f"import {module}", "from civic.runtime import clients", *made])


def _floor(bytecode: Path) -> Program:
    # This environment's packages need not be compiled; the first, uncounted run does it.
    return Program(
        "import boto3; boto3.client('dynamodb')",
        (Path(boto3.__file__).parents[1],),
        {"PYTHONPYCACHEPREFIX": str(bytecode)},
    )


def _ratios(
    programs: Mapping[str, Program], floor: Program, rounds: int, tick: Tick
) -> dict[str, float]:
    """Return each program's median over that of the floor."""
    floors: list[float] = []
    times: dict[str, list[float]] = {name: [] for name in programs}
    for _ in range(rounds):
        for place, (name, program) in enumerate(programs.items()):
            if place % _FLOOR_EVERY == 0:
                floors.append(floor.seconds())
            times[name].append(program.seconds())
            tick()
    least = statistics.median(floors)
    return {name: statistics.median(taken) / least for name, taken in times.items()}


def _section(shipped: Mapping[str, float], bare: Mapping[str, float], missing: int) -> Section:
    return Section(
        name="artefacts",
        figures=_figures(shipped) | {"pyc_missing": missing},
        baseline=_figures(bare),
        targets=[
            Target("slowest_that_answers", f"slowest of {', '.join(ANSWERING)}", 1.3),
            Target("slowest_of_the_others", "slowest of the other functions", 1.9),
            Target("pyc_missing", "modules without bytecode", 0),
        ],
        tables={},
        details={"floor": "boto3 and a DynamoDB client", "rounds": ROUNDS},
        other="without_bytecode",
    )


def _figures(ratios: Mapping[str, float]) -> dict[str, Any]:
    return {
        "cold_import_ratio_as_shipped": dict(ratios),
        "slowest_that_answers": max(ratios[name] for name in ANSWERING),
        "slowest_of_the_others": max(ratios[name] for name in ratios.keys() - set(ANSWERING)),
    }
