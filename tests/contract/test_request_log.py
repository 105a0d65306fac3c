"""What every request log does."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from civic.contracts.identifiers import RegistrationId, Revision
from civic.contracts.retention import REQUEST_LOG_LIFETIME
from civic.identity.adapters.request_log_dynamodb import DynamoDbRequestLog, open_request
from civic.identity.errors import StoreUnavailable
from civic.identity.model.requests import (
    RENEWAL_LOOK,
    RENEWED,
    RENEWING,
    History,
    RequestKind,
    StaffView,
    SubjectRequest,
)
from civic.identity.model.rows import Malformed
from civic.lab.memory.accountability import MemoryRequestLog
from civic.runtime import clients
from tests.fakes.aws import Aws
from tests.fakes.fixtures import each_kind
from tests.fakes.people import ADA, GRACE

NOW = datetime(2027, 1, 15, 12, 30, 15, 123456, tzinfo=UTC)
LATER = NOW + timedelta(days=3)
ACCESS, REVIEW = RequestKind.ACCESS, RequestKind.REVIEW
RECTIFICATION = RequestKind.RECTIFICATION
JANE, JOHN = "arn:aws:iam::123456789012:user/jane", "arn:aws:iam::123456789012:user/john"

type Requests = DynamoDbRequestLog | MemoryRequestLog


def deployed() -> DynamoDbRequestLog:
    return DynamoDbRequestLog(clients.dynamodb(), "request-log")


log = each_kind("dynamodb", MemoryRequestLog, deployed)


def asked(
    kind: RequestKind = ACCESS, at: datetime = NOW, who: RegistrationId = ADA
) -> SubjectRequest:
    return SubjectRequest(who, kind, at)


def correction(revision: int, at: datetime = NOW) -> SubjectRequest:
    return SubjectRequest(ADA, RECTIFICATION, at, Revision(revision))


def requests(log: Requests, who: RegistrationId = ADA) -> list[SubjectRequest]:
    return list(log.history(who).requests)


def test_nothing_is_noted_at_first(log: Requests) -> None:
    assert log.history(ADA) == History()


@pytest.mark.parametrize("kind", RequestKind)
def test_opened_request_is_noted_as_it_was_received(log: Requests, kind: RequestKind) -> None:
    assert log.note_request(asked(kind)) == asked(kind)
    assert requests(log) == [asked(kind)]


def test_request_made_again_is_counted_to_the_first(log: Requests) -> None:
    log.note_request(asked())
    log.note_request(asked(at=LATER))
    assert log.note_request(asked(at=LATER)) == replace(asked(), count=3)
    assert requests(log) == [replace(asked(), count=3)]


def test_requests_of_other_kinds_and_people_are_others(log: Requests) -> None:
    for one in (asked(), asked(REVIEW), asked(who=GRACE)):
        assert log.note_request(one) == one
    assert {request.kind for request in requests(log)} == {ACCESS, REVIEW}
    assert requests(log, GRACE) == [asked(who=GRACE)]


def test_each_revision_of_a_rectification_is_a_request(log: Requests) -> None:
    for revision in (2, 3):
        assert log.note_request(correction(revision)).revision == revision
    assert [request.revision for request in requests(log)] == [2, 3]


@pytest.mark.parametrize("kind", RequestKind)
def test_completed_request_says_when_it_was_answered(log: Requests, kind: RequestKind) -> None:
    log.note_request(asked(kind))
    log.complete(ADA, kind, LATER)
    assert requests(log) == [replace(asked(kind), completed_at=LATER)]


def test_completed_request_keeps_how_often_it_was_made(log: Requests) -> None:
    log.note_request(asked())
    log.note_request(asked(at=LATER))
    log.complete(ADA, ACCESS, LATER)
    assert requests(log) == [replace(asked(), count=2, completed_at=LATER)]


@pytest.mark.parametrize("kind", RequestKind)
def test_completion_leaves_every_other_kind_and_person_alone(
    log: Requests, kind: RequestKind
) -> None:
    others = [one for one in RequestKind if one != kind]
    for one in others:
        log.note_request(asked(one))
    log.note_request(asked(kind, who=GRACE))
    log.complete(ADA, kind, LATER)
    assert {request.completed_at for request in requests(log)} == {None}
    assert requests(log, GRACE) == [asked(kind, who=GRACE)]


def test_completion_of_what_was_never_asked_is_no_error(log: Requests) -> None:
    log.complete(ADA, ACCESS, NOW)
    assert requests(log) == []


def test_second_completion_changes_nothing(log: Requests) -> None:
    log.note_request(asked())
    log.complete(ADA, ACCESS, LATER)
    log.complete(ADA, ACCESS, LATER + timedelta(days=1))
    assert requests(log) == [replace(asked(), completed_at=LATER)]


def test_request_made_after_the_answer_is_a_new_one(log: Requests) -> None:
    log.note_request(asked())
    log.complete(ADA, ACCESS, NOW)
    assert log.note_request(asked(at=LATER)) == asked(at=LATER)
    assert requests(log) == [replace(asked(), completed_at=NOW), asked(at=LATER)]


def test_completion_reaches_up_to_a_revision(log: Requests) -> None:
    for revision in (2, 3, 4):
        log.note_request(correction(revision))
    log.complete(ADA, RECTIFICATION, LATER, Revision(3))
    answered = {request.revision: request.completed_at for request in requests(log)}
    assert answered == {2: LATER, 3: LATER, 4: None}


def test_completion_without_a_revision_reaches_all_of_them(log: Requests) -> None:
    for revision in (2, 3):
        log.note_request(correction(revision))
    log.complete(ADA, RECTIFICATION, LATER)
    assert {request.completed_at for request in requests(log)} == {LATER}


def test_history_is_in_the_order_of_receipt(log: Requests) -> None:
    moments = [NOW + timedelta(hours=hours) for hours in (5, 1, 3, 2)]
    kinds = (ACCESS, REVIEW, RequestKind.OBJECTION, RequestKind.LIFTING)
    for kind, moment in zip(kinds, moments, strict=True):
        log.note_request(asked(kind, moment))
    log.complete(ADA, ACCESS, LATER)
    assert [request.received_at for request in requests(log)] == sorted(moments)


def test_look_is_noted_and_is_no_request(log: Requests) -> None:
    view = StaffView(ADA, NOW, JANE, "review")
    log.note_view(view)
    assert log.history(ADA) == History(views=(view,))
    assert log.history(GRACE) == History()


def test_looks_are_in_the_order_of_time(log: Requests) -> None:
    views = [
        StaffView(ADA, NOW + timedelta(minutes=minute), JANE, "review") for minute in (2, 0, 1)
    ]
    for view in views:
        log.note_view(view)
    assert list(log.history(ADA).views) == [views[1], views[2], views[0]]


def test_renewals_are_among_the_looks(log: Requests) -> None:
    views = [
        StaffView(ADA, NOW, JANE, RENEWING),
        StaffView(ADA, NOW + timedelta(minutes=1), JOHN, RENEWAL_LOOK),
        StaffView(ADA, NOW + timedelta(minutes=2), JANE, RENEWING),
        StaffView(ADA, NOW + timedelta(minutes=3), JOHN, RENEWED),
    ]
    for view in reversed(views):
        log.note_view(view)
    assert list(log.history(ADA).views) == views
    assert log.history(GRACE) == History()


def test_front_desk_has_a_partition_of_its_own(aws: Aws) -> None:
    for purpose in (RENEWING, RENEWED):
        deployed().note_view(StaffView(ADA, NOW, JANE, purpose))
    partitions = {item["purpose"]["S"]: item["id"]["S"] for item in aws.items("request-log")}
    assert partitions == {RENEWING: f"looks#desk#{ADA}", RENEWED: f"looks#{ADA}"}


def test_two_looks_at_one_moment_are_both_kept(log: Requests) -> None:
    views = {StaffView(ADA, NOW, by, "review") for by in (JANE, JOHN)}
    for view in views:
        log.note_view(view)
    assert set(log.history(ADA).views) == views


def test_looks_at_one_moment_are_in_the_order_of_purpose_and_person(log: Requests) -> None:
    views = [
        StaffView(ADA, NOW, by, purpose) for purpose in ("access", "review") for by in (JANE, JOHN)
    ]
    for view in (views[3], views[0], views[2], views[1]):
        log.note_view(view)
    assert list(log.history(ADA).views) == views


def test_request_is_overdue_once_its_date_has_passed(log: Requests) -> None:
    request = log.note_request(asked())
    assert list(log.overdue(request.due_at)) == []
    assert list(log.overdue(request.due_at + timedelta(microseconds=1))) == [request]


def test_overdue_are_open_requests_of_everybody(log: Requests) -> None:
    long_after = NOW + timedelta(days=60)
    for one in (asked(), asked(REVIEW), asked(who=GRACE), asked(REVIEW, long_after, GRACE)):
        log.note_request(one)
    log.note_view(StaffView(ADA, NOW, JANE, "review"))
    log.complete(ADA, ACCESS, NOW)
    found = [one for one in log.overdue(long_after) if isinstance(one, SubjectRequest)]
    assert {(one.id, one.kind) for one in found} == {(ADA, REVIEW), (GRACE, ACCESS)}


@pytest.mark.parametrize("name", ["received", "count", None])
def test_request_of_another_release_hides_no_other(aws: Aws, name: str | None) -> None:
    log = deployed()
    (kept,) = (log.note_request(asked()),)
    row = aws.items("request-log")[0] | {"id": {"S": GRACE}}
    foreign = {one: value for one, value in row.items() if one != name}
    if name is None:
        foreign["entry"] = {"S": "open#portability"}
    for item in (foreign, foreign | {"id": {"S": "Marked Fullname"}}):
        clients.dynamodb().put_item(TableName="request-log", Item=item)
    found = list(log.overdue(NOW + timedelta(days=60)))
    assert kept in found
    assert {one.id for one in found if isinstance(one, Malformed)} == {GRACE, "none"}


@pytest.mark.parametrize("microsecond", [0, 1])
def test_order_of_time_holds_with_and_without_microseconds(log: Requests, microsecond: int) -> None:
    request = log.note_request(asked(at=NOW.replace(microsecond=0)))
    now = request.due_at.replace(microsecond=microsecond)
    assert len(list(log.overdue(now))) == microsecond


def test_completion_that_broke_off_is_finished_by_the_next(aws: Aws) -> None:
    log = deployed()
    log.note_request(asked())
    aws.hook("dynamodb", "before-call.dynamodb.UpdateItem", refuse_emptying)
    with pytest.raises(StoreUnavailable):
        log.complete(ADA, ACCESS, NOW)
    aws.stop()
    log.complete(ADA, ACCESS, LATER)
    assert requests(log) == [replace(asked(), completed_at=LATER)]


def refuse_emptying(**call: Any) -> Any:
    if "REMOVE received" not in json.loads(call["params"]["body"])["UpdateExpression"]:
        return None
    error = {"Error": {"Code": "InternalServerError", "Message": ""}, "ResponseMetadata": {}}
    return SimpleNamespace(status_code=500), error


def test_request_made_while_the_last_is_answered_stays_open(aws: Aws) -> None:
    """Another invocation answers the first, and the same is asked again, before the emptying."""
    log = deployed()
    log.note_request(asked())

    def meanwhile(**call: Any) -> None:
        if "REMOVE received" in call["params"]["UpdateExpression"] and not interrupted:
            interrupted.append(True)
            deployed().complete(ADA, ACCESS, NOW)
            deployed().note_request(asked(at=LATER))

    interrupted: list[bool] = []
    aws.hook("dynamodb", "provide-client-params.dynamodb.UpdateItem", meanwhile)
    log.complete(ADA, ACCESS, NOW)
    assert requests(log) == [replace(asked(), completed_at=NOW), asked(at=LATER)]


def test_nothing_is_ever_deleted_or_put_in_place_of_a_request(aws: Aws) -> None:
    log = deployed()
    for _ in range(2):
        log.note_request(asked())
        log.complete(ADA, ACCESS, NOW)
    assert {name for name, _ in aws.requests} == {"UpdateItem", "Query"}


def test_open_request_stays_until_it_is_answered_and_then_expires(aws: Aws) -> None:
    log = deployed()
    log.note_request(asked())
    assert all("ttl" not in item for item in aws.items("request-log"))
    log.complete(ADA, ACCESS, LATER)
    expiry = {"N": str(int((LATER + REQUEST_LOG_LIFETIME).timestamp()))}
    assert [item["ttl"] for item in aws.items("request-log")] == [expiry, expiry]
    log.note_request(asked(at=LATER))
    kept = {item["entry"]["S"].partition("#")[0]: item for item in aws.items("request-log")}
    assert "ttl" not in kept["open"]
    assert kept["done"]["ttl"] == expiry


def test_nothing_is_left_of_an_answered_request_but_its_copy(aws: Aws) -> None:
    deployed().note_request(asked())
    deployed().complete(ADA, ACCESS, LATER)
    left = {item["entry"]["S"].partition("#")[0]: set(item) for item in aws.items("request-log")}
    kept = {"id", "entry", "received", "due", "count", "completed", "ttl"}
    assert left == {"open": {"id", "entry", "ttl"}, "done": kept}


@pytest.mark.usefixtures("aws")
def test_log_of_the_last_release_is_read_and_its_requests_answered() -> None:
    common = {"id": {"S": ADA}, "count": {"N": "2"}, "due": {"S": asked().due_at.isoformat()}}
    received = {"received": {"S": NOW.isoformat()}}
    look = {"at": {"S": NOW.isoformat()}, "by": {"S": JANE}, "purpose": {"S": "review"}}
    rows: list[Any] = [
        common | received | {"entry": {"S": "open#access"}},
        common
        | received
        | {
            "entry": {"S": f"done#{NOW.isoformat()}#review"},
            "completed": {"S": LATER.isoformat()},
            "ttl": {"N": "1900000000"},
        },
        {"id": {"S": ADA}, "entry": {"S": f"view#{NOW.isoformat()}#review#{JANE}"}} | look,
    ]
    for row in rows:
        clients.dynamodb().put_item(TableName="request-log", Item=row)
    log = deployed()
    answered = replace(asked(REVIEW), count=2, completed_at=LATER)
    views = (StaffView(ADA, NOW, JANE, "review"),)
    assert log.history(ADA) == History((answered, replace(asked(), count=2)), views)
    log.complete(ADA, ACCESS, LATER)
    assert {one.completed_at for one in requests(log)} == {LATER}


def test_look_expires_with_the_answers(aws: Aws) -> None:
    deployed().note_view(StaffView(ADA, NOW, JANE, "review"))
    (item,) = aws.items("request-log")
    assert item["ttl"] == {"N": str(int((NOW + REQUEST_LOG_LIFETIME).timestamp()))}
    # In a partition that those who note requests are refused.
    assert item["id"] == {"S": f"looks#{ADA}"}


def test_row_is_an_open_request_until_it_is_answered(aws: Aws) -> None:
    log = deployed()
    log.note_request(asked())
    assert [open_request(row) for row in aws.items("request-log")] == [asked()]
    log.complete(ADA, ACCESS, NOW)
    log.note_view(StaffView(ADA, NOW, JANE, "review"))
    assert [open_request(row) for row in aws.items("request-log")] == [None, None, None]


def limit_pages(aws: Aws, operation: str) -> None:
    def two_a_page(**call: object) -> None:
        parameters = call["params"]
        assert isinstance(parameters, dict)
        parameters["Limit"] = 2

    aws.hook("dynamodb", f"provide-client-params.dynamodb.{operation}", two_a_page)


def test_history_goes_on_to_the_last_page(aws: Aws) -> None:
    for kind in RequestKind:
        deployed().note_request(asked(kind))
    limit_pages(aws, "Query")
    assert {request.kind for request in requests(deployed())} == set(RequestKind)
    assert len(aws.asked("Query")) >= 4


def test_calendar_goes_on_to_the_last_page(aws: Aws) -> None:
    for kind in RequestKind:
        deployed().note_request(asked(kind))
    limit_pages(aws, "Scan")
    assert len(list(deployed().overdue(NOW + timedelta(days=60)))) == len(RequestKind)
    assert len(aws.asked("Scan")) >= 4


def test_reads_of_one_person_are_consistent(aws: Aws) -> None:
    deployed().history(ADA)
    deployed().complete(ADA, ACCESS, NOW)
    assert [query["ConsistentRead"] for query in aws.asked("Query")] == [True] * 4


@pytest.mark.parametrize("code", ["ThrottlingException", "AccessDeniedException"])
def test_refusal_by_dynamodb_is_unavailability(aws: Aws, code: str) -> None:
    log = deployed()
    log.note_request(asked())
    for operation in ("UpdateItem", "PutItem", "Scan"):
        aws.fail("dynamodb", operation, code)
    calls: list[Callable[[], object]] = [
        lambda: log.note_request(asked()),
        lambda: log.complete(ADA, ACCESS, NOW),
        lambda: log.note_view(StaffView(ADA, NOW, JANE, "review")),
        lambda: list(log.overdue(NOW)),
    ]
    for call in calls:
        with pytest.raises(StoreUnavailable):
            call()
    aws.fail("dynamodb", "Query", code)
    with pytest.raises(StoreUnavailable):
        log.history(ADA)


def test_what_is_open_lapses_and_was_not_answered(log: Requests) -> None:
    log.note_request(asked(REVIEW))
    log.note_request(asked(RequestKind.RECTIFICATION))
    log.note_request(asked(RequestKind.ACCESS))
    log.complete(ADA, RequestKind.ACCESS, LATER)
    log.lapse(ADA, LATER)
    log.lapse(ADA, LATER + timedelta(days=1))
    ended = {one.kind: (one.completed_at, one.lapsed_at) for one in requests(log)}
    assert ended == {
        RequestKind.ACCESS: (LATER, None),
        REVIEW: (None, LATER),
        RequestKind.RECTIFICATION: (None, LATER),
    }
    assert not any(one.is_open for one in requests(log))
