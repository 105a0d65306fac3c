"""A single receipt: `civic-verify receipt`, without the log and without a network."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fakes.naive_election import votes
from tests.fakes.naive_log import Signer, receipt
from tests.unit.verifier.commands import LOG, WITNESSES, Ended, Verifier

CAST = votes(33)
ENTRIES = [vote.entry for vote in CAST]
INDEX = 21
LEAF = CAST[INDEX].leaf.hex()
RECEIPT = receipt(LOG, INDEX, ENTRIES)

type Check = Callable[..., Ended]


@pytest.fixture
def check(verifier: Verifier, tmp_path: Path) -> Check:
    def run(raw: bytes, *options: str, leaf: str = LEAF, key: Signer = LOG) -> Ended:
        place = tmp_path / "receipt"
        place.write_bytes(raw)
        return verifier("receipt", place, "--leaf", leaf, "--key", key.vkey, *options)

    return run


def cosigned(*witnesses: Signer) -> bytes:
    text = RECEIPT.split(b"\n\n")[1] + b"\n"
    return RECEIPT + b"".join(witness.line(text) for witness in witnesses)


def test_receipt_shows_that_the_ballot_is_in_the_log(check: Check) -> None:
    code, out, err = check(RECEIPT)
    assert (code, err) == (0, "")
    assert "entry 21 of the first 33 entries of civic.example/log" in out
    assert "not checked  witnesses" in out
    assert "not checked  log" in out


def test_receipt_is_read_from_standard_input(
    verifier: Verifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(RECEIPT)))
    assert verifier("receipt", "-", "--leaf", LEAF, "--key", LOG.vkey).code == 0


def test_receipt_of_another_ballot_is_refused(check: Check) -> None:
    ended = check(RECEIPT, leaf=CAST[INDEX + 1].leaf.hex())
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.endswith("receipt: the proof does not lead to the root\n")


def test_receipt_of_another_log_is_refused(check: Check) -> None:
    assert check(RECEIPT, key=Signer(LOG.name, seed="other")).code == 1


def test_every_flipped_byte_of_a_receipt_is_refused(check: Check) -> None:
    for at in range(len(RECEIPT)):
        ended = check(RECEIPT[:at] + bytes([RECEIPT[at] ^ 1]) + RECEIPT[at + 1 :])
        assert ended.code == 1, at
        assert ended.err.startswith("refused: ")
        assert ended.err.count("\n") == 1


def test_extra_data_is_passed_over(check: Check) -> None:
    first = b"c2sp.org/tlog-proof@v1\n"
    assert check(RECEIPT.replace(first, first + b"extra Zm9v\n")).code == 0
    assert check(RECEIPT.replace(first, first + b"extra Zm9\n")).code == 1


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\n\n",
        RECEIPT.replace(b"@v1", b"@v2"),
        RECEIPT.replace(b"index 21\n", b""),
        RECEIPT.replace(b"index 21\n", b"index 021\n"),
        RECEIPT.replace(b"index 21\n", b"index 21\nindex 21\n"),
        RECEIPT.replace(b"index 21\n", b"index 33\n"),
        RECEIPT.replace(b"index 21\n", b"index 99999999999999999999\n"),
        RECEIPT.replace(b"index 21\n", b"index " + b"9" * 5000 + b"\n"),
        RECEIPT.replace(b"index 21\n", b"index 21\n" + b"A" * 43 + b"=\n"),
        RECEIPT.replace(b"index 21\n", b"index 21\n" + (b"A" * 43 + b"=\n") * 64),
        RECEIPT.replace(b"index 21\n", b"index 21\nAAAA\n"),
        RECEIPT.replace(b"index 21\n", b"\xff\n"),
        RECEIPT.partition(b"\n\n")[0],
        RECEIPT + b"\n" * 200_000,
    ],
)
def test_receipt_that_is_malformed_is_refused(check: Check, raw: bytes) -> None:
    ended = check(raw)
    assert ended.code == 1
    assert ended.err.startswith("refused: ")


def test_witnesses_have_to_have_signed(check: Check) -> None:
    one, two = WITNESSES
    keys = ["--witness", one.vkey, "--witness", two.vkey]
    assert "signed by 2 of 2" in check(cosigned(one, two), *keys).out
    assert check(cosigned(one), *keys).err.endswith(
        "signed by 1 of the witnesses; 2 must have signed\n"
    )
    assert check(cosigned(one), *keys, "--quorum", "1").code == 0
    assert check(RECEIPT, *keys, "--quorum", "1").code == 1
