"""Misuse of ``civic-verify`` ends with a clear line and the code 2."""

from pathlib import Path

import pytest

from civic.verifier.main import printable
from tests.unit.verifier.commands import LOG, WITNESSES, Verifier

ONE = WITNESSES[0].vkey


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ([], "--key"),
        (["--key", "nonsense"], "--key: not a key of the form"),
        (["--key", ONE], "--key: the key one.example/w is of type 0x04"),
        (["--key", LOG.vkey, "--witness", LOG.vkey], "--witness: the key civic.example/log is"),
        (["--key", LOG.vkey, "--witness", "x"], "--witness: not a key"),
        (["--key", LOG.vkey, "--witness", ONE, "--witness", ONE], "is given twice"),
        (
            ["--key", LOG.vkey, "--quorum", "1"],
            "--quorum: 1 of 0 witnesses is not possible",
        ),
        (["--key", LOG.vkey, "--witness", ONE, "--quorum", "0"], "--quorum: 0 of 1 witnesses"),
        (["--key", LOG.vkey, "--witness", ONE, "--quorum", "2"], "--quorum: 2 of 1 witnesses"),
        (["--key", LOG.vkey, "--receipt", "nowhere"], "nowhere does not exist"),
        (["--key", LOG.vkey, "--old", "nowhere"], "nowhere does not exist"),
        (["--key", LOG.vkey, "--cosigned", "nowhere"], "nowhere does not exist"),
    ],
)
def test_misuse_is_told(verifier: Verifier, tmp_path: Path, options: list[str], why: str) -> None:
    ended = verifier("log", tmp_path, *options)
    assert (ended.code, ended.out) == (2, "")
    assert why in ended.err


def test_source_that_is_no_folder_is_told(verifier: Verifier, tmp_path: Path) -> None:
    ended = verifier.log(tmp_path / "nowhere")
    assert ended.code == 2
    assert "is not a folder" in ended.err


@pytest.mark.parametrize("leaf", ["", "abc", "A" * 64, "g" * 64, "0" * 63])
def test_leaf_that_is_no_hash_is_told(verifier: Verifier, tmp_path: Path, leaf: str) -> None:
    ended = verifier("receipt", tmp_path, "--leaf", leaf, "--key", LOG.vkey)
    assert ended.code == 2
    assert "--leaf: the leaf is not 64 hexadecimal digits" in ended.err


def test_what_a_terminal_would_obey_is_written_out() -> None:
    assert printable("civic\x1b[2J\u202e\x9b é\n") == "civic\\x1b[2J\\u202e\\x9b é\n"
