"""The verifier as a distribution of its own: what is in the wheel, and that it is enough."""

import subprocess
import sys
from email import message_from_bytes
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.fakes.naive_election import publish_openings, story, votes
from tests.fakes.naive_log import publish
from tests.unit.verifier.commands import LOG

VERIFIER = Path(__file__).parents[3] / "src/verifier"
_SECONDS = 120

ALONE = """\
import sys

class Blocked:
    allowed = {"civic", "cryptography", "_cffi_backend"}

    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top not in self.allowed and top not in sys.stdlib_module_names:
            raise ModuleNotFoundError(name)

sys.path.insert(0, sys.argv.pop(1))
sys.meta_path.insert(0, Blocked())
from civic.verifier.main import main

code = main(sys.argv[1:])
theirs = sorted({one.partition(".")[0] for one in sys.modules} - sys.stdlib_module_names)
print(*theirs, file=sys.stderr)
assert sys.modules["civic.verifier"].__file__.startswith(sys.path[0])
sys.exit(code)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(place)]
    done = subprocess.run(  # noqa: S603  # a list made here
        build, cwd=VERIFIER, capture_output=True, text=True, timeout=_SECONDS, check=False
    )
    assert done.returncode == 0, done.stderr
    (built,) = place.glob("*.whl")
    return built


def test_wheel_has_the_verifier_and_nothing_else_of_ours(wheel: Path) -> None:
    names = [name for name in ZipFile(wheel).namelist() if ".dist-info/" not in name]
    modules = [f"civic/verifier/{one.name}" for one in (VERIFIER / "civic/verifier").glob("*.py")]
    assert sorted(names) == sorted([*modules, "civic/verifier/py.typed"])


def test_wheel_requires_cryptography_and_nothing_else(wheel: Path) -> None:
    files = ZipFile(wheel)
    (info,) = {name.partition("/")[0] for name in files.namelist() if ".dist-info/" in name}
    described = message_from_bytes(files.read(f"{info}/METADATA"))
    assert described["Name"] == "civic-verify"
    assert described["License-Expression"] == "Apache-2.0"
    required = described.get_all("Requires-Dist") or []
    assert [one.partition(">")[0] for one in required] == ["cryptography"]
    scripts = files.read(f"{info}/entry_points.txt").decode()
    assert "civic-verify = civic.verifier.main:run" in scripts


def test_wheel_verifies_a_log_with_nothing_else_of_ours(wheel: Path, tmp_path: Path) -> None:
    """In an interpreter that imports the standard library, cryptography and the wheel alone."""
    cast = votes(300)
    entries = story(cast)
    entries.append(publish_openings(tmp_path / "log/openings", cast))
    publish(tmp_path / "log", LOG, entries, [256, len(entries)])
    ZipFile(wheel).extractall(tmp_path / "alone")
    command = [sys.executable, "-I", "-c", ALONE, str(tmp_path / "alone")]
    done = subprocess.run(  # noqa: S603  # a list made here
        [*command, "log", str(tmp_path / "log"), "--key", LOG.vkey],
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "300 ballots counted anew" in done.stdout
    loaded = set(done.stderr.split())
    assert {"civic", "cryptography"} <= loaded
    assert not loaded & {"pydantic", "boto3", "rich", "rfc8785", "typer"}
