"""Letters: only hashes are sent, only stored codes are printed, and the file is the owner's."""

import base64
import csv
import io
import json
import os
import re
import secrets
import stat
from pathlib import Path
from typing import Any, Self

import httpx
import pytest
import typer
from typer.testing import CliRunner

from civic.contracts.identifiers import ElectionId, StyleId
from civic.operator.commands import letters as command
from civic.operator.elections import ElectionOffice
from civic.operator.letters.making import make_codes, store_codes
from civic.operator.letters.printing import as_csv, as_pdf
from civic.stack.context import Settled
from civic.stack.engine import Engine
from civic.stack.target import LOCAL_STACK, Target
from civic.stack.workspace import here
from civic.terminal.failures import CommandFailed, SettingInvalid
from civic.voting.model.codes import PostedCode, hash_of, parse

ELECTION, STYLE = ElectionId("0123456789ab"), StyleId("us-ca")
KEY = bytes(range(32))

ALONE = typer.Typer()
ALONE.command()(command.letters)


class Office:
    """Keeps hashes; refuses after a given number of calls."""

    def __init__(self, calls: int = 1_000, keeps: int = 500) -> None:
        self._keeps = keeps
        self.stored: list[bytes] = []
        self.calls: list[int] = []
        self._left = calls

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def add_codes(self, election: str, style: str, hashes: list[str]) -> int:
        assert (election, style) == (ELECTION, STYLE)
        if not self._left:
            raise CommandFailed("the staff API does not answer")
        self._left -= 1
        self.calls.append(len(hashes))
        kept = hashes[: self._keeps]
        self.stored += [base64.urlsafe_b64decode(one + "=") for one in kept]
        return len(kept)


def run(
    monkeypatch: pytest.MonkeyPatch, office: Office, *options: str, election: str = ELECTION
) -> Any:
    monkeypatch.setattr(command, "codes_key", lambda _voting, _election: KEY)
    monkeypatch.setattr(command, "ElectionOffice", lambda _target: office)
    engine = Engine(here(), 0)
    settled = Settled(
        Target(LOCAL_STACK, region="eu-west-1", endpoint="http://127.0.0.1:1"), engine
    )
    words = [election, "--style", STYLE, *options]
    return CliRunner().invoke(ALONE, words, obj=settled)


def test_five_hundred_hashes_go_with_each_call_and_no_code() -> None:
    office, codes = Office(), make_codes(1_201, secrets.token_bytes)
    assert list(store_codes(office, ELECTION, STYLE, codes, KEY)) == [500, 1_000, 1_201]
    assert office.calls == [500, 500, 201]
    assert office.stored == [hash_of(code, KEY) for code in codes]


def test_codes_are_all_different() -> None:
    draws = iter([bytes([1] * 14), bytes([1] * 14), bytes([2] * 14)])
    assert len(set(make_codes(2, lambda _: next(draws)))) == 2


def test_hashes_go_as_base64url_to_the_codes_of_the_election() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"stored": 1})

    target = Target(LOCAL_STACK, region="eu-west-1", endpoint="http://127.0.0.1:4566")
    vars(target)["outputs"] = {"ElectionsApiId": "staff-id"}
    code = PostedCode("163uc-3NQXD-Wgfgg")
    with ElectionOffice(target, transport=httpx.MockTransport(answer)) as office:
        assert list(store_codes(office, ELECTION, STYLE, [code], KEY)) == [1]
    assert seen[0].url.path == f"/_aws/execute-api/staff-id/elections/{ELECTION}/codes"
    body = json.loads(seen[0].content)
    assert body["style"] == STYLE
    assert base64.urlsafe_b64decode(body["hashes"][0] + "=") == hash_of(code, KEY)
    assert "=" not in body["hashes"][0]


def test_a_code_that_is_not_stored_stops_everything() -> None:
    codes = make_codes(3, secrets.token_bytes)
    with pytest.raises(CommandFailed, match="none is printed"):
        list(store_codes(Office(keeps=2), ELECTION, STYLE, codes, KEY))


def test_a_csv_holds_the_stored_codes_and_belongs_to_its_owner(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    office, file = Office(), tmp_path / "letters.csv"
    ended = run(monkeypatch, office, "--count", "3", "--output", str(file))
    assert ended.exit_code == 0, ended.output
    rows = list(csv.DictReader(io.StringIO(file.read_text())))
    assert {(row["election"], row["style"]) for row in rows} == {(ELECTION, STYLE)}
    assert [hash_of(parse(row["code"]), KEY) for row in rows] == office.stored
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert not re.search(r"\w{5}-\w{5}-\w{5}", ended.output)


def test_nothing_is_written_when_the_last_hash_is_not_stored(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "letters.pdf"
    ended = run(monkeypatch, Office(calls=1), "--count", "501", "--output", str(file))
    assert isinstance(ended.exception, CommandFailed)
    assert not file.exists()


@pytest.mark.parametrize(
    ("name", "election"), [("there.csv", ELECTION), ("new.txt", ELECTION), ("new.csv", "Nowhere")]
)
def test_nothing_is_stored_where_the_file_could_not_be_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, election: str
) -> None:
    (tmp_path / "there.csv").write_text("earlier letters")
    office = Office()
    options = ("--count", "1", "--output", str(tmp_path / name))
    ended = run(monkeypatch, office, *options, election=election)
    assert isinstance(ended.exception, SettingInvalid)
    assert not office.stored
    assert (tmp_path / "there.csv").read_text() == "earlier letters"


def test_a_pdf_has_one_page_per_code_and_neither_time_nor_author() -> None:
    codes = make_codes(3, os.urandom)
    content = as_pdf(ELECTION, STYLE, codes, "Your voting code")
    assert content.count(b"/Type /Page\n") == 3
    assert content == as_pdf(ELECTION, STYLE, codes, "Your voting code")
    assert not any(code.encode() in content for code in codes)


def test_a_title_that_no_standard_font_has_is_refused() -> None:
    with pytest.raises(SettingInvalid, match=r"\.csv"):
        as_pdf(ELECTION, STYLE, [PostedCode("163uc-3NQXD-Wgfgg")], "投票コード")


def test_a_csv_is_what_a_printer_reads() -> None:
    text = as_csv(ELECTION, STYLE, [PostedCode("163uc-3NQXD-Wgfgg")]).decode()
    assert text == f"election,style,code\r\n{ELECTION},{STYLE},163uc-3NQXD-Wgfgg\r\n"
