"""The issuer's roll in DynamoDB: one row per registration.

``revision``, ``round`` and ``area_version`` say which decision the row holds; ``areas``,
``accepted``, ``eligible_from`` and ``registered_at`` what it says. Rows of earlier releases have
one ``area`` in place of the areas. ``restriction`` is the highest count of restrictions heard of,
even before the first decision.

``issued_<election>`` is what was signed for an election: 32 bytes of the request's digest, then the
ballot style (of earlier releases the digest alone). It is in the row itself, so that one
conditional write checks the standing and notes the request, and an erasure removes both.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, override

from civic.contracts.identifiers import ElectionId, RegistrationId, Revision, StyleId
from civic.identity.adapters.issued_marks_dynamodb import is_held_by, making
from civic.identity.adapters.items import (
    Item,
    RevisionedTable,
    places,
    texts,
    texts_of,
    transact,
)
from civic.identity.errors import CredentialAlreadyIssued, IssuedBeforeErasure
from civic.identity.model.credentials import (
    Noted,
    RequestDigest,
    RollEntry,
    Standing,
    areas_of,
)
from civic.identity.model.keys import AccessDigest
from civic.identity.model.marks import Mark, Marking
from civic.identity.model.rows import Tombstone
from civic.identity.ports.issuing import IssuerRoll

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_ISSUED = "issued_"
_DIGEST_BYTES = 32
# A row without a version is of version 0.
_NEWER_AREAS = (
    " OR (#round = :round AND (attribute_not_exists(#area_version)"
    " OR #area_version < :area_version))"
)
_RESTRICTED_LATER = (
    "attribute_not_exists(erased_at)"
    " AND (attribute_not_exists(restriction) OR restriction < :restriction)"
)
# This does not hold for a tombstone either, which has no ``accepted``.
_FIRST_OR_SAME = "accepted = :yes AND (attribute_not_exists(#issued) OR #issued = :request)"
_STILL_LISTED = "attribute_not_exists(erased_at) AND listed = :listed"
_OWN_PARTS = 2
"""Of the transaction, before those that make marks."""


def _later(or_newer_areas: str) -> str:
    """Return the condition that a decision is later than the one in the row, if it has any."""
    return (
        "attribute_not_exists(erased_at) AND (attribute_not_exists(#revision)"
        " OR #revision < :revision"
        f" OR (#revision = :revision AND (#round < :round{or_newer_areas})))"
        " AND (attribute_not_exists(restriction) OR restriction <= :restriction)"
    )


@dataclass(frozen=True, slots=True)
class IssuingTables:
    """The names of the tables that a credential is issued in one transaction with."""

    roll: str
    decisions: str
    marks: str


class DynamoDbIssuerRoll(IssuerRoll):
    """The issuer's roll."""

    def __init__(
        self,
        table: RevisionedTable,
        client: "DynamoDBClient | None" = None,
        tables: IssuingTables | None = None,
    ) -> None:
        """Keep the roll in ``table``; whoever issues needs the client and the ``tables`` too."""
        self._table = table
        self._client = client
        self._tables = tables

    @override
    def decided(self, standing: Standing, restriction: int = 0) -> None:
        facts = _facts(standing)
        written = {name: fact for name, fact in facts.items() if fact is not None}
        changes = [f"#{name} = :{name}" for name in written]
        if standing.access_digest is not None:
            written["access_digest"] = {"B": standing.access_digest}
            changes.append("#access_digest = if_not_exists(#access_digest, :access_digest)")
        left_out = [f"#{name}" for name, fact in facts.items() if fact is None]
        self._table.update(
            standing.id,
            f"SET {', '.join(changes)} REMOVE {', '.join(left_out)}",
            _later(_NEWER_AREAS if standing.area_version else ""),
            ExpressionAttributeNames={f"#{name}": name for name in facts | written},
            ExpressionAttributeValues={
                ":restriction": {"N": str(restriction)},
                **{f":{name}": value for name, value in written.items()},
            },
        )

    @override
    def restricted(self, registration: RegistrationId, restriction: int) -> None:
        self._table.update(
            registration,
            "SET restriction = :restriction",
            _RESTRICTED_LATER,
            ExpressionAttributeValues={":restriction": {"N": str(restriction)}},
        )

    @override
    def erased(self, registration: RegistrationId, at: datetime, expires: datetime) -> None:
        self._table.bury(Tombstone(registration, at, expires))

    @override
    def get(self, registration: RegistrationId) -> RollEntry | None:
        item = self._table.read(registration)
        # Neither a tombstone nor what was heard of a restriction is an entry.
        return _entry(item) if item and "revision" in item else None

    @override
    def issue(
        self,
        registration: RegistrationId,
        election: ElectionId,
        request: Noted,
        marking: Marking,
    ) -> bool:
        if self._client is None or self._tables is None:
            message = "nothing is issued without the tables of people and of marks"
            raise TypeError(message)
        tables, key = self._tables, {"id": {"S": registration}}
        kept = request.digest + (request.style or "").encode()
        listed: Any = {
            "ConditionCheck": {
                "TableName": tables.decisions,
                "Key": key,
                "ConditionExpression": _STILL_LISTED,
                "ExpressionAttributeValues": {":listed": places(marking.listed)},
            }
        }
        noted: Any = {
            "Update": {
                "TableName": tables.roll,
                "Key": key,
                "UpdateExpression": "SET #issued = :request",
                "ConditionExpression": _FIRST_OR_SAME,
                "ExpressionAttributeNames": {"#issued": f"{_ISSUED}{election}"},
                "ExpressionAttributeValues": {":request": {"B": kept}, ":yes": {"BOOL": True}},
            }
        }
        made = transact(self._client, listed, noted, *making(tables.marks, marking.marks))
        if made is None:
            return True
        if made[:_OWN_PARTS] == (None, None):
            raise _refusal(marking.marks, made[_OWN_PARTS:])
        return False


