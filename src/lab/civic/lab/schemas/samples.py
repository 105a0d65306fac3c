"""One sample of every event, made up; no value in them is anyone's."""

from datetime import UTC, date, datetime

from civic.contracts.audit import CheckpointPublished, OpeningsPublished
from civic.contracts.events import (
    AnalyticsReleased,
    Cohort,
    DataChange,
    DataDeleted,
    DataStored,
    DataUpdated,
    Decision,
    DecisionDeleted,
    DecisionMade,
    DeletionRequest,
    ErasureReplayed,
    ErasuresCounted,
    Event,
    JoinDeleted,
    ObjectionHonoured,
    ObjectionRaised,
    Reason,
    RestrictionChanged,
    RetentionEnded,
    RevalidationRequest,
    ReviewDecided,
    SealedFields,
    ValidationRequest,
    ValidationResult,
)
from civic.contracts.identifiers import ElectionId, RegistrationId, Revision, StyleId
from civic.contracts.voting import (
    Audience,
    CandidateRegistered,
    CredentialKey,
    CredentialKeysPublished,
    ElectionCertified,
    ElectionChange,
    ElectionCreated,
    ElectionDeleted,
    ElectionEnded,
    ElectionOpened,
    ElectionPublished,
    ElectionResumed,
    ElectionSuspended,
    ElectionUpdated,
    RedriveOrdered,
    RedriveRefused,
    RollDeleted,
    StyleAreas,
    StyleTally,
    VoteCast,
)
from civic.identity.model.registration import PII_FIELDS

_ID = RegistrationId("5d3c6f0e-9b1a-8c2d-9e3f-0a1b2c3d4e5f")
_TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
_DIGEST = bytes(range(32))
_ELECTION, _STYLE = ElectionId("7k3m9qx2w5vb"), StyleId("berlin")
_FIRST, _SECOND = Revision(1), Revision(2)
_CREATED = datetime(2027, 3, 1, 9, 30, tzinfo=UTC)
_LATER = datetime(2027, 3, 1, 9, 31, tzinfo=UTC)


def samples() -> list[Event]:
    """Return a sample of every event, those of a registration's life before an election's."""
    return [*_of_a_registration(), *_of_an_election()]


def _of_a_registration() -> list[Event]:
    return [
        _request(ValidationRequest),
        _request(RevalidationRequest),
        ValidationResult(results=(_decision(),)),
        ReviewDecided(results=(_decision(),)),
        DataStored(items=(_change(_FIRST),)),
        DataUpdated(items=(_change(_SECOND),)),
        RestrictionChanged(id=_ID, sequence=2, resume=_FIRST, at=_LATER, traceparent=_TRACE),
        ObjectionRaised(id=_ID, at=_LATER, traceparent=_TRACE),
        ObjectionHonoured(items=(_change(None),)),
        _erasure(DeletionRequest),
        _erasure(RetentionEnded),
        _erasure(ErasureReplayed),
        ErasuresCounted(through=date(2027, 3, 1), erased=120, threshold=10),
        DataDeleted(items=(_change(None),)),
        DecisionDeleted(items=(_change(None),)),
        JoinDeleted(items=(_change(None),)),
        RollDeleted(items=(_change(None),)),
        AnalyticsReleased(
            release_id="0f1e2d3c4b5a6978",
            released_at=_LATER,
            first_day=date(2027, 3, 1),
            last_day=date(2027, 3, 1),
            threshold=10,
            counted=500,
            cells=42,
            suppressed_cells=17,
            bucket="civic-releases",
            json_key="releases/2027/03/01/0f1e2d3c4b5a6978.json",
            lines_key="releases/2027/03/01/0f1e2d3c4b5a6978.jsonl",
        ),
    ]


def _of_an_election() -> list[Event]:
    plain: list[type[ElectionChange]] = [
        ElectionCreated,
        ElectionUpdated,
        ElectionOpened,
        ElectionSuspended,
        ElectionResumed,
        ElectionEnded,
        ElectionDeleted,
    ]
    return [
        *(event(election=_ELECTION, revision=3, at=_LATER) for event in plain),
        CandidateRegistered(election=_ELECTION, revision=2, at=_LATER, contest="c1", option="o3"),
        ElectionPublished(
            election=_ELECTION,
            revision=4,
            at=_LATER,
            opens_at=datetime(2027, 5, 1, 6, tzinfo=UTC),
            closes_at=datetime(2027, 5, 1, 16, tzinfo=UTC),
            styles=(StyleAreas(style=_STYLE, areas=("DE-BE", "DE-BB")),),
            openings=Audience.AUDITORS,
            definition=_DIGEST,
        ),
        ElectionCertified(
            election=_ELECTION,
            revision=9,
            at=_LATER,
            ballots=1_366_692,
            openings=Audience.AUDITORS,
            tally=(
                StyleTally(
                    style=_STYLE,
                    ballots=1_366_692,
                    contests={"c1": {"o2": 700_120, "o3": 650_007, "write_ins": 0}},
                ),
            ),
        ),
        RedriveRefused(election=_ELECTION, revision=8, at=_LATER, messages=2),
        RedriveOrdered(election=_ELECTION, revision=8, at=_LATER, messages=2, order="2027/14"),
        VoteCast(election=_ELECTION, snapshot=17, ballots=1200, at=_LATER),
        CredentialKeysPublished(
            election=_ELECTION, keys=(CredentialKey(style=_STYLE, public_key=bytes(294)),)
        ),
        CheckpointPublished(origin="civic.example/log", size=1_366_799, root=_DIGEST, at=_LATER),
        OpeningsPublished(
            election=_ELECTION, audience="auditors", ballots=1_366_692, index=_DIGEST
        ),
    ]


def _request(event: type[ValidationRequest]) -> ValidationRequest:
    return event(
        id=_ID,
        revision=_FIRST,
        created_at=_CREATED,
        submitted_at=_CREATED,
        access_digest=_DIGEST,
        sealed=_sealed(),
        traceparent=_TRACE,
    )


def _erasure(event: type[DeletionRequest]) -> DeletionRequest:
    return event(id=_ID, requested_at=_LATER, access_digest=_DIGEST, traceparent=_TRACE)


def _sealed() -> SealedFields:
    # The form of a blob, and nothing inside: version, nonce, ciphertext and tag.
    blob = b"\x01" + bytes(44)
    return SealedFields(commitment=_DIGEST, fields=dict.fromkeys(PII_FIELDS, blob))


def _decision() -> DecisionMade:
    return DecisionMade(
        id=_ID,
        revision=_FIRST,
        decision=Decision.REJECTED,
        reasons=(Reason(code="phone_invalid", pointer="/phone_number"),),
        rule_set="national-2027.1",
        decided_at=_LATER,
        cohort=Cohort(region="DE-BE", age_band="25-34"),
        access_digest=_DIGEST,
        traceparent=_TRACE,
    )


def _change(revision: Revision | None) -> DataChange:
    return DataChange(id=_ID, revision=revision, at=_LATER, traceparent=_TRACE)
