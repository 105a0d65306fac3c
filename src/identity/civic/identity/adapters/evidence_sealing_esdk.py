"""Sealing of evidence with the AWS Encryption SDK (see ``esdk_messages``)."""

import re
from typing import override

from civic.identity.adapters.esdk_messages import MessageRefused, Messages, header_of
from civic.identity.adapters.wrapping_keys_kms import PrivateKeys, PublicKeys
from civic.identity.errors import WrappingKeyMissing
from civic.identity.model.keys import EVIDENCE_PURPOSE, WrappingKeyVersion
from civic.identity.model.proof import ProofRefused
from civic.identity.model.registration import EVIDENCE_CHARACTERS_MOST
from civic.identity.ports.proofs import EvidenceOpener, EvidenceSealer

_VERSION = re.compile(r"wk-[0-9]{4,9}", re.ASCII)
_CONTEXT = {"purpose": EVIDENCE_PURPOSE}


class EsdkEvidenceSealer(EvidenceSealer):
    """Seals under the current public key."""

    def __init__(self, keys: PublicKeys) -> None:
        """Take the public key from ``keys``."""
        self._keys = keys
        self._messages = Messages()

    @override
    def seal(self, answer: bytes) -> bytes:
        version, public_key = self._keys.current()
        return self._messages.sealed(answer, version, public_key, _CONTEXT)


class EsdkEvidenceOpener(EvidenceOpener):
    """Opens with the private key that KMS opens."""

    def __init__(self, keys: PrivateKeys) -> None:
        """Take private keys from ``keys``."""
        self._keys = keys
        self._messages = Messages()

    @override
    def open(self, sealed: bytes) -> bytes:
        try:
            version = _version_of(sealed)
            answer, context = self._messages.opened(
                sealed, version, self._keys.version(version), EVIDENCE_CHARACTERS_MOST
            )
        except (MessageRefused, WrappingKeyMissing):
            raise ProofRefused("the evidence does not open") from None
        # The SDK adds nothing to the context of a suite without a signature.
        if context != _CONTEXT:
            raise ProofRefused("the evidence was sealed for something else")
        return answer


def _version_of(sealed: bytes) -> WrappingKeyVersion:
    """Return under which version a message says it was sealed.

    Raises:
        MessageRefused: It names none: other rows of the table hold no key pair.
    """
    for one in header_of(sealed).encrypted_data_keys:
        name = one.key_provider.key_info.decode("ascii", errors="replace")
        if _VERSION.fullmatch(name):
            return WrappingKeyVersion(name)
    raise MessageRefused
