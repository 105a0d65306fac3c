"""The trust document in DynamoDB: one row, which only operators write."""

from datetime import timedelta
from typing import TYPE_CHECKING, override

from civic.contracts.ports import Clock
from civic.identity.errors import StoreUnavailable
from civic.identity.model.trust import NO_TRUST, Trust
from civic.identity.ports.proofs import TrustEditor
from civic.runtime.aws_errors import unavailable_as
from civic.runtime.cache import ExpiringCache

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_CURRENT = "current"
TRUST_CACHE = timedelta(minutes=1)
"""How long after a provider is no longer trusted its tokens may still count."""


class DynamoDbTrust(TrustEditor):
    """The row ``current``, kept for at most ``lifetime``."""

    def __init__(
        self,
        client: "DynamoDBClient",
        table: str,
        clock: Clock,
        lifetime: timedelta = TRUST_CACHE,
    ) -> None:
        """Use ``table`` through ``client``."""
        self._client = client
        self._table = table
        self._cache = ExpiringCache(self._read, lifetime, clock)

    @override
    def current(self) -> Trust:
        return self._cache.get(_CURRENT)

    @override
    def replace(self, trust: Trust) -> None:
        document = trust.model_dump_json(exclude_none=True)
        with unavailable_as(StoreUnavailable):
            self._client.put_item(
                TableName=self._table, Item={"trust": {"S": _CURRENT}, "document": {"S": document}}
            )

    def _read(self, name: str) -> Trust:
        with unavailable_as(StoreUnavailable):
            item = self._client.get_item(
                TableName=self._table, Key={"trust": {"S": name}}, ConsistentRead=True
            ).get("Item")
        return Trust.parse(item["document"]["S"]) if item else NO_TRUST
