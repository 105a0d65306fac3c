"""Our distributions as wheels, and an interpreter that has only them."""

import re
import subprocess
import sys
from collections.abc import Collection, Sequence
from email import message_from_bytes
from email.message import Message
from importlib import metadata
from pathlib import Path
from zipfile import ZipFile

from packaging.requirements import Requirement

_SECONDS = 300
_NORMAL = re.compile("[-_.]+")

_ALONE = """\
import os, sys

allowed = set(sys.argv.pop(2).split(","))

class Blocked:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        ours = top in allowed or top in sys.stdlib_module_names
        # The one module of the standard library that is named for the machine.
        if not ours and not top.startswith("_sysconfigdata"):
            raise ModuleNotFoundError(name)

# Without the checkout's own rooms.
others = [one for one in sys.path if not os.path.isdir(os.path.join(one, "civic"))]
sys.path[:] = [sys.argv.pop(1), *others]
sys.meta_path.insert(0, Blocked())
from MODULE import main

code = main(sys.argv[1:])
print(*sorted(sys.modules), file=sys.stderr)
import civic
assert all(one.startswith(sys.path[0]) for one in civic.__path__)
sys.exit(code)
"""


def build(folder: Path, place: Path) -> Path:
    """Build the wheel of a distribution."""
    before = set(place.glob("*.whl"))
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(place)]
    done = subprocess.run(  # noqa: S603  # a list made here
        command, cwd=folder, capture_output=True, text=True, timeout=_SECONDS, check=False
    )
    assert done.returncode == 0, done.stderr
    (built,) = set(place.glob("*.whl")) - before
    return built


def files_of(wheel: Path) -> set[str]:
    """Return the files that a wheel installs."""
    return {name for name in ZipFile(wheel).namelist() if ".dist-info/" not in name}


def described(wheel: Path) -> Message:
    """Return the metadata of a wheel."""
    return message_from_bytes(_info(wheel, "METADATA"))


def required_by(wheel: Path) -> set[str]:
    """Return the names of the distributions that a wheel requires."""
    return {_name(one) for one in described(wheel).get_all("Requires-Dist") or []}


def modules_of(distributions: Collection[str]) -> set[str]:
    """Return the top modules of installed distributions, and of all that they require."""
    found, open_ones = set(), set(distributions)
    while open_ones:
        name = open_ones.pop()
        found.add(name)
        asked = [Requirement(one) for one in metadata.requires(name) or []]
        needed = {one.name for one in asked if one.marker is None or one.marker.evaluate()}
        open_ones |= needed - found
    normal = {_NORMAL.sub("-", name).lower() for name in found}
    return {
        module
        for module, names in metadata.packages_distributions().items()
        if normal & {_NORMAL.sub("-", name).lower() for name in names}
    }


def every_module() -> set[str]:
    """Return the top modules of everything that is installed."""
    return set(metadata.packages_distributions())


def scripts(wheel: Path) -> str:
    """Return the programs of a wheel."""
    return _info(wheel, "entry_points.txt").decode()


def run_alone(
    place: Path,
    wheels: Sequence[Path],
    module: str,
    allowed: Collection[str],
    arguments: Sequence[str],
) -> subprocess.CompletedProcess[str]:
    """Run a program of unpacked wheels; its modules' names are the last line on stderr.

    Args:
        place: Where to unpack the wheels.
        wheels: The only ones of our distributions.
        module: The module whose `main` is called.
        allowed: What may be imported besides the standard library.
        arguments: Those of the program.
    """
    for wheel in wheels:
        ZipFile(wheel).extractall(place)
    program = _ALONE.replace("MODULE", module)
    command = [sys.executable, "-I", "-c", program, str(place), ",".join(allowed), *arguments]
    return subprocess.run(  # noqa: S603  # a list made here
        command, capture_output=True, text=True, timeout=_SECONDS, check=False
    )


def _name(requirement: str) -> str:
    return Requirement(requirement).name


def _info(wheel: Path, name: str) -> bytes:
    files = ZipFile(wheel)
    (info,) = {one.partition("/")[0] for one in files.namelist() if ".dist-info/" in one}
    return files.read(f"{info}/{name}")
