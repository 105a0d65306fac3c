"""Known answers of blind signatures: our own, and those of RFC 9474 where they are at hand.

RFC 9474's (appendix A) are read from a folder beside the project. Ours have the same form, and
`tests/interop` checks them against another implementation.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import (
    RSAPrivateKey,
    RSAPrivateNumbers,
    RSAPublicNumbers,
    rsa_crt_dmp1,
    rsa_crt_dmq1,
    rsa_crt_iqmp,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

_ROOT = Path(__file__).resolve().parents[2]
_OWN = _ROOT / "tests/known_answers/blind_rsa.json"
_RFC = _ROOT.parent / "shared/vectors/rfc9474.json"


@dataclass(frozen=True)
class Vector:
    """One known answer; the names are those of RFC 9474 appendix A."""

    name: str
    private_key: RSAPrivateKey
    msg: bytes
    msg_prefix: bytes
    input_msg: bytes
    salt: bytes
    inv: int
    blinded_msg: bytes
    blind_sig: bytes
    sig: bytes

    @property
    def public_der(self) -> bytes:
        public = self.private_key.public_key()
        return public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    @property
    def private_der(self) -> bytes:
        return self.private_key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())

    @property
    def factor(self) -> int:
        """The blinding factor ``r``, whose inverse the vectors give."""
        return pow(self.inv, -1, self.private_key.public_key().public_numbers().n)


def own_vectors() -> list[Vector]:
    """Return our own."""
    return _read(_OWN, "own")


def vectors() -> list[Vector]:
    """Return all that there are."""
    published = _read(_RFC, "RFC 9474") if _RFC.exists() else []
    return [*own_vectors(), *published]


def _read(file: Path, origin: str) -> list[Vector]:
    return [_vector(one, origin) for one in json.loads(file.read_text("utf-8"))]


def _vector(given: dict[str, Any], origin: str) -> Vector:
    def octets(name: str) -> bytes:
        return bytes.fromhex(given[name])

    n, e, d, p, q = (int(given[name], 16) for name in "nedpq")
    numbers = RSAPrivateNumbers(
        p, q, d, rsa_crt_dmp1(d, p), rsa_crt_dmq1(d, q), rsa_crt_iqmp(p, q), RSAPublicNumbers(e, n)
    )
    return Vector(
        f"{origin} {given['name']}",
        numbers.private_key(),
        octets("msg"),
        octets("msg_prefix"),
        octets("input_msg"),
        octets("salt"),
        int(given["inv"], 16),
        octets("blinded_msg"),
        octets("blind_sig"),
        octets("sig"),
    )
