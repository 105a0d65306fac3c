"""When the answer to a data subject is due (GDPR Art. 12(3))."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civic.contracts.identifiers import Revision
from civic.identity.model.keys import RecordId
from civic.identity.model.pairs import HELD_FOR
from civic.identity.model.requests import (
    ARTICLES,
    RequestKind,
    SubjectRequest,
    one_month_after,
)
from civic.identity.model.review import ReviewCase, ReviewCause
from tests.fakes.people import ADA

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)

moments = st.timedeltas(timedelta(0), timedelta(days=400 * 365)).map(lambda since: EPOCH + since)


@pytest.mark.parametrize(
    ("received", "due"),
    [
        ("2027-01-15", "2027-02-15"),
        ("2027-01-28", "2027-02-28"),
        ("2027-01-29", "2027-02-28"),
        ("2027-01-31", "2027-02-28"),
        ("2028-01-29", "2028-02-29"),
        ("2028-01-31", "2028-02-29"),
        ("2028-02-29", "2028-03-29"),
        ("2000-01-31", "2000-02-29"),
        ("2100-01-31", "2100-02-28"),
        ("2027-02-28", "2027-03-28"),
        ("2027-03-31", "2027-04-30"),
        ("2027-04-30", "2027-05-30"),
        ("2027-07-31", "2027-08-31"),
        ("2027-08-31", "2027-09-30"),
        ("2027-11-30", "2027-12-30"),
        ("2027-12-01", "2028-01-01"),
        ("2027-12-31", "2028-01-31"),
    ],
)
def test_month_ends_on_the_same_day_or_the_last(received: str, due: str) -> None:
    clock = timedelta(hours=23, minutes=59, seconds=59, microseconds=7)
    moment = datetime.fromisoformat(received).replace(tzinfo=UTC) + clock
    assert one_month_after(moment) == datetime.fromisoformat(due).replace(tzinfo=UTC) + clock


@given(moments)
def test_month_has_28_to_31_days(moment: datetime) -> None:
    assert timedelta(days=28) <= one_month_after(moment) - moment <= timedelta(days=31)


@given(moments)
def test_month_ends_in_the_next_month_at_the_same_time_of_day(moment: datetime) -> None:
    due = one_month_after(moment)
    assert (due.year * 12 + due.month) - (moment.year * 12 + moment.month) == 1
    assert due.timetz() == moment.timetz()


@given(moments, moments)
def test_who_asks_earlier_is_due_on_no_later_day(one: datetime, other: datetime) -> None:
    first, second = sorted((one, other))
    assert one_month_after(first).date() <= one_month_after(second).date()


@pytest.mark.parametrize("kind", RequestKind)
def test_request_is_due_a_month_after_its_receipt(kind: RequestKind) -> None:
    received = datetime(2027, 1, 31, 12, tzinfo=UTC)
    request = SubjectRequest(ADA, kind, received, count=7)
    assert request.due_at == datetime(2027, 2, 28, 12, tzinfo=UTC)


@pytest.mark.parametrize("cause", [one for one in ReviewCause if one is not ReviewCause.PAIR])
def test_review_is_due_a_month_after_it_began_to_wait(cause: ReviewCause) -> None:
    case = ReviewCase(RecordId(ADA, Revision(1)), datetime(2027, 12, 31, tzinfo=UTC), cause)
    assert case.due_at == datetime(2028, 1, 31, tzinfo=UTC)


def test_a_pair_is_due_when_nobody_is_held_back_any_more() -> None:
    since = datetime(2027, 12, 31, tzinfo=UTC)
    case = ReviewCase(RecordId(ADA, Revision(1)), since, ReviewCause.PAIR)
    assert case.due_at == since + HELD_FOR == datetime(2028, 1, 7, tzinfo=UTC)


def test_every_kind_of_request_rests_on_an_article() -> None:
    assert set(ARTICLES) == set(RequestKind)


def test_articles_are_those_of_the_regulation() -> None:
    assert {kind.value: article for kind, article in ARTICLES.items()} == {
        "access": "15",
        "rectification": "16",
        "erasure": "17",
        "withdrawal": "7(3)",
        "restriction": "18",
        "lifting": "18(3)",
        "objection": "21",
        "review": "22(3)",
    }
