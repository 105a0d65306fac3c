"""The signer's side of RSABSSA-SHA384-PSS-Randomized, written from RFC 9474.

The signer raises a number to its private exponent and learns nothing about what the number
represents: the client does the encoding, the hashing and the salting (section 4.2), so one signer
serves every variant.

Python's integers do not take constant time. To defeat timing attacks, every number is blinded with
a fresh random one before it is raised, so that nobody who chooses the input knows what is raised.
And no result is given out that does not verify, because a single faulty one, computed by the
Chinese remainder theorem, gives the key away (section 7.1; section 4.3 steps 4 and 5).
"""

from dataclasses import dataclass
from typing import Self

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_der_private_key

from civic.contracts.ports import RandomBytes
from civic.identity.errors import BlindedMessageRefused, SigningFailed

_SPARE_BYTES = 16
"""How much longer than the modulus the entropy is, so that what it reduces to is almost uniform."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """An RSA private key with the parts that the Chinese remainder theorem needs.

    The names are those of RFC 8017 section 3.2.
    """

    n: int
    e: int
    p: int
    q: int
    d_p: int
    d_q: int
    q_inv: int

    @classmethod
    def parse(cls, der: bytes) -> Self:
        """Return the key in a PKCS #8 PrivateKeyInfo (RFC 5958).

        Raises:
            ValueError: It is not a private key, or not an RSA key.
        """
        # KMS has made sure that the primes are prime, and checking it again takes longer than many
        # signatures. If the parts do not belong together, every signature fails its check.
        key = load_der_private_key(der, None, unsafe_skip_rsa_key_validation=True)
        if not isinstance(key, RSAPrivateKey):
            raise ValueError("not an RSA key")  # noqa: TRY004 - the bytes are wrong, not the type
        parts = key.private_numbers()
        public = parts.public_numbers
        return cls(public.n, public.e, parts.p, parts.q, parts.dmp1, parts.dmq1, parts.iqmp)

    @property
    def modulus_bytes(self) -> int:
        """The length of every message and signature in bytes: ``modulus_len`` of the RFC."""
        return (self.n.bit_length() + 7) // 8

    def __repr__(self) -> str:
        """Show nothing of the key."""
        return "SigningKey(<redacted>)"


def representative_of(key: SigningKey, blinded_message: bytes) -> int:
    """Return the number that a blinded message represents (section 4.3 steps 1 and 2).

    Raises:
        BlindedMessageRefused: The message is not as long as the modulus, or is not below it.
    """
    number = int.from_bytes(blinded_message, "big")
    if len(blinded_message) != key.modulus_bytes or number >= key.n:
        raise BlindedMessageRefused
    return number


def blind_sign(key: SigningKey, blinded_message: bytes, entropy: RandomBytes) -> bytes:
    """Return the blind signature of a blinded message: BlindSign, RFC 9474 section 4.3.

    A message always gets the same signature, whatever the entropy.

    Args:
        key: The private key.
        blinded_message: What the client's Blind returned; as long as the modulus.
        entropy: Cryptographically secure source of random bytes, for blinding the exponentiation.

    Returns:
        The signature, as long as the modulus.

    Raises:
        BlindedMessageRefused: The message is not as long as the modulus, or is not below it.
        SigningFailed: The result did not verify, and is not given away.
    """
    message = representative_of(key, blinded_message)
    blinder, inverse = _blinder(key, entropy)
    raised = _rsasp1(key, message * pow(blinder, key.e, key.n) % key.n)
    signature = raised * inverse % key.n
    if pow(signature, key.e, key.n) != message:
        raise SigningFailed
    return signature.to_bytes(key.modulus_bytes, "big")


def _blinder(key: SigningKey, entropy: RandomBytes) -> tuple[int, int]:
    """Return a random number below the modulus and its inverse."""
    drawn = int.from_bytes(entropy(key.modulus_bytes + _SPARE_BYTES), "big")
    blinder = 1 + drawn % (key.n - 1)
    try:
        return blinder, pow(blinder, -1, key.n)
    except ValueError:
        # It shares a prime with the modulus: as likely as guessing the key.
        raise SigningFailed from None


def _rsasp1(key: SigningKey, message: int) -> int:
    """Raise to the private exponent by its two halves: RSASP1, RFC 8017 section 5.2.1, step 2b."""
    by_p = pow(message, key.d_p, key.p)
    by_q = pow(message, key.d_q, key.q)
    return by_q + key.q * ((by_p - by_q) * key.q_inv % key.p)
