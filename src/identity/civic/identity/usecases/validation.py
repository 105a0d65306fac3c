"""What the validator does: open in isolation, decide, write the decision, announce it."""

from dataclasses import dataclass

from civic.contracts.events import Cohort, DecisionMade, DeletionRequest, ValidationRequest
from civic.contracts.retention import TOMBSTONE_LIFETIME
from civic.identity.model.eligibility import decide
from civic.identity.model.keys import AccessDigest, RecordId
from civic.identity.model.registration import Registration
from civic.identity.model.rows import DecisionRow, Tombstone, Verdict, tombstone
from civic.identity.model.rules import RuleSet
from civic.identity.model.sealing import unseal
from civic.identity.ports import Clock, DecisionStore, KeyUnwrapper, SubjectKeyStore


@dataclass(frozen=True, slots=True)
class Validation:
    """What the validator's use cases work with."""

    subject_keys: SubjectKeyStore
    unwrapper: KeyUnwrapper
    decisions: DecisionStore
    rules: RuleSet
    clock: Clock


def validate(validation: Validation, request: ValidationRequest) -> DecisionMade | None:
    """Decide one revision.

    Returns:
        What to announce, also for a redelivery of a request that was decided before; None where
        the revision has been superseded or erased.

    Raises:
        SealError, KeyRefused: The request does not open; it belongs in the dead-letter queue.
    """
    record = RecordId(request.id, request.revision)
    stored = validation.subject_keys.get(record)
    if stored is None:
        return None
    key = validation.unwrapper.unwrap(stored.wrapped, request.id)
    registration = Registration.from_fields(unseal(key, record, request.sealed))
    judged = decide(registration, request.submitted_at, validation.rules)
    row = DecisionRow(
        record,
        AccessDigest(request.access_digest),
        created=request.created_at,
        updated=validation.clock(),
        verdict=Verdict(judged.decision, judged.reasons, judged.rule_set),
    )
    known = validation.decisions.decide(row)
    if known is None:
        return _announcement(row, judged.cohort, request.traceparent)
    if isinstance(known, Tombstone) or known.record != record:
        return None
    # Decided before, perhaps without getting as far as the announcement: repeat what was decided.
    return _announcement(known, judged.cohort, request.traceparent)


def forget_decision(decisions: DecisionStore, request: DeletionRequest) -> None:
    """Replace the decision by a tombstone, should the gateway not have got that far."""
    decisions.bury(
        tombstone(
            request.id,
            request.requested_at,
            TOMBSTONE_LIFETIME,
            AccessDigest(request.access_digest),
        )
    )


def _announcement(row: DecisionRow, cohort: Cohort, traceparent: str) -> DecisionMade | None:
    if row.verdict is None:
        return None
    return DecisionMade(
        id=row.record.id,
        revision=row.record.revision,
        decision=row.verdict.decision,
        reasons=row.verdict.reasons,
        rule_set=row.verdict.rule_set,
        decided_at=row.updated,
        cohort=cohort,
        traceparent=traceparent,
    )
