"""Instructions per POST, counted by valgrind or the processor; never timed.

Two runs with different numbers of repetitions, subtracted and divided: what start-up executes
falls out. Hash randomisation is off, so that dictionaries behave alike in every run.
"""

import base64
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from civic.lab.bench.counted_aws import ENVIRONMENT
from civic.lab.bench.deployment import Deployment
from civic.lab.bench.failures import MeasurementFailed
from civic.lab.bench.imports import python_path
from civic.lab.bench.pipeline import Payload, Pipeline, http_event
from civic.lab.bench.repeat_post import DESIGNS

FEW, MANY = 5, 45
_WORKERS = 2
_MODULE = "civic.lab.bench.repeat_post"
_COLLECTED = re.compile(r"Collected\s*:\s*(\d+)")

type Command = list[str]


@dataclass(frozen=True, slots=True)
class Counter:
    """A program that counts the instructions of another."""

    name: str
    prefix: Command
    read: Callable[[str], int | None]


@dataclass(frozen=True, slots=True)
class Instructions:
    """Instructions per POST by design; None with the reason where they cannot be counted."""

    per_post: Mapping[str, float] | None
    method: str

    def ratio(self, design: str) -> float | None:
        """Return a design's instructions as a multiple of the bare handler's."""
        return self.per_post[design] / self.per_post["bare"] if self.per_post else None


def counter() -> Counter | None:
    """Return the best counter this machine has; None if it has none that works."""
    valgrind, perf = shutil.which("valgrind"), shutil.which("perf")
    if valgrind:
        flags = ["--tool=callgrind", "--callgrind-out-file=/dev/null"]
        return Counter("valgrind --tool=callgrind", [valgrind, *flags], _collected)
    if perf:
        found = Counter(
            "perf stat -e instructions:u", [perf, "stat", "-x,", "-e", "instructions:u"], _perf
        )
        probe = subprocess.run([*found.prefix, "true"], capture_output=True, text=True, check=False)
        return found if found.read(probe.stderr) is not None else None
    return None


def count_instructions(
    deployment: Deployment, person: Payload, naive_fields: tuple[str, ...], tick: Callable[[], None]
) -> Instructions:
    """Count one POST of every design.

    Args:
        deployment: Gives the gateway its environment.
        person: Who is posted.
        naive_fields: The fields that the naive design knows.
        tick: Called after each of ``runs()`` runs.
    """
    chosen = counter()
    if chosen is None:
        return Instructions(None, "not counted: neither valgrind nor working perf counters here")
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(_WORKERS) as pool:
        material = Path(folder) / "material.json"
        prepared = json.dumps(_material(deployment, person, naive_fields))
        material.write_text(prepared, encoding="utf-8")
        environment = _environment(deployment)

        for design in DESIGNS:
            # Once without counting, so that no counted run compiles a module.
            run_counted(_UNCOUNTED, environment, _MODULE, [design, "1", str(material)])

        def one(design: str, count: int) -> int:
            arguments = [design, str(count), str(material)]
            counted = run_counted(chosen, environment, _MODULE, arguments)
            tick()
            return counted

        jobs = {
            (design, count): pool.submit(one, design, count)
            for design in DESIGNS
            for count in (FEW, MANY)
        }
        try:
            counts = {job: future.result() for job, future in jobs.items()}
        except BaseException:
            # Ctrl-C reaches the children as well; what has not begun need not.
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    per_post = {
        design: (counts[design, MANY] - counts[design, FEW]) / (MANY - FEW) for design in DESIGNS
    }
    return Instructions(per_post, f"{chosen.name}, ({MANY} POSTs - {FEW} POSTs) / {MANY - FEW}")


_UNCOUNTED = Counter("python", [], lambda _: 0)


def runs() -> int:
    """Return how many runs a count takes."""
    return 2 * len(DESIGNS)


def run_counted(
    chosen: Counter, environment: Mapping[str, str], module: str, arguments: Command
) -> int:
    """Run a module of ours and return how many instructions it executed.

    Raises:
        MeasurementFailed: It, or the counter, failed.
    """
    command = [*chosen.prefix, sys.executable, "-m", module, *arguments]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, cwd="/"
    )
    counted = chosen.read(done.stderr)
    if done.returncode or counted is None:
        raise MeasurementFailed(f"{chosen.name} failed: {done.stderr[-500:]}")
    return counted


def _environment(deployment: Deployment) -> dict[str, str]:
    gateway = deployment.functions["gateway"].environment
    python = {"PYTHONHASHSEED": "0", "PYTHONPATH": python_path()}
    return {"PATH": os.environ["PATH"]} | ENVIRONMENT | dict(gateway) | python


def _material(
    deployment: Deployment, person: Payload, naive_fields: tuple[str, ...]
) -> dict[str, Any]:
    with Pipeline.open(deployment) as pipeline:
        rows = pipeline.aws.tables.items["WrappingKeysTable"].values()
        current = next(row for row in rows if row["wk"]["S"] == "current")
    naive = {name: person[name] for name in naive_fields}
    return {
        "canned": {
            "GetItem": {"Item": current},
            "PutItem": {},
            "PutEvents": {"FailedEntryCount": 0, "Entries": [{"EventId": "0" * 36}]},
            "Encrypt": {"CiphertextBlob": base64.b64encode(bytes(180)).decode()},
        },
        "public_key": current["public_key"]["B"],
        "event": http_event("POST /registrations", json.dumps(person, ensure_ascii=False), {}),
        "naive_event": http_event("POST /registrations", json.dumps(naive), {}),
    }


def _collected(stderr: str) -> int | None:
    match = _COLLECTED.search(stderr)
    return int(match[1]) if match else None


def _perf(stderr: str) -> int | None:
    for line in stderr.splitlines():
        value, _, rest = line.partition(",")
        if "instructions" in rest and value.isdecimal():
            return int(value)
    return None
