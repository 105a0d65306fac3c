"""What every overview shows: ids, revisions, digests and times of what the stores' owners wrote."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from civic.analytics.join_store_dynamodb import DynamoDbJoins
from civic.contracts.events import Cohort, Decision, DecisionMade, SealedFields
from civic.contracts.identifiers import RegistrationId, Revision
from civic.identity.adapters.area_book_dynamodb import DynamoDbAreaEditor
from civic.identity.adapters.decision_store_dynamodb import DynamoDbDecisions
from civic.identity.adapters.erasure_ledger_dynamodb import DynamoDbErasureLedger
from civic.identity.adapters.issuer_roll_dynamodb import DynamoDbIssuerRoll
from civic.identity.adapters.items import RevisionedTable
from civic.identity.adapters.pii_vault_dynamodb import DynamoDbVault
from civic.identity.adapters.request_log_dynamodb import DynamoDbRequestLog
from civic.identity.adapters.review_queue_dynamodb import DynamoDbReviewQueue
from civic.identity.adapters.subject_key_store_dynamodb import DynamoDbSubjectKeys
from civic.identity.adapters.sweep_overview_dynamodb import DynamoDbOverview, SweptTables
from civic.identity.adapters.sweep_progress_dynamodb import DynamoDbProgress
from civic.identity.errors import StoreUnavailable
from civic.identity.model.area_table import TableVersion
from civic.identity.model.credentials import Standing
from civic.identity.model.erasure import SignedReceipt
from civic.identity.model.keys import (
    AccessDigest,
    RecordId,
    StoredSubjectKey,
    WrappedKey,
    WrappingKeyVersion,
)
from civic.identity.model.likeness import LikenessKey, Place
from civic.identity.model.requests import RequestKind, StaffView, SubjectRequest
from civic.identity.model.review import ReviewCase, ReviewCause
from civic.identity.model.rows import Acceptance, DecisionRow, Tombstone, VaultRow, Verdict
from civic.identity.model.sweeping import Buried, Cursor, Death, Followed, Held, Life, Walk
from civic.lab.memory.accountability import (
    MemoryErasureLedger,
    MemoryRequestLog,
    MemoryReviewQueue,
)
from civic.lab.memory.analytics import MemoryJoins
from civic.lab.memory.areas import MemoryAreas
from civic.lab.memory.credentials import MemoryIssuerRoll
from civic.lab.memory.identity import MemoryDecisions, MemorySubjectKeys, MemoryVault
from civic.lab.memory.sweeping import MemoryOverview, MemoryProgress
from civic.runtime import clients
from tests.fakes.aws import Aws
from tests.fakes.fixtures import each_kind
from tests.fakes.people import ADA, UNKNOWN
from tests.fakes.people import GRACE as HOPPER
from tests.fakes.pipeline import TRACE

NOW = datetime(2027, 1, 15, 12, 30, 15, 123456, tzinfo=UTC)
DIGEST = AccessDigest(bytes(range(32)))
FIRST, SECOND = Revision(1), Revision(2)
RECORD = RecordId(ADA, SECOND)
PENDING = DecisionRow(RECORD, DIGEST, NOW - timedelta(days=1), NOW)
GRAVE = Tombstone(ADA, NOW, NOW + timedelta(days=400), DIGEST)
SEALED = VaultRow(
    RECORD, DIGEST, SealedFields(commitment=bytes(32), fields={"email": b"x"}), NOW, NOW
)
KEY = StoredSubjectKey(RECORD, WrappedKey(WrappingKeyVersion("wk-0001"), b"key"), DIGEST)
MADE = DecisionMade(
    id=ADA,
    revision=SECOND,
    decision=Decision.ACCEPTED,
    rule_set="national-2027.1",
    decided_at=NOW,
    cohort=Cohort(region="DE", age_band="25-34"),
    round=3,
    traceparent=TRACE.traceparent,
)


@dataclass
class Stores:
    """Every store, and what a sweep sees of them."""

    decisions: Any
    vault: Any
    keys: Any
    roll: Any
    joins: Any
    ledger: Any
    reviews: Any
    requests: Any
    areas: Any
    overview: Any


def in_memory() -> Stores:
    stores = (
        *(MemoryDecisions(), MemoryVault(), MemorySubjectKeys(), MemoryIssuerRoll()),
        *(MemoryJoins(), MemoryErasureLedger(), MemoryReviewQueue(), MemoryRequestLog()),
        MemoryAreas(),
    )
    return Stores(*stores, MemoryOverview(*stores))


def deployed() -> Stores:
    dynamodb = clients.dynamodb()
    tables = SweptTables(
        "decisions",
        "vault",
        "subject-keys",
        "issuer-roll",
        "joins",
        "erasure-ledger",
        "review-queue",
        "request-log",
        "office-areas",
    )
    return Stores(
        DynamoDbDecisions(RevisionedTable(dynamodb, "decisions")),
        DynamoDbVault(RevisionedTable(dynamodb, "vault")),
        DynamoDbSubjectKeys(dynamodb, "subject-keys"),
        DynamoDbIssuerRoll(RevisionedTable(dynamodb, "issuer-roll")),
        DynamoDbJoins(dynamodb, "joins"),
        DynamoDbErasureLedger(dynamodb, "erasure-ledger"),
        DynamoDbReviewQueue(dynamodb, "review-queue"),
        DynamoDbRequestLog(dynamodb, "request-log"),
        DynamoDbAreaEditor(dynamodb, "office-areas"),
        DynamoDbOverview(dynamodb, tables),
    )


stores = each_kind("dynamodb", in_memory, deployed)
progress = each_kind(
    "dynamodb", MemoryProgress, lambda: DynamoDbProgress(clients.dynamodb(), "sweep-progress")
)


def test_of_somebody_unknown_nothing_is_seen(stores: Stores) -> None:
    seen = stores.overview
    for look in (seen.life, seen.record, seen.on_roll, seen.joined, seen.case_of):
        assert look(UNKNOWN) is None
    assert not seen.has_receipt(UNKNOWN)
    assert not seen.has_key(RecordId(UNKNOWN, FIRST))
    for page in (seen.lives, seen.records, seen.keys, seen.open_requests):
        assert page(None, 10) == ([], None)


@pytest.mark.parametrize("restriction", [0, 1, 2])
@pytest.mark.parametrize("decided", [(None, 0), (Decision.REVIEW, 0), (Decision.REJECTED, 2)])
def test_life_shows_decision_round_and_restriction(
    stores: Stores, decided: tuple[Decision | None, int], restriction: int
) -> None:
    decision, number = decided
    verdict = Verdict(decision, (), "national-2027.1", number) if decision else None
    stores.decisions.decide(replace(PENDING, verdict=verdict))
    for count in range(restriction):
        assert stores.decisions.restrict(replace(PENDING, restriction=count), NOW)
    restricted = restriction == 1
    life = Life(RECORD, DIGEST, NOW, decision, number, restricted=restricted, listed=False)
    assert stores.overview.life(ADA) == life
    assert stores.overview.lives(None, 10) == ([life], None)


@pytest.mark.parametrize("decision", Decision)
def test_life_shows_whether_an_acceptance_is_in_force(stores: Stores, decision: Decision) -> None:
    verdict = Verdict(decision, (), "national-2027.1", 0)
    stores.decisions.decide(replace(PENDING, verdict=verdict, acceptance=Acceptance(FIRST)))
    life = stores.overview.life(ADA)
    assert life == Life(RECORD, DIGEST, NOW, decision, 0, accepted_by=Revision(1), listed=False)
    assert life.leaves_in_force is (decision != Decision.ACCEPTED)


def test_life_shows_whether_somebody_is_listed(stores: Stores) -> None:
    verdict = Verdict(Decision.ACCEPTED, (), "national-2027.1", 0)
    accepted = replace(PENDING, verdict=verdict, acceptance=Acceptance(FIRST))
    stores.decisions.decide(replace(accepted, listed=(Place(LikenessKey(bytes(16))),)))
    life = stores.overview.life(ADA)
    assert isinstance(life, Life)
    assert life.listed


def test_tombstone_of_a_life_shows_when(stores: Stores) -> None:
    stores.decisions.bury(GRAVE)
    assert stores.overview.life(ADA) == Death(ADA, NOW)
    assert stores.overview.lives(None, 10) == ([Death(ADA, NOW)], None)


def test_record_shows_nothing_of_what_is_sealed(stores: Stores) -> None:
    stores.vault.store(SEALED)
    assert stores.overview.record(ADA) == Held(RECORD, DIGEST, NOW)
    assert stores.overview.records(None, 10) == ([Held(RECORD, DIGEST, NOW)], None)
    stores.vault.bury(GRAVE)
    assert stores.overview.record(ADA) == Buried()
    assert stores.overview.records(None, 10) == ([], None)


def test_keys_show_for_which_revision_there_is_one(stores: Stores) -> None:
    stores.keys.put(KEY)
    assert stores.overview.has_key(RECORD)
    assert not stores.overview.has_key(RecordId(ADA, FIRST))
    assert stores.overview.keys(None, 10) == ([RECORD], None)


@pytest.mark.parametrize("accepted", [True, False])
def test_roll_shows_which_decision_it_has(stores: Stores, *, accepted: bool) -> None:
    stores.roll.decided(Standing(ADA, SECOND, 3, ("DE-BE", "DE"), accepted, DIGEST, 2))
    assert stores.overview.on_roll(ADA) == Followed(SECOND, 3, accepted=accepted, area_version=2)
    stores.roll.erased(ADA, NOW, NOW)
    assert stores.overview.on_roll(ADA) == Buried()


def test_version_of_the_areas_in_use_is_seen(stores: Stores) -> None:
    assert stores.overview.area_version() == 0
    assert stores.areas.put_in_use(TableVersion(4, "digest"), instead_of=0)
    assert stores.overview.area_version() == 4


def test_analytics_shows_both_halves_however_many_it_has(stores: Stores) -> None:
    stores.joins.stored(ADA, FIRST)
    assert stores.overview.joined(ADA) == Followed(None, 0, FIRST)
    stores.joins.decided(MADE)
    assert stores.overview.joined(ADA) == Followed(SECOND, 3, FIRST)
    stores.joins.erased(ADA, NOW, NOW)
    assert stores.overview.joined(ADA) == Buried()


def test_objection_looks_like_an_erasure(stores: Stores) -> None:
    stores.joins.objected(ADA, NOW)
    assert stores.overview.joined(ADA) == Buried()


def test_ledger_shows_a_receipt_only_of_what_was_asked_for(stores: Stores) -> None:
    receipt = SignedReceipt(b"document", b"signature", b"key")
    stores.ledger.seal(HOPPER, receipt, NOW)
    assert not stores.overview.has_receipt(HOPPER)
    stores.ledger.note_request(ADA, NOW, DIGEST, NOW)
    assert not stores.overview.has_receipt(ADA)
    stores.ledger.seal(ADA, receipt, NOW)
    assert stores.overview.has_receipt(ADA)


def test_case_shows_which_revision_waits(stores: Stores) -> None:
    stores.reviews.add(ReviewCase(RECORD, NOW, ReviewCause.RULES))
    assert stores.overview.case_of(ADA) == SECOND


def test_requests_that_are_answered_and_looks_are_passed_over(stores: Stores) -> None:
    rectification = SubjectRequest(ADA, RequestKind.RECTIFICATION, NOW, SECOND)
    for request in (rectification, SubjectRequest(ADA, RequestKind.ACCESS, NOW)):
        stores.requests.note_request(request)
    stores.requests.complete(ADA, RequestKind.ACCESS, NOW)
    stores.requests.note_view(StaffView(ADA, NOW, "jane", "review"))
    assert stores.overview.open_requests(None, 10) == ([rectification], None)


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_pages_show_every_row_once(stores: Stores, size: int) -> None:
    people = [RegistrationId(f"3d4c1f0e-9b57-4c1b-8d0e-2f6f6f1c7a2{index}") for index in range(5)]
    for person in people:
        record = RecordId(person, FIRST)
        stores.decisions.note_pending(replace(PENDING, record=record))
        stores.vault.store(replace(SEALED, record=record))
        stores.keys.put(replace(KEY, record=record))
        stores.requests.note_request(SubjectRequest(person, RequestKind.ACCESS, NOW))
    seen = stores.overview
    ids: dict[Callable[..., Any], Callable[[Any], RegistrationId]] = {
        seen.lives: lambda row: row.record.id,
        seen.records: lambda row: row.record.id,
        seen.keys: lambda row: row.id,
        seen.open_requests: lambda row: row.id,
    }
    for page, id_of in ids.items():
        found, start = [], None
        while True:
            rows, start = page(start, size)
            assert len(rows) <= size
            found += rows
            if start is None:
                break
        assert sorted(map(id_of, found)) == people


@pytest.mark.parametrize("code", ["ThrottlingException", "AccessDeniedException"])
def test_refusal_by_dynamodb_is_unavailability(aws: Aws, code: str) -> None:
    seen = deployed().overview
    for operation in ("Scan", "GetItem"):
        aws.fail("dynamodb", operation, code)
    for look in (seen.life, seen.record, seen.on_roll, seen.joined, seen.has_receipt, seen.case_of):
        with pytest.raises(StoreUnavailable):
            look(ADA)
    with pytest.raises(StoreUnavailable):
        seen.has_key(RECORD)
    for page in (seen.lives, seen.records, seen.keys, seen.open_requests):
        with pytest.raises(StoreUnavailable):
            page(None, 10)


# ------------------------------------------------------------------ progress


def test_walk_that_never_began_begins_at_the_beginning(progress: Any) -> None:
    assert progress.cursor(Walk.KEYS) == Cursor(None, 0)


@pytest.mark.parametrize("position", [None, '{"id": {"S": "x"}}'])
def test_walk_goes_on_where_it_was(progress: Any, position: str | None) -> None:
    assert progress.advance(Walk.KEYS, Cursor(position, 1))
    assert progress.cursor(Walk.KEYS) == Cursor(position, 1)
    assert progress.cursor(Walk.RECORDS) == Cursor()


def test_of_two_sweeps_that_come_to_the_same_page_one_advances(progress: Any) -> None:
    assert progress.advance(Walk.KEYS, Cursor("a", 1))
    assert not progress.advance(Walk.KEYS, Cursor("b", 1))
    assert progress.cursor(Walk.KEYS) == Cursor("a", 1)
    assert progress.advance(Walk.KEYS, Cursor(None, 2))
    assert not progress.advance(Walk.KEYS, Cursor("b", 1))
    assert progress.cursor(Walk.KEYS) == Cursor(None, 2)


@pytest.mark.parametrize("code", ["ThrottlingException", "AccessDeniedException"])
def test_progress_that_is_refused_is_unavailable(aws: Aws, code: str) -> None:
    kept = DynamoDbProgress(clients.dynamodb(), "sweep-progress")
    for operation in ("PutItem", "GetItem"):
        aws.fail("dynamodb", operation, code)
    with pytest.raises(StoreUnavailable):
        kept.cursor(Walk.KEYS)
    with pytest.raises(StoreUnavailable):
        kept.advance(Walk.KEYS, Cursor(None, 1))
