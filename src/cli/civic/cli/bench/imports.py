"""Cold starts: what importing a handler takes, beside ``import boto3`` and a client.

Fresh interpreters, one after the other, every program once per round, so that whatever slows the
machine down slows all of them. The figures that count are ratios of medians within one run.
"""

import compileall
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import civic
from civic.cli.bench.counted_aws import ENVIRONMENT

_TIMED = """
import time
started = time.perf_counter()
{load}
loaded = time.perf_counter()
{compose}
composed = time.perf_counter()
print(loaded - started, composed - started)
"""
_OURS = """
from civic.runtime import clients
for make in list(vars(module).values()):
    if hasattr(make, "cache_clear") and make.__module__ == module.__name__:
        make()
for service in {services}:
    getattr(clients, service)()
"""
_NAIVE = "for service in {services}: module.client(service)"
_BOTO3 = "import boto3; boto3.client('dynamodb')"
_MORE_BOTO3 = "for service in {services}: boto3.client(service)"


@dataclass(frozen=True, slots=True)
class Program:
    """Something to import, and what to make after it."""

    name: str
    code: str
    environment: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Cold:
    """Median seconds in this run."""

    loaded: float
    """The module is imported; of boto3, with one client."""
    composed: float
    """Everything the function uses is made as well."""


def handler_program(
    name: str, module: str, environment: Mapping[str, str], services: Sequence[str]
) -> Program:
    """Return one of the real functions; composing it makes a client of every service it calls."""
    load = f"import importlib; module = importlib.import_module({module!r})"
    # A function that was not seen to call anything is only imported.
    compose = _OURS.format(services=list(services)) if services else ""
    return Program(name, _TIMED.format(load=load, compose=compose), environment)


def naive_program(services: Sequence[str]) -> Program:
    """Return the naive functions."""
    load = "import civic.cli.bench.naive_functions as module"
    compose = _NAIVE.format(services=list(services))
    return Program("naive", _TIMED.format(load=load, compose=compose), {})


def floor_program(services: Sequence[str]) -> Program:
    """Return the floor: boto3 and a DynamoDB client, then clients of the other services."""
    others = [service for service in services if service != "dynamodb"]
    compose = _MORE_BOTO3.format(services=others)
    return Program(floor_name(services), _TIMED.format(load=_BOTO3, compose=compose), {})


def floor_name(services: Sequence[str]) -> str:
    """Return how the floor with so many clients is called."""
    return f"boto3 + {max(1, len(services))}"


def measure(programs: Sequence[Program], rounds: int, tick: Callable[[], None]) -> dict[str, Cold]:
    """Return the medians by program.

    Args:
        programs: What to run; every one once per round, in turn.
        rounds: How many fresh interpreters each gets, after one that is not counted.
        tick: Called once per round.
    """
    for folder in civic.__path__:
        compileall.compile_dir(folder, quiet=2)
    times: dict[str, list[tuple[float, float]]] = {program.name: [] for program in programs}
    for number in range(rounds + 1):
        for program in programs:
            timed = _run(program)
            if number:
                times[program.name].append(timed)
        tick()
    return {
        name: Cold(statistics.median(a for a, _ in found), statistics.median(b for _, b in found))
        for name, found in times.items()
    }


def python_path() -> str:
    """Return where a fresh interpreter finds this code."""
    return os.pathsep.join(str(Path(folder).parent) for folder in civic.__path__)


def _run(program: Program) -> tuple[float, float]:
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": python_path(),
        **ENVIRONMENT,
        **program.environment,
    }
    done = subprocess.run(
        [sys.executable, "-c", program.code],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
    )
    if done.returncode:
        raise RuntimeError(f"{program.name} does not start: {done.stderr[-500:]}")
    loaded, composed = done.stdout.split()[-2:]
    return float(loaded), float(composed)
