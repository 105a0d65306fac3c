"""An attacker who holds everything: every table, every right to KMS, and copies made earlier.

It exists to show a difference. Before an erasure the attack opens a copy of the sealed record, as
it must, for the keys are there; after it the very same attack on the very same copy fails.
"""

from dataclasses import dataclass
from datetime import timedelta

from civic.contracts.events import SealedFields
from civic.contracts.identifiers import RegistrationId
from civic.identity.adapters.subject_key_store_dynamodb import DynamoDbSubjectKeys
from civic.identity.adapters.subject_key_wrapping_esdk import EsdkKeyUnwrapper
from civic.identity.adapters.wrapping_keys_kms import KmsKey, PrivateKeys
from civic.identity.errors import KeyRefused, SealError
from civic.identity.model.keys import RecordId, StoredSubjectKey
from civic.identity.model.sealing import unseal
from civic.runtime.clients import now
from civic.stack.target import Target

_PAGE = 500


@dataclass(frozen=True, slots=True)
class Copy:
    """A sealed record somebody kept: from the bus, a queue, an archive, a table or a backup."""

    where: str
    record: RecordId
    sealed: SealedFields


class BreakIn:
    """Tries every subject key that exists on a copy."""

    def __init__(self, target: Target) -> None:
        """Take an administrator's rights to the stack."""
        table = target.output("WrappingKeysTableName")
        kms = KmsKey(target.kms, target.output("CivicKeyArn"))
        keys = PrivateKeys(target.dynamodb, table, kms, timedelta(minutes=5), now)
        self._unwrapper = EsdkKeyUnwrapper(keys)
        self._store = DynamoDbSubjectKeys(target.dynamodb, target.output("SubjectKeysTableName"))

    def opens(self, copy: Copy) -> bool:
        """Tell whether any key in the store opens the copy."""
        return any(self._opens(copy, row) for row in self._rows())

    def _rows(self) -> list[StoredSubjectKey]:
        rows: list[StoredSubjectKey] = []
        cursor = None
        while True:
            page, cursor = self._store.page(cursor, _PAGE)
            rows += page
            if cursor is None:
                return rows

    def _opens(self, copy: Copy, row: StoredSubjectKey) -> bool:
        # A thief is not held to the context a key was wrapped with: unwrap it as its own subject's.
        try:
            key = self._unwrapper.unwrap(row.wrapped, RegistrationId(row.record.id))
            return bool(unseal(key, copy.record, copy.sealed))
        except (KeyRefused, SealError):
            return False
