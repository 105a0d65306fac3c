"""Secrets of elections: random data keys that KMS makes and only hands out encrypted.

The encryption context, ``{election, purpose}``, binds each to its election. It is in
CloudTrail in clear, and says nothing that is not public.
"""

from typing import TYPE_CHECKING, override

from botocore.exceptions import ClientError

from civic.contracts.identifiers import ElectionId
from civic.runtime.aws_errors import unavailable_as
from civic.voting.errors import SealBroken, StoreUnavailable
from civic.voting.ports import ElectionSecrets

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient

PURPOSE = "ballots"
_NOT_OURS = {"InvalidCiphertextException", "IncorrectKeyException"}


class KmsElectionSecrets(ElectionSecrets):
    """Secrets of elections under one KMS key."""

    def __init__(self, client: "KMSClient", key_id: str) -> None:
        """Use the key ``key_id`` through ``client``."""
        self._client = client
        self._key_id = key_id

    @override
    def make(self, election: ElectionId) -> bytes:
        with unavailable_as(StoreUnavailable):
            made = self._client.generate_data_key_without_plaintext(
                KeyId=self._key_id, KeySpec="AES_256", EncryptionContext=_context(election)
            )
        return made["CiphertextBlob"]

    @override
    def open(self, election: ElectionId, sealed: bytes) -> bytes:
        with unavailable_as(StoreUnavailable):
            try:
                opened = self._client.decrypt(
                    KeyId=self._key_id, CiphertextBlob=sealed, EncryptionContext=_context(election)
                )
            except ClientError as error:
                if error.response["Error"]["Code"] in _NOT_OURS:
                    raise SealBroken from error
                raise
        return opened["Plaintext"]


def _context(election: ElectionId) -> dict[str, str]:
    return {"election": election, "purpose": PURPOSE}
