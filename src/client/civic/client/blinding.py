"""The client's side of RSABSSA-SHA384-PSS-Randomized, written from RFC 9474.

What is signed is a *prepared* message: a random prefix and the message (section 4.1). ``blind``
encodes it with EMSA-PSS (RFC 8017 section 9.1.1) and multiplies it by a secret random number;
``finalize`` removes that number from the signer's answer. The result is an ordinary RSA-PSS
signature, which `cryptography` checks.
"""

import hashlib
import math
from dataclasses import dataclass, field
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA384
from cryptography.hazmat.primitives.serialization import load_der_public_key

from civic.contracts.ports import RandomBytes

RANDOMIZER_BYTES = 32
"""The length of the random prefix (section 4.1)."""
SALT_BYTES = 48
"""``sLen``, as long as the hash."""
_HASH_BYTES = 48
_SPARE_BYTES = 16
_TRAILER = b"\xbc"


class BlindingFailed(Exception):
    """The message cannot be blinded, or the signer's answer is not a signature of it."""


@dataclass(frozen=True, slots=True)
class SignerKey:
    """The public key of a signer."""

    key: RSAPublicKey
    n: int
    e: int

    @classmethod
    def parse(cls, der: bytes) -> Self:
        """Return the key in a SubjectPublicKeyInfo (RFC 5280 section 4.1).

        Raises:
            BlindingFailed: It is not a public key, or not one for RSA.
        """
        try:
            key = load_der_public_key(der)
        except ValueError:
            raise BlindingFailed("that is not a public key") from None
        if not isinstance(key, RSAPublicKey):
            raise BlindingFailed("that is not an RSA key")
        numbers = key.public_numbers()
        return cls(key, numbers.n, numbers.e)

    @property
    def modulus_bytes(self) -> int:
        """The length in bytes of every message and signature."""
        return (self.n.bit_length() + 7) // 8


@dataclass(frozen=True, slots=True)
class Blinded:
    """What goes to the signer, and the secret that removes the blinding from its answer."""

    message: bytes
    inverse: int = field(repr=False)


def prepare(message: bytes, entropy: RandomBytes) -> bytes:
    """Return a message with a random prefix: PrepareRandomize, RFC 9474 section 4.1."""
    return entropy(RANDOMIZER_BYTES) + message


def blind(key: SignerKey, prepared: bytes, entropy: RandomBytes) -> Blinded:
    """Return a prepared message as the signer may see it: Blind, RFC 9474 section 4.2.

    Args:
        key: The signer's public key.
        prepared: As `prepare` made it.
        entropy: Cryptographically secure source of random bytes, for the salt and the blinding.

    Raises:
        BlindingFailed: The message cannot be blinded under this key; try another randomizer.
    """
    salt = entropy(SALT_BYTES)
    drawn = int.from_bytes(entropy(key.modulus_bytes + _SPARE_BYTES), "big")
    return blind_with(key, prepared, salt, 1 + drawn % (key.n - 1))


def blind_with(key: SignerKey, prepared: bytes, salt: bytes, factor: int) -> Blinded:
    """Blind with a given salt and factor, ``r`` of the RFC; its vectors name them."""
    message = int.from_bytes(emsa_pss_encode(prepared, key.n.bit_length() - 1, salt), "big")
    if math.gcd(message, key.n) != 1 or math.gcd(factor, key.n) != 1:
        raise BlindingFailed("the message or the factor shares a prime with the modulus")
    blinded = message * pow(factor, key.e, key.n) % key.n
    return Blinded(blinded.to_bytes(key.modulus_bytes, "big"), pow(factor, -1, key.n))


def finalize(
    key: SignerKey,
    prepared: bytes,
    blind_signature: bytes,
    inverse: int,
    salt_bytes: int = SALT_BYTES,
) -> bytes:
    """Return the signature of a prepared message: Finalize, RFC 9474 section 4.4.

    Raises:
        BlindingFailed: The signer's answer is not its signature.
    """
    if len(blind_signature) != key.modulus_bytes:
        raise BlindingFailed("the signer's answer is not as long as its key")
    number = int.from_bytes(blind_signature, "big") * inverse % key.n
    signature = number.to_bytes(key.modulus_bytes, "big")
    if not verifies(key, prepared, signature, salt_bytes):
        raise BlindingFailed("the signer's answer is not its signature on this message")
    return signature


def verifies(
    key: SignerKey, prepared: bytes, signature: bytes, salt_bytes: int = SALT_BYTES
) -> bool:
    """Return whether a signature is on a prepared message: RSASSA-PSS, RFC 9474 section 4.5."""
    try:
        key.key.verify(signature, prepared, PSS(MGF1(SHA384()), salt_bytes), SHA384())
    except InvalidSignature:
        return False
    return True


def emsa_pss_encode(message: bytes, bits: int, salt: bytes) -> bytes:
    """Encode a message with SHA-384: EMSA-PSS-ENCODE, RFC 8017 section 9.1.1.

    Args:
        message: A message of any length.
        bits: ``emBits``, one less than the bits of the modulus.
        salt: The random salt; its length is ``sLen``.

    Raises:
        BlindingFailed: The key is too short for hash and salt (step 3).
    """
    length = (bits + 7) // 8
    if length < _HASH_BYTES + len(salt) + 2:
        raise BlindingFailed("the key is too short")
    hashed = hashlib.sha384(bytes(8) + hashlib.sha384(message).digest() + salt).digest()
    padding = bytes(length - len(salt) - _HASH_BYTES - 2)
    masked = _xor(padding + b"\x01" + salt, _mgf1(hashed, length - _HASH_BYTES - 1))
    first = masked[0] & (0xFF >> (8 * length - bits))
    return bytes([first]) + masked[1:] + hashed + _TRAILER


def _mgf1(seed: bytes, length: int) -> bytes:
    """Return a mask from a seed: MGF1 with SHA-384, RFC 8017 appendix B.2.1."""
    blocks = range(-(-length // _HASH_BYTES))
    mask = b"".join(hashlib.sha384(seed + at.to_bytes(4, "big")).digest() for at in blocks)
    return mask[:length]


def _xor(left: bytes, right: bytes) -> bytes:
    return bytes(one ^ other for one, other in zip(left, right, strict=True))
