"""Copies of the repository, each with a process that runs mutants in it."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory
from typing import Any

from tests.mutation.mutants import Mutant

ROOT = Path(__file__).resolve().parents[2]
_WARM_UP_SECONDS = 600.0
_MUTANT_SECONDS = 60.0


class BaselineFails(Exception):
    """The tests fail, or cannot run, without any mutant; it names the first that does."""


class WorkerLost(Exception):
    """The process that runs mutants has ended."""


@dataclass(frozen=True, slots=True)
class Task:
    """A mutant and the tests that should notice it."""

    mutant: Mutant
    tests: tuple[str, ...]


class Worker:
    """One copy and its process."""

    def __init__(self, home: Path) -> None:
        """Start the process in the copy at ``home``."""
        environment = {name: value for name, value in os.environ.items() if name != "CIVIC_DEEP"}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.mutation.worker", str(ROOT)],
            cwd=home,
            env=environment | {"PYTHONHASHSEED": "0"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            # Ctrl-C reaches only the parent, which then ends this process and its child.
            start_new_session=True,
        )

    def warm_up(self, tests: tuple[str, ...], *, code_changes: bool) -> str | None:
        """Run the tests without a mutant, and import what they need; return the first failure."""
        return self._ask(
            {
                "file": None,
                "tests": tests,
                "seconds": _WARM_UP_SECONDS,
                "code_changes": code_changes,
            }
        )

    def run(self, task: Task) -> str | None:
        """Return the first test that notices a mutant, or None if all pass."""
        mutant = task.mutant
        return self._ask(
            {
                "file": mutant.file,
                "where": mutant.where,
                "text": mutant.text,
                "tests": task.tests,
                "seconds": _MUTANT_SECONDS,
            }
        )

    def _ask(self, question: dict[str, Any]) -> str | None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps(question) + "\n")
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
        except (OSError, ValueError) as error:
            raise WorkerLost from error
        if not answer:
            raise WorkerLost
        found: str | None = json.loads(answer)["noticed"]
        return found

    def end(self) -> None:
        """End the process and the fork it may be waiting for."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


@contextmanager
def copies(count: int) -> Iterator[list[Path]]:
    """Make copies of what git would commit; the working tree itself is never written to."""
    names = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.splitlines()
    with TemporaryDirectory(prefix="civic-mutation-") as scratch:
        homes = [Path(scratch) / str(number) for number in range(count)]
        for home in homes:
            for name in names:
                if (ROOT / name).is_file():
                    (home / name).parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(ROOT / name, home / name)
        yield homes


def run(tasks: list[Task], homes: list[Path]) -> Generator[tuple[Mutant, str | None]]:
    """Run mutants in parallel, and yield each with the test that noticed it when it is done.

    Raises:
        BaselineFails: The tests fail even without a mutant.
    """
    everything = tuple(dict.fromkeys(test for task in tasks for test in task.tests))
    code_changes = any(task.mutant.file.endswith(".py") for task in tasks)
    workers = [Worker(home) for home in homes]
    idle: SimpleQueue[Worker] = SimpleQueue()

    def warm_up(worker: Worker) -> None:
        failed = worker.warm_up(everything, code_changes=code_changes)
        if failed:
            raise BaselineFails(failed)
        idle.put(worker)

    def do(task: Task) -> str | None:
        worker = idle.get()
        try:
            return worker.run(task)
        finally:
            idle.put(worker)

    threads = ThreadPoolExecutor(len(workers))
    try:
        list(threads.map(warm_up, workers))
        waiting = {threads.submit(do, task): task.mutant for task in tasks}
        for future in as_completed(waiting):
            yield waiting[future], future.result()
    finally:
        for worker in workers:
            worker.end()
        threads.shutdown(cancel_futures=True)
