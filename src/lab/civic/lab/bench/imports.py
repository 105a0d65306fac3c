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
from civic.lab.bench.aws import ENVIRONMENT
from civic.lab.bench.report import MeasurementFailed

_BEGIN = "import time; started = time.perf_counter()"
_LAP = "print(time.perf_counter() - started)"
_OURS = """
from civic.runtime import clients
for make in list(vars(module).values()):
    if hasattr(make, "cache_clear") and make.__module__ == module.__name__:
        make()
for service in {services}:
    getattr(clients, service)()
"""
_NAIVE = "for service in {services}: module.client(service)"
FLOOR = "boto3 + 1"
BOTH_LIBRARIES = "(both of these)"
_FLOOR_CLIENTS = ("dynamodb", "events", "kms")


@dataclass(frozen=True, slots=True)
class Program:
    """Something to import, and what to make after it, timed after each step."""

    name: str
    steps: Sequence[str]
    environment: Mapping[str, str]

    @property
    def code(self) -> str:
        """What the interpreter runs; it prints the seconds since the start after every step."""
        laps = (line for step in self.steps for line in (step, _LAP))
        return "\n".join((_BEGIN, *laps))


@dataclass(frozen=True, slots=True)
class Cold:
    """Median seconds from the start to the end of each step."""

    laps: tuple[float, ...]

    @property
    def loaded(self) -> float:
        """The module is imported; of boto3, with one client."""
        return self.laps[0]

    @property
    def composed(self) -> float:
        """Everything the function uses is made as well."""
        return self.laps[-1]


def handler_program(
    name: str, module: str, environment: Mapping[str, str], services: Sequence[str]
) -> Program:
    """Return one of the real functions; composing it makes a client of every service it calls."""
    load = f"import importlib; module = importlib.import_module({module!r})"
    # A function that was not seen to call anything is only imported.
    compose = [_OURS.format(services=list(services))] if services else []
    return Program(name, [load, *compose], environment)


def naive_program(services: Sequence[str]) -> Program:
    """Return the naive functions."""
    load = "import civic.lab.bench.naive_functions as module"
    return Program("naive", [load, _NAIVE.format(services=list(services))], {})


def floor_program() -> Program:
    """Return the floor: boto3 and a DynamoDB client, then one client more with every lap."""
    first, *others = _FLOOR_CLIENTS
    more = [f"boto3.client({service!r})" for service in others]
    return Program(FLOOR, [f"import boto3; boto3.client({first!r})", *more], {})


def library_programs(environment: Mapping[str, str]) -> list[Program]:
    """Return what the sealing functions load before a line of their own, to tell who takes what."""
    first_model = "import pydantic\nclass First(pydantic.BaseModel):\n    one: int"
    encryption_sdk = "import aws_encryption_sdk"
    return [
        Program("(pydantic, one model)", [first_model], environment),
        Program("(aws_encryption_sdk)", [encryption_sdk], environment),
        Program(BOTH_LIBRARIES, [f"{encryption_sdk}\n{first_model}"], environment),
    ]


def measure(programs: Sequence[Program], rounds: int, tick: Callable[[], None]) -> dict[str, Cold]:
    """Return the medians by program.

    Args:
        programs: What to run; every one once per round, in turn.
        rounds: How many fresh interpreters each gets, after one that is not counted.
        tick: Called once per round.
    """
    for folder in civic.__path__:
        compileall.compile_dir(folder, quiet=2)
    times: dict[str, list[tuple[float, ...]]] = {program.name: [] for program in programs}
    for number in range(rounds + 1):
        for program in programs:
            laps = _run(program)
            if number:
                times[program.name].append(laps)
        tick()
    return {
        name: Cold(tuple(statistics.median(lap) for lap in zip(*found, strict=True)))
        for name, found in times.items()
    }


def python_path() -> str:
    """Return where a fresh interpreter finds this code."""
    return os.pathsep.join(str(Path(folder).parent) for folder in civic.__path__)


def _run(program: Program) -> tuple[float, ...]:
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
        raise MeasurementFailed(f"{program.name} does not start: {done.stderr[-500:]}")
    return tuple(map(float, done.stdout.split()))
