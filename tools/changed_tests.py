"""Prints the unit tests nearest to a change, one file per line, for `make check` to run.

A change is everything that differs from BASE (`main` by default): commits, the working tree and
untracked files. The nearest tests are those that have changed, then those that import a changed
module or name a changed file, then those that import something that does, and so on, step by step,
as long as there are at most thirty. The first step is always taken. Engine tests are left to
`make test`.
"""

import argparse
import ast
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SUITES = ("unit", "contract", "property", "fail_closed", "privacy")
MOST = 30
"""An eighth of all test files, as somebody waits for this check."""

_DOCUMENTS = "tests/unit/test_documents.py"


def changed_files(base: str) -> set[str]:
    """Return the paths that differ from the point where the work branched off ``base``."""
    (left,) = _git("merge-base", "HEAD", base)
    return {
        *_git("diff", "--name-only", left),
        *_git("ls-files", "--others", "--exclude-standard"),
    }


def nearest(changed: Iterable[str], root: Path = ROOT, most: int = MOST) -> list[str]:
    """Return the test files that are nearest to a change.

    Args:
        changed: Paths from the root of the checkout.
        root: The checkout.
        most: The search stops before exceeding this many files, except in its first step.
    """
    named = {
        str(file.relative_to(root)): _names(file)
        for folder in ("src", "tests")
        for file in (root / folder).rglob("*.py")
    }
    reached = set(changed)
    wider = reached | _beside(reached, named) | _naming(reached, named)
    while reached != wider:
        reached = wider
        wider = reached | _naming(reached, named)
        if len(_tests(wider, named)) > most:
            break
    return _tests(reached, named)


def _naming(reached: set[str], named: Mapping[str, set[str]]) -> set[str]:
    marks = {_mark(path) for path in reached}
    return {path for path, names in named.items() if names & marks}


def _beside(changed: set[str], named: Mapping[str, set[str]]) -> set[str]:
    """Return files that a change affects though they do not name it: documents and fixtures."""
    folders = tuple(f"{Path(one).parent}/" for one in changed if one.endswith("/conftest.py"))
    found = {path for path in named if path.startswith(folders)}
    return found | ({_DOCUMENTS} if any(path.endswith(".md") for path in changed) else set())


def _mark(path: str) -> str:
    """Return how others refer to a file: by dotted name if it is a module, else by file name."""
    if not path.endswith(".py"):
        return Path(path).name
    parts = Path(path).with_suffix("").parts
    return ".".join(parts[2:] if parts[0] == "src" else parts).removesuffix(".__init__")


def _names(file: Path) -> set[str]:
    """Return the modules that a file imports, and the files that its strings name."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_bytes())):
        match node:
            case ast.Import(names=names):
                found |= {one.name for one in names}
            case ast.ImportFrom(module=str(module), names=names):
                # `from civic.stack import engine` names the module as well as the package.
                found |= {module, *(f"{module}.{one.name}" for one in names)}
            case ast.Constant(value=str(text)):
                found.add(text.rpartition("/")[2])
    return found


def _tests(paths: set[str], named: Mapping[str, set[str]]) -> list[str]:
    starts = tuple(f"tests/{suite}/" for suite in SUITES)
    return sorted(
        path
        for path in paths & named.keys()
        if path.startswith(starts) and Path(path).name.startswith("test_")
    )


def _git(*words: str) -> list[str]:
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(done.stderr.strip())
    return done.stdout.splitlines()


def main() -> None:
    """Print the files."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("base", nargs="?", default="main", help="a branch or commit")
    for path in nearest(changed_files(asked.parse_args().base)):
        sys.stdout.write(f"{path}\n")


if __name__ == "__main__":
    main()
