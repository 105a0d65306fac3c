"""The low-security store in DynamoDB.

A row says what was decided last: ``revision``, ``updated`` and ``decision`` are of that. ``newest``
is the newest revision, and ``submitted`` its time while it waits for a decision. The gateway, which
notes it, may write neither of the former: then it cannot make a decision hold for other data.

A row has what concerns few people only where it does: ``restriction``, ``round`` and ``ruling``,
with ``rulings``, the number of the ruling, which conditions compare. Accepted rows of earlier
releases have no ``accepted_by``; they were accepted by their own revision. Their rows have no
``newest`` either, and one that waits has no ``decision``.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any, override

from civic.contracts.events import Decision, Reason
from civic.contracts.identifiers import RegistrationId, Revision
from civic.identity.adapters.items import (
    EARLIEST_GRAVE,
    SAME_DIGEST,
    Item,
    RevisionedTable,
    digest_of,
    grave_of,
    item_of,
    paired_as,
    pairs_item,
    pairs_of,
    places,
    places_of,
    readable,
    texts,
    texts_of,
    time_of,
)
from civic.identity.adapters.likenesses_dynamodb import DynamoDbLikenesses
from civic.identity.model.keys import RecordId
from civic.identity.model.likeness import (
    Comparison,
    LikenessKey,
    Place,
    packed,
    unpacked,
)
from civic.identity.model.pairs import Kinds
from civic.identity.model.proof import ProofLevel, ProofMethod
from civic.identity.model.retention import has_ended
from civic.identity.model.rows import (
    Acceptance,
    DecisionRow,
    Malformed,
    Proof,
    Ruling,
    Tombstone,
    Verdict,
)
from civic.identity.ports import DecisionStore, RetentionCalendar

# What a condition names, the role that makes the request may also write. A tombstone has no
# ``created``.
_NOTED = (
    "attribute_not_exists(id) OR (attribute_exists(created) AND access_digest = :digest"
    " AND (attribute_not_exists(newest) OR newest < :r))"
)
_NOT_OVERTAKEN = "(attribute_not_exists(newest) OR newest <= :r)"
_UNDECIDED = (
    f"attribute_not_exists(id) OR (attribute_not_exists(erased_at) AND {_NOT_OVERTAKEN}"
    " AND (attribute_not_exists(revision) OR revision < :r"
    " OR (revision = :r AND attribute_not_exists(#decision))))"
)
_OVERRULED = (
    f"revision = :r AND {_NOT_OVERTAKEN} AND attribute_exists(#decision)"
    " AND (attribute_not_exists(#round) OR #round < :round)"
)
_BEGAN_BEFORE = "(attribute_not_exists(created) OR created <= :at)"
_NONE_ACCEPTED = (
    "attribute_not_exists(accepted_by)"
    " AND (attribute_not_exists(#decision) OR #decision <> :accepted)"
)
_ACCEPTED_BY = "accepted_by = :accepted_by OR (#decision = :accepted AND revision = :accepted_by)"
_NOT_CONTESTED = (
    "(attribute_not_exists(contested)"
    " OR ((attribute_not_exists(updated) OR contested <> updated)"
    " AND (attribute_not_exists(submitted) OR contested <> submitted)))"
)
_WHAT_CHANGES = (
    *("access_digest", "revision", "updated", "decision", "round", "rulings"),
    *("restriction", "restriction_changed", "contested", "accepted_by", "submitted", "listed"),
    "pairs",
)
_RESERVED = ("decision", "round")
# A tombstone has no decision.
_REJECTED = "#decision = :rejected AND updated < :rejected_before"


class DynamoDbDecisions(DecisionStore, RetentionCalendar):
    """Decisions by registration id."""

    def __init__(
        self, table: RevisionedTable, likenesses: DynamoDbLikenesses | None = None
    ) -> None:
        """Keep the rows in ``table``; whoever accepts people needs the ``likenesses`` too."""
        self._table = table
        self._likenesses = likenesses

    @override
    def get(self, registration: RegistrationId) -> DecisionRow | Tombstone | None:
        return _parse(self._table.read(registration))

    @override
    def note_pending(self, row: DecisionRow) -> DecisionRow | Tombstone | None:
        known = self._table.advance(
            row.record.id,
            "SET newest = :r, submitted = :at, access_digest = :digest,"
            " created = if_not_exists(created, :created)",
            _NOTED,
            ExpressionAttributeValues={
                ":r": _revision(row),
                ":at": {"S": row.updated.isoformat()},
                ":digest": {"B": row.access_digest},
                ":created": {"S": row.created.isoformat()},
            },
        )
        return _parse(known)

    @override
    def decide(
        self, row: DecisionRow, joining: Comparison | None = None
    ) -> DecisionRow | Tombstone | None:
        condition = _UNDECIDED
        values: Item = {}
        if not (row.accepted or row.waits_for_people):
            condition = f"({condition}) AND {_NOT_CONTESTED}"
        same = "attribute_not_exists(rulings)"
        if row.ruling is not None:
            same = "rulings = :rulings"
            values[":rulings"] = {"N": str(row.ruling.number)}
        # An acceptance takes the place of any other.
        if not row.accepted:
            values[":accepted"] = {"S": Decision.ACCEPTED}
            in_force = _NONE_ACCEPTED
            if row.acceptance is not None:
                in_force = _ACCEPTED_BY
                values[":accepted_by"] = {"N": str(row.acceptance.revision)}
            same = f"({in_force}) AND {same}"
        condition = f"({condition}) AND (attribute_not_exists(id) OR ({same}))"
        return _parse(self._put(row, condition, values, joining))

    @override
    def overrule(
        self,
        row: DecisionRow,
        joining: Comparison | None = None,
        apart: Mapping[RegistrationId, Kinds] | None = None,
    ) -> bool:
        number = row.verdict.round if row.verdict else 0
        known = self._put(
            row,
            _OVERRULED,
            {":round": {"N": str(number)}},
            joining,
            written=row if apart is None else row.told_apart(apart),
        )
        return known is None

    @override
    def release(self, row: DecisionRow) -> bool:
        known = self._put(
            row,
            f"revision = :r AND updated = :updated AND {_NOT_OVERTAKEN}",
            {":updated": {"S": row.updated.isoformat()}},
            written=replace(row, pairs=row.pairs.without_open()),
        )
        return known is None

    @override
    def renew(self, row: DecisionRow, joining: Comparison | None = None) -> bool:
        known = self._put(
            row,
            f"revision = :r AND updated = :updated AND {_NOT_OVERTAKEN}",
            {":updated": {"S": row.updated.isoformat()}},
            joining,
        )
        return known is None

    @override
    def restrict(self, row: DecisionRow, at: datetime) -> bool:
        unchanged, values = _under(row.restriction)
        return self._table.update(
            row.record.id,
            "SET restriction = :next, restriction_changed = :at",
            # A tombstone has no time of creation. What a condition names, the role that makes the
            # request may also write; so this one does not name ``erased_at``.
            f"attribute_exists(created) AND {unchanged}",
            ExpressionAttributeValues={
                ":next": {"N": str(row.restriction + 1)},
                ":at": {"S": at.isoformat()},
                **values,
            },
        )

    @override
    def contest(self, registration: RegistrationId, decided: datetime) -> bool:
        return self._table.update(
            registration,
            "SET contested = :decided",
            "attribute_exists(created)",
            ExpressionAttributeValues={":decided": {"S": decided.isoformat()}},
        )

    @override
    def retire(self, row: DecisionRow, grave: Tombstone) -> bool:
        there = _item(row)
        same = (
            f"#{name} = :{name}" if name in there else f"attribute_not_exists(#{name})"
            for name in _WHAT_CHANGES
        )
        known = self._table.write(
            item_of(grave),
            " AND ".join(same),
            ExpressionAttributeNames={f"#{name}": name for name in _WHAT_CHANGES},
            ExpressionAttributeValues={
                f":{name}": there[name] for name in _WHAT_CHANGES if name in there
            },
        )
        return known is None

    @override
    def bury(self, grave: Tombstone) -> DecisionRow | Tombstone | None:
        item = item_of(grave)
        known = self._table.write(
            item,
            f"{SAME_DIGEST} AND ({EARLIEST_GRAVE}) AND {_BEGAN_BEFORE}"
            " AND (attribute_not_exists(listed) OR listed = :listed)",
            ExpressionAttributeValues={
                ":digest": item["access_digest"],
                ":at": item["erased_at"],
                ":listed": places(grave.listed),
            },
        )
        return _parse(known)

    @override
    def unlisted(self, grave: Tombstone) -> None:
        item = item_of(replace(grave, listed=()))
        self._table.write(
            item,
            "erased_at = :at AND listed = :listed",
            ExpressionAttributeValues={":at": item["erased_at"], ":listed": places(grave.listed)},
        )

    @override
    def ended(self, rejected_before: datetime) -> Iterator[DecisionRow | Malformed]:
        def of(item: Item) -> DecisionRow | None:
            row = _parse(item)
            if isinstance(row, DecisionRow) and has_ended(row, rejected_before):
                return row
            return None

        found = self._table.scan(
            _REJECTED,
            ExpressionAttributeNames={"#decision": "decision"},
            ExpressionAttributeValues={
                ":rejected": {"S": Decision.REJECTED},
                ":rejected_before": {"S": rejected_before.isoformat()},
            },
        )
        return (row for item in found if (row := readable(of, item)) is not None)

    def _put(
        self,
        row: DecisionRow,
        condition: str,
        values: Item,
        joining: Comparison | None = None,
        *,
        written: DecisionRow | None = None,
    ) -> Item | None:
        """Put a row under a condition; return what stood in its way, empty if nothing is there.

        What is written may have other pairs than were read.
        """
        written = written or row
        unchanged, restriction = _under(row.restriction)
        same, listed = _listed_as(row.listed)
        paired, pairs = paired_as(row.pairs)
        condition = f"({condition}) AND {unchanged} AND {SAME_DIGEST} AND {same} AND {paired}"
        names = {f"#{name}": name for name in _RESERVED if f"#{name}" in condition}
        arguments: dict[str, Any] = {"ExpressionAttributeNames": names} if names else {}
        arguments["ExpressionAttributeValues"] = {
            ":r": _revision(row),
            ":digest": {"B": row.access_digest},
            **values,
            **restriction,
            **listed,
            **pairs,
        }
        if joining is None:
            return self._table.write(_item(written), condition, **arguments)
        if self._likenesses is None:
            message = "nobody is accepted without the table of likenesses"
            raise TypeError(message)
        others = self._likenesses.joining(joining, row.record.id)
        item = _item(written.joined(joining))
        return self._table.write_beside(item, others, condition, **arguments)


def _under(restriction: int) -> tuple[str, Item]:
    """Return the condition that the data subject has not changed the restriction since."""
    if restriction == 0:
        return "attribute_not_exists(restriction)", {}
    same = "(attribute_not_exists(id) OR restriction = :restriction)"
    return same, {":restriction": {"N": str(restriction)}}


def _listed_as(listed: tuple[Place, ...]) -> tuple[str, Item]:
    """Return the condition that a row is listed as it was when it was read."""
    if not listed:
        return "attribute_not_exists(listed)", {}
    return "(attribute_not_exists(id) OR listed = :listed)", {":listed": places(listed)}


def _revision(row: DecisionRow) -> Item:
    return {"N": str(row.record.revision)}


def _item(row: DecisionRow) -> Item:
    item: Item = {
        "id": {"S": row.record.id},
        "newest": _revision(row),
        "access_digest": {"B": row.access_digest},
        "created": {"S": row.created.isoformat()},
    }
    if row.restriction:
        item["restriction"] = {"N": str(row.restriction)}
    if row.restriction_changed is not None:
        item["restriction_changed"] = {"S": row.restriction_changed.isoformat()}
    if row.contested is not None:
        item["contested"] = {"S": row.contested.isoformat()}
    if row.acceptance is not None:
        item |= _acceptance_item(row.acceptance)
    if row.ruling is not None:
        item["rulings"] = {"N": str(row.ruling.number)}
        item["ruling"] = {"M": _ruling_item(row.ruling)}
    item |= _comparing_item(row) | pairs_item(row.pairs)
    if row.verdict is None:
        item["submitted"] = {"S": row.updated.isoformat()}
    else:
        reasons = [{"L": [{"S": r.code}, {"S": r.pointer}]} for r in row.verdict.reasons]
        item |= {
            "revision": _revision(row),
            "updated": {"S": row.updated.isoformat()},
            "decision": {"S": row.verdict.decision},
            "reasons": {"L": reasons},
            "rule_set": {"S": row.verdict.rule_set},
        }
        if row.verdict.round:
            item["round"] = {"N": str(row.verdict.round)}
    return item


def _comparing_item(row: DecisionRow) -> Item:
    """Return by what a person is compared with others, and what is proven of them."""
    item: Item = {}
    if row.likeness is not None:
        item["likeness"] = {"B": row.likeness}
    if row.listed:
        item["listed"] = places(row.listed)
    if row.weak_keys:
        item["weak_keys"] = {"B": packed(row.weak_keys)}
    if row.acceptance is not None and row.acceptance.weak_keys != row.weak_keys:
        item["accepted_keys"] = {"B": packed(row.acceptance.weak_keys)}
    if row.proof is not None:
        item["proof"] = {"M": _proof_item(row.proof)}
    return item


def _parse(item: Item | None) -> DecisionRow | Tombstone | None:
    if not item:
        return None
    grave = grave_of(item)
    if grave is not None:
        return grave
    newest, time, waits = newest_of(item)
    updated = datetime.fromisoformat(item[time]["S"])
    contested = time_of(item, "contested")
    if contested is not None and contested == time_of(item, "updated"):
        # What was asked about the last decision goes on with the revision after it.
        contested = updated
    return DecisionRow(
        RecordId(RegistrationId(item["id"]["S"]), newest),
        digest_of(item),
        datetime.fromisoformat(item["created"]["S"]),
        updated,
        None if waits else _verdict(item),
        _number(item, "restriction"),
        time_of(item, "restriction_changed"),
        contested,
        _acceptance(item),
        _ruling(item),
        _likeness(item, "likeness"),
        places_of(item),
        weak_keys_of(item),
        pairs_of(item),
        _proof(item),
    )


def weak_keys_of(item: Item, name: str = "weak_keys") -> frozenset[LikenessKey]:
    """Return the weak keys of a row: of the last decision, or what else is named."""
    return unpacked(bytes(item[name]["B"])) if name in item else frozenset()


def newest_of(item: Item) -> tuple[Revision, str, bool]:
    """Return the newest revision, which attribute has its time, and whether it is undecided."""
    newest = _number(item, "newest")
    if newest > _number(item, "revision"):
        return Revision(newest), "submitted", True
    return Revision(int(item["revision"]["N"])), "updated", "decision" not in item


def _verdict(item: Item) -> Verdict:
    reasons = tuple(
        Reason(code=code["S"], pointer=pointer["S"])
        for code, pointer in (reason["L"] for reason in item["reasons"]["L"])
    )
    return Verdict(
        Decision(item["decision"]["S"]), reasons, item["rule_set"]["S"], _number(item, "round")
    )


def _acceptance_item(acceptance: Acceptance) -> Item:
    item: Item = {
        "accepted_by": {"N": str(acceptance.revision)},
        "areas": texts(acceptance.areas),
        "area_version": {"N": str(acceptance.area_version)},
    }
    if acceptance.eligible_from is not None:
        item["eligible_from"] = {"S": acceptance.eligible_from.isoformat()}
    if acceptance.likeness is not None:
        item["accepted_as"] = {"B": acceptance.likeness}
    return item


def _acceptance(item: Item) -> Acceptance | None:
    if "accepted_by" in item:
        return Acceptance(
            Revision(_number(item, "accepted_by")),
            texts_of(item["areas"]),
            _number(item, "area_version"),
            date.fromisoformat(item["eligible_from"]["S"]) if "eligible_from" in item else None,
            _likeness(item, "accepted_as"),
            weak_keys_of(item, "accepted_keys" if "accepted_keys" in item else "weak_keys"),
        )
    if item.get("decision") != {"S": Decision.ACCEPTED}:
        return None
    return Acceptance(Revision(_number(item, "revision")))


def _ruling_item(ruling: Ruling) -> Item:
    item: Item = {
        "decision": {"S": ruling.decision},
        "fingerprints": {"M": {name: {"B": mark} for name, mark in ruling.fingerprints.items()}},
        "areas": texts(ruling.areas),
    }
    if ruling.ended_acceptance:
        item["ended_acceptance"] = {"BOOL": True}
    return item


def _ruling(item: Item) -> Ruling | None:
    if "ruling" not in item:
        return None
    kept = item["ruling"]["M"]
    return Ruling(
        _number(item, "rulings"),
        Decision(kept["decision"]["S"]),
        {name: bytes(mark["B"]) for name, mark in kept["fingerprints"]["M"].items()},
        texts_of(kept["areas"]),
        kept.get("ended_acceptance", {"BOOL": False})["BOOL"],
    )


def _likeness(item: Item, name: str) -> LikenessKey | None:
    return LikenessKey(bytes(item[name]["B"])) if name in item else None


def _proof_item(proof: Proof) -> Item:
    return {
        "method": {"S": proof.method},
        "level": {"S": proof.level.value},
        "issuer": {"S": proof.issuer},
        "day": {"S": proof.day.isoformat()},
        "likeness": {"B": proof.likeness},
    }


def _proof(item: Item) -> Proof | None:
    if "proof" not in item:
        return None
    kept = item["proof"]["M"]
    return Proof(
        ProofMethod(kept["method"]["S"]),
        ProofLevel(kept["level"]["S"]),
        kept["issuer"]["S"],
        date.fromisoformat(kept["day"]["S"]),
        LikenessKey(bytes(kept["likeness"]["B"])),
    )


def _number(item: Item, name: str) -> int:
    return int(item[name]["N"]) if name in item else 0
