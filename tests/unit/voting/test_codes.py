"""Posted codes: readable, unguessable, and no single slip of the hand makes another valid one."""

import hashlib
import hmac
import math
import os

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from civic.voting.errors import CodeMistyped, VoterUnknown
from civic.voting.model.codes import ALPHABET, PostedCode, hash_of, new_code, parse

LOOK_ALIKES = "0OIl"
SEALED = bytes(range(32))


class Source:
    """Random bytes that hypothesis draws, and zeros when those are used up."""

    def __init__(self, drawn: bytes) -> None:
        self._left = drawn

    def __call__(self, size: int) -> bytes:
        taken, self._left = self._left[:size], self._left[size:]
        return taken.ljust(size, b"\0")


codes = st.builds(lambda drawn: new_code(Source(drawn)), st.binary(min_size=14, max_size=64))
positions = st.sampled_from([place for place in range(17) if place not in {5, 11}])


@given(codes)
def test_a_code_is_three_groups_of_five_without_look_alikes(code: PostedCode) -> None:
    assert [len(group) for group in code.split("-")] == [5, 5, 5]
    assert not set(code) & set(LOOK_ALIKES)


def test_what_is_drawn_has_eighty_two_bits() -> None:
    # One draw in 59 is discarded, as no character represents its check.
    bits = 14 * math.log2(len(set(ALPHABET))) - math.log2(59 / 58)
    assert round(bits) == 82


@given(st.integers(232, 255), st.binary(min_size=14, max_size=28))
def test_a_byte_that_would_favour_some_characters_is_passed_over(byte: int, drawn: bytes) -> None:
    assert 256 - 256 % len(ALPHABET) == 232
    assert new_code(Source(bytes([byte] * 14) + drawn)) == new_code(Source(drawn))


@given(codes)
def test_a_code_is_read_back(code: PostedCode) -> None:
    assert parse(code) == code


@given(codes, st.sampled_from(["", " ", " - ", "\u2013", "\u00a0", "\n"]))
def test_spaces_and_hyphens_are_as_one_likes(code: PostedCode, between: str) -> None:
    assert parse(f" {between.join(code.replace('-', ''))} ") == code


@given(codes, positions, st.sampled_from(ALPHABET))
def test_one_wrong_character_is_noticed(code: PostedCode, place: int, wrong: str) -> None:
    assume(code[place] != wrong)
    with pytest.raises(CodeMistyped):
        parse(code[:place] + wrong + code[place + 1 :])


@given(codes, positions, positions)
def test_two_characters_that_changed_places_are_noticed(
    code: PostedCode, one: int, other: int
) -> None:
    assume(code[one] != code[other])
    typed = list(code)
    typed[one], typed[other] = typed[other], typed[one]
    with pytest.raises(CodeMistyped):
        parse("".join(typed))


def test_case_matters() -> None:
    code = new_code(Source(bytes([10] * 14)))
    with pytest.raises(CodeMistyped):
        parse(code.swapcase())


@pytest.mark.parametrize(
    "text", ["", "163uc", "163uc-3NQXD-Wgfg0", "163uc-3NQXD-Wgfggg", "é" * 15, "1" * 10_000]
)
def test_what_is_no_code_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(CodeMistyped) as refused:
        parse(text)
    assert not str(refused.value)
    assert refused.value.__suppress_context__ or refused.value.__context__ is None


def test_the_hash_is_keyed_and_apart_from_other_uses_of_the_key() -> None:
    code = new_code(os.urandom)
    expected = hmac.new(SEALED, b"civic/posted-code/1\n" + code.encode(), hashlib.sha256).digest()
    assert hash_of(code, SEALED) == expected
    assert hash_of(code, bytes(32)) != expected
    assert len(expected) == 32


def test_a_typed_code_has_the_hash_of_the_printed_one() -> None:
    code = new_code(os.urandom)
    assert hash_of(parse(f" {code.replace('-', ' ')}"), SEALED) == hash_of(code, SEALED)


def test_a_mistyped_code_is_answered_like_one_that_nobody_has() -> None:
    with pytest.raises(VoterUnknown):
        parse("163uc")
