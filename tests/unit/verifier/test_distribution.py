"""The verifier as a separate distribution: what is in the wheel, and that it is enough."""

from pathlib import Path

import pytest

from civic.stack.workspace import here
from tests.fakes import wheels
from tests.fakes.naive_election import publish_openings, story, votes
from tests.fakes.naive_log import publish
from tests.unit.verifier.commands import LOG

VERIFIER = here().root / "src/verifier"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return wheels.build(VERIFIER, tmp_path_factory.mktemp("wheel"))


def test_wheel_has_the_verifier_and_nothing_else_of_ours(wheel: Path) -> None:
    modules = {f"civic/verifier/{one.name}" for one in (VERIFIER / "civic/verifier").glob("*.py")}
    assert wheels.files_of(wheel) == {*modules, "civic/verifier/py.typed"}


def test_wheel_requires_cryptography_and_nothing_else(wheel: Path) -> None:
    described = wheels.described(wheel)
    assert described["Name"] == "civic-verify"
    assert described["License-Expression"] == "Apache-2.0"
    assert wheels.required_by(wheel) == {"cryptography"}
    assert "civic-verify = civic.verifier.main:run" in wheels.scripts(wheel)


def test_wheel_verifies_a_log_with_nothing_else_of_ours(wheel: Path, tmp_path: Path) -> None:
    """Run in an interpreter that imports only the standard library, cryptography and the wheel."""
    cast = votes(300)
    entries = story(cast)
    entries.append(publish_openings(tmp_path / "log/openings", cast))
    publish(tmp_path / "log", LOG, entries, [256, len(entries)])
    done = wheels.run_alone(
        tmp_path / "alone",
        [wheel],
        "civic.verifier.main",
        {"civic", *wheels.modules_of({"cryptography"})},
        ["log", str(tmp_path / "log"), "--key", LOG.vkey],
    )
    assert done.returncode == 0, done.stderr
    assert "300 ballots recounted" in done.stdout
    loaded = {name.partition(".")[0] for name in done.stderr.splitlines()[-1].split()}
    assert {"civic", "cryptography"} <= loaded
    assert not loaded & {"pydantic", "boto3", "rich", "rfc8785", "typer"}
