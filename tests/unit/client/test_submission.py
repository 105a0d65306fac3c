import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from civic.client.journal import Journal
from civic.client.loading import Step
from civic.client.people_reader import PersonRow
from civic.client.submission import in_parallel, submit_all
from tests.fakes.registration_api import RegistrationApi


def people(count: int, city: str = "Bonn") -> list[PersonRow]:
    return [
        PersonRow(
            number,
            {"full_name": f"Person {number}.", "date_of_birth": "1970-01-02", "city": city},
        )
        for number in range(1, count + 1)
    ]


def load(api: RegistrationApi, path: Path, rows: list[PersonRow]) -> Counter[Step]:
    with api.citizen() as citizen:
        outcomes = list(submit_all(citizen, Journal(path), rows, workers=4))
    assert sorted(outcome.number for outcome in outcomes) == [one.number for one in rows]
    return Counter(outcome.step for outcome in outcomes if outcome.receipt)


def test_everyone_is_registered_once(tmp_path: Path) -> None:
    api = RegistrationApi()
    assert load(api, tmp_path / "j", people(50)) == {Step.NEW: 50}
    assert len(api.versions) == api.requests == 50


def test_second_run_sends_nobody_again(tmp_path: Path) -> None:
    api = RegistrationApi()
    load(api, tmp_path / "j", people(10))
    assert load(api, tmp_path / "j", people(10)) == {Step.UNCHANGED: 10}
    assert api.requests == 10


def test_changed_row_corrects_its_registration(tmp_path: Path) -> None:
    api = RegistrationApi()
    load(api, tmp_path / "j", people(3))
    rows = [*people(2), *people(4, "Ulm")[2:]]
    assert load(api, tmp_path / "j", rows) == {Step.UNCHANGED: 2, Step.CHANGED: 1, Step.NEW: 1}
    assert load(api, tmp_path / "j", rows) == {Step.UNCHANGED: 4}
    sent = [[version["city"] for version in versions] for versions in api.versions.values()]
    assert sorted(sent) == [["Bonn"], ["Bonn"], ["Bonn", "Ulm"], ["Ulm"]]


def test_refused_person_does_not_stop_the_others(tmp_path: Path) -> None:
    api = RegistrationApi(refuse="Person 4.")
    outcomes = list(submit_all(api.citizen(), Journal(tmp_path / "j"), people(6), workers=2))
    (refused,) = (outcome for outcome in outcomes if outcome.receipt is None)
    assert (refused.number, refused.step) == (4, Step.NEW)
    assert str(refused.refusal) == "422 invalid_fields: It is refused"
    api.refuse = None
    assert load(api, tmp_path / "j", people(6)) == {Step.UNCHANGED: 5, Step.NEW: 1}


def test_load_that_broke_off_goes_on_without_registering_anybody_twice(tmp_path: Path) -> None:
    api = RegistrationApi(lose=1)
    with pytest.raises(KeyboardInterrupt):
        load(api, tmp_path / "j", people(20))
    assert api.versions
    load(api, tmp_path / "j", people(20))
    assert len(api.versions) == 20
    assert all(len(versions) == 1 for versions in api.versions.values())


def test_correction_after_a_load_that_broke_off_registers_nobody_twice(tmp_path: Path) -> None:
    api = RegistrationApi(lose=1)
    with pytest.raises(KeyboardInterrupt):
        load(api, tmp_path / "j", people(1))
    with api.citizen() as citizen:
        (outcome,) = submit_all(citizen, Journal(tmp_path / "j"), people(1, "Ulm"), workers=1)
    assert outcome.refusal is not None
    assert outcome.refusal.code == "idempotency_key_reused"
    assert load(api, tmp_path / "j", people(1)) == {Step.NEW: 1}
    assert load(api, tmp_path / "j", people(1, "Ulm")) == {Step.CHANGED: 1}
    assert len(api.versions) == 1


def test_correction_whose_answer_was_lost_is_sent_again(tmp_path: Path) -> None:
    api = RegistrationApi()
    load(api, tmp_path / "j", people(1))
    api.lose = 1
    with pytest.raises(KeyboardInterrupt):
        load(api, tmp_path / "j", people(1, "Ulm"))
    assert load(api, tmp_path / "j", people(1, "Ulm")) == {Step.CHANGED: 1}
    ((_, *corrections),) = api.versions.values()
    assert [one["city"] for one in corrections] == ["Ulm", "Ulm"]


def test_erased_person_stays_erased(tmp_path: Path) -> None:
    api = RegistrationApi()
    load(api, tmp_path / "j", people(1))
    (registration,) = api.versions
    api.erase(registration)
    with api.citizen() as citizen:
        (outcome,) = submit_all(citizen, Journal(tmp_path / "j"), people(1, "Ulm"), workers=1)
    assert outcome.refusal is not None
    assert outcome.refusal.code == "not_found"
    assert api.versions == {registration: []}


def test_in_parallel_reads_only_a_little_ahead() -> None:
    taken = 0
    gate = threading.Event()

    def items() -> Iterator[int]:
        nonlocal taken
        for number in range(1000):
            taken += 1
            yield number

    def work(number: int) -> int:
        gate.wait(5)
        return number

    results = in_parallel(work, items(), workers=2)
    threading.Timer(0.05, gate.set).start()
    next(results)
    assert taken <= 8
    assert len(list(results)) == 999
