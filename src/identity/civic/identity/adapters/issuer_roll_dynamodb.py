"""The issuer's roll in DynamoDB: one row per registration.

``revision``, ``round`` and ``area_version`` say which decision the row holds; ``areas``,
``accepted``, ``eligible_from`` and ``registered_at`` what it says. Rows of earlier releases have
one ``area`` in place of the areas. ``restriction`` is the highest count of restrictions heard of,
even before the first decision.

``issued_<election>`` is what was signed for an election: 32 bytes of the request's digest, then the
ballot style (of earlier releases the digest alone). It is in the row itself, so that one
conditional write checks the standing and notes the request, and an erasure removes both.
"""

from datetime import date, datetime
from typing import override

from civic.contracts.identifiers import ElectionId, RegistrationId, Revision, StyleId
from civic.identity.adapters.items import Item, RevisionedTable, texts, texts_of
from civic.identity.model.credentials import (
    Noted,
    RequestDigest,
    RollEntry,
    Standing,
    areas_of,
)
from civic.identity.model.keys import AccessDigest
from civic.identity.model.rows import Tombstone
from civic.identity.ports.issuing import IssuerRoll

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


def _later(or_newer_areas: str) -> str:
    """Return the condition that a decision is later than the one in the row, if it has any."""
    return (
        "attribute_not_exists(erased_at) AND (attribute_not_exists(#revision)"
        " OR #revision < :revision"
        f" OR (#revision = :revision AND (#round < :round{or_newer_areas})))"
        " AND (attribute_not_exists(restriction) OR restriction <= :restriction)"
    )


class DynamoDbIssuerRoll(IssuerRoll):
    """The issuer's roll."""

    def __init__(self, table: RevisionedTable) -> None:
        """Keep the roll in ``table``."""
        self._table = table

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
    def issue(self, registration: RegistrationId, election: ElectionId, request: Noted) -> bool:
        kept = request.digest + (request.style or "").encode()
        return self._table.update(
            registration,
            "SET #issued = :request",
            _FIRST_OR_SAME,
            ExpressionAttributeNames={"#issued": f"{_ISSUED}{election}"},
            ExpressionAttributeValues={":request": {"B": kept}, ":yes": {"BOOL": True}},
        )


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


def _noted(kept: bytes) -> Noted:
    style = kept[_DIGEST_BYTES:].decode()
    return Noted(RequestDigest(kept[:_DIGEST_BYTES]), StyleId(style) if style else None)
