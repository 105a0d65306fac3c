"""`civic ledger`, `civic deadlines`: what they print, and how a replay is interrupted."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from civic.contracts.identifiers import RegistrationId
from civic.identity.model.erasure import ErasureRecord, ErasureStore, SignedReceipt
from civic.identity.model.requests import RequestKind, SubjectRequest
from civic.identity.model.sweeping import Walk
from civic.operator import accountability as operator_module
from civic.operator import main as main_module
from civic.operator.accountability import ReplayedPage
from civic.operator.commands import accountability as module
from civic.operator.main import main
from civic.operator.operations import QueueDepth
from civic.stack.workspace import Workspace

type Capture = pytest.CaptureFixture[str]

AT = datetime(2027, 3, 1, 9, 30, tzinfo=UTC)
NEXT = '{"id": {"S": "b\'c"}}'


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(main_module, "here", lambda: Workspace(tmp_path))
    monkeypatch.setattr(module, "count_erasures", lambda _: 3)
    for name in ("CIVIC_PORT", "CIVIC_STACK"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def ledger(monkeypatch: pytest.MonkeyPatch) -> None:
    every = dict.fromkeys(ErasureStore, AT)
    receipt = SignedReceipt(b"{}", b"", b"")
    entries = [
        entry("complete", AT, every, receipt),
        entry("unsigned", AT, every),
        entry("waiting", AT, {ErasureStore.RECORDS: AT, ErasureStore.SUBJECT_KEYS: AT}),
        entry("unasked", None, {ErasureStore.ANALYTICS: AT}),
    ]
    monkeypatch.setattr(module, "ledger_entries", lambda _: iter(entries))


def entry(
    name: str,
    requested: datetime | None,
    confirmed: dict[ErasureStore, datetime],
    receipt: SignedReceipt | None = None,
) -> ErasureRecord:
    return ErasureRecord(RegistrationId(name), requested, confirmed=confirmed, receipt=receipt)


def replaying(*pages: ReplayedPage, then: BaseException | None = None) -> Callable[..., object]:
    def replay(_target: object, _cursor: object, _size: object) -> Iterator[ReplayedPage]:
        yield from pages
        if then is not None:
            raise then

    return replay


def quiet(dead: int = 0, waiting: int = 0) -> Callable[..., object]:
    return lambda _target, _tell: [QueueDepth("Validator", waiting, 0, dead)]


@pytest.mark.usefixtures("ledger")
def test_erasures_are_listed_with_the_stores_that_are_missing(capsys: Capture) -> None:
    assert main(["ledger", "list"]) == 0
    said = capsys.readouterr()
    assert said.out.splitlines() == [
        "complete  2027-03-01 09:30:00Z  complete 2027-03-01 09:30:00Z",
        "unsigned  2027-03-01 09:30:00Z  waiting for the receipt",
        "waiting  2027-03-01 09:30:00Z  waiting for decisions, analytics, issuance_roll",
        "unasked  -                     the request itself is missing",
    ]
    assert "erasures: 4, not complete: 3" in said.err


@pytest.mark.usefixtures("ledger")
def test_erasures_that_are_not_complete_are_listed_alone(capsys: Capture) -> None:
    assert main(["ledger", "list", "--incomplete"]) == 0
    listed = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert listed == ["unsigned", "waiting", "unasked"]


def test_replay_says_what_it_did(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    pages = ReplayedPage(2, NEXT), ReplayedPage(1, None)
    monkeypatch.setattr(module, "replay_erasures", replaying(*pages))
    monkeypatch.setattr(module, "await_empty_queues", quiet())
    assert main(["ledger", "replay"]) == 0
    assert capsys.readouterr().out == "replayed: 3\nmessages left: 0, dead letters: 0\n"


@pytest.mark.parametrize("left", [{"dead": 1}, {"waiting": 1}])
def test_replay_that_left_messages_is_1(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture, left: dict[str, int]
) -> None:
    monkeypatch.setattr(module, "replay_erasures", replaying(ReplayedPage(1, None)))
    monkeypatch.setattr(module, "await_empty_queues", quiet(**left))
    assert main(["ledger", "replay"]) == 1
    assert "civic dlq list" in capsys.readouterr().err


def sweeping(*pages: dict[str, Any]) -> tuple[Callable[..., Any], list[Any]]:
    asked: list[Any] = []
    answers = iter(pages)

    def invoke(_target: object, output: str, command: Any) -> dict[str, Any]:
        asked.append((output, command))
        return next(answers)

    return invoke, asked


def test_round_goes_through_every_store_once(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    invoke, asked = sweeping(
        {"found": {"KeysMended": 2}, "ended": ["keys", "requests"]},
        {"found": {"DecisionsMended": 1}, "ended": ["records"]},
        {"found": {"DecisionsMended": 1}, "ended": ["decisions"]},
    )
    monkeypatch.setattr(operator_module, "invoke", invoke)
    monkeypatch.setattr(module, "await_empty_queues", quiet())
    assert main(["reconcile"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "DecisionsMended: 2",
        "KeysMended: 2",
        "messages left: 0, dead letters: 0",
    ]
    walks = [command["walks"] for _, command in asked]
    assert [len(some) for some in walks] == [4, 2, 1]
    assert [command["from_the_start"] for _, command in asked] == [True, False, False]
    assert {output for output, _ in asked} == {"ReconcilerFunctionName"}


def test_a_search_is_gone_on_with_until_it_ends(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    invoke, asked = sweeping({"found": 2, "ended": False}, {"found": 1, "ended": True})
    monkeypatch.setattr(operator_module, "invoke", invoke)
    assert main(["review", "search"]) == 0
    assert capsys.readouterr().out.strip() == "pairs found: 3; they wait: civic review list"
    matcher = "MatcherFunctionName"
    assert asked == [(matcher, {"from_the_start": True}), (matcher, {})]


@pytest.mark.parametrize(
    ("found", "dead", "code"),
    [({}, 0, 0), ({"KeysOfNobody": 1}, 0, 0), ({"BeyondMending": 1}, 0, 1), ({}, 1, 1)],
)
def test_round_that_leaves_something_wrong_is_1(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture, found: dict[str, int], dead: int, code: int
) -> None:
    invoke, _ = sweeping({"found": found, "ended": list(Walk)})
    monkeypatch.setattr(operator_module, "invoke", invoke)
    monkeypatch.setattr(module, "await_empty_queues", quiet(dead))
    assert main(["reconcile"]) == code
    assert ("nothing is wrong" in capsys.readouterr().out) == (not found)


def test_replay_broken_off_is_130_and_says_where_to_go_on(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    broken = replaying(ReplayedPage(2, NEXT), then=KeyboardInterrupt())
    monkeypatch.setattr(module, "replay_erasures", broken)
    assert main(["ledger", "replay"]) == 130
    said = capsys.readouterr()
    assert "interrupted after 2" in said.err
    # As it must be quoted for a shell.
    assert """civic ledger replay --from '{"id": {"S": "b'"'"'c"}}'""" in said.err
    assert "Traceback" not in said.err


def test_replay_goes_on_from_where_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[Any] = []

    def replay(_target: object, cursor: object, size: object) -> Iterator[ReplayedPage]:
        begun.append((cursor, size))
        yield ReplayedPage(1, None)

    monkeypatch.setattr(module, "replay_erasures", replay)
    monkeypatch.setattr(module, "await_empty_queues", quiet())
    assert main(["ledger", "replay", "--from", NEXT, "--page-size", "7"]) == 0
    assert begun == [(NEXT, 7)]


@pytest.mark.parametrize(
    "words", [["--from", "x"], ["--from", "[]"], ["--page-size", "0"], ["--page-size", "1001"]]
)
def test_replay_of_what_is_no_page_is_2(words: list[str]) -> None:
    assert main(["ledger", "replay", *words]) == 2


def test_overdue_requests_are_listed(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    received = datetime.now(UTC) - timedelta(days=40)
    late = SubjectRequest(RegistrationId("an-id"), RequestKind.REVIEW, received)
    monkeypatch.setattr(module, "overdue_requests", lambda _target, _now: ([late], []))
    assert main(["deadlines", "overdue"]) == 0
    said = capsys.readouterr()
    days = (datetime.now(UTC) - late.due_at).days
    assert said.out.split() == [
        *("an-id", "review", "(Art.", "22(3))", "due", f"{late.due_at:%Y-%m-%d},"),
        *(str(days), "days", "ago"),
    ]
    assert said.err == "overdue: 1\n"


def test_requests_that_cannot_be_read_are_named_and_end_in_1(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    unreadable = [RegistrationId("an-id")]
    monkeypatch.setattr(module, "overdue_requests", lambda _target, _now: ([], unreadable))
    assert main(["deadlines", "overdue"]) == 1
    said = capsys.readouterr().err.splitlines()
    assert said[:2] == ["overdue: 0", "an-id  cannot be read"]
    assert said[2].startswith("1 rows cannot be read")


@pytest.mark.parametrize("unreadable", [0, 3])
def test_daily_job_that_could_not_read_everything_ends_in_1(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture, unreadable: int
) -> None:
    done = {"overdue": 2, "ended": 1, "unreadable": unreadable}
    monkeypatch.setattr(module, "run_deadlines", lambda _target: done)
    assert main(["deadlines", "run"]) == bool(unreadable)
    said = capsys.readouterr()
    assert json.loads(said.out) == done
    assert ("3 rows cannot be read" in said.err) == bool(unreadable)


def test_nothing_overdue_is_said(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    monkeypatch.setattr(module, "overdue_requests", lambda _target, _now: ([], []))
    assert main(["deadlines", "overdue"]) == 0
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "overdue: 0\n")
