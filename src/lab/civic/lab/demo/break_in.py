"""An attacker who has everything: every table, full rights to KMS, and copies made earlier.

It is here to show a difference. Before an erasure the attack opens a copy of the sealed record, as
it must, since the keys exist; after the erasure the same attack on the same copy fails.
"""

from dataclasses import dataclass
from datetime import timedelta

from civic.contracts.events import SealedFields
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
    """A sealed record somebody kept, from the bus, a queue, an archive, a table or a backup."""

    where: str
    record: RecordId
    sealed: SealedFields


class BreakIn:
    """Tries every existing subject key on a copy."""

    def __init__(self, target: Target) -> None:
        """Act with an administrator's rights to the stack."""
        table = target.output("WrappingKeysTableName")
        kms = KmsKey(target.kms, target.output("CivicKeyArn"))
        keys = PrivateKeys(target.dynamodb, table, kms, timedelta(minutes=5), now)
        self._unwrapper = EsdkKeyUnwrapper(keys)
        self._store = DynamoDbSubjectKeys(target.dynamodb, target.output("SubjectKeysTableName"))

    def opens(self, copy: Copy) -> bool:
        """Return whether any key in the store opens the copy."""
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
        # A thief may use any encryption context: unwrap each key with that of its own row.
        try:
            key = self._unwrapper.unwrap(row.wrapped, row.record.id, row.access_digest)
            return bool(unseal(key, copy.record, copy.sealed))
        except (KeyRefused, SealError):
            return False
