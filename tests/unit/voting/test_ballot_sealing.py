"""Sealed ballots open for their election, unaltered, or not at all."""

from collections.abc import Iterator

import pytest

from civic.contracts.identifiers import Nullifier
from civic.voting.errors import SealBroken
from civic.voting.model.ballot import commit
from civic.voting.model.sealing import seal, unseal
from civic.voting.model.secrets import ElectionKeys
from tests.fakes.ballots import ELECTION, OTHER, ballot

KEYS = ElectionKeys.derive(ELECTION, b"s" * 32)
NONCE = b"n" * 12
MADE = commit(ballot("o1"), Nullifier(b"\x01" * 32), KEYS.salt)
SEALED = seal(MADE, KEYS.seal, NONCE)


def test_sealed_ballot_opens_for_its_election() -> None:
    assert unseal(ELECTION, SEALED, KEYS.seal) == MADE


def test_nothing_of_the_ballot_is_to_be_seen() -> None:
    for secret in (MADE.nullifier, MADE.salt, MADE.content, b"o1"):
        assert secret not in SEALED


def test_sealing_anew_looks_different() -> None:
    assert seal(MADE, KEYS.seal, b"m" * 12)[12:] != SEALED[12:]


def flipped() -> Iterator[bytes]:
    for place in range(len(SEALED)):
        for bit in range(8):
            altered = bytearray(SEALED)
            altered[place] ^= 1 << bit
            yield bytes(altered)


def test_no_bit_may_change() -> None:
    for altered in flipped():
        with pytest.raises(SealBroken):
            unseal(ELECTION, altered, KEYS.seal)


def test_nothing_may_be_cut_off_or_added() -> None:
    for length in range(len(SEALED)):
        for cut in (SEALED[:length], SEALED[len(SEALED) - length :]):
            with pytest.raises(SealBroken):
                unseal(ELECTION, cut, KEYS.seal)
    with pytest.raises(SealBroken):
        unseal(ELECTION, SEALED + b"\0", KEYS.seal)


def test_moved_to_another_election_it_does_not_open_even_under_the_same_key() -> None:
    with pytest.raises(SealBroken):
        unseal(OTHER, SEALED, KEYS.seal)


def test_other_keys_do_not_open_it() -> None:
    others = [KEYS.salt, KEYS.codes, ElectionKeys.derive(OTHER, b"s" * 32).seal]
    for key in [*others, ElectionKeys.derive(ELECTION, b"t" * 32).seal]:
        with pytest.raises(SealBroken):
            unseal(ELECTION, SEALED, key)


def test_keys_of_elections_and_purposes_are_all_different() -> None:
    sets = [
        ElectionKeys.derive(election, secret)
        for election in (ELECTION, OTHER)
        for secret in (b"s" * 32, b"t" * 32)
    ]
    keys = [key for one in sets for key in (one.seal, one.salt, one.codes)]
    assert len(set(keys)) == 12
    assert {len(key) for key in keys} == {32}
    assert ElectionKeys.derive(ELECTION, b"s" * 32) == KEYS


def test_keys_are_silent() -> None:
    assert KEYS.seal.hex() not in repr(KEYS)
    assert repr(KEYS.seal) not in repr(KEYS)
