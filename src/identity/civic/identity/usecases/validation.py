"""What the validator does: open in isolation, decide, write the decision, announce it."""

from contextlib import suppress
from dataclasses import dataclass, replace

from civic.contracts.events import Decision, DecisionMade, SealedRevision
from civic.contracts.ports import Clock
from civic.identity.errors import DigestsDisagree, ListingChanged, RegistrationRestricted
from civic.identity.model.announcing import announced
from civic.identity.model.areas import TablePage
from civic.identity.model.eligibility import (
    decide,
    eligible_from,
    is_settled,
    lives_in,
    past_of,
    placement_of,
    settled_areas,
)
from civic.identity.model.keys import AccessDigest, RecordId, StoredSubjectKey
from civic.identity.model.likeness import LikenessKey, likeness_of
from civic.identity.model.opened import Opened, open_registration
from civic.identity.model.placement import Placement
from civic.identity.model.proving import Examined, kept_proof, standing
from civic.identity.model.review import ReviewCase, ReviewCause
from civic.identity.model.rows import Acceptance, DecisionRow, Tombstone, Verdict
from civic.identity.model.rules import RuleSet
from civic.identity.model.weak_keys import weak_keys
from civic.identity.ports import DecisionStore, KeyUnwrapper, ReviewQueue, SubjectKeyStore
from civic.identity.ports.areas import AreaBook
from civic.identity.ports.likenesses import Likenesses, Peppers
from civic.identity.usecases.comparing import compare
from civic.identity.usecases.proving import Proofs, examine


@dataclass(frozen=True, slots=True)
class Validation:
    """What the validator's use cases work with."""

    subject_keys: SubjectKeyStore
    unwrapper: KeyUnwrapper
    decisions: DecisionStore
    reviews: ReviewQueue
    rules: RuleSet
    clock: Clock
    areas: AreaBook
    likenesses: Likenesses
    peppers: Peppers
    proofs: Proofs


@dataclass(frozen=True, slots=True)
class Judged:
    """What is judged: the opened record, and what else must be known of it."""

    opened: Opened
    page: TablePage
    """What the office's table says of its address."""
    likeness: LikenessKey
    """By which a second registration of the same person is found."""
    weak_keys: frozenset[LikenessKey]
    """By which one is found later that differs more."""
    examined: Examined
    """What its evidence proves."""


def validate(validation: Validation, request: SealedRevision) -> DecisionMade | None:
    """Decide one revision.

    Returns:
        What to announce, also for a redelivery of a request that was decided before; None where
        the revision has been superseded or erased, or the person has restricted the processing.

    Raises:
        DigestsDisagree: The request, its key and the row are not all of the same person; it belongs
            in the dead-letter queue.
        RegistrationRestricted: The person changed the restriction during this; try again.
        SealError, KeyRefused: The request does not open; it belongs in the dead-letter queue.
    """
    record = RecordId(request.id, request.revision)
    digest = AccessDigest(request.access_digest)
    known = validation.decisions.get(request.id)
    if _stands_in_the_way(known, record):
        return None
    if isinstance(known, DecisionRow):
        _agree(known, digest)
        if known.restricted:
            _hold_back(validation.decisions, known, request)
            return None
    stored = validation.subject_keys.get(record)
    if stored is None:
        return None
    _agree(stored, digest)
    key = validation.unwrapper.unwrap(stored.wrapped, request.id, digest)
    opened = open_registration(key, record, request.sealed)
    page = validation.areas.page(opened.registration.address)
    pepper = validation.peppers.current()
    likeness = likeness_of(opened.registration, pepper)
    keys = weak_keys(opened.registration, pepper)
    examined = examine(validation.proofs, opened.registration, request.submitted_at)
    judged = Judged(opened, page, likeness, keys, examined)
    written = _decide(validation, request, judged, known)
    return None if written is None else _announced(validation, request, judged, written)


def _announced(
    validation: Validation, request: SealedRevision, judged: Judged, row: DecisionRow
) -> DecisionMade | None:
    """Return what to announce of a row, once people wait for what is theirs to decide."""
    verdict, opened = row.verdict, judged.opened
    if verdict is None:
        return None
    home = lives_in(opened.registration, judged.page, settled_areas(row, opened.fingerprints))
    placement = placement_of(opened.registration, validation.rules, home, row.updated)
    outdated = _outdated(row, placement)
    unsettled = outdated is not None and not is_settled(opened.registration, home, validation.rules)
    if outdated and unsettled:
        # A new table does not decide this address: people do, and until then nothing changes.
        placement = replace(placement, areas=outdated.areas or placement.areas)
    if unsettled or verdict.decision is Decision.REVIEW:
        cause = ReviewCause.DATA_SUBJECT if row.waits_for_people else ReviewCause.RULES
        validation.reviews.add(
            ReviewCase(row.record, request.submitted_at, cause, round=verdict.round)
        )
    if outdated:
        row = _renewed(validation.decisions, row, placement)
    return announced(row, verdict, placement, request.traceparent)


