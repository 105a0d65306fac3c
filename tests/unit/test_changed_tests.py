"""Which tests `make check` runs: the nearest first, step by step, up to a limit."""

from pathlib import Path

import pytest
from tools.changed_tests import nearest

FILES = {
    "src/one/civic/one/__init__.py": "",
    "src/one/civic/one/base.py": "",
    "src/one/civic/one/upon.py": "from civic.one import base",
    "src/one/civic/one/far.py": "from civic.one.upon import thing",
    "tests/fakes/things.py": "from civic.one.base import thing",
    "tests/unit/test_base.py": "import civic.one.base",
    "tests/unit/test_fakes.py": "from tests.fakes.things import thing",
    "tests/unit/test_upon.py": "from civic.one.upon import thing",
    "tests/unit/test_far.py": "from civic.one import far",
    "tests/unit/test_file.py": "PLACE = 'stacks/one.yaml'",
    "tests/unit/test_documents.py": "",
    "tests/unit/below/conftest.py": "",
    "tests/unit/below/test_below.py": "",
    "tests/integration/test_engine.py": "import civic.one.base",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return tmp_path


def names(root: Path, changed: str, most: int) -> list[str]:
    return [Path(one).stem.removeprefix("test_") for one in nearest([changed], root, most)]


@pytest.mark.parametrize(
    ("most", "found"),
    [
        (0, ["base"]),
        (2, ["base"]),
        (3, ["base", "fakes", "upon"]),
        (60, ["base", "fakes", "far", "upon"]),
    ],
)
def test_steps_are_taken_for_as_long_as_few_enough_are_found(
    root: Path, most: int, found: list[str]
) -> None:
    assert names(root, "src/one/civic/one/base.py", most) == found


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ("src/one/civic/one/far.py", ["far"]),
        ("tests/fakes/things.py", ["fakes"]),
        ("tests/unit/test_upon.py", ["upon"]),
        ("stacks/one.yaml", ["file"]),
        ("docs/one.md", ["documents"]),
        ("tests/unit/below/conftest.py", ["below"]),
        ("tests/integration/test_engine.py", []),
        ("tests/unit/test_removed.py", []),
        ("LICENSE", []),
    ],
)
def test_change_leads_to_the_tests_that_name_it(root: Path, changed: str, found: list[str]) -> None:
    assert names(root, changed, most=60) == found
