"""An issuer and its voters' devices in memory, with real blind signatures (RFC 9474)."""

from collections.abc import Iterable

from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from civic.client.blinding import SignerKey, blind, finalize, prepare
from civic.contracts.identifiers import ElectionId, StyleId
from civic.contracts.ports import RandomBytes
from civic.identity.model.blind_rsa import SigningKey, blind_sign
from civic.voting.model.credential import RANDOMIZER_BYTES, TOKEN_BYTES, Credential

KEY_BITS = 3072
"""The same length as the real issuer's keys."""


class MemoryIssuer:
    """Has one key per ballot style, and signs any request, as a simulation has no roll."""

    def __init__(
        self, election: ElectionId, styles: Iterable[StyleId], entropy: RandomBytes
    ) -> None:
        """Make the keys, each of which takes a large part of a second."""
        self._election = election
        self._entropy = entropy
        self._signing: dict[StyleId, SigningKey] = {}
        self.public_keys: dict[StyleId, bytes] = {}
        for style in styles:
            key = generate_private_key(65537, KEY_BITS)
            der = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
            self._signing[style] = SigningKey.parse(der)
            self.public_keys[style] = key.public_key().public_bytes(
                Encoding.DER, PublicFormat.SubjectPublicKeyInfo
            )

    def credential(self, style: StyleId) -> Credential:
        """Return a credential: blinded by a device, signed unseen, and unblinded."""
        device_key = SignerKey.parse(self.public_keys[style])
        prepared = prepare(self._entropy(TOKEN_BYTES), self._entropy)
        blinded = blind(device_key, prepared, self._entropy)
        signed = blind_sign(self._signing[style], blinded.message, self._entropy)
        signature = finalize(device_key, prepared, signed, blinded.inverse)
        randomizer, token = prepared[:RANDOMIZER_BYTES], prepared[RANDOMIZER_BYTES:]
        return Credential(self._election, style, token, randomizer, signature)
