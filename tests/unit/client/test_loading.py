from pathlib import Path

import pytest

from civic.client.citizen import Receipt
from civic.client.journal import Journal, Marks
from civic.client.loading import Step, plan_of, spans
from civic.client.people_reader import BadRow, PersonRow, Row


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "receipts.jsonl")


def row(number: int, name: str = "", key: str | None = None, city: str = "Bonn") -> PersonRow:
    payload = {"full_name": name or f"Person {number}", "date_of_birth": "1970-01-02", "city": city}
    return PersonRow(number, payload, key)


def load(journal: Journal, *rows: PersonRow) -> None:
    for one in rows:
        journal.add(journal.marks_of(one), Receipt(f"id-{one.number}", "t"))


def test_each_row_is_new_changed_unchanged_or_refused(journal: Journal) -> None:
    load(journal, row(2), row(3))
    rows: list[Row] = [row(2), row(3, city="Ulm"), row(4), BadRow(5, "it is bad")]
    plan = plan_of(rows, journal)
    assert plan.steps == {2: Step.UNCHANGED, 3: Step.CHANGED, 4: Step.NEW}
    assert plan.refused == {5: "it is bad"}
    assert (plan.absent, plan.unknown) == (0, 0)
    assert list(plan.kept(rows)) == rows[:3]


def test_planning_changes_nothing(journal: Journal, tmp_path: Path) -> None:
    before = (tmp_path / "receipts.jsonl").read_text()
    plan_of([row(2)], journal)
    assert (tmp_path / "receipts.jsonl").read_text() == before
    assert journal.entries == []


def test_two_rows_of_one_person_are_both_refused_and_name_each_other(journal: Journal) -> None:
    rows = [row(2, "Twin"), row(3), row(4, "TWIN", city="Ulm"), row(5), row(6, "Twin")]
    plan = plan_of(rows, journal)
    assert plan.steps == {3: Step.NEW, 5: Step.NEW}
    assert [plan.refused[number].split(";")[0] for number in (2, 4, 6)] == [
        "it is the same person as rows 4, 6",
        "it is the same person as rows 2, 6",
        "it is the same person as rows 2, 4",
    ]
    assert "--key" in plan.refused[2]
    assert [one.number for one in plan.kept(rows)] == [3, 5]


def test_key_tells_two_people_of_one_name_and_birth_date_apart(journal: Journal) -> None:
    plan = plan_of([row(2, "Twin", "r1"), row(3, "Twin", "r2")], journal)
    assert plan.rows(Step.NEW) == [2, 3]
    plan = plan_of([row(2, "One", "r1"), row(3, "Other", "r1")], journal)
    assert sorted(plan.refused) == [2, 3]


def test_two_rows_that_one_registration_may_be_of_are_refused(journal: Journal) -> None:
    load(journal, row(1, "Twin"))
    plan = plan_of([row(2, "Twin", "r1"), row(3, "Twin", "r2")], journal)
    assert sorted(plan.refused) == [2, 3]


def test_row_that_may_be_of_several_people_is_refused(journal: Journal) -> None:
    load(journal, row(1, "Twin", "r1"), row(2, "Twin", "r2"))
    plan = plan_of([row(4, "Twin")], journal)
    assert plan.steps == {}
    assert "several people of this name" in plan.refused[4]


def test_people_who_are_not_in_the_file_are_counted(journal: Journal) -> None:
    load(journal, row(2), row(3))
    journal.add(Marks("of-an-earlier-release"), Receipt("id-9", "t"))
    plan = plan_of([row(3)], journal)
    assert (plan.absent, plan.unknown) == (2, 1)


def test_numbers_are_written_in_short() -> None:
    assert spans([]) == ""
    assert spans([2, 3, 4, 7, 9, 10]) == "2-4, 7, 9-10"
    assert spans([2, 4, 6], at_most=2) == "2, 4, ..."
    assert spans([2, 4], at_most=2) == "2, 4"
