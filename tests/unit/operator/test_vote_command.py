"""`civic vote`: only the receipt on standard output, and on the other how to check it."""

import shlex
from typing import Any

import httpx
import pytest
import typer

from civic.client.polling import PollingPlace
from civic.operator.commands import public_log, voting
from civic.operator.main import main
from civic.operator.public_log import LogReader, leaf_of
from civic.stack.target import LOCAL_STACK, Target

CODE = "163uc-3NQXD-Wgfgg"


@pytest.fixture
def target() -> Target:
    found = Target(LOCAL_STACK, region="eu-west-1", endpoint="http://127.0.0.1:4566")
    vars(found).update(outputs={"VoteApiId": "votes", "LogApiId": "log"})
    return found


@pytest.fixture(params=["a" * 42 + "A", "-" + "a" * 41 + "A"])
def receipt(request: pytest.FixtureRequest, target: Target, monkeypatch: pytest.MonkeyPatch) -> str:
    """The receipt for a vote; one in 64 begins with a dash."""
    answer: dict[str, Any] = {"receipt": request.param}
    transport = httpx.MockTransport(lambda _: httpx.Response(201, json=answer))

    def polling(url: str, *, local: bool) -> PollingPlace:
        return PollingPlace(url, local=local, transport=transport)

    monkeypatch.setattr(voting, "target_of", lambda _: target)
    monkeypatch.setattr(voting, "PollingPlace", polling)
    monkeypatch.setattr(typer, "prompt", lambda *_, **__: CODE)
    return str(request.param)


def test_receipt_is_printed_alone_and_how_to_check_it_beside(
    receipt: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["vote", "--code", "--select", "c1=o1"]) == 0
    printed = capsys.readouterr()
    assert printed.out == f"{receipt}\n"
    assert CODE not in printed.err


def test_hint_is_a_command_that_takes_the_receipt(
    receipt: str,
    target: Target,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert main(["vote", "--code", "--select", "c1=o1"]) == 0
    _, _, hint = capsys.readouterr().err.partition("civic ")
    asked: list[bytes] = []

    def ask(self: object, leaf: bytes) -> bytes:
        del self
        asked.append(leaf)
        return b"proof\n"

    monkeypatch.setattr(public_log, "target_of", lambda _: target)
    monkeypatch.setattr(LogReader, "prove", ask)
    assert main(shlex.split(hint)) == 0
    assert asked == [leaf_of(receipt)]
    assert capsys.readouterr().out == "proof\n"