def _outdated(row: DecisionRow, placement: Placement) -> Acceptance | None:
    """Return the acceptance of a row if its areas are by an earlier version of the office's table.

    Acceptances of earlier releases have none.
    """
    acceptance = row.acceptance
    if not row.accepted or acceptance is None:
        return None
    return acceptance if acceptance.area_version < placement.area_version else None


def _renewed(decisions: DecisionStore, row: DecisionRow, placement: Placement) -> DecisionRow:
    """Write the areas by the table in use, so that later decisions announce them too.

    If the row has changed meanwhile, what changed it has looked at the table as well.
    """
    acceptance = Acceptance.of(row.record.revision, placement, row.likeness, row.weak_keys)
    renewed = replace(row, acceptance=acceptance)
    decisions.renew(renewed)
    return renewed


def _hold_back(decisions: DecisionStore, known: DecisionRow, request: SealedRevision) -> None:
    """Note a revision as pending, so that it is decided when the restriction is lifted.

    The gateway does this before it acknowledges a correction, but may have died before that.
    """
    if known.record.revision >= request.revision:
        return
    decisions.note_pending(known.corrected(request.revision, request.submitted_at))
    there = decisions.get(request.id)
    if isinstance(there, DecisionRow) and not there.restricted:
        # It was lifted meanwhile, perhaps before this revision could be seen.
        raise RegistrationRestricted


def _stands_in_the_way(known: DecisionRow | Tombstone | None, record: RecordId) -> bool:
    if isinstance(known, DecisionRow):
        return known.record.revision > record.revision
    return known is not None


def _agree(row: DecisionRow | StoredSubjectKey, digest: AccessDigest) -> None:
    if row.access_digest != digest:
        raise DigestsDisagree


def _decide(
    validation: Validation,
    request: SealedRevision,
    judged: Judged,
    known: DecisionRow | Tombstone | None,
) -> DecisionRow | None:
    """Judge and write; return the row that counts for this revision, None if there is none.

    What was decided before is part of what is judged, so it is judged anew if the row has changed
    meanwhile. A decision that was made earlier may not have been announced yet.

    Whoever is not accepted yet under their name and date of birth is compared with those who are.
    """
    record = RecordId(request.id, request.revision)
    while not _stands_in_the_way(known, record):
        before = known if isinstance(known, DecisionRow) else None
        if before is not None:
            _agree(before, AccessDigest(request.access_digest))
            if before.restricted:
                raise RegistrationRestricted
            if before.record == record and before.verdict is not None:
                if before.listed or not before.accepted:
                    return before
                known = _listed_later(validation, judged, before)
                continue
        decisions, likenesses = validation.decisions, validation.likenesses
        compared = compare(decisions, likenesses, judged.likeness, request.id, before)
        twice = compared is not None and bool(compared.everybody)
        row = _judge(validation, request, judged, before, twice=twice)
        joining = compared if row.accepted else None
        try:
            known = decisions.decide(row, joining)
        except ListingChanged:
            known = decisions.get(request.id)
            continue
        if known is None:
            return row if joining is None else row.joined(joining)
    return None


def _listed_later(
    validation: Validation, judged: Judged, row: DecisionRow
) -> DecisionRow | Tombstone | None:
    """List somebody whom an earlier release accepted without comparing them; return the row then.

    Who else is accepted under the name is beside them: neither loses the acceptance to a release.
    """
    decisions, likeness = validation.decisions, judged.likeness
    compared = compare(decisions, validation.likenesses, likeness, row.record.id, row)
    acceptance = row.acceptance
    if acceptance is not None:
        acceptance = replace(acceptance, likeness=likeness, weak_keys=judged.weak_keys)
    row = replace(row, likeness=likeness, weak_keys=judged.weak_keys, acceptance=acceptance)
    with suppress(ListingChanged):
        decisions.renew(row, compared)
    return decisions.get(row.record.id)


def _judge(
    validation: Validation,
    request: SealedRevision,
    judged: Judged,
    before: DecisionRow | None,
    *,
    twice: bool,
) -> DecisionRow:
    examined, registration, likeness = judged.examined, judged.opened.registration, judged.likeness
    proof = kept_proof(examined, registration, likeness, before.proof if before else None)
    past = replace(
        past_of(before, judged.opened.fingerprints),
        registered_already=twice,
        proof=standing(examined, registration, likeness, proof),
    )
    found = decide(registration, request.submitted_at, validation.rules, past, judged.page)
    record, now = RecordId(request.id, request.revision), validation.clock()
    acceptance = None
    if found.decision is Decision.ACCEPTED:
        # What is still to come is to come now, not when it was submitted.
        until = eligible_from(registration, validation.rules, now)
        placement = replace(found.placement, eligible_from=until)
        of = judged.likeness, judged.weak_keys
        acceptance = Acceptance.of(record.revision, placement, *of)
    row = DecisionRow(
        record,
        AccessDigest(request.access_digest),
        created=request.created_at,
        updated=now,
        verdict=Verdict(found.decision, found.reasons, found.rule_set),
        acceptance=acceptance,
        likeness=likeness,
        weak_keys=judged.weak_keys,
        proof=proof,
    )
    return row if before is None else row.after(before)
