"""`civic desk` and `civic review renew`: tokens are made here, and shown to nobody."""

import io
import json
from pathlib import Path
from typing import Any, Self

import pytest
from rich.console import Console

from civic.client.citizen import Receipt
from civic.contracts import base64url
from civic.identity.model.keys import AccessDigest, digest_of
from civic.identity.model.renewal import comparison_code
from civic.operator import main as main_module
from civic.operator.commands import desk, review
from civic.operator.main import main
from civic.operator.staff import Staff, StaffRefused
from civic.stack.workspace import Workspace
from civic.terminal.failures import CommandFailed
from civic.terminal.times import second
from tests.strategies.registrations import person

type Capture = pytest.CaptureFixture[str]

ID = "5d3c6f0e-0000-4000-8000-000000000000"
OTHER = "5d3c6f0e-0000-4000-8000-000000000001"
AT = "2027-02-01T09:30:00Z"
CODE = "0123-4567-89AB-CDEF"
OPENED = {
    "id": ID,
    "renewals": [
        {"code": CODE, "asked_by": "arn:aws:iam::1:user/jane", "asked_at": AT, "lapses_at": AT}
    ],
    "data": {"full_name": "[bold]Ada[/bold]"},
}


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Api:
    """Records the requests to both APIs, and answers."""

    asked: list[tuple[Any, ...]]
    fails: CommandFailed | None = None
    code: str | None = None

    def __init__(self, *_: object, **__: object) -> None:
        pass

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def ask_for_renewal(self, registration: str, digest: str) -> dict[str, Any]:
        self.asked.append(("ask", registration, digest))
        if self.fails:
            raise self.fails
        made = comparison_code(AccessDigest(base64url.decode(digest)))
        return {"id": registration, "code": self.code or made}

    def renewals(self, registration: str) -> dict[str, Any]:
        self.asked.append(("look", registration))
        return OPENED

    def agree_to_renewal(self, registration: str, code: str) -> dict[str, Any]:
        self.asked.append(("agree", registration, code))
        return {"id": registration, "code": code, "renewed_at": AT}

    def rectify(self, receipt: Receipt, payload: dict[str, Any]) -> dict[str, Any]:
        self.asked.append(("rectify", receipt.id, receipt.access_token, payload["full_name"]))
        return {"id": receipt.id, "status": "pending"}


class SomeTarget:
    api_url = "http://127.0.0.1:4566"
    is_local = True


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Api.asked = []
    monkeypatch.setattr(main_module, "here", lambda: Workspace(tmp_path))
    for module in (desk, review):
        monkeypatch.setattr(module, "Staff", Api)
    monkeypatch.setattr(desk, "Citizen", Api)
    monkeypatch.setattr(desk, "target_of", lambda _context: SomeTarget())
    for name in ("CIVIC_PORT", "CIVIC_STACK"):
        monkeypatch.delenv(name, raising=False)


def renew(file: Path, registration: str = ID) -> int:
    return main(["desk", "renew", registration, "--receipt", str(file)])


def test_token_is_written_for_its_owner_only_and_its_digest_is_sent(
    tmp_path: Path, capsys: Capture
) -> None:
    file = tmp_path / "receipt.json"
    assert renew(file) == 0
    kept = json.loads(file.read_text())
    assert kept["id"] == ID
    assert len(base64url.decode(kept["access_token"])) == 32
    assert file.stat().st_mode & 0o777 == 0o600
    digest = digest_of(kept["access_token"])
    assert Api.asked == [("ask", ID, base64url.encode(digest))]
    said = capsys.readouterr()
    assert said.out == f"comparison code: {comparison_code(digest)}\n"
    assert f"civic review renew {ID} --code {comparison_code(digest)}" in said.err
    assert kept["access_token"] not in said.out + said.err
    assert list(tmp_path.iterdir()) == [file]


def test_two_tokens_are_two(tmp_path: Path) -> None:
    for name in ("one", "other"):
        assert renew(tmp_path / name) == 0
    assert len({digest for _, _, digest in Api.asked}) == 2


def test_receipt_is_never_overwritten(tmp_path: Path, capsys: Capture) -> None:
    file = tmp_path / "receipt.json"
    file.write_text("kept")
    assert renew(file) == 1
    assert "already exists" in capsys.readouterr().err
    assert (file.read_text(), Api.asked) == ("kept", [])


