"""What is kept of a credential that was issued: marks, their keys, and who may still have one."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from civic.contracts.events import Decision, Reason
from civic.contracts.identifiers import RegistrationId, Revision
from civic.identity.adapters.decision_store_dynamodb import DynamoDbDecisions
from civic.identity.adapters.issued_marks_dynamodb import DynamoDbIssuedMarks
from civic.identity.adapters.issuer_roll_dynamodb import DynamoDbIssuerRoll, IssuingTables
from civic.identity.adapters.items import RevisionedTable
from civic.identity.adapters.likenesses_dynamodb import DynamoDbLikenesses
from civic.identity.adapters.mark_keys_kms import KmsMarkKeyRing, KmsMarkKeys, MarkKeyTable
from civic.identity.adapters.people_dynamodb import DynamoDbPeople
from civic.identity.errors import (
    CredentialAlreadyIssued,
    IssuedBeforeErasure,
    KeyServiceUnavailable,
    StoreUnavailable,
)
from civic.identity.model.codes import Code
from civic.identity.model.credentials import Noted, Person, RequestDigest, Standing
from civic.identity.model.keys import AccessDigest, RecordId
from civic.identity.model.likeness import LikenessKey, Place
from civic.identity.model.marks import Marking, marks_of
from civic.identity.model.rows import Acceptance, DecisionRow, Tombstone, Verdict
from civic.lab.memory.credentials import (
    MemoryIssuedMarks,
    MemoryIssuerRoll,
    MemoryMarkKeys,
    MemoryPeople,
)
from civic.lab.memory.identity import MemoryDecisions
from civic.runtime import clients
from tests.fakes.aws import Aws
from tests.fakes.elections import ELECTION, OTHER, STYLE
from tests.fakes.fixtures import each_kind
from tests.fakes.people import ADA, GRACE

NOW = datetime(2027, 1, 15, 12, tzinfo=UTC)
LATER = NOW + timedelta(days=30)
DIGEST = AccessDigest(bytes(range(32)))
KEY = bytes(range(32))
MAIDEN, SECOND = Place(LikenessKey(bytes([1] * 16))), Place(LikenessKey(bytes([1] * 16)), 1)
MARRIED = Place(LikenessKey(bytes([2] * 16)), 300)
MINE, ANOTHER = (Noted(RequestDigest(bytes([one]) * 32), STYLE) for one in (1, 2))


@dataclass(frozen=True, slots=True)
class Stores:
    decisions: DynamoDbDecisions | MemoryDecisions
    marks: DynamoDbIssuedMarks | MemoryIssuedMarks
    roll: DynamoDbIssuerRoll | MemoryIssuerRoll
    people: DynamoDbPeople | MemoryPeople

    def accept(self, who: RegistrationId, *listed: Place) -> None:
        """Put somebody on the roll who is listed somewhere."""
        assert self.decisions.decide(replace(accepted(who), listed=listed)) is None
        self.roll.decided(
            Standing(who, Revision(1), 0, ("DE",), accepted=True, access_digest=DIGEST)
        )

    def issue(self, who: RegistrationId, *listed: Place, request: Noted = MINE) -> bool:
        marks = marks_of(KEY, who, listed, request, NOW)
        return self.roll.issue(who, ELECTION, request, Marking(listed, marks))


def accepted(who: RegistrationId) -> DecisionRow:
    verdict = Verdict(Decision.ACCEPTED, (), "rules")
    acceptance = Acceptance(Revision(1))
    return DecisionRow(RecordId(who, Revision(1)), DIGEST, NOW, NOW, verdict, acceptance=acceptance)


def in_memory() -> Stores:
    decisions, marks = MemoryDecisions(), MemoryIssuedMarks()
    return Stores(decisions, marks, MemoryIssuerRoll(decisions, marks), MemoryPeople(decisions))


def deployed() -> Stores:
    client = clients.dynamodb()
    tables = IssuingTables("issuer-roll", "decisions", "issued-marks")
    likenesses = DynamoDbLikenesses(client, "likenesses")
    return Stores(
        DynamoDbDecisions(RevisionedTable(client, "decisions"), likenesses),
        DynamoDbIssuedMarks(client, "issued-marks"),
        DynamoDbIssuerRoll(RevisionedTable(client, tables.roll), client, tables),
        DynamoDbPeople(client, "decisions"),
    )


stores = each_kind("dynamodb", in_memory, deployed)


def test_place_is_given_once_and_another_number_or_election_is_another_place(
    stores: Stores,
) -> None:
    stores.accept(ADA, MAIDEN)
    stores.accept(GRACE, MAIDEN)
    assert stores.issue(ADA, MAIDEN)
    with pytest.raises(IssuedBeforeErasure):
        stores.issue(GRACE, MAIDEN)
    entry = stores.roll.get(GRACE)
    assert entry is not None
    assert entry.issued == {}
    other = marks_of(bytes(32), GRACE, (MAIDEN,), MINE, NOW)
    assert stores.roll.issue(GRACE, OTHER, MINE, Marking((MAIDEN,), other))


def test_namesake_in_another_place_gets_one(stores: Stores) -> None:
    stores.accept(ADA, MAIDEN)
    stores.accept(GRACE, SECOND)
    assert stores.issue(ADA, MAIDEN)
    assert stores.issue(GRACE, SECOND)


@pytest.mark.parametrize("marked", [MAIDEN, MARRIED])
def test_one_place_of_several_is_enough_to_refuse(stores: Stores, marked: Place) -> None:
    stores.marks.note(marks_of(KEY, ADA, (marked,), MINE, NOW))
    stores.accept(GRACE, MAIDEN, MARRIED)
    with pytest.raises(IssuedBeforeErasure):
        stores.issue(GRACE, MAIDEN, MARRIED)


def test_marks_of_the_same_request_stand_in_nobodys_way_and_those_of_another_do(
    stores: Stores,
) -> None:
    stores.marks.note(marks_of(KEY, ADA, (MAIDEN,), MINE, NOW))
    stores.accept(ADA, MAIDEN)
    with pytest.raises(CredentialAlreadyIssued):
        stores.issue(ADA, MAIDEN, request=ANOTHER)
    assert stores.issue(ADA, MAIDEN)
    assert stores.issue(ADA, MAIDEN)


def test_first_mark_stays(stores: Stores) -> None:
    for who in (ADA, GRACE):
        stores.marks.note(marks_of(KEY, who, (MAIDEN, MARRIED), MINE, NOW))
    stores.accept(GRACE, MAIDEN, MARRIED)
    with pytest.raises(IssuedBeforeErasure):
        stores.issue(GRACE, MAIDEN, MARRIED)


def corrected(stores: Stores) -> None:
    row = stores.decisions.get(ADA)
    assert isinstance(row, DecisionRow)
    moved = replace(row, listed=(MAIDEN, MARRIED))
    if isinstance(stores.decisions, MemoryDecisions):
        stores.decisions.rows[ADA] = moved
    else:
        clients.dynamodb().update_item(
            TableName="decisions",
            Key={"id": {"S": ADA}},
            UpdateExpression="SET listed = :listed",
            ExpressionAttributeValues={
                ":listed": {"L": [{"B": one.encoded} for one in moved.listed]}
            },
        )


def buried(stores: Stores) -> None:
    grave = Tombstone(ADA, LATER, access_digest=DIGEST, listed=(MAIDEN,))
    assert stores.decisions.bury(grave) is None


@pytest.mark.parametrize("change", [corrected, buried])
def test_nothing_is_issued_by_a_row_that_has_changed(
    stores: Stores, change: Callable[[Stores], None]
) -> None:
    stores.accept(ADA, MAIDEN)
    change(stores)
    assert not stores.issue(ADA, MAIDEN)
    entry = stores.roll.get(ADA)
    assert entry is not None
    assert entry.issued == {}
    stores.accept(GRACE, MAIDEN)
    assert stores.issue(GRACE, MAIDEN)


def test_people_are_seen_as_far_as_the_issuer_needs(stores: Stores) -> None:
    assert stores.people.person(ADA) is None
    assert stores.people.places(ADA) == ()
    stores.accept(ADA, MAIDEN, MARRIED)
    assert stores.people.person(ADA) == Person(
        DIGEST, accepted=True, waits=False, listed=(MAIDEN, MARRIED), decided_by_rules=NOW
    )
    assert stores.people.places(ADA) == (MAIDEN, MARRIED)
    grave = Tombstone(ADA, LATER, access_digest=DIGEST, listed=(MAIDEN, MARRIED))
    assert stores.decisions.bury(grave) is None
    assert stores.people.person(ADA) is None
    assert stores.people.places(ADA) == (MAIDEN, MARRIED)


@pytest.mark.parametrize(
    ("decision", "code", "waits"),
    [
        (Decision.REVIEW, Code.REGISTERED_ALREADY, True),
        (Decision.REVIEW, Code.AREA_UNRESOLVED, False),
        (Decision.REJECTED, Code.REGISTERED_ALREADY, False),
    ],
)
def test_who_waits_as_registered_already_is_seen(
    stores: Stores, decision: Decision, code: Code, *, waits: bool
) -> None:
    verdict = Verdict(decision, (Reason(code=code, pointer=""),), "rules")
    row = replace(accepted(ADA), verdict=verdict, acceptance=None)
    assert stores.decisions.decide(row) is None
    there = stores.people.person(ADA)
    assert there == Person(DIGEST, accepted=False, waits=waits, listed=(), decided_by_rules=NOW)


def test_what_people_decided_is_not_the_rules(stores: Stores) -> None:
    stores.accept(ADA)
    ruled = replace(accepted(ADA), verdict=Verdict(Decision.ACCEPTED, (), "rules", 1))
    assert stores.decisions.overrule(ruled)
    there = stores.people.person(ADA)
    assert there is not None
    assert there.decided_by_rules is None


def test_row_of_a_mark_names_nobody_and_expires(aws: Aws) -> None:
    deployed().accept(ADA, MAIDEN)
    assert deployed().issue(ADA, MAIDEN)
    (item,) = aws.items("issued-marks")
    assert item.keys() == {"place", "holder", "asked", "ttl"}
    assert all(len(item[name]["B"]) == 32 for name in ("place", "holder", "asked"))
    assert int(item["ttl"]["N"]) == (NOW + timedelta(days=365)).timestamp()


def test_marks_have_known_values() -> None:
    (mark,) = marks_of(KEY, ADA, (MARRIED,), MINE, NOW)
    # HMAC-SHA-256 (RFC 2104), computed with openssl.
    assert [mark.place.hex(), mark.holder.hex(), mark.asked.hex()] == [
        "f1fc6389d4fda6b9c0dda537ab0371efd998c544b022d235cea733cbb2a0ecb8",
        "784e1f49bfb064d501860d2e8bb2034de936b848d7bdff88229fda202eccca1f",
        "08b75fb2a885c4351fdb75f537456b24d678ac85adb23afc705a55bec730b58e",
    ]


@pytest.mark.parametrize("number", [0, 1, 255, 256, 70_000])
def test_place_is_read_as_it_was_written(number: int) -> None:
    place = Place(LikenessKey(bytes(range(16))), number)
    assert Place.parse(place.encoded) == place
    assert Place(place.likeness).encoded == place.likeness


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


def key_table(aws: Aws) -> MarkKeyTable:
    return MarkKeyTable(clients.dynamodb(), "mark-keys", clients.kms(), aws.credential_key_id)


def opening(aws: Aws, clock: Clock | None = None) -> KmsMarkKeys:
    return KmsMarkKeys(key_table(aws), timedelta(minutes=10), clock or Clock())


def test_key_is_made_once_for_each_election(aws: Aws) -> None:
    ring = KmsMarkKeyRing(key_table(aws))
    assert opening(aws).find(ELECTION) is None
    for election in (ELECTION, OTHER, ELECTION):
        ring.ensure(election, LATER)
    first, second = (opening(aws).find(one) for one in (ELECTION, OTHER))
    assert first is not None
    assert len(first) == 32
    assert first != second
    assert first == opening(aws).find(ELECTION)
    (item, _) = sorted(aws.items("mark-keys"), key=lambda one: str(one["election"]["S"]))
    assert first not in bytes(item["secret"]["B"])


@pytest.mark.parametrize(("expires", "kept"), [(LATER + timedelta(1), 1), (NOW, 0)])
def test_key_lives_as_long_as_the_longest_announcement_said(
    aws: Aws, expires: datetime, kept: int
) -> None:
    ring = KmsMarkKeyRing(key_table(aws))
    ring.ensure(ELECTION, LATER)
    before = opening(aws).find(ELECTION)
    ring.ensure(ELECTION, expires)
    (item,) = aws.items("mark-keys")
    assert int(item["ttl"]["N"]) == (LATER + timedelta(days=kept)).timestamp()
    assert opening(aws).find(ELECTION) == before


@pytest.mark.parametrize("published", [True, False])
def test_destroyed_key_is_gone_and_none_is_made_again(aws: Aws, *, published: bool) -> None:
    ring = KmsMarkKeyRing(key_table(aws))
    if published:
        ring.ensure(ELECTION, LATER)
    ring.destroy(ELECTION)
    ring.ensure(ELECTION, LATER + timedelta(days=1))
    assert opening(aws).find(ELECTION) is None
    assert aws.items("mark-keys") == [{"election": {"S": ELECTION}}]


def test_fake_keys_are_made_and_destroyed_alike() -> None:
    keys = MemoryMarkKeys()
    assert keys.find(ELECTION) is None
    keys.ensure(ELECTION, LATER)
    keys.ensure(ELECTION, NOW)
    assert keys.expires == {ELECTION: LATER}
    assert keys.find(ELECTION) != keys.find(OTHER)
    keys.destroy(ELECTION)
    keys.ensure(ELECTION, LATER)
    assert keys.find(ELECTION) is None


def test_opened_key_is_kept_for_ten_minutes_and_a_missing_one_is_looked_for_again(
    aws: Aws,
) -> None:
    ring, clock = KmsMarkKeyRing(key_table(aws)), Clock()
    keys = opening(aws, clock)
    assert keys.find(ELECTION) is None
    ring.ensure(ELECTION, LATER)
    for seconds, calls in ((0, 1), (599, 1), (600, 2)):
        clock.now = NOW + timedelta(seconds=seconds)
        assert keys.find(ELECTION) is not None
        assert len(aws.asked("Decrypt")) == calls


def test_key_moved_to_another_election_does_not_open(aws: Aws) -> None:
    KmsMarkKeyRing(key_table(aws)).ensure(ELECTION, LATER)
    (item,) = aws.items("mark-keys")
    moved = item | {"election": {"S": OTHER}}
    clients.dynamodb().put_item(TableName="mark-keys", Item=moved)
    with pytest.raises(KeyServiceUnavailable):
        opening(aws).find(OTHER)


@pytest.mark.parametrize(
    ("operation", "call"),
    [
        ("PutItem", lambda _: deployed().marks.note(marks_of(KEY, ADA, (MAIDEN,), MINE, NOW))),
        ("GetItem", lambda _: deployed().people.person(ADA)),
        ("GetItem", lambda aws: opening(aws).find(ELECTION)),
        ("PutItem", lambda aws: KmsMarkKeyRing(key_table(aws)).destroy(ELECTION)),
    ],
)
def test_refusal_of_dynamodb_is_unavailability(aws: Aws, operation: str, call: Any) -> None:
    aws.fail("dynamodb", operation, "ThrottlingException")
    with pytest.raises(StoreUnavailable):
        call(aws)


def test_refusing_kms_makes_no_key(aws: Aws) -> None:
    aws.fail("kms", "GenerateDataKeyWithoutPlaintext", "DisabledException")
    with pytest.raises(KeyServiceUnavailable):
        KmsMarkKeyRing(key_table(aws)).ensure(ELECTION, LATER)
    assert aws.items("mark-keys") == []
