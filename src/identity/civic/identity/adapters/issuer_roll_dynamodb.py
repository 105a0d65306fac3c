"""The issuer's roll in DynamoDB: one row per registration.

``revision`` and ``round`` say which decision the row holds, ``area`` and ``accepted`` what it says;
``restriction`` is the highest count of restrictions heard of, even before the first decision.
``issued_<election>`` is the digest of what was signed for an election; it is in the row itself, so
that one conditional write checks the standing and notes the request, and an erasure removes both.
"""

from datetime import datetime
from typing import Any, override

from civic.contracts.identifiers import ElectionId, RegistrationId, Revision
from civic.identity.adapters.items import Item, RevisionedTable
from civic.identity.model.credentials import RequestDigest, RollEntry, Standing
from civic.identity.model.keys import AccessDigest
from civic.identity.model.rows import Tombstone
from civic.identity.ports.issuing import IssuerRoll

_ISSUED = "issued_"
_LATER = (
    "attribute_not_exists(erased_at) AND (attribute_not_exists(#revision)"
    " OR #revision < :revision OR (#revision = :revision AND #round < :round))"
    " AND (attribute_not_exists(restriction) OR restriction <= :restriction)"
)
_RESTRICTED_LATER = (
    "attribute_not_exists(erased_at)"
    " AND (attribute_not_exists(restriction) OR restriction < :restriction)"
)
# This does not hold for a tombstone either, which has no ``accepted``.
_FIRST_OR_SAME = "accepted = :yes AND (attribute_not_exists(#issued) OR #issued = :request)"


class DynamoDbIssuerRoll(IssuerRoll):
    """The issuer's roll."""

    def __init__(self, table: RevisionedTable) -> None:
        """Keep the roll in ``table``."""
        self._table = table

    @override
    def decided(self, standing: Standing, restriction: int = 0) -> None:
        written: dict[str, Any] = {
            "revision": {"N": str(standing.revision)},
            "round": {"N": str(standing.round)},
            "area": {"S": standing.area},
            "accepted": {"BOOL": standing.accepted},
        }
        changes = [f"#{name} = :{name}" for name in written]
        if standing.access_digest is not None:
            written["access_digest"] = {"B": standing.access_digest}
            changes.append("#access_digest = if_not_exists(#access_digest, :access_digest)")
        self._table.update(
            standing.id,
            "SET " + ", ".join(changes),
            _LATER,
            ExpressionAttributeNames={f"#{name}": name for name in written},
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
        self, registration: RegistrationId, election: ElectionId, request: RequestDigest
    ) -> bool:
        return self._table.update(
            registration,
            "SET #issued = :request",
            _FIRST_OR_SAME,
            ExpressionAttributeNames={"#issued": f"{_ISSUED}{election}"},
            ExpressionAttributeValues={":request": {"B": request}, ":yes": {"BOOL": True}},
        )


def _entry(item: Item) -> RollEntry:
    digest = item.get("access_digest")
    return RollEntry(
        Standing(
            RegistrationId(item["id"]["S"]),
            Revision(int(item["revision"]["N"])),
            int(item["round"]["N"]),
            item["area"]["S"],
            item["accepted"]["BOOL"],
            AccessDigest(bytes(digest["B"])) if digest else None,
        ),
        {
            ElectionId(name.removeprefix(_ISSUED)): RequestDigest(bytes(value["B"]))
            for name, value in item.items()
            if name.startswith(_ISSUED)
        },
    )
