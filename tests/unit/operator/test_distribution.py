"""The wheel of `civic`: everything that is run, without the lab."""

from pathlib import Path

import pytest

from civic.stack.workspace import here
from tests.fakes import wheels

ROOT = here().root


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return wheels.build(ROOT, tmp_path_factory.mktemp("wheels"))


def test_wheel_has_every_room_but_the_lab(wheel: Path) -> None:
    files = wheels.files_of(wheel)
    modules = {
        str(one.relative_to(room)): room.name
        for room in (ROOT / "src").iterdir()
        for one in room.glob("civic/**/*.py")
    }
    lab = {name for name, room in modules.items() if room == "lab"}
    assert lab
    assert {name for name in files if name.endswith(".py")} == set(modules) - lab
    assert all(name.startswith("civic/") for name in files)


def test_without_the_lab_the_help_shows_none(wheel: Path, tmp_path: Path) -> None:
    allowed = wheels.every_module() | {"civic"}
    done = wheels.run_alone(tmp_path, [wheel], "civic.operator.main", allowed, ["--help"])
    assert done.returncode == 0, done.stderr
    assert "witness" in done.stdout
    assert "leakscan" not in done.stdout
    assert "civic.lab" not in done.stderr