def _facts(standing: Standing) -> Item:
    """Return the attributes of a decision; those that are None are not to be in the row."""
    eligible, registered = standing.eligible_from, standing.registered_at
    return {
        "revision": {"N": str(standing.revision)},
        "round": {"N": str(standing.round)},
        "area_version": {"N": str(standing.area_version)} if standing.area_version else None,
        "area": None,
        "areas": texts(standing.areas),
        "accepted": {"BOOL": standing.accepted},
        "eligible_from": {"S": eligible.isoformat()} if eligible else None,
        "registered_at": {"S": registered.isoformat()} if registered else None,
    }


def _entry(item: Item) -> RollEntry:
    digest, eligible, registered = (
        item.get(name) for name in ("access_digest", "eligible_from", "registered_at")
    )
    return RollEntry(
        Standing(
            RegistrationId(item["id"]["S"]),
            Revision(int(item["revision"]["N"])),
            int(item["round"]["N"]),
            areas_in(item),
            item["accepted"]["BOOL"],
            AccessDigest(bytes(digest["B"])) if digest else None,
            int(item["area_version"]["N"]) if "area_version" in item else 0,
            date.fromisoformat(eligible["S"]) if eligible else None,
            datetime.fromisoformat(registered["S"]) if registered else None,
        ),
        {
            ElectionId(name.removeprefix(_ISSUED)): _noted(bytes(value["B"]))
            for name, value in item.items()
            if name.startswith(_ISSUED)
        },
    )


def areas_in(item: Item) -> tuple[str, ...]:
    """Return the areas of a row, also of one of an earlier release, narrowest first."""
    if "areas" not in item:
        return areas_of(item["area"]["S"])
    return texts_of(item["areas"])


def _refusal(
    marks: Sequence[Mark], there: Sequence[Item | None]
) -> CredentialAlreadyIssued | IssuedBeforeErasure:
    """Return why nothing is issued, by the marks that are there."""
    found = [(item, mark) for item, mark in zip(there, marks, strict=True) if item is not None]
    if all(is_held_by(item, mark) for item, mark in found):
        return CredentialAlreadyIssued()
    return IssuedBeforeErasure()


def _noted(kept: bytes) -> Noted:
    style = kept[_DIGEST_BYTES:].decode()
    return Noted(RequestDigest(kept[:_DIGEST_BYTES]), StyleId(style) if style else None)
