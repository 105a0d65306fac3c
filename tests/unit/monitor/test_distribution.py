"""The monitor as a separate distribution: its wheel works with the verifier's and no other."""

from pathlib import Path

import pytest

from civic.stack.workspace import here
from tests.fakes import wheels
from tests.fakes.naive_log import publish
from tests.unit.verifier.commands import LOG

SOURCE = here().root / "src"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("wheels")


@pytest.fixture(scope="module")
def wheel(place: Path) -> Path:
    return wheels.build(SOURCE / "monitor", place)


@pytest.fixture(scope="module")
def verifier(place: Path) -> Path:
    return wheels.build(SOURCE / "verifier", place)


@pytest.fixture(scope="module")
def libraries(wheel: Path, verifier: Path) -> set[str]:
    required = wheels.required_by(wheel) | wheels.required_by(verifier)
    return wheels.modules_of(required - {"civic-verify"})


def test_wheel_has_the_monitor_and_the_terminal_and_nothing_else_of_ours(wheel: Path) -> None:
    files = wheels.files_of(wheel)
    assert {"/".join(one.split("/")[:2]) for one in files} == {"civic/monitor", "civic/terminal"}
    for room in ("monitor", "terminal"):
        there = (SOURCE / room).glob("civic/**/*.py")
        assert {str(one.relative_to(SOURCE / room)) for one in there} <= files
    assert {"civic/monitor/anchor/checkpoints.json", "civic/monitor/py.typed"} <= files


def test_wheel_requires_the_verifier_and_nothing_else_of_ours(wheel: Path, verifier: Path) -> None:
    described = wheels.described(wheel)
    assert described["Name"] == "civic-monitor"
    assert described["Version"] == wheels.described(verifier)["Version"]
    assert wheels.required_by(wheel) == {"civic-verify", "cryptography", "httpx", "rich", "typer"}
    assert "civic-monitor = civic.monitor.main:run" in wheels.scripts(wheel)


def test_witness_signs_with_nothing_else_of_ours(
    wheel: Path, verifier: Path, libraries: set[str], tmp_path: Path
) -> None:
    """Run in an interpreter that imports two of our wheels and the libraries they require."""
    publish(tmp_path / "log", LOG, [b"an entry"] * 300, [300])
    for number, words in enumerate(
        [
            ["init", str(tmp_path / "w"), "--name", "witness.example/w1"],
            [
                *("follow", str(tmp_path / "w"), "--once"),
                *("--log", str(tmp_path / "log"), "--key", LOG.vkey),
            ],
        ]
    ):
        done = wheels.run_alone(
            tmp_path / f"alone-{number}",
            [wheel, verifier],
            "civic.monitor.main",
            {"civic", *libraries},
            ["witness", *words],
        )
        assert done.returncode == 0, done.stderr
    loaded = done.stderr.splitlines()[-1].split()
    rooms = {name.split(".")[1] for name in loaded if name.startswith("civic.")}
    assert rooms == {"monitor", "terminal", "verifier"}
    (signed,) = (tmp_path / "w").glob("*/checkpoint")
    assert "witness.example/w1" in signed.read_text()


def test_anchor_is_there_with_nothing_else_of_ours(
    wheel: Path, verifier: Path, libraries: set[str], tmp_path: Path
) -> None:
    done = wheels.run_alone(
        tmp_path / "alone",
        [wheel, verifier],
        "civic.monitor.main",
        {"civic", *libraries},
        ["anchor", "check", "--help"],
    )
    assert done.returncode == 0, done.stderr
    assert "civic.monitor.anchor.contract" in done.stderr
