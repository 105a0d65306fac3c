"""What the two stores hold of a registration, and what is left after an erasure."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Self

from civic.contracts.events import Decision, Reason, SealedFields
from civic.contracts.identifiers import RegistrationId, Revision
from civic.identity.model.keys import AccessDigest, RecordId
from civic.identity.model.likeness import Comparison, LikenessKey, Place
from civic.identity.model.pairs import NO_PAIRS, Kinds, Pairs
from civic.identity.model.placement import Placement
from civic.identity.model.proof import ProofLevel, ProofMethod

ADDRESS = "address"
"""The field that decides the areas."""


class Status(StrEnum):
    """How far the newest revision of a registration has come."""

    PENDING = "pending"
    FULFILLED = "fulfilled"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The decision on one revision, as it is kept and published."""

    decision: Decision
    reasons: tuple[Reason, ...]
    rule_set: str
    round: int = 0
    """0 if the rules decided, n if people did so for the n-th time."""


@dataclass(frozen=True, slots=True)
class Ruling:
    """What people decided last about a person, and what they looked at.

    It holds for the fields that do not change: see ``Ruling.settles``.
    """

    number: int
    """How often people have decided for this person."""
    decision: Decision
    fingerprints: Mapping[str, bytes]
    """Of each field that people looked at, under a key that is in the sealed record only."""
    areas: tuple[str, ...] = ()
    """The electoral areas that people settled, narrowest first; empty if there was no need to."""
    ended_acceptance: bool = False
    """Of a rejection: whether it, or one before it, took the person off the roll."""

    def unchanged(self, fingerprints: Mapping[str, bytes]) -> frozenset[str]:
        """Return the fields that are as they were when people looked at them."""
        return frozenset(
            name
            for name, seen in self.fingerprints.items()
            if hmac.compare_digest(seen, fingerprints.get(name, b""))
        )

    def settles(self, fingerprints: Mapping[str, bytes]) -> frozenset[str]:
        """Return the fields that are as they were when people accepted the person."""
        accepted = self.decision is Decision.ACCEPTED
        return self.unchanged(fingerprints) if accepted else frozenset()


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What makes a person eligible; it is announced with later decisions that leave it in force."""

    revision: Revision
    """Which was accepted."""
    areas: tuple[str, ...] = ()
    area_version: int = 0
    eligible_from: date | None = None
    likeness: LikenessKey | None = None
    """Of the revision; None if an earlier release accepted it."""
    weak_keys: frozenset[LikenessKey] = field(default=frozenset(), repr=False)

    @classmethod
    def of(
        cls,
        revision: Revision,
        placement: Placement,
        likeness: LikenessKey | None = None,
        weak_keys: frozenset[LikenessKey] = frozenset(),
    ) -> Self:
        """Return the acceptance of a revision whose data gives this placement and these keys."""
        areas, version = placement.areas, placement.area_version
        return cls(revision, areas, version, placement.eligible_from, likeness, weak_keys)


@dataclass(frozen=True, slots=True)
class Proof:
    """What is kept of a proof of identity: nothing that the person wrote."""

    method: ProofMethod
    level: ProofLevel
    issuer: str
    day: date
    likeness: LikenessKey
    """Of the name and birth date that were proven; for others it does not count."""


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """A row of the low-security store: nothing that the person wrote.

    But of the accepted it has their areas and, if they are not old enough yet, from when they are.
    """

    record: RecordId
    access_digest: AccessDigest
    created: datetime
    updated: datetime
    verdict: Verdict | None = None
    restriction: int = 0
    """Counts the data subject's changes: odd is restricted, even is not (GDPR Art. 18)."""
    restriction_changed: datetime | None = None
    """When the data subject last did so; a write of the row may leave it out, being later."""
    contested: datetime | None = None
    """The ``updated`` of the row that the data subject wants people to look at (GDPR Art. 22(3)).

    A correction that is not accepted has its own, as the request goes on with it.
    """
    acceptance: Acceptance | None = None
    """The acceptance in force: of this revision, or of an earlier one."""
    ruling: Ruling | None = None
    likeness: LikenessKey | None = None
    """That of the revision that was decided last; None if an earlier release did so."""
    listed: tuple[Place, ...] = ()
    """The places under which the person has been accepted, one for each likeness."""
    weak_keys: frozenset[LikenessKey] = field(default=frozenset(), repr=False)
    """Those of the revision that was decided last."""
    pairs: Pairs = NO_PAIRS
    proof: Proof | None = None
    """The best proof of identity so far; it counts while it has the likeness of the data."""

    @property
    def restricted(self) -> bool:
        """Whether nothing may be done with the registration except keep it."""
        return self.restriction % 2 == 1

    @property
    def waits_for_people(self) -> bool:
        """Whether the data subject waits for people to decide.

        They have decided if the row is no longer the one that was contested.
        """
        return self.contested == self.updated

    @property
    def accepted(self) -> bool:
        """Whether this revision is accepted."""
        return self.verdict is not None and self.verdict.decision == Decision.ACCEPTED

    @property
    def was_accepted(self) -> bool:
        """Whether the person is, or has ever been, accepted; only people end an acceptance."""
        ended = self.ruling is not None and self.ruling.ended_acceptance
        return ended or self.acceptance is not None

    @property
    def standing(self) -> Decision | None:
        """The decision in force, where it is not the one on this revision.

        What the rules do not accept leaves an earlier acceptance in force, what people reject ends
        it.
        """
        return Decision.ACCEPTED if self.acceptance is not None and not self.accepted else None

    @property
    def keys(self) -> frozenset[LikenessKey]:
        """The weak keys of the last decision, and those of the acceptance in force."""
        return self.weak_keys | (self.acceptance.weak_keys if self.acceptance else frozenset())

    @property
    def counts(self) -> bool:
        """Whether the person is on the roll, or waits for a decision."""
        waits = self.verdict is None or self.verdict.decision is Decision.REVIEW
        return waits or self.acceptance is not None

    @property
    def status(self) -> Status:
        """Fulfilled once there is a verdict for this revision."""
        return Status.PENDING if self.verdict is None else Status.FULFILLED

    def corrected(self, revision: Revision, at: datetime) -> "DecisionRow":
        """Return the pending row of a correction, which does not answer what was contested."""
        return replace(
            self,
            record=RecordId(self.record.id, revision),
            updated=at,
            verdict=None,
            contested=at if self.waits_for_people else None,
        )

    def after(self, known: "DecisionRow") -> "DecisionRow":
        """Return the row as it is to be written over one that has changed since it was read."""
        return replace(
            self,
            restriction=known.restriction,
            restriction_changed=known.restriction_changed,
            contested=self.updated if known.waits_for_people and not self.accepted else None,
            acceptance=self.acceptance if self.accepted else known.acceptance,
            ruling=known.ruling,
            listed=known.listed,
            pairs=known.pairs,
            proof=self.proof or known.proof,
        )

    def told_apart(self, others: Mapping[RegistrationId, Kinds]) -> "DecisionRow":
        """Return the row of somebody of whom people have said that they are none of these."""
        return replace(self, pairs=self.pairs.told_apart(others))

    def joined(self, comparison: Comparison) -> "DecisionRow":
        """Return the row of somebody who is listed beside those they were compared with."""
        places = (*self.listed, *comparison.places(self.record.id))
        return replace(self, listed=tuple({one.likeness: one for one in places}.values()))

    def areas_settled(self, fingerprints: Mapping[str, bytes]) -> tuple[str, ...]:
        """Return the areas that people settled for this address, whatever they decided since."""
        ruling = self.ruling
        return ruling.areas if ruling and ADDRESS in ruling.unchanged(fingerprints) else ()

    def ruled(
        self,
        fingerprints: Mapping[str, bytes],
        placement: Placement,
        areas: tuple[str, ...] = (),
    ) -> "DecisionRow":
        """Return the row with what people decided, to be kept for later revisions.

        Args:
            fingerprints: Of the fields that they looked at.
            placement: Where the person belongs by its data.
            areas: Those that they settled, now or before for the same address.
        """
        if self.verdict is None:
            return self
        acceptance = None
        if self.accepted:
            revision = self.record.revision
            acceptance = Acceptance.of(revision, placement, self.likeness, self.weak_keys)
        number = self.ruling.number + 1 if self.ruling else 1
        ended = self.was_accepted and not self.accepted
        ruling = Ruling(number, self.verdict.decision, fingerprints, areas, ended)
        return replace(self, acceptance=acceptance, ruling=ruling)


@dataclass(frozen=True, slots=True)
class VaultRow:
    """A row of the high-security store."""

    record: RecordId
    access_digest: AccessDigest
    sealed: SealedFields
    created: datetime
    updated: datetime


@dataclass(frozen=True, slots=True)
class Malformed:
    """A row that cannot be read, with its id if that is one."""

    id: RegistrationId


@dataclass(frozen=True, slots=True)
class Tombstone:
    """What an erasure leaves so that a late or replayed event finds it and does nothing.

    Of several requests the earliest counts, in whatever order they arrive. The access digest is
    kept in the low-security store only: a citizen who repeats a DELETE whose answer was lost gets
    the same answer. It is the hash of an unguessable token. That tombstone does not expire, so that
    no id is ever used for a second registration.
    """

    id: RegistrationId
    erased_at: datetime
    expires: datetime | None = None
    access_digest: AccessDigest | None = None
    listed: tuple[Place, ...] = ()
    """Where the row was listed, until the validator has taken the person out of ``Likenesses``."""