def test_interrupted_renewal_goes_on_with_the_same_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "receipt.json"
    monkeypatch.setattr(Api, "fails", CommandFailed("the staff API does not answer"))
    assert renew(file) == 1
    assert not file.exists()
    assert (tmp_path / "receipt.json.part").stat().st_mode & 0o777 == 0o600
    monkeypatch.setattr(Api, "fails", None)
    assert renew(file, OTHER) == 1
    assert renew(file) == 0
    assert Api.asked[0] == Api.asked[1]
    assert list(tmp_path.iterdir()) == [file]


def test_nothing_is_kept_of_a_renewal_of_who_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Api, "fails", StaffRefused(404, "not_found", None))
    assert renew(tmp_path / "receipt.json") == 1
    assert list(tmp_path.iterdir()) == []


def test_answer_about_another_token_is_an_alarm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setattr(Api, "code", CODE)
    file = tmp_path / "receipt.json"
    assert renew(file) == 1
    assert "the code of another token" in capsys.readouterr().err
    assert not file.exists()


def test_correction_is_sent_with_the_receipt_of_the_person(tmp_path: Path) -> None:
    receipt, people = tmp_path / "receipt.json", tmp_path / "person.jsonl"
    receipt.write_text(json.dumps({"id": ID, "access_token": "secret"}))
    people.write_text(person(full_name="Ada King").model_dump_json(exclude_none=True) + "\n")
    assert main(["desk", "correct", str(people), "--receipt", str(receipt)]) == 0
    assert Api.asked == [("rectify", ID, "secret", "Ada King")]


@pytest.mark.parametrize(("people", "exit_code"), [(0, 9), (2, 1)])
def test_correction_is_of_one_person(
    tmp_path: Path, people: int, exit_code: int, capsys: Capture
) -> None:
    receipt, file = tmp_path / "receipt.json", tmp_path / "people.jsonl"
    receipt.write_text(json.dumps({"id": ID, "access_token": "secret"}))
    file.write_text((person().model_dump_json(exclude_none=True) + "\n") * people)
    assert main(["desk", "correct", str(file), "--receipt", str(receipt)]) == exit_code
    assert ("exactly one" if people else "is empty") in capsys.readouterr().err
    assert Api.asked == []


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"id": "x"}'])
def test_receipt_that_is_none_is_said(tmp_path: Path, text: str, capsys: Capture) -> None:
    receipt, file = tmp_path / "receipt.json", tmp_path / "people.jsonl"
    receipt.write_text(text)
    file.write_text(person().model_dump_json(exclude_none=True) + "\n")
    assert main(["desk", "correct", str(file), "--receipt", str(receipt)]) == 1
    assert "is not a receipt" in capsys.readouterr().err


def test_record_is_not_opened_where_there_is_no_terminal(capsys: Capture) -> None:
    assert main(["review", "renewals", ID]) == 1
    assert "terminal only" in capsys.readouterr().err
    assert Api.asked == []


def test_what_waits_is_shown_with_the_record(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stdout", terminal)
    assert main(["review", "renewals", ID]) == 0
    assert Api.asked == [("look", ID)]
    console = Console(file=io.StringIO(), width=100, color_system=None)
    console.print(review.renewals_table(OPENED))
    file: Any = console.file
    for text in (CODE, "user/jane", second(AT), "[bold]Ada[/bold]"):
        assert text in file.getvalue()


@pytest.mark.parametrize("typed", [CODE, CODE.lower(), CODE.replace("-", "")])
def test_code_is_sent_as_it_is_compared(typed: str, capsys: Capture) -> None:
    assert main(["review", "renew", ID, "--code", typed]) == 0
    assert Api.asked == [("agree", ID, CODE)]
    assert capsys.readouterr().out.startswith(f"renewed: {second(AT)}")


@pytest.mark.parametrize(
    ("code", "hint"),
    [("no_such_renewal", "civic desk renew"), ("another_person_needed", "another person")],
)
def test_refusal_says_what_to_do(code: str, hint: str) -> None:
    assert hint in str(Staff.refused(409, code))
