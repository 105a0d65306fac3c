"""What a search for pairs sees of the low-security store: named attributes only."""

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any, override

from civic.contracts.events import Decision
from civic.contracts.identifiers import RegistrationId
from civic.identity.adapters.decision_store_dynamodb import newest_of, weak_keys_of
from civic.identity.adapters.items import (
    Item,
    only,
    paired_as,
    pairs_item,
    pairs_of,
    readable,
    registration_of,
    unless_in_the_way,
)
from civic.identity.errors import RowMalformed, StoreUnavailable
from civic.identity.model.keys import RecordId
from civic.identity.model.pairs import Candidate, Pairs
from civic.identity.model.rows import Malformed
from civic.identity.ports.pairs import Candidates
from civic.runtime.aws_errors import unavailable_as

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_SEEN = (
    *("id", "newest", "revision", "round", "decision", "accepted_by", "created", "restriction"),
    *("weak_keys", "accepted_keys", "pairs", "held_until", "erased_at"),
)


class DynamoDbCandidates(Candidates):
    """The rows of the low-security store that have weak keys."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        """Use ``table`` through ``client``."""
        self._client = client
        self._table = table

    @override
    def page(
        self, start: str | None, size: int | None
    ) -> tuple[list[Candidate | Malformed], str | None]:
        arguments: dict[str, Any] = {"ExclusiveStartKey": json.loads(start)} if start else {}
        if size is not None:
            arguments["Limit"] = size
        with unavailable_as(StoreUnavailable):
            answer = self._client.scan(
                TableName=self._table, Select="SPECIFIC_ATTRIBUTES", **only(_SEEN), **arguments
            )
        last = answer.get("LastEvaluatedKey")
        rows = [readable(_candidate, item) for item in answer["Items"] if _has_keys(item)]
        return rows, json.dumps(last) if last else None

    @override
    def get(self, registration: RegistrationId) -> Candidate | None:
        with unavailable_as(StoreUnavailable):
            item = self._client.get_item(
                TableName=self._table,
                Key={"id": {"S": registration}},
                ConsistentRead=True,
                **only(_SEEN),
            ).get("Item")
        if item is None or not _has_keys(item):
            return None
        row = readable(_candidate, item)
        if isinstance(row, Malformed):
            raise RowMalformed
        return row

    @override
    def pair(self, candidate: Candidate, pairs: Pairs) -> bool:
        written = pairs_item(pairs)
        same, values = paired_as(candidate.pairs)
        changes = {f":new_{name}": value for name, value in written.items()}
        named = ", ".join(f"{name} = :new_{name}" for name in written)
        known = unless_in_the_way(
            self._client.update_item,
            TableName=self._table,
            Key={"id": {"S": candidate.id}},
            UpdateExpression=f"SET {named}",
            # What a condition names, the role that makes the request may also write. A tombstone
            # has no keys.
            ConditionExpression=f"attribute_exists(weak_keys) AND {same}",
            ExpressionAttributeValues=values | changes,
        )
        return known is None


def _has_keys(item: Item) -> bool:
    return "weak_keys" in item and "erased_at" not in item


def _candidate(item: Item) -> Candidate:
    newest, _, undecided = newest_of(item)
    decision = None if undecided else Decision(item["decision"]["S"])
    accepted = "accepted_by" in item or item.get("decision") == {"S": Decision.ACCEPTED}
    return Candidate(
        RecordId(registration_of(item), newest),
        0 if undecided or "round" not in item else int(item["round"]["N"]),
        datetime.fromisoformat(item["created"]["S"]),
        accepted=accepted,
        waits=decision in {None, Decision.REVIEW},
        restricted="restriction" in item and int(item["restriction"]["N"]) % 2 == 1,
        keys=weak_keys_of(item) | weak_keys_of(item, "accepted_keys"),
        pairs=pairs_of(item),
    )
