import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from civic.lab.leakscan import command
from civic.lab.leakscan.conversation import Walked
from civic.lab.leakscan.report import Report, as_json
from civic.lab.leakscan.scan import Leak, Looked, Scanner
from civic.lab.leakscan.settling import await_none
from civic.operator import main as main_module
from civic.operator.main import main
from civic.stack.engine import Engine
from civic.stack.target import Target
from civic.stack.workspace import Workspace
from civic.terminal.failures import CommandFailed
from civic.terminal.waiting import PATIENCE_SECONDS

MARKER = "Zqkbłä marked"
LEAK = Leak("accepted /email", "log group", "functions", "stream 3")
CLEAN = Looked("table", "LowSec", 1234, frozenset())
LEAKY = Looked("log group", "functions", 10, frozenset({LEAK}))


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the tests away from the engine of this checkout."""
    monkeypatch.setattr(main_module, "here", lambda: Workspace(tmp_path))
    for name in ("CIVIC_PORT", "CIVIC_STACK"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def running(monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine with a stack, as far as the command checks before it begins."""
    monkeypatch.setattr(Engine, "is_running", lambda _: True)
    monkeypatch.setattr(Target, "find_stacks", lambda _: {"civic-local": {}})


def test_leakscan_of_a_stack_on_aws_is_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--stack", "civic-prod", "leakscan"]) == 2
    assert "civic-local" in capsys.readouterr().err


def test_leakscan_without_an_engine_is_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["leakscan"]) == 2
    assert "civic up" in capsys.readouterr().err


def test_leakscan_without_a_stack_is_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Engine, "is_running", lambda _: True)
    monkeypatch.setattr(Target, "find_stacks", lambda _: {})
    assert main(["leakscan"]) == 2
    assert "civic up" in capsys.readouterr().err


@pytest.mark.usefixtures("running")
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"long enough\n\nshort\n", "line 3 has under 7 bytes"),
        (b"\n \n", "empty"),
        (b"\xff\xfe\x00", "UTF-8"),
    ],
)
def test_markers_that_cannot_be_looked_for_are_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes, said: str
) -> None:
    file = tmp_path / "markers.txt"
    file.write_bytes(content)
    assert main(["leakscan", "--markers", str(file)]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.usefixtures("running")
def test_markers_from_no_file_are_2(tmp_path: Path) -> None:
    assert main(["leakscan", "--markers", str(tmp_path / "none")]) == 2


@pytest.mark.usefixtures("running")
@pytest.mark.parametrize(("looked", "code"), [([CLEAN], 0), ([CLEAN, LEAKY], 1)])
def test_exit_code_says_whether_anything_was_found(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    looked: list[Looked],
    code: int,
) -> None:
    monkeypatch.setattr(command, "_walk_and_scan", lambda *_: Report(2, looked))
    assert main(["leakscan", "--json"]) == code
    assert json.loads(capsys.readouterr().out)["clean"] is not bool(code)


def shown(report: Report) -> str:
    console = Console(file=io.StringIO(), width=200)
    report.show(console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_report_names_places_bytes_and_hits() -> None:
    text = shown(Report(7, [CLEAN, LEAKY], paths=["accepted"], controls=5))
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in text.splitlines()]
    assert ["table", "LowSec", "1,234", "0"] in rows
    assert ["log group", "functions", "10", "1"] in rows
    assert "accepted /email in log group functions: stream 3" in text
    assert "7 markers, 2 places, 1 paths; 5 markers with their owners: NOT clean" in text


def test_report_of_nothing_found_is_clean() -> None:
    assert shown(Report(7, [CLEAN])).endswith("7 markers, 1 places: clean\n")


def test_report_is_not_clean_where_something_was_not_read() -> None:
    report = Report(7, [CLEAN], blind=["AWS::Kinesis::Stream"])
    assert not report.clean
    assert "AWS::Kinesis::Stream" in shown(report)
    assert json.loads(as_json(report))["unread"] == ["AWS::Kinesis::Stream"]


def test_report_as_json_has_every_leak() -> None:
    document = json.loads(as_json(Report(7, [CLEAN, LEAKY])))
    assert document["places"][1] == {
        "kind": "log group",
        "place": "functions",
        "bytes": 10,
        "hits": 1,
    }
    assert document["leaks"] == [
        {
            "marker": "accepted /email",
            "kind": "log group",
            "place": "functions",
            "at": "stream 3",
        }
    ]


def walked(*rightful: bytes) -> Walked:
    return Walked({"name": MARKER, "token": "Zq-a-token"}, rightful=[*rightful], shown={"name"})


def test_control_counts_what_owners_were_shown() -> None:
    scanner = Scanner({"name": MARKER})
    assert command._control(scanner, walked(b"{}", json.dumps(MARKER).encode())) == 1


def test_scan_that_misses_what_owners_were_shown_is_refused() -> None:
    with pytest.raises(CommandFailed, match="proves nothing"):
        command._control(Scanner({"name": MARKER}), walked(b"{}"))


def test_walk_shows_no_marker_in_its_repr() -> None:
    assert MARKER not in repr(walked(MARKER.encode()))


class Queue:
    """How many messages are left at each look, of which the last number stays.

    Between two looks a little less time passes than the patience.
    """

    def __init__(self, *left: int) -> None:
        self._left = left
        self.looks = 0

    def settle(self) -> None:
        await_none(self._count, lambda: 0.9 * PATIENCE_SECONDS * self.looks, lambda _: None)

    def _count(self) -> int:
        self.looks += 1
        return self._left[min(self.looks, len(self._left)) - 1]


def test_settling_waits_until_there_is_nothing_twice() -> None:
    queue = Queue(3, 2, 0, 1, 0)
    queue.settle()
    assert queue.looks == 6


def test_settling_gives_up_when_nothing_gets_any_less() -> None:
    queue = Queue(3, 2)
    with pytest.raises(CommandFailed, match="2 messages"):
        queue.settle()
    assert queue.looks == 4
