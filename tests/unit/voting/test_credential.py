"""A credential verifies only under its own key; its nullifier does not depend on the signature."""

from dataclasses import replace
from typing import Any

import pytest

from civic.contracts.identifiers import StyleId
from civic.lab.memory.rsa_pairs import pair
from civic.voting.errors import VoterUnknown
from civic.voting.model.credential import Credential, code_nullifier
from tests.fakes.ballots import ELECTION, NORTH, OTHER, SOUTH, credential, signed

KEY, OTHER_KEY = pair(1).public_key(), pair(2).public_key()
MADE = credential()


def refused(one: Credential) -> None:
    with pytest.raises(VoterUnknown):
        one.verify(KEY)


def test_credential_verifies_under_its_key() -> None:
    MADE.verify(KEY)


def test_credential_of_another_style_does_not_verify() -> None:
    with pytest.raises(VoterUnknown):
        MADE.verify(OTHER_KEY)
    refused(credential(style=SOUTH))


@pytest.mark.parametrize("place", [0, 13, 31])
@pytest.mark.parametrize("part", ["token", "randomizer"])
def test_altered_message_does_not_verify(part: str, place: int) -> None:
    altered = bytearray(getattr(MADE, part))
    altered[place] ^= 1
    changes: dict[str, Any] = {part: bytes(altered)}
    refused(replace(MADE, **changes))


@pytest.mark.parametrize("place", [0, 100, 383])
def test_altered_signature_does_not_verify(place: int) -> None:
    altered = bytearray(MADE.signature)
    altered[place] ^= 1
    refused(replace(MADE, signature=bytes(altered)))


@pytest.mark.parametrize("signature", [b"", b"\0", b"\xff" * 384, MADE.signature[1:]])
def test_what_is_no_signature_does_not_verify(signature: bytes) -> None:
    refused(replace(MADE, signature=signature))
    refused(replace(MADE, signature=MADE.signature + b"\0"))


def test_boundary_between_the_parts_may_not_move() -> None:
    moved = replace(MADE, randomizer=MADE.randomizer + MADE.token[:1], token=MADE.token[1:])
    assert moved.message == MADE.message
    refused(moved)


@pytest.mark.parametrize(("randomizer", "token"), [(32, 31), (31, 32), (32, 33), (0, 0)])
def test_message_of_another_length_is_no_credential_even_if_signed(
    randomizer: int, token: int
) -> None:
    parts = b"r" * randomizer, b"t" * token
    signature = signed(b"".join(parts), 1)
    refused(replace(MADE, randomizer=parts[0], token=parts[1], signature=signature))


def test_salt_of_another_length_does_not_verify() -> None:
    refused(replace(MADE, signature=signed(MADE.message, 1, salt=32)))


def test_nullifier_does_not_depend_on_signature_or_style() -> None:
    again = replace(MADE, signature=signed(MADE.message, 1))
    again.verify(KEY)
    assert again.signature != MADE.signature
    elsewhere = replace(MADE, style=StyleId("south"))
    assert MADE.nullifier == again.nullifier == elsewhere.nullifier
    assert len(MADE.nullifier) == 32


def test_nullifiers_of_voters_and_elections_differ() -> None:
    others = [
        credential(2),
        credential(election=OTHER),
        replace(MADE, randomizer=b"s" * 32),
    ]
    assert len({MADE.nullifier, *(one.nullifier for one in others)}) == 4


def test_nullifiers_of_codes_and_credentials_never_meet() -> None:
    assert code_nullifier(ELECTION, MADE.message) != MADE.nullifier
    assert code_nullifier(ELECTION, b"h" * 32) != code_nullifier(OTHER, b"h" * 32)
    assert code_nullifier(ELECTION, b"h" * 32) != code_nullifier(ELECTION, b"i" * 32)


def test_credential_is_silent_about_itself() -> None:
    assert NORTH not in repr(MADE)
    assert repr(MADE.token) not in repr(MADE)
