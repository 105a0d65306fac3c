import pytest

from tests.mutation.pool import ROOT
from tests.mutation.scopes import Target, UnknownMutant, scopes
from tests.mutation.survivors import accepted

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


def test_every_file_that_is_named_exists() -> None:
    targets = [target for scope in scopes() for target in scope.targets]
    named = {name for target in targets for name in (target.file, *target.tests)}
    named |= {name.partition(" | ")[0] for name in accepted()}
    assert [name for name in sorted(named) if not (ROOT / name).is_file()] == []


def test_every_mutant_that_is_listed_as_a_survivor_exists() -> None:
    targets = [target for scope in scopes() for target in scope.targets]
    made = {task.mutant.name for target in targets for task in target.tasks()}
    assert set(accepted()) - made == set()
