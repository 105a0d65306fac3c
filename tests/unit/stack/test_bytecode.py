import importlib.util
import marshal
import sys
from pathlib import Path
from types import CodeType

import pytest

from civic.stack.bytecode import compile_folder
from civic.terminal.failures import DeployFailed

SOURCE = '''\
"""Counts."""

NAMES = frozenset({"tally", "ballot", "roll", "press"})


def count(number: int) -> int:
    return number + 1
'''


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    built = tmp_path / "Voting"
    for module in ("counting.py", "deep/down/counting.py"):
        (built / module).parent.mkdir(parents=True, exist_ok=True)
        (built / module).write_text(SOURCE)
    return built


def compiled(folder: Path) -> dict[str, bytes]:
    compile_folder(Path(sys.executable), folder, "/var/task")
    return {
        str(module.relative_to(folder)): Path(
            importlib.util.cache_from_source(str(module))
        ).read_bytes()
        for module in folder.rglob("*.py")
    }


def test_every_module_has_bytecode_that_is_never_compared_with_its_source(folder: Path) -> None:
    found = compiled(folder)
    assert len(found) == 2
    for bytecode in found.values():
        assert bytecode[:4] == importlib.util.MAGIC_NUMBER
        # PEP 552: a hash instead of a time, and not to be checked.
        assert int.from_bytes(bytecode[4:8], "little") == 0b01


def test_tracebacks_name_the_place_on_lambda(folder: Path) -> None:
    found = compiled(folder)["deep/down/counting.py"]
    code = marshal.loads(found[16:])  # noqa: S302 - written a moment ago
    assert isinstance(code, CodeType)
    assert code.co_filename == "/var/task/deep/down/counting.py"
    assert str(folder).encode() not in found


def test_the_same_source_gives_the_same_bytes(folder: Path) -> None:
    first = compiled(folder)
    (folder / "a_new_neighbour.py").write_text(SOURCE)
    assert first.items() < compiled(folder).items()


def test_a_module_that_does_not_compile_is_named(folder: Path) -> None:
    (folder / "broken.py").write_text("def count(:\n")
    with pytest.raises(DeployFailed, match=r"(?s)Voting does not compile.*broken\.py"):
        compile_folder(Path(sys.executable), folder, "/var/task")
