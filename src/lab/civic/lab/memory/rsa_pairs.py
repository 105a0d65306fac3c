"""RSA pairs of 3,072 bits, each generated once per process, as this takes most of a second."""

from functools import cache

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)


@cache
def pair(number: int) -> RSAPrivateKey:
    """Return the pair with this number, from 1."""
    if number < 1:
        raise ValueError(number)
    return generate_private_key(public_exponent=65537, key_size=3072)


def private_key(number: int, encoding: Encoding = Encoding.PEM) -> bytes:
    """Return the private half as PKCS #8."""
    return pair(number).private_bytes(encoding, PrivateFormat.PKCS8, NoEncryption())


def public_key(number: int, encoding: Encoding = Encoding.PEM) -> bytes:
    """Return the public half as SubjectPublicKeyInfo."""
    return pair(number).public_key().public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo)
