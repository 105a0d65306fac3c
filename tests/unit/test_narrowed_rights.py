"""Rights narrowed by a condition: they cover the code's requests, but not an attacker's.

The requests are those that the adapters make; the attacks are the same with other parameters, by
someone in control of the function's code.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pytest

from civic.audit.adapters.ballots_dynamodb import DynamoDbBallots as CountedBallots
from civic.contracts.events import Decision
from civic.contracts.identifiers import ElectionId, Nullifier, RegistrationId, Revision, StyleId
from civic.identity.adapters.access_renewals_dynamodb import (
    DynamoDbAccessRenewals,
    DynamoDbRegistrations,
)
from civic.identity.adapters.candidates_dynamodb import DynamoDbCandidates
from civic.identity.adapters.cohorts_dynamodb import DynamoDbCohorts
from civic.identity.adapters.decision_store_dynamodb import DynamoDbDecisions
from civic.identity.adapters.erasure_ledger_dynamodb import DynamoDbErasureLedger
from civic.identity.adapters.items import RevisionedTable
from civic.identity.adapters.people_dynamodb import DynamoDbPeople
from civic.identity.adapters.request_log_dynamodb import DynamoDbRequestLog
from civic.identity.adapters.review_queue_dynamodb import DynamoDbReviewQueue
from civic.identity.adapters.subject_key_store_dynamodb import DynamoDbSubjectKeys
from civic.identity.adapters.sweep_overview_dynamodb import DynamoDbOverview, SweptTables
from civic.identity.adapters.sweep_progress_dynamodb import DynamoDbProgress
from civic.identity.adapters.wrapping_keys_kms import PublicKeys
from civic.identity.errors import WrappingKeyMissing
from civic.identity.model.keys import AccessDigest, RecordId
from civic.identity.model.pairs import Candidate, Pairs
from civic.identity.model.renewal import Half, Renewal
from civic.identity.model.requests import RENEWING, RequestKind, StaffView, SubjectRequest
from civic.identity.model.review import Opinion, ReviewCase, ReviewCause
from civic.identity.model.rows import DecisionRow, Tombstone
from civic.identity.model.sweeping import Cursor, Search
from civic.runtime import clients
from civic.voting.adapters.ballot_box_dynamodb import DynamoDbBallots
from civic.voting.adapters.election_store_dynamodb import DynamoDbElections
from civic.voting.model.ballot import CommittedBallot
from civic.voting.ports import BoxCount
from tests.fakes.aws import Aws
from tests.fakes.conditions import context_of, holds
from tests.templates import TEMPLATES, on_aws

ADA = RegistrationId("3d4c1f0e-9b57-4c1b-8d0e-2f6f6f1c7a10")
ELECTION = ElectionId("0123456789ab")
EVE = RegistrationId("3d4c1f0e-9b57-4c1b-8d0e-2f6f6f1c7a11")
BALLOT = CommittedBallot(Nullifier(bytes(32)), bytes(32), ELECTION, b"{}")
NOW = datetime(2027, 1, 15, tzinfo=UTC)
PAIRED = Candidate(
    RecordId(ADA, Revision(1)),
    0,
    NOW,
    accepted=True,
    waits=False,
    restricted=False,
    keys=frozenset(),
)
ALL: dict[str, Any] = {"ProjectionExpression": None, "Select": None}
"""No projection: everything is read."""
EVERYTHING = [ALL, ALL | {"Select": "ALL_ATTRIBUTES"}]


def brought_up_opined_and_carried_over() -> None:
    queue = review_queue()
    for _ in range(2):
        # Another request where a case waits already.
        queue.bring_up(CASE)
    queue.opine(CASE, Opinion("jane", Decision.ACCEPTED, NOW))
    queue.carry_over(CASE, Revision(2))


class Narrowed(NamedTuple):
    """A statement, the call that needs it, and calls that it must not allow.

    Every request that the call makes of the statement's operation must be allowed.
    """

    sid: str
    call: Callable[[], object]
    attacks: list[dict[str, Any]]


def subject_keys() -> DynamoDbSubjectKeys:
    return DynamoDbSubjectKeys(clients.dynamodb(), "subject-keys")


def read_the_public_key() -> None:
    with suppress(WrappingKeyMissing):
        PublicKeys(clients.dynamodb(), "wrapping-keys", timedelta(0), clients.now).current()


def reading(*attributes: str) -> dict[str, Any]:
    return {"ProjectionExpression": ", ".join(attributes)}


def request_log() -> DynamoDbRequestLog:
    return DynamoDbRequestLog(clients.dynamodb(), "request-log")


def asked_answered_and_lapsed() -> None:
    asked_and_answered()
    request_log().note_request(SubjectRequest(ADA, RequestKind.REVIEW, NOW))
    request_log().lapse(ADA, NOW)


def asked_and_answered() -> None:
    log = request_log()
    log.note_request(SubjectRequest(ADA, RequestKind.ACCESS, NOW))
    log.complete(ADA, RequestKind.ACCESS, NOW)


def key(partition: str, entry: str) -> dict[str, Any]:
    return {"id": {"S": partition}, "entry": {"S": entry}}


LOOK = key(f"looks#{ADA}", "view#2027-01-15#review#jane")
DESK_LOOK = key(f"looks#desk#{ADA}", "view#2027-01-15#renewal#jane")
ON_LOOKS: list[dict[str, Any]] = [
    # It would expire at once, or name somebody else.
    {"Key": LOOK},
    {"UpdateExpression": "SET #by = :by", "ExpressionAttributeNames": {"#by": "by"}},
    {"UpdateExpression": "REMOVE purpose"},
    # In a partition that no key names, the condition cannot say whose it is.
    {"Key": None},
]


def decisions() -> DynamoDbDecisions:
    return DynamoDbDecisions(RevisionedTable(clients.dynamodb(), "decisions"))


def restricted_and_contested() -> None:
    decisions().restrict(PENDING, NOW)
    decisions().contest(ADA, NOW)


def noted_and_noted_again() -> None:
    decisions().note_pending(PENDING)
    decisions().note_pending(PENDING)
    decisions().note_pending(replace(PENDING, record=RecordId(ADA, Revision(2))))


def candidates() -> DynamoDbCandidates:
    return DynamoDbCandidates(clients.dynamodb(), "decisions")


def seen_by_the_search() -> None:
    candidates().page(None, None)
    candidates().get(ADA)


def search_went_on() -> None:
    progress = DynamoDbProgress(clients.dynamodb(), "sweep-progress")
    progress.advance(Search.PAIRS, Cursor("{}", progress.cursor(Search.PAIRS).number + 1))


def review_queue() -> DynamoDbReviewQueue:
    return DynamoDbReviewQueue(clients.dynamodb(), "review-queue")


def access_renewals() -> DynamoDbAccessRenewals:
    return DynamoDbAccessRenewals(clients.dynamodb(), "access-renewals")


def let_one_expire() -> None:
    item: dict[str, Any] = {"id": {"S": ADA}, "digest": {"B": RENEWAL.digest}}
    clients.dynamodb().put_item(TableName="access-renewals", Item=item)
    access_renewals().expire(ADA, NOW)


def people() -> DynamoDbPeople:
    return DynamoDbPeople(clients.dynamodb(), "decisions")


def overview() -> DynamoDbOverview:
    names = ("decisions", "vault", "subject-keys", "issuer-roll", "joins", "erasure-ledger")
    tables = SweptTables(*names, "review-queue", "request-log", "office-areas")
    return DynamoDbOverview(clients.dynamodb(), tables)


def compare_decisions() -> None:
    overview().lives(None, 1)
    overview().life(ADA)


def compare_records() -> None:
    overview().records(None, 1)
    overview().record(ADA)


def compare_keys() -> None:
    overview().keys(None, 1)
    overview().has_key(RecordId(ADA, Revision(1)))


def elections() -> DynamoDbElections:
    return DynamoDbElections(clients.dynamodb(), "elections")


def keys_and_what_is_logged() -> None:
    elections().keep_keys(ELECTION, {StyleId("north"): b"key"})
    elections().keep_logged(ELECTION, 10, 7)


ON_DEFINITIONS: list[dict[str, Any]] = [
    {"UpdateExpression": "SET document = :key"},
    {"UpdateExpression": "REMOVE document"},
    {"UpdateExpression": "SET revision = :key"},
    # It would return the election's secret, though sealed.
    {"ReturnValues": "ALL_OLD"},
    {"ReturnValues": "ALL_NEW"},
]


PENDING = DecisionRow(RecordId(ADA, Revision(1)), AccessDigest(bytes(32)), NOW, NOW)
RENEWAL = Renewal(ADA, AccessDigest(bytes(32)))
CASE = ReviewCase(RecordId(ADA, Revision(1)), NOW, ReviewCause.DATA_SUBJECT)
FORGED = {"opinions": {"L": [{"M": {"by": {"S": "jane"}}}]}}

WHAT_A_ROW_SAYS = (
    *("revision", "updated", "decision", "reasons", "rule_set", "round", "restriction"),
    *("restriction_changed", "contested", "accepted_by", "areas", "area_version", "eligible_from"),
    *("rulings", "ruling"),
)
WHAT_IS_DECIDED = (*(f"#{name}" for name in WHAT_A_ROW_SAYS), "erased_at")
NAMING_WORDS = {"ExpressionAttributeNames": {f"#{name}": name for name in WHAT_A_ROW_SAYS}}

NARROWED = [
    Narrowed(
        "ReadThePublicWrappingKey",
        read_the_public_key,
        # A version's row has the private key as well, though encrypted.
        [{"Key": {"wk": {"S": "wk-0001"}}}],
    ),
    Narrowed(
        "LogRequests",
        lambda: request_log().note_request(SubjectRequest(ADA, RequestKind.ACCESS, NOW)),
        [*ON_LOOKS, {"UpdateExpression": "SET completed = :now"}],
    ),
    Narrowed("LogRequestsAndTheirAnswers", asked_and_answered, ON_LOOKS),
    Narrowed("NoteAnswers", asked_and_answered, ON_LOOKS),
    Narrowed("NoteAnswersAndLapses", asked_answered_and_lapsed, ON_LOOKS),
    Narrowed(
        "LogLooks",
        lambda: request_log().note_view(StaffView(ADA, NOW, "jane", "review")),
        [
            {"Item": key(ADA, "open#access")},
            {"Item": LOOK | {"completed": {"S": NOW.isoformat()}}},
            {"Item": DESK_LOOK},
            {"ReturnValues": "ALL_OLD"},
        ],
    ),
    Narrowed(
        "LogRenewals",
        lambda: request_log().note_view(StaffView(ADA, NOW, "jane", RENEWING)),
        [
            {"Item": key(ADA, "open#access")},
            # It would take the place of a look of `review`.
            {"Item": LOOK},
            {"Item": DESK_LOOK | {"completed": {"S": NOW.isoformat()}}},
            {"ReturnValues": "ALL_OLD"},
        ],
    ),
    Narrowed(
        "SeeWhichRegistrationsThereAre",
        lambda: DynamoDbRegistrations(clients.dynamodb(), "decisions").has(ADA),
        [*EVERYTHING, reading("id", "access_digest"), reading("reasons")],
    ),
    Narrowed(
        "AskForRenewals",
        lambda: access_renewals().ask(RENEWAL.id, RENEWAL.digest, Half("jane", NOW)),
        [
            {"UpdateExpression": "SET agreed_by = :by, agreed_at = :at"},
            {"UpdateExpression": "REMOVE agreed_at"},
            {"UpdateExpression": "SET ttl = :at"},
            {"ReturnValues": "ALL_NEW"},
        ],
    ),
    Narrowed(
        "AgreeToRenewals",
        lambda: access_renewals().agree(RENEWAL.id, RENEWAL.digest, Half("john", NOW)),
        [
            {"UpdateExpression": "SET asked_by = :by, asked_at = :at"},
            {"UpdateExpression": "REMOVE asked_at"},
            {"UpdateExpression": "SET ttl = :at"},
            {"ReturnValues": "ALL_NEW"},
        ],
    ),
    Narrowed(
        "FindRenewals",
        lambda: access_renewals().expire(ADA, NOW),
        [*EVERYTHING, reading("id", "asked_by"), reading("digest", "agreed_by")],
    ),
    Narrowed(
        "LetRenewalsExpire",
        let_one_expire,
        [
            {"UpdateExpression": "SET agreed_by = :ttl"},
            {"UpdateExpression": "REMOVE asked_by, #ttl"},
            {"ReturnValues": "ALL_NEW"},
        ],
    ),
    Narrowed(
        "FindSubjectKeysWithoutReadingThem",
        lambda: subject_keys().owners(ADA),
        [ALL, ALL | {"Select": "ALL_ATTRIBUTES"}, reading("id", "w"), reading("wk")],
    ),
    Narrowed(
        "AskForReviews",
        # Again where one waits: a request for each of those whose that may be.
        lambda: [review_queue().add(CASE) for _ in range(2)],
        [{"Item": {"id": {"S": ADA}} | FORGED}, {"ReturnValues": "ALL_OLD"}],
    ),
    Narrowed(
        "WriteOpinions",
        brought_up_opined_and_carried_over,
        [{"UpdateExpression": "SET ttl = :r"}, {"UpdateExpression": "REMOVE ttl"}],
    ),
    Narrowed(
        "NotePendingRevisions",
        noted_and_noted_again,
        [
            *(
                {"UpdateExpression": change} | NAMING_WORDS
                for name in WHAT_IS_DECIDED
                for change in (f"SET {name} = :r", f"REMOVE {name}")
            ),
            {"ReturnValues": "ALL_OLD"},
            {"ReturnValues": "UPDATED_NEW"},
        ],
    ),
    Narrowed(
        "PutTombstones",
        lambda: decisions().bury(Tombstone(ADA, NOW, access_digest=AccessDigest(bytes(32)))),
        [
            *({"Item": {"id": {"S": ADA}, name: {"S": "1"}}} for name in WHAT_A_ROW_SAYS),
            {"ReturnValues": "ALL_OLD"},
        ],
    ),
    Narrowed(
        "RestrictProcessing",
        restricted_and_contested,
        [
            {"UpdateExpression": "SET updated = :at"},
            {"UpdateExpression": "SET accepted_by = :at"},
            {"UpdateExpression": "SET access_digest = :next"},
            {"UpdateExpression": "SET #status = :next"}
            | {"ExpressionAttributeNames": {"#status": "status"}},
            {"UpdateExpression": "SET decision = :next, revision = :next"},
            {"UpdateExpression": "SET erased_at = :next"},
            {"ReturnValues": "ALL_NEW"},
        ],
    ),
    Narrowed(
        "CountErasuresWithoutSeeingThem",
        lambda: DynamoDbErasureLedger(clients.dynamodb(), "erasure-ledger").completed(NOW, NOW),
        [{"Select": None}, {"Select": "SPECIFIC_ATTRIBUTES"} | reading("id")],
    ),
    *(
        Narrowed(sid, call, [*EVERYTHING, *map(reading, beyond)])
        for sid, call, beyond in (
            ("CompareDecisions", compare_decisions, ["reasons", "rule_set"]),
            ("SeeWhereSomebodyIsListed", lambda: people().places(ADA), ["likeness", "decision"]),
            ("SeeWhoWasCompared", lambda: people().person(ADA), ["likeness", "areas", "ruling"]),
            ("CompareRecords", compare_records, ["commitment", "pii_email"]),
            ("CompareKeysWithoutReadingThem", compare_keys, ["w", "wk"]),
            ("CompareTheRoll", lambda: overview().on_roll(ADA), ["area", "access_digest"]),
            ("SeeWhichTableOfAreasIsInUse", lambda: overview().area_version(), ["areas", "wide"]),
            ("CompareJoins", lambda: overview().joined(ADA), ["region", "age_band", "reasons"]),
            ("CompareTheLedger", lambda: overview().has_receipt(ADA), ["access_digest"]),
            ("CompareCases", lambda: overview().case_of(ADA), ["opinions"]),
            ("FindOpenRequests", lambda: overview().open_requests(None, 1), ["by", "purpose"]),
            ("SeeWhoSharesKeys", seen_by_the_search, ["access_digest", "likeness", "ruling"]),
        )
    ),
    Narrowed(
        "KeepThePlaceOfTheSearch",
        search_went_on,
        [
            {"Key": {"walk": {"S": "decisions"}}, "Item": {"walk": {"S": "decisions"}}},
            {"Key": None, "Item": None},
        ],
    ),
    Narrowed(
        "NotePairs",
        lambda: candidates().pair(PAIRED, Pairs({EVE: frozenset()}, {}, NOW)),
        [
            *({"UpdateExpression": f"SET {name} = :new_pairs"} for name in WHAT_A_ROW_SAYS),
            {"UpdateExpression": "REMOVE access_digest"},
            {"UpdateExpression": "REMOVE likeness"},
            {"ReturnValues": "ALL_OLD"},
        ],
    ),
    Narrowed(
        "ShowTheCohort",
        lambda: DynamoDbCohorts(clients.dynamodb(), "joins").get(ADA),
        [*EVERYTHING, reading("decided_on"), reading("id", "reasons"), reading("restricted")],
    ),
    Narrowed(
        "SeeWhoHasVotedNotHow",
        lambda: DynamoDbBallots(clients.dynamodb(), "ballots").holds(Nullifier(bytes(32))),
        [ALL, reading("ballot"), reading("nullifier", "salt")],
    ),
    Narrowed(
        "PutBallotsIntoTheBox",
        lambda: DynamoDbBallots(clients.dynamodb(), "ballots").cast([BALLOT]),
        [
            # It would return the ballot that it replaced.
            {"ReturnValues": "ALL_OLD"},
            {"Item": {"nullifier": {"B": bytes(32)}, "cast_at": {"S": NOW.isoformat()}}},
        ],
    ),
    Narrowed(
        "ReadWhatOpensCommitments",
        lambda: list(CountedBallots(clients.dynamodb(), "ballots").every(ELECTION)),
        [
            ALL,
            ALL | {"Select": "ALL_ATTRIBUTES"},
            reading("nullifier"),
            reading("salt", "ballot", "nullifier"),
        ],
    ),
    Narrowed(
        "AddKeysAndWhatIsLogged",
        keys_and_what_is_logged,
        [*ON_DEFINITIONS, {"UpdateExpression": "SET in_box = :key"}],
    ),
    Narrowed(
        "CountBallotsUnseen",
        lambda: DynamoDbBallots(clients.dynamodb(), "ballots").count(ELECTION),
        [
            {"Select": None},
            {"Select": "SPECIFIC_ATTRIBUTES"} | reading("election"),
            # Numbers alone would tell what somebody chose.
            {"FilterExpression": "ballot = :election"},
            {"FilterExpression": "election = :election AND nullifier = :nullifier"},
        ],
    ),
    Narrowed(
        "WriteTheCountDown",
        lambda: elections().keep_box_count(ELECTION, BoxCount(2, 7)),
        [*ON_DEFINITIONS, {"UpdateExpression": "SET in_log = :ballots"}],
    ),
]


def statements(sid: str) -> list[dict[str, Any]]:
    """Return every statement with a name, in any role."""
    found = [
        one
        for template in TEMPLATES.values()
        for role in template.resources
        if template.resources[role]["Type"] == "AWS::IAM::Role"
        for one in template.statements(role)
        if one["Sid"] == sid
    ]
    assert found
    return found


def operations(sid: str) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield every statement with a name, once for each operation that it allows."""
    for statement in statements(sid):
        actions = statement["Action"]
        for action in [actions] if isinstance(actions, str) else actions:
            yield statement, action.removeprefix("dynamodb:")


@pytest.mark.parametrize("narrowed", NARROWED, ids=lambda one: one.sid)
def test_code_is_allowed_what_it_needs_and_its_attacker_no_more(
    aws: Aws, narrowed: Narrowed
) -> None:
    before = len(aws.requests)
    narrowed.call()
    for statement, operation in operations(narrowed.sid):
        made = [request for name, request in aws.requests[before:] if name == operation]
        assert made
        condition = on_aws(statement["Condition"])
        for request in made:
            assert holds(condition, context_of(operation, request))
            for attack in narrowed.attacks:
                changed = {name: value for name, value in (request | attack).items() if value}
                assert not holds(condition, context_of(operation, changed)), attack


def test_replacing_rows_is_no_right_of_who_adds_to_elections() -> None:
    # With PutItem it could put a row without a document in a definition's place.
    for sid in ("AddKeysAndWhatIsLogged", "WriteTheCountDown"):
        (statement,) = statements(sid)
        assert statement["Action"] == "dynamodb:UpdateItem"
