"""`civic review`: what staff are shown, where, and what they must give."""

import io
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import pytest
from rich.console import Console
from rich.table import Table

from civic.operator import main as main_module
from civic.operator.commands import review as module
from civic.operator.commands.review import case_table, cases_table
from civic.operator.main import main
from civic.stack.workspace import Workspace
from civic.terminal.times import second
from tests.fakes.pipeline import Pipeline
from tests.fakes.reviewing import JANE, JOHN, decide, restricted
from tests.strategies.registrations import person

type Capture = pytest.CaptureFixture[str]

ID = "5d3c6f0e-0000-4000-8000-000000000000"
WAITING = {
    "id": ID,
    "revision": 1,
    "cause": "rules",
    "since": "2027-02-01T09:30:00Z",
    "due_at": "2027-03-01T09:30:00Z",
    "opinions": 0,
}
OPENED = {
    "id": ID,
    "revision": 2,
    "cause": "data_subject",
    "since": "2027-02-01T09:30:00Z",
    "decision": "rejected",
    "reasons": [{"code": "national_id_invalid", "pointer": "/national_id"}],
    "proposals": [],
    "beside": [],
    "data": {
        "full_name": "[bold]Ada[/bold]",
        "address": {"lines": ["Hauptstraße 12"]},
        "citizenship_attestation": True,
    },
}


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class DeskOfStaff:
    """Records the requests to the staff API, and answers."""

    asked: list[tuple[Any, ...]]

    def __init__(self, _target: object) -> None:
        DeskOfStaff.asked = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def cases(self) -> list[dict[str, Any]]:
        return []

    def show(self, registration: str) -> dict[str, Any]:
        self.asked.append(("show", registration))
        return OPENED

    def decide(
        self, registration: str, revision: int, judgement: Mapping[str, Any]
    ) -> dict[str, Any]:
        self.asked.append(("decide", registration, revision, judgement))
        decision = judgement["decision"]
        outcome = "decided" if decision == "accepted" else "awaiting_agreement"
        return {"id": registration, "outcome": outcome, "decision": decision}

    def propose(self, registration: str, judgement: Mapping[str, Any]) -> dict[str, Any]:
        self.asked.append(("propose", registration, judgement))
        decision = judgement["decision"]
        return {"id": registration, "outcome": "awaiting_agreement", "decision": decision}


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    DeskOfStaff.asked = []
    monkeypatch.setattr(main_module, "here", lambda: Workspace(tmp_path))
    monkeypatch.setattr(module, "Staff", DeskOfStaff)
    for name in ("CIVIC_PORT", "CIVIC_STACK"):
        monkeypatch.delenv(name, raising=False)


def shown(table: Table, width: int = 80) -> str:
    console = Console(file=io.StringIO(), width=width, color_system=None)
    console.print(table)
    file: Any = console.file
    return str(file.getvalue())


def test_waiting_case_is_listed_with_its_due_date() -> None:
    text = shown(cases_table([WAITING], datetime(2027, 2, 28, tzinfo=UTC)))
    assert f"{ID}" in text
    assert "2027-03-01" in text
    assert "rules" in text
    assert "overdue" not in text


def test_overdue_case_is_marked() -> None:
    text = shown(cases_table([WAITING], datetime(2027, 3, 1, 9, 30, 1, tzinfo=UTC)))
    assert "overdue" in text


def test_contested_case_and_its_opinions_are_listed() -> None:
    case = WAITING | {"cause": "data_subject", "opinions": 1}
    text = shown(cases_table([case], datetime(2027, 3, 2, tzinfo=UTC)))
    assert "person" in text
    assert "overdue" in text
    assert "opinions: 1" in text
    assert max(map(len, text.splitlines())) <= 80


def test_opened_case_shows_every_value_as_it_was_written() -> None:
    text = shown(case_table(OPENED))
    assert "[bold]Ada[/bold]" in text
    assert "/address/lines/0" in text
    assert "Hauptstraße 12" in text
    assert "true" in text
    assert "national_id_invalid /national_id" in text


def test_second_member_of_staff_sees_what_is_proposed() -> None:
    at = "2027-02-02T10:15:30Z"
    died = {"decision": "rejected", "reason": "died", "areas": [], "beside": [], "at": at}
    # Bodies leave out what is not there.
    placed = {"decision": "accepted", "areas": ["N1", "DE"], "beside": [ID], "at": at}
    proposals = [died, placed, died | {"erase": True}]
    text = shown(case_table(OPENED | {"proposals": proposals}), width=120)
    assert f"erase died, {second(at)}" in text
    assert f"rejected died, {second(at)}" in text
    assert f"accepted N1 DE --beside {ID}, {second(at)}" in text


def test_records_to_compare_with_are_beside_the_case() -> None:
    """The answer is that of the function: one record is opened, one is not."""
    pipeline = Pipeline()
    first = pipeline.register(person(username="the first"))
    pipeline.drain()
    namesake = pipeline.register(person(username="a namesake"))
    pipeline.drain()
    for by in (JANE, JOHN):
        decide(pipeline, namesake, by=by)
    pipeline.drain()
    restricted(pipeline, first)
    waiting = pipeline.register(person())
    pipeline.drain()
    answer = pipeline.http("GET /reviews/{id}", staff=JANE, path={"id": waiting.id})
    text = shown(case_table(json.loads(answer["body"])), width=120)
    for one in (first, namesake):
        assert re.search(rf"compare with\W+{one.id}", text)
    assert "not opened: restricted" in text
    assert "a namesake" in text
    assert "the first" not in text


