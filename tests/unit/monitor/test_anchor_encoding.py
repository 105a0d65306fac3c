"""Calls of the contract as bytes: known answers, worked out by hand from the ABI specification."""

import json
from hashlib import sha256
from importlib import resources

import pytest

from civic.monitor.anchor.contract import (
    Address,
    Anchor,
    Anchored,
    NotAsPromised,
    anchor_call,
    contract,
    latest_call,
    log_id,
)

FILES = resources.files("civic.monitor.anchor")
LOG = log_id("civic.example/log")
ROOT = bytes(range(32))
ACCOUNT = "00" * 12 + "1a642f0e3c3af545e7acbd38b07251b3990914f1"


def word(number: int) -> str:
    return f"{number:064x}"


def test_log_is_known_by_the_hash_of_its_origin() -> None:
    assert log_id("abc").hex() == (
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-4
    )


def test_anchor_call_is_selector_and_three_words() -> None:
    assert anchor_call(LOG, 258, ROOT).hex() == (
        "70c127c6" + LOG.hex() + "00" * 30 + "0102" + ROOT.hex()
    )


def test_latest_call_is_selector_and_one_word() -> None:
    assert latest_call(LOG).hex() == "79feb107" + LOG.hex()


def test_answer_is_read() -> None:
    answer = bytes.fromhex(ACCOUNT + word(258) + ROOT.hex() + word(77))
    assert Anchor.decode(answer) == Anchor(Address("0x" + ACCOUNT[24:]), 258, ROOT, 77)


def test_largest_numbers_are_read() -> None:
    answer = bytes.fromhex(ACCOUNT + word(2**64 - 1) + ROOT.hex() + word(2**64 - 1))
    found = Anchor.decode(answer)
    assert found
    assert (found.size, found.block) == (2**64 - 1, 2**64 - 1)


def test_answer_of_zeros_is_no_anchor() -> None:
    assert Anchor.decode(bytes(128)) is None


@pytest.mark.parametrize(
    "answer",
    [
        "",
        ACCOUNT + word(258) + ROOT.hex(),
        ACCOUNT + word(258) + ROOT.hex() + word(77) + word(0),
        "01" + ACCOUNT[2:] + word(258) + ROOT.hex() + word(77),
        ACCOUNT + word(2**64) + ROOT.hex() + word(77),
    ],
)
def test_answer_of_another_form_is_refused(answer: str) -> None:
    with pytest.raises(NotAsPromised):
        Anchor.decode(bytes.fromhex(answer))


def test_length_that_is_wrong_is_told() -> None:
    with pytest.raises(NotAsPromised, match=r"^5 bytes instead of 4 words$"):
        Anchor.decode(bytes(5))


def test_event_is_read() -> None:
    data = bytes.fromhex(word(258) + ROOT.hex() + word(76))
    assert Anchored.decode(data) == Anchored(258, ROOT, 76)


def test_compiled_contract_is_of_this_source() -> None:
    """`make test-deep` checks that it is the compiler's output."""
    source = FILES.joinpath("checkpoints.vy").read_bytes()
    compiled = json.loads(FILES.joinpath("checkpoints.json").read_text())
    assert compiled["source_sha256"] == sha256(source).hexdigest()


def test_contract_calls_nobody_and_destroys_nothing() -> None:
    """No CALL, CALLCODE, DELEGATECALL, CREATE, CREATE2, STATICCALL, SELFDESTRUCT."""
    forbidden = {0xF0, 0xF1, 0xF2, 0xF4, 0xF5, 0xFA, 0xFF}
    assert not forbidden & set(instructions(contract().runtime))


def instructions(code: bytes) -> list[int]:
    """The instructions of a program, without the data of PUSH1 to PUSH32."""
    found, place = [], 0
    while place < len(code):
        found.append(code[place])
        place += 1 + (code[place] - 0x5F if 0x60 <= code[place] <= 0x7F else 0)
    return found
