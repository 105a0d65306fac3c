"""The signer: known answers, and what it refuses to sign or to give away."""

from dataclasses import replace
from secrets import token_bytes

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from civic.identity.errors import BlindedMessageRefused, SigningFailed
from civic.identity.model import blind_rsa
from civic.identity.model.blind_rsa import SigningKey, blind_sign, representative_of
from tests.fakes.blind_vectors import Vector, own_vectors, vectors
from tests.fakes.pipeline import Entropy

VECTOR = own_vectors()[0]
KEY = SigningKey.parse(VECTOR.private_der)


@pytest.mark.parametrize("vector", vectors(), ids=lambda vector: vector.name)
def test_blind_signature_is_the_known_answer(vector: Vector) -> None:
    key = SigningKey.parse(vector.private_der)
    assert blind_sign(key, vector.blinded_msg, token_bytes) == vector.blind_sig


def test_signature_is_the_same_however_it_was_blinded_against_timing() -> None:
    signatures = {blind_sign(KEY, VECTOR.blinded_msg, Entropy(seed)) for seed in "abc"}
    assert signatures == {VECTOR.blind_sig}


def test_what_is_raised_to_the_private_exponent_depends_on_the_entropy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    raised = []

    def spy(key: SigningKey, message: int) -> int:
        raised.append(message)
        return original(key, message)

    original = blind_rsa._rsasp1
    monkeypatch.setattr(blind_rsa, "_rsasp1", spy)
    for seed in "ab":
        blind_sign(KEY, VECTOR.blinded_msg, Entropy(seed))
    assert len({*raised, int.from_bytes(VECTOR.blinded_msg, "big")}) == 3


@pytest.mark.parametrize("beyond", [0, 1, 2**3000])
def test_number_not_below_the_modulus_is_refused(beyond: int) -> None:
    number = min(KEY.n + beyond, 2 ** (8 * KEY.modulus_bytes) - 1)
    with pytest.raises(BlindedMessageRefused):
        blind_sign(KEY, number.to_bytes(KEY.modulus_bytes, "big"), token_bytes)


def test_number_just_below_the_modulus_is_signed() -> None:
    message = (KEY.n - 1).to_bytes(KEY.modulus_bytes, "big")
    assert representative_of(KEY, message) == KEY.n - 1
    assert pow(int.from_bytes(blind_sign(KEY, message, token_bytes), "big"), KEY.e, KEY.n) == (
        KEY.n - 1
    )


@pytest.mark.parametrize("message", [b"", VECTOR.blinded_msg[1:], b"\0" + VECTOR.blinded_msg])
def test_message_of_another_length_is_refused(message: bytes) -> None:
    with pytest.raises(BlindedMessageRefused):
        blind_sign(KEY, message, token_bytes)


@pytest.mark.parametrize("part", ["d_p", "d_q", "q_inv"])
def test_faulty_signature_is_not_given_away(part: str) -> None:
    faulty = replace(KEY, **{part: getattr(KEY, part) ^ 4})
    with pytest.raises(SigningFailed):
        blind_sign(faulty, VECTOR.blinded_msg, token_bytes)


def test_blinder_that_has_no_inverse_is_refused() -> None:
    size = KEY.modulus_bytes + 16
    with pytest.raises(SigningFailed) as failed:
        blind_sign(KEY, VECTOR.blinded_msg, lambda _: (KEY.p - 1).to_bytes(size, "big"))
    # Python's own message would include the number.
    assert failed.value.__suppress_context__


@pytest.mark.parametrize(
    ("drawn", "blinder"),
    [(0, 1), (KEY.n - 2, KEY.n - 1), (KEY.n - 1, 1), (KEY.n, 2), (2 * (KEY.n - 1) + 4, 5)],
)
def test_blinder_is_drawn_from_all_numbers_below_the_modulus(drawn: int, blinder: int) -> None:
    sizes = []

    def entropy(size: int, /) -> bytes:
        sizes.append(size)
        return drawn.to_bytes(size, "big")

    assert blind_rsa._blinder(KEY, entropy) == (blinder, pow(blinder, -1, KEY.n))
    assert sizes == [384 + 16]


def test_message_is_as_long_as_the_modulus_in_whole_bytes() -> None:
    lengths = {bits: replace(KEY, n=2 ** (bits - 1)).modulus_bytes for bits in (3065, 3072, 3073)}
    assert lengths == {3065: 384, 3072: 384, 3073: 385}


def test_key_is_not_shown() -> None:
    assert repr(KEY) == "SigningKey(<redacted>)"


def test_key_for_another_purpose_is_refused() -> None:
    other = ec.generate_private_key(ec.SECP256R1())
    der = other.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    with pytest.raises(ValueError, match="not an RSA key"):
        SigningKey.parse(der)
