"""The client: known answers, and that only the signer's complete answer becomes a signature."""

from secrets import token_bytes

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from civic.client.blinding import (
    Blinded,
    BlindingFailed,
    SignerKey,
    blind,
    blind_with,
    emsa_pss_encode,
    finalize,
    prepare,
    verifies,
)
from civic.identity.model.blind_rsa import SigningKey, blind_sign
from tests.fakes.blind_vectors import Vector, own_vectors, vectors

VECTOR = own_vectors()[0]
SIGNER, KEY = SigningKey.parse(VECTOR.private_der), SignerKey.parse(VECTOR.public_der)
every_vector = pytest.mark.parametrize("vector", vectors(), ids=lambda vector: vector.name)


@every_vector
def test_blinded_message_is_the_known_answer(vector: Vector) -> None:
    key = SignerKey.parse(vector.public_der)
    found = blind_with(key, vector.input_msg, vector.salt, vector.factor)
    assert found == Blinded(vector.blinded_msg, vector.inv)


@every_vector
def test_signature_is_the_known_answer(vector: Vector) -> None:
    key = SignerKey.parse(vector.public_der)
    salt = len(vector.salt)
    assert finalize(key, vector.input_msg, vector.blind_sig, vector.inv, salt) == vector.sig


@every_vector
def test_prepared_message_is_the_known_answer(vector: Vector) -> None:
    if vector.msg_prefix:
        assert prepare(vector.msg, lambda size: vector.msg_prefix[:size]) == vector.input_msg
    else:
        assert vector.msg == vector.input_msg


@given(message=st.binary(max_size=200))
def test_any_message_can_be_blinded_signed_and_verified(message: bytes) -> None:
    prepared = prepare(message, token_bytes)
    blinded = blind(KEY, prepared, token_bytes)
    answer = blind_sign(SIGNER, blinded.message, token_bytes)
    assert verifies(KEY, prepared, finalize(KEY, prepared, answer, blinded.inverse))


def test_same_message_blinded_twice_has_nothing_in_common() -> None:
    first, second = (blind(KEY, VECTOR.input_msg, token_bytes) for _ in range(2))
    assert first.message != second.message
    assert first.inverse != second.inverse
    assert VECTOR.input_msg not in first.message


def test_same_message_is_prepared_anew_each_time() -> None:
    assert len({prepare(VECTOR.msg, token_bytes) for _ in range(3)}) == 3


def test_blinding_under_the_same_salt_still_hides_the_message() -> None:
    messages = {blind_with(KEY, VECTOR.input_msg, VECTOR.salt, r).message for r in (2, 3)}
    assert len(messages) == 2


@pytest.mark.parametrize("at", [0, 200, 383])
def test_altered_answer_of_the_signer_is_refused(at: int) -> None:
    altered = bytearray(VECTOR.blind_sig)
    altered[at] ^= 1
    with pytest.raises(BlindingFailed):
        finalize(KEY, VECTOR.input_msg, bytes(altered), VECTOR.inv)


@pytest.mark.parametrize("answer", [b"", VECTOR.blind_sig[:-1], VECTOR.blind_sig + b"\0"])
def test_answer_of_another_length_is_refused(answer: bytes) -> None:
    with pytest.raises(BlindingFailed):
        finalize(KEY, VECTOR.input_msg, answer, VECTOR.inv)


def test_answer_to_another_blinding_is_refused() -> None:
    with pytest.raises(BlindingFailed):
        finalize(KEY, VECTOR.input_msg, VECTOR.blind_sig, VECTOR.inv + 1)


@pytest.mark.parametrize("at", [0, 31, 32, 63])
def test_signature_is_of_no_other_randomizer_or_message(at: int) -> None:
    altered = bytearray(VECTOR.input_msg)
    altered[at] ^= 1
    assert not verifies(KEY, bytes(altered), VECTOR.sig)


@pytest.mark.parametrize("at", [0, 200, 383])
def test_altered_signature_does_not_verify(at: int) -> None:
    altered = bytearray(VECTOR.sig)
    altered[at] ^= 1
    assert not verifies(KEY, VECTOR.input_msg, bytes(altered))


def test_signature_with_another_salt_length_does_not_verify() -> None:
    assert verifies(KEY, VECTOR.input_msg, VECTOR.sig)
    assert not verifies(KEY, VECTOR.input_msg, VECTOR.sig, salt_bytes=0)


def test_factor_without_inverse_is_refused() -> None:
    with pytest.raises(BlindingFailed):
        blind_with(KEY, VECTOR.input_msg, VECTOR.salt, SIGNER.p)


def test_key_too_short_for_the_hash_is_refused() -> None:
    with pytest.raises(BlindingFailed):
        emsa_pss_encode(b"message", 8 * 97, bytes(48))
    assert len(emsa_pss_encode(b"message", 8 * 98, bytes(48))) == 98


def test_what_is_no_rsa_key_is_refused() -> None:
    other = ec.generate_private_key(ec.SECP256R1()).public_key()
    for der in (b"no key", other.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)):
        with pytest.raises(BlindingFailed):
            SignerKey.parse(der)


def test_secret_of_a_blinding_is_not_shown() -> None:
    assert str(VECTOR.inv) not in repr(Blinded(VECTOR.blinded_msg, VECTOR.inv))
