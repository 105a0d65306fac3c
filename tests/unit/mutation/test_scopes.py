import pytest

from tests.mutation.scopes import Target, UnknownMutant, scopes

FILE = "src/shared/civic/contracts/log_entries.py"
NAMED = r"leaf_hash | b'\x00' + entry becomes entry"


def test_of_a_file_only_the_named_mutants_are_run() -> None:
    (task,) = Target(FILE, (), (NAMED,)).tasks()
    assert task.mutant.name == f"{FILE} | {NAMED}"
    assert len(list(Target(FILE, ()).tasks())) > 10


def test_name_of_no_mutant_is_an_error() -> None:
    with pytest.raises(UnknownMutant, match="nothing"):
        list(Target(FILE, (), (NAMED, "nothing")).tasks())


def test_every_mutant_that_is_named_exists() -> None:
    named = [target for scope in scopes() for target in scope.targets if target.only]
    assert named
    assert all(len(list(target.tasks())) == len(target.only) for target in named)