@pytest.mark.parametrize(("cause", "times"), [("office", 1), ("pair", 1), ("data_subject", 0)])
def test_reason_is_asked_for_where_the_office_has_brought_it_up(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture, cause: str, times: int
) -> None:
    monkeypatch.setattr("sys.stdout", Terminal())
    monkeypatch.setattr(DeskOfStaff, "show", lambda *_: OPENED | {"cause": cause})
    assert main(["review", "show", ID]) == 0
    assert capsys.readouterr().err.count("--reason ") == times


def test_no_case_is_said(capsys: Capture) -> None:
    assert main(["review", "list"]) == 0
    assert capsys.readouterr().out == "there are no open cases\n"


def test_record_is_not_opened_where_there_is_no_terminal(capsys: Capture) -> None:
    assert main(["review", "show", ID]) == 1
    assert "terminal only" in capsys.readouterr().err
    assert DeskOfStaff.asked == []


def test_record_is_shown_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stdout", terminal)
    assert main(["review", "show", ID]) == 0
    assert "Hauptstraße 12" in terminal.getvalue()
    assert DeskOfStaff.asked == [("show", ID)]


def test_decision_is_sent_with_its_revision(capsys: Capture) -> None:
    assert main(["review", "decide", ID, "--revision", "2", "--accept"]) == 0
    assert DeskOfStaff.asked == [("decide", ID, 2, {"decision": "accepted"})]
    assert capsys.readouterr().out == "decided: accepted\n"


def test_areas_are_sent_in_the_order_given(capsys: Capture) -> None:
    words = ["--revision", "2", "--accept", "--area", "N1", "--area", "DE-BE"]
    assert main(["review", "decide", ID, *words]) == 0
    judged = {"decision": "accepted", "areas": ["N1", "DE-BE"]}
    assert DeskOfStaff.asked == [("decide", ID, 2, judged)]
    assert capsys.readouterr().out == "decided: accepted\n"


def test_area_of_somebody_rejected_is_refused(capsys: Capture) -> None:
    words = ["--revision", "2", "--reject", "--area", "N1"]
    assert main(["review", "decide", ID, *words]) == 2
    assert DeskOfStaff.asked == []
    assert "--area goes with --accept" in capsys.readouterr().err


def test_reason_of_the_office_is_sent() -> None:
    words = ["--revision", "2", "--reject", "--reason", "died"]
    assert main(["review", "decide", ID, *words]) == 0
    assert DeskOfStaff.asked == [("decide", ID, 2, {"decision": "rejected", "reason": "died"})]


def test_proposal_is_sent_with_its_reason_and_says_who_goes_on(capsys: Capture) -> None:
    assert main(["review", "propose", ID, "--reject", "--reason", "moved_away"]) == 0
    judged = {"decision": "rejected", "reason": "moved_away"}
    assert DeskOfStaff.asked == [("propose", ID, judged)]
    said = capsys.readouterr().out
    assert "another person looks and decides" in said
    assert f"civic review show {ID}" in said


def test_erasure_is_proposed_and_decided_as_such(capsys: Capture) -> None:
    assert main(["review", "propose", ID, "--erase", "--reason", "died"]) == 0
    judged = {"decision": "rejected", "reason": "died", "erase": True}
    assert DeskOfStaff.asked == [("propose", ID, judged)]
    assert "proposed: erasure; another person" in capsys.readouterr().out
    words = ["--revision", "2", "--erase", "--reason", "died"]
    assert main(["review", "decide", ID, *words]) == 0
    assert DeskOfStaff.asked == [("decide", ID, 2, judged)]
    assert "recorded: erasure; another person has to agree" in capsys.readouterr().out


@pytest.mark.parametrize(
    "words",
    [
        ["--reject"],
        ["--reason", "died"],
        ["--reject", "--reason", "because"],
        ["--reject", "--reason", "died", "--area", "N1"],
        ["--erase", "--reason", "died", "--area", "N1"],
        ["--reject", "--erase", "--reason", "died"],
    ],
)
def test_proposal_without_a_reason_or_a_decision_is_2_and_not_sent(words: list[str]) -> None:
    assert main(["review", "propose", ID, *words]) == 2
    assert DeskOfStaff.asked == []


def test_decision_that_another_has_to_agree_with_is_said(capsys: Capture) -> None:
    assert main(["review", "decide", ID, "--revision", "2", "--reject"]) == 0
    assert "another person has to agree" in capsys.readouterr().out


@pytest.mark.parametrize(
    "words",
    [
        ["--revision", "1"],
        ["--revision", "1", "--accept", "--reject"],
        ["--accept"],
        ["--revision", "0", "--accept"],
        ["--revision", "one", "--accept"],
    ],
)
def test_decision_that_is_none_is_2_and_not_sent(words: list[str]) -> None:
    assert main(["review", "decide", ID, *words]) == 2
    assert DeskOfStaff.asked == []
