"""Runs mutants in a copy of the repository, one at a time, as asked on standard input.

Importing the libraries takes several seconds, and a test that notices a mutant a fraction of one.
So this process imports the libraries once, but none of our own code, and every mutant gets a fork.

Started in the copy as ``python -m tests.mutation.worker ORIGINAL``; speaks JSON, a line each way.
"""

import contextlib
import gc
import importlib
import importlib.util
import json
import os
import resource
import select
import signal
import sys
import warnings
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, settings

_OPTIONS = [
    "--quiet",
    "--exitfirst",
    "--tb=no",
    "--import-mode=importlib",
    "-pno:cacheprovider",
    "-pno:xdist",
    # These need other programs, which are not in the copy.
    "-mnot deep",
    # Some of the libraries imported beforehand bring pytest plugins.
    "-Wignore::pytest.PytestAssertRewriteWarning",
]
_MOST_MEMORY = 4 * 1024**3


class FirstFailure:
    """Runs the likeliest tests first, and remembers which failed first."""

    def __init__(self, likely: list[str]) -> None:
        self.test: str | None = None
        self._rank = {name: rank for rank, name in enumerate(likely)}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Put the likely tests first, and leave the others in their order."""
        items.sort(key=lambda item: self._rank.get(item.nodeid, len(self._rank)))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Record a failure."""
        if report.failed and self.test is None:
            self.test = report.nodeid

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Record a module that cannot even be imported."""
        if report.failed and self.test is None:
            self.test = report.nodeid


class Likely:
    """The tests that noticed earlier mutants, as they are likely to notice similar ones."""

    def __init__(self) -> None:
        self._recent: dict[str, list[str]] = {}

    def tests(self, where: str) -> list[str]:
        """Return those for the same function, then those for others, the latest first."""
        elsewhere = [
            test for name, tests in self._recent.items() if name != where for test in tests
        ]
        return list(dict.fromkeys([*self._recent.get(where, []), *reversed(elsewhere)]))

    def noticed(self, where: str, test: str) -> None:
        """Remember a test."""
        earlier = [one for one in self._recent.pop(where, []) if one != test]
        self._recent[where] = [test, *earlier]


def use_the_copy(original: Path, copied: Path) -> None:
    """Import our own code from the copy and never from the original."""
    inside = f"{original / 'src'}{os.sep}"
    here = [
        str(copied / Path(one).relative_to(original))
        for one in sys.path
        if one[:1] and one.startswith(inside)
    ]
    sys.path[:] = here + [one for one in sys.path if not one.startswith(inside)]


def run(arguments: list[str], likely: list[str]) -> dict[str, Any]:
    """Run test files in this process until a test fails."""
    # The same examples every time, and none saved, so that a survivor does not depend on luck.
    settings.register_profile(
        "mutation",
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
    )
    settings.load_profile("mutation")
    first = FirstFailure(likely)
    code = pytest.main([*_OPTIONS, *arguments], plugins=[first])
    if code:
        return {"noticed": first.test or f"pytest ended with {int(code)}"}
    return {"noticed": None, "modules": sorted(sys.modules)}


def run_in_a_fork(
    tests: list[str], seconds: float, likely: list[str], *, keep_bytecode: bool = False
) -> dict[str, Any]:
    """Run tests in a child; a test that exceeds its time counts as noticing the mutant."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        sys.dont_write_bytecode = not keep_bytecode
        _be_the_child(tests, likely, writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as answer:
        ready, _, _ = select.select([answer], [], [], seconds)
        text = answer.read() if ready else b""
    if not ready:
        os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    if not ready:
        return {"noticed": "took too long"}
    return dict(json.loads(text)) if text else {"noticed": "ended at once"}


def _be_the_child(tests: list[str], likely: list[str], writing: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY, _MOST_MEMORY))
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    try:
        os.write(writing, json.dumps(run(tests, likely)).encode())
    finally:
        os._exit(0)


def warm_up(modules: list[str], *, code_changes: bool) -> None:
    """Import what the tests import, except what may be mutated, and prepare what takes long."""
    left_out = {"tests", "tools"} | ({"civic"} if code_changes else set())
    for plugin in entry_points(group="pytest11"):
        # Imported before their own package, as Hypothesis requires.
        plugin.load()
    for name in modules:
        if name.partition(".")[0] not in left_out and name not in sys.modules:
            # Some modules cannot be imported out of order, or without a warning.
            with contextlib.suppress(Exception), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                importlib.import_module(name)
    # These take long and are the same for every test: RSA pairs and botocore's clients.
    fakes = importlib.import_module("tests.fakes.aws")
    for number in (1, 2, 3):
        fakes.private_key(number)
    with fakes.running():
        pass
    # pytest collects garbage several times, and nothing loaded so far is garbage.
    gc.freeze()


def run_mutant(asked: dict[str, Any], likely: Likely) -> dict[str, Any]:
    """Change a file of the copy, run the tests, and change it back."""
    file = Path(asked["file"])
    loaded = {getattr(module, "__file__", None) for module in list(sys.modules.values())}
    if str(file.resolve()) in loaded:
        # A module imported already would stay unchanged.
        raise RuntimeError(f"imported before it was changed: {file}")
    # If a file changes twice within a second, its older bytecode could be used.
    Path(importlib.util.cache_from_source(str(file))).unlink(missing_ok=True)
    original = file.read_bytes()
    file.write_text(asked["text"])
    try:
        answer = run_in_a_fork(asked["tests"], asked["seconds"], likely.tests(asked["where"]))
    finally:
        file.write_bytes(original)
    if answer["noticed"]:
        likely.noticed(asked["where"], answer["noticed"])
    return answer


def get_ready(asked: dict[str, Any]) -> dict[str, Any]:
    """Import what the tests import, and then run them without any mutant."""
    collect = ["--collect-only", *asked["tests"]]
    answer = run_in_a_fork(collect, asked["seconds"], [], keep_bytecode=True)
    if answer["noticed"] is None:
        warm_up(answer["modules"], code_changes=asked["code_changes"])
        answer = run_in_a_fork(asked["tests"], asked["seconds"], [])
    return answer


def main() -> None:
    """Answer until the input ends."""
    use_the_copy(Path(sys.argv[1]), Path.cwd())
    likely = Likely()
    for line in sys.stdin:
        asked = json.loads(line)
        answer = run_mutant(asked, likely) if asked["file"] else get_ready(asked)
        sys.stdout.write(json.dumps({"noticed": answer["noticed"]}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
