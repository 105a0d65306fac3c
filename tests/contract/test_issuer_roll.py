"""What every issuer's roll does."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from civic.contracts.identifiers import ElectionId, RegistrationId, Revision
from civic.identity.adapters.issuer_roll_dynamodb import DynamoDbIssuerRoll, IssuingTables
from civic.identity.adapters.items import RevisionedTable, places
from civic.identity.errors import StoreUnavailable
from civic.identity.model.credentials import Noted, RequestDigest, RollEntry, Standing
from civic.identity.model.keys import AccessDigest, RecordId
from civic.identity.model.likeness import LikenessKey, Place
from civic.identity.model.marks import Marking, marks_of
from civic.identity.model.rows import DecisionRow
from civic.lab.memory.credentials import MemoryIssuerRoll
from civic.runtime import clients
from tests.fakes.aws import Aws
from tests.fakes.elections import ELECTION, ELSEWHERE, OTHER, STYLE
from tests.fakes.fixtures import each_kind
from tests.fakes.people import ADA, GRACE

NOW = datetime(2027, 1, 15, 12, tzinfo=UTC)
EXPIRES = NOW + timedelta(days=400)
DIGEST, NEWER = AccessDigest(bytes(range(32))), AccessDigest(bytes(32))
MINE = Noted(RequestDigest(b"\x01" * 32), STYLE)
ANOTHER = Noted(RequestDigest(b"\x02" * 32), STYLE)
FIRST = Standing(ADA, Revision(1), 0, ("DE-BE", "DE"), accepted=True, access_digest=DIGEST)
OVERRULED = replace(FIRST, round=1, accepted=False)
SECOND = replace(FIRST, revision=Revision(2), areas=("DE-BB", "DE"))
MOVED_BORDER = replace(FIRST, areas=("N2", "DE-BE", "DE"), area_version=2)
YOUNG = replace(
    FIRST, eligible_from=date(2027, 5, 23), registered_at=NOW - timedelta(days=3), area_version=1
)

LISTED = (Place(LikenessKey(bytes(16))),)

type Roll = DynamoDbIssuerRoll | MemoryIssuerRoll


def deployed() -> DynamoDbIssuerRoll:
    client = clients.dynamodb()
    tables = IssuingTables("issuer-roll", "decisions", "issued-marks")
    return DynamoDbIssuerRoll(RevisionedTable(client, "issuer-roll"), client, tables)


def issue(roll: Roll, registration: RegistrationId, election: ElectionId, request: Noted) -> bool:
    """Issue to somebody whose row says where they are listed."""
    if isinstance(roll, MemoryIssuerRoll):
        record = RecordId(registration, Revision(1))
        roll.decisions.rows[registration] = DecisionRow(record, DIGEST, NOW, NOW, listed=LISTED)
    else:
        row = {"id": {"S": registration}, "listed": places(LISTED)}
        clients.dynamodb().put_item(TableName="decisions", Item=row)
    key = election.encode().ljust(32)
    marks = marks_of(key, registration, LISTED, request, NOW)
    return roll.issue(registration, election, request, Marking(LISTED, marks))


roll = each_kind("dynamodb", MemoryIssuerRoll, deployed)


def test_unknown_registration_is_absent(roll: Roll) -> None:
    assert roll.get(ADA) is None


def test_decision_is_kept_as_it_is(roll: Roll) -> None:
    roll.decided(FIRST)
    assert roll.get(ADA) == RollEntry(FIRST, {})
    assert roll.get(GRACE) is None


def test_days_and_areas_are_kept(roll: Roll) -> None:
    roll.decided(YOUNG)
    assert roll.get(ADA) == RollEntry(YOUNG, {})


def test_later_decision_leaves_nothing_of_an_earlier_one(roll: Roll) -> None:
    roll.decided(YOUNG)
    roll.decided(SECOND)
    assert roll.get(ADA) == RollEntry(SECOND, {})


@pytest.mark.parametrize("versions", [*permutations([0, 2, 10])])
def test_of_one_decision_the_later_area_table_wins_in_every_order(
    roll: Roll, versions: tuple[int, ...]
) -> None:
    tables = {one: replace(FIRST, areas=(f"N{one}", "DE"), area_version=one) for one in versions}
    for version in (*versions, *versions):
        roll.decided(tables[version])
    assert roll.get(ADA) == RollEntry(tables[10], {})


def test_later_area_table_does_not_bring_back_what_people_overruled(roll: Roll) -> None:
    roll.decided(OVERRULED)
    roll.decided(MOVED_BORDER)
    assert roll.get(ADA) == RollEntry(OVERRULED, {})


def test_decision_without_a_digest_is_kept_without_one(roll: Roll) -> None:
    roll.decided(replace(FIRST, access_digest=None))
    assert roll.get(ADA) == RollEntry(replace(FIRST, access_digest=None), {})


@pytest.mark.parametrize("later", [SECOND, OVERRULED])
def test_first_digest_stays_whatever_is_decided_later(roll: Roll, later: Standing) -> None:
    roll.decided(FIRST)
    roll.decided(replace(later, access_digest=NEWER))
    assert roll.get(ADA) == RollEntry(later, {})


def test_row_of_before_there_were_digests_gets_that_of_the_next_decision(roll: Roll) -> None:
    roll.decided(replace(FIRST, access_digest=None))
    roll.decided(replace(SECOND, access_digest=NEWER))
    assert roll.get(ADA) == RollEntry(replace(SECOND, access_digest=NEWER), {})


@pytest.mark.parametrize("order", [*permutations([FIRST, MOVED_BORDER, OVERRULED, SECOND])])
def test_last_decision_wins_in_every_order(roll: Roll, order: tuple[Standing, ...]) -> None:
    for standing in order:
        roll.decided(standing)
    assert roll.get(ADA) == RollEntry(SECOND, {})


@pytest.mark.parametrize("known", [[], [FIRST]])
def test_decision_from_before_a_restriction_is_not_noted(roll: Roll, known: list[Standing]) -> None:
    for standing in known:
        roll.decided(standing)
    roll.restricted(ADA, 1)
    roll.decided(SECOND)
    assert roll.get(ADA) == (RollEntry(FIRST, {}) if known else None)


@pytest.mark.parametrize("sequences", [(2,), (1, 2), (2, 1), (2, 2)])
def test_decision_announced_once_a_restriction_is_lifted_is_noted(
    roll: Roll, sequences: tuple[int, ...]
) -> None:
    roll.decided(FIRST)
    for sequence in sequences:
        roll.restricted(ADA, sequence)
    roll.decided(SECOND, 1)
    assert roll.get(ADA) == RollEntry(FIRST, {})
    roll.decided(SECOND, 2)
    assert roll.get(ADA) == RollEntry(SECOND, {})


def test_decision_may_come_before_the_news_of_its_restriction(roll: Roll) -> None:
    roll.decided(FIRST, 2)
    roll.restricted(ADA, 2)
    assert roll.get(ADA) == RollEntry(FIRST, {})


def test_restriction_of_nobody_on_the_roll_puts_nobody_on_it(roll: Roll) -> None:
    roll.restricted(ADA, 1)
    assert roll.get(ADA) is None
    assert not issue(roll, ADA, ELECTION, MINE)


def test_restriction_does_not_bring_back_the_erased(roll: Roll) -> None:
    roll.decided(FIRST)
    roll.erased(ADA, NOW, EXPIRES)
    roll.restricted(ADA, 2)
    roll.decided(FIRST, 2)
    assert roll.get(ADA) is None


def test_same_decision_again_changes_nothing(roll: Roll) -> None:
    roll.decided(OVERRULED)
    roll.decided(replace(OVERRULED, areas=("DE-BB",)))
    roll.decided(replace(FIRST, round=0))
    assert roll.get(ADA) == RollEntry(OVERRULED, {})


@pytest.mark.parametrize("hours", [0, 1])
def test_erased_registration_is_absent_and_stays_so(roll: Roll, hours: int) -> None:
    roll.decided(FIRST)
    roll.erased(ADA, NOW + timedelta(hours=hours), EXPIRES)
    roll.erased(ADA, NOW, EXPIRES)
    roll.decided(SECOND)
    assert roll.get(ADA) is None
    assert not issue(roll, ADA, ELECTION, MINE)


def test_erasure_before_any_decision_holds(roll: Roll) -> None:
    roll.erased(ADA, NOW, EXPIRES)
    roll.decided(FIRST)
    assert roll.get(ADA) is None


def test_request_is_noted_once_for_each_election(roll: Roll) -> None:
    roll.decided(FIRST)
    assert issue(roll, ADA, ELECTION, MINE)
    assert issue(roll, ADA, ELECTION, MINE)
    assert not issue(roll, ADA, ELECTION, ANOTHER)
    assert issue(roll, ADA, OTHER, ANOTHER)
    assert roll.get(ADA) == RollEntry(FIRST, {ELECTION: MINE, OTHER: ANOTHER})


def test_request_is_another_one_for_another_style(roll: Roll) -> None:
    roll.decided(FIRST)
    assert issue(roll, ADA, ELECTION, MINE)
    assert not issue(roll, ADA, ELECTION, replace(MINE, style=ELSEWHERE))
    assert roll.get(ADA) == RollEntry(FIRST, {ELECTION: MINE})


def test_request_without_a_style_is_noted_as_an_earlier_release_did(aws: Aws) -> None:
    deployed().decided(FIRST)
    assert issue(deployed(), ADA, ELECTION, Noted(MINE.digest, None))
    (item,) = aws.items("issuer-roll")
    assert item[f"issued_{ELECTION}"] == {"B": MINE.digest}
    assert deployed().get(ADA) == RollEntry(FIRST, {ELECTION: Noted(MINE.digest, None)})


def test_row_of_an_earlier_release_is_read(aws: Aws) -> None:
    clients.dynamodb().put_item(
        TableName="issuer-roll",
        Item={
            "id": {"S": ADA},
            "revision": {"N": "1"},
            "round": {"N": "0"},
            "area": {"S": "DE-BE"},
            "accepted": {"BOOL": True},
            "access_digest": {"B": DIGEST},
            f"issued_{ELECTION}": {"B": MINE.digest},
        },
    )
    assert deployed().get(ADA) == RollEntry(FIRST, {ELECTION: Noted(MINE.digest, None)})
    assert not issue(deployed(), ADA, ELECTION, ANOTHER)
    deployed().decided(MOVED_BORDER)
    assert deployed().get(ADA) == RollEntry(MOVED_BORDER, {ELECTION: Noted(MINE.digest, None)})
    (item,) = aws.items("issuer-roll")
    assert "area" not in item


def test_later_decision_leaves_what_was_issued(roll: Roll) -> None:
    roll.decided(FIRST)
    issue(roll, ADA, ELECTION, MINE)
    roll.decided(SECOND)
    assert roll.get(ADA) == RollEntry(SECOND, {ELECTION: MINE})
    assert not issue(roll, ADA, ELECTION, ANOTHER)


def test_nothing_is_issued_to_whom_nobody_has_accepted(roll: Roll) -> None:
    assert not issue(roll, ADA, ELECTION, MINE)
    assert roll.get(ADA) is None
    roll.decided(FIRST)
    roll.decided(OVERRULED)
    assert not issue(roll, ADA, ELECTION, MINE)
    assert roll.get(ADA) == RollEntry(OVERRULED, {})


def test_tombstone_holds_nothing_and_outlives_every_copy_of_an_event(aws: Aws) -> None:
    deployed().decided(FIRST)
    issue(deployed(), ADA, ELECTION, MINE)
    (item,) = aws.items("issuer-roll")
    assert item[f"issued_{ELECTION}"] == {"B": MINE.digest + STYLE.encode()}
    deployed().erased(ADA, NOW, EXPIRES)
    deployed().decided(SECOND)
    deployed().restricted(ADA, 1)
    assert not issue(deployed(), ADA, ELECTION, MINE)
    (item,) = aws.items("issuer-roll")
    assert set(item) == {"id", "erased_at", "ttl"}
    assert int(item["ttl"]["N"]) >= (NOW + timedelta(days=365 + 14)).timestamp()


def test_earlier_of_two_erasures_stays(aws: Aws) -> None:
    for moment in (NOW, NOW - timedelta(hours=1), NOW):
        deployed().erased(ADA, moment, EXPIRES)
    (item,) = aws.items("issuer-roll")
    assert item["erased_at"] == {"S": (NOW - timedelta(hours=1)).isoformat()}


@pytest.mark.parametrize(
    ("operation", "call"),
    [
        ("GetItem", lambda roll: roll.get(ADA)),
        ("UpdateItem", lambda roll: roll.decided(FIRST)),
        ("TransactWriteItems", lambda roll: issue(roll, ADA, ElectionId("7k3m9qx2w5vb"), MINE)),
        ("PutItem", lambda roll: roll.erased(ADA, NOW, EXPIRES)),
    ],
)
def test_refusal_of_dynamodb_is_unavailability(aws: Aws, operation: str, call: Any) -> None:
    aws.fail("dynamodb", operation, "ThrottlingException")
    with pytest.raises(StoreUnavailable):
        call(deployed())
