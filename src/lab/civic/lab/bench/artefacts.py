"""Cold starts: handlers and their AWS clients, imported from the artefacts as they are shipped.

Each runs in a fresh interpreter, one after the other, every function once per round, so that
whatever slows the machine down slows all of them. Every figure is a multiple of the time that it
takes to import boto3 and make a client, called the floor.
"""

import importlib.util
import os
import re
import statistics
import subprocess
import sys
from collections.abc import Callable, Collection, Mapping
from functools import partial
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
_FLOOR_EVERY = 8
"""All figures depend on the floor, so it is measured again after this many others."""
_CLIENT = re.compile(r"\bclients\.(?!now\b)(\w+)\(\)")
_TIMED = "import time; began = time.process_time()\n{}\nprint(time.process_time() - began)"

type Start = Callable[[], float]
"""Starts something in a fresh interpreter and returns its processor time in seconds."""


def measure_artefacts(built: Path, functions: Collection[Function], begin: Begin) -> Section:
    """Measure the cold start of every function, and once more without bytecode.

    Args:
        built: The folder with the artefacts as they are uploaded.
        functions: The functions in them.
        begin: Starts a progress bar.
    """
    with TemporaryDirectory() as scratch:
        whole, bare = Path(scratch, "whole"), Path(scratch, "bare")
        for file in built.glob("*.zip"):
            with ZipFile(file) as archive:
                sources = [name for name in archive.namelist() if not name.endswith(".pyc")]
                archive.extractall(whole / file.stem)
                archive.extractall(bare / file.stem, sources)
        bytecode = {"PYTHONPYCACHEPREFIX": str(Path(scratch, "bytecode"))}
        floor = partial(
            _start,
            "import boto3; boto3.client('dynamodb')",
            (Path(boto3.__file__).parents[1],),
            bytecode,
        )
        # Compiles the modules of the floor, and of Python itself, that are not compiled yet.
        floor()
        tick = begin("cold starts", (ROUNDS + 1) * len(functions))
        return _section(
            _ratios({one.name: _cold(whole, one) for one in functions}, floor, ROUNDS, tick),
            _ratios({one.name: _cold(bare, one) for one in functions}, floor, 1, tick),
            sum(not _bytecode(module).exists() for module in whole.rglob("*.py")),
        )


def _bytecode(module: Path) -> Path:
    return Path(importlib.util.cache_from_source(str(module)))


def _cold(unpacked: Path, function: Function) -> Start:
    """Return a start that imports a handler and makes the clients its composition names."""
    _, context, *_ = function.module.split(".")
    code = unpacked / artefact(Path(context))
    source = (code / function.module.replace(".", "/")).with_suffix(".py")
    text = source.read_text("utf-8")
    if " composition\n" in text:
        text += (source.parents[1] / "composition.py").read_text("utf-8")
    made = [f"clients.{client}()" for client in sorted(set(_CLIENT.findall(text)))]
    return partial(
        _start,
        "\n".join([f"import {function.module}", "from civic.runtime import clients", *made]),
        (unpacked / artefact(Path("shared")) / "python", code),
        # Lambda's folders are read-only.
        {**function.environment, "PYTHONDONTWRITEBYTECODE": "1"},
    )


def _start(code: str, path: Collection[Path], environment: Mapping[str, str]) -> float:
    done = subprocess.run(
        # Only what is on the path is found, and none of this environment's own packages.
        [sys.executable, "-S", "-P", "-c", _TIMED.format(code)],
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join(map(str, path)),
            "AWS_DEFAULT_REGION": "eu-west-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
    )
    if done.returncode:
        raise MeasurementFailed(f"a cold start failed: {done.stderr[-500:]}")
    return float(done.stdout)


def _ratios(starts: Mapping[str, Start], floor: Start, rounds: int, tick: Tick) -> dict[str, float]:
    """Return the median of each, divided by that of the floor."""
    floors: list[float] = []
    times: dict[str, list[float]] = {name: [] for name in starts}
    for _ in range(rounds):
        for place, (name, start) in enumerate(starts.items()):
            if place % _FLOOR_EVERY == 0:
                floors.append(floor())
            times[name].append(start())
            tick()
    return {name: statistics.median(times[name]) / statistics.median(floors) for name in starts}


def _section(shipped: Mapping[str, float], bare: Mapping[str, float], missing: int) -> Section:
    return Section(
        name="artefacts",
        figures={**_figures(shipped), "pyc_missing": missing},
        baseline=_figures(bare),
        targets=[
            Target("slowest_that_answers", f"slowest of {', '.join(ANSWERING)}", 1.3),
            Target("slowest_of_the_others", "slowest of the other functions", 1.9),
            Target("pyc_missing", "modules without bytecode", 0),
        ],
        tables={},
        details={"rounds": ROUNDS},
        other="without_bytecode",
    )


def _figures(ratios: Mapping[str, float]) -> dict[str, Any]:
    return {
        "cold_import_ratio_as_shipped": dict(ratios),
        "slowest_that_answers": max(ratios[name] for name in ANSWERING),
        "slowest_of_the_others": max(ratios[name] for name in ratios.keys() - set(ANSWERING)),
    }
