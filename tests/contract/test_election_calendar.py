"""What every calendar of elections does."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from civic.contracts.events import AREA_PATTERN
from civic.contracts.identifiers import StyleId
from civic.contracts.voting import ElectionPublished, StyleAreas
from civic.identity.adapters import election_calendar_dynamodb
from civic.identity.adapters.election_calendar_dynamodb import DynamoDbElectionCalendar
from civic.identity.errors import StoreUnavailable
from civic.identity.model.credentials import Entitlement, Window
from civic.lab.memory.credentials import MemoryElectionCalendar
from civic.runtime import clients
from tests.fakes.aws import Aws
from tests.fakes.elections import ELECTION, ELSEWHERE, OTHER, STYLE, published
from tests.fakes.fixtures import each_kind

NOW = datetime(2027, 1, 15, 12, tzinfo=UTC)
WINDOW = NOW + timedelta(days=7), NOW + timedelta(days=8)
TIMES = Window(ELECTION, *WINDOW)
BERLIN = Entitlement(TIMES, STYLE)

type Calendar = DynamoDbElectionCalendar | MemoryElectionCalendar


def deployed() -> DynamoDbElectionCalendar:
    return DynamoDbElectionCalendar(clients.dynamodb(), "issuer-elections")


calendar = each_kind("dynamodb", MemoryElectionCalendar, deployed)


def test_unpublished_election_is_absent(calendar: Calendar) -> None:
    assert calendar.find("DE-BE", ELECTION) is None
    assert list(calendar.of_area("DE-BE")) == []


def test_area_gets_the_style_that_names_it(calendar: Calendar) -> None:
    calendar.publish(published(NOW, "DE-BE", "DE-BB"))
    assert calendar.find("DE-BE", ELECTION) == calendar.find("DE-BB", ELECTION) == BERLIN
    assert calendar.find("DE-HH", ELECTION) is None
    assert calendar.find("DE-BE", OTHER) is None


def test_every_election_of_an_area_is_found(calendar: Calendar) -> None:
    calendar.publish(published(NOW, "DE-BE"))
    calendar.publish(published(NOW, "DE-BE", election=OTHER))
    calendar.publish(published(NOW, "DE-HH"))
    assert [one.window.election for one in calendar.of_area("DE-BE")] == [ELECTION, OTHER]


def parted(*areas: str, revision: int = 4) -> ElectionPublished:
    """Return an election in which each area has another style than the one before."""
    styles = zip((STYLE, ELSEWHERE, STYLE), areas, strict=False)
    return published(NOW, revision=revision).model_copy(
        update={"styles": tuple(StyleAreas(style=one, areas=(area,)) for one, area in styles)}
    )


def test_area_with_other_styles_within_it_is_divided(calendar: Calendar) -> None:
    calendar.publish(parted("DE-BE-N1", "DE-BE"))
    found = {area: calendar.find(area, ELECTION) for area in ("DE", "DE-BE", "DE-BE-N1")}
    assert found == {
        "DE": Entitlement(TIMES, None, divided=True),
        "DE-BE": Entitlement(TIMES, ELSEWHERE, divided=True),
        "DE-BE-N1": BERLIN,
    }
    assert list(calendar.of_area("DE")) == [found["DE"]]


def test_area_with_its_own_style_within_it_is_whole(calendar: Calendar) -> None:
    calendar.publish(published(NOW, "DE", "DE-BE-N1"))
    assert calendar.find("DE", ELECTION) == calendar.find("DE-BE-N1", ELECTION) == BERLIN
    assert calendar.find("DE-BE", ELECTION) is None
    calendar.publish(parted("DE", "DE-BE", "DE-BE-N1", revision=5))
    assert calendar.find("DE", ELECTION) == Entitlement(TIMES, STYLE, divided=True)
    assert calendar.find("DE-BE", ELECTION) == Entitlement(TIMES, ELSEWHERE, divided=True)


def test_area_that_a_later_revision_no_longer_divides_is_whole(calendar: Calendar) -> None:
    calendar.publish(parted("DE", "DE-BE"))
    calendar.publish(published(NOW, "DE", revision=5))
    assert calendar.find("DE", ELECTION) == BERLIN
    calendar.publish(published(NOW, "DE-BE", revision=6))
    assert calendar.find("DE", ELECTION) == Entitlement(TIMES, None, divided=True)


def test_day_and_closing_of_the_roll_are_those_of_the_last_publication(calendar: Calendar) -> None:
    day, closing = date(2027, 1, 24), NOW + timedelta(days=2)
    event = published(NOW, "DE-BE")
    calendar.publish(event.model_copy(update={"day": day, "roll_closes_at": closing}))
    assert calendar.window(ELECTION) == replace(TIMES, day=day, roll_closes_at=closing)
    calendar.publish(published(NOW, "DE-BE", revision=5))
    assert calendar.window(ELECTION) == TIMES


def test_window_is_of_published_elections_only(calendar: Calendar) -> None:
    calendar.end(ELECTION)
    assert calendar.window(ELECTION) is None
    assert calendar.window(OTHER) is None
    calendar.publish(published(NOW, "DE-BE"))
    assert calendar.window(ELECTION) == replace(TIMES, ended=True)


def test_no_area_has_the_name_under_which_windows_are_kept() -> None:
    assert re.fullmatch(AREA_PATTERN, election_calendar_dynamodb._EVERYWHERE) is None


@pytest.mark.parametrize("order", [*permutations([4, 5, 6])])
def test_last_publication_counts_in_every_order(calendar: Calendar, order: tuple[int, ...]) -> None:
    areas = {4: ("DE-BE", "DE-BB"), 5: ("DE-HH",), 6: ("DE-BE", "DE-HH")}
    for revision in order:
        style = StyleId(f"style-{revision}")
        calendar.publish(published(NOW, *areas[revision], revision=revision, style=style))
    found = {area: calendar.find(area, ELECTION) for area in ("DE-BE", "DE-BB", "DE-HH")}
    newest = Entitlement(TIMES, StyleId("style-6"))
    assert found == {"DE-BE": newest, "DE-BB": None, "DE-HH": newest}
    assert list(calendar.of_area("DE-BB")) == []


def test_new_window_counts(calendar: Calendar) -> None:
    calendar.publish(published(NOW, "DE-BE"))
    calendar.publish(published(NOW + timedelta(days=3), "DE-BE", revision=5))
    found = calendar.find("DE-BE", ELECTION)
    assert found is not None
    assert (found.window.opens_at, found.window.closes_at) == tuple(
        one + timedelta(days=3) for one in WINDOW
    )


def test_end_holds_before_and_after_a_publication(calendar: Calendar) -> None:
    calendar.end(OTHER)
    for election in (ELECTION, OTHER):
        calendar.publish(published(NOW, "DE-BE", election=election))
    calendar.end(ELECTION)
    calendar.publish(published(NOW, "DE-BE", revision=5))
    assert [one.window.ended for one in calendar.of_area("DE-BE")] == [True, True]


def test_end_of_an_election_that_nobody_published_gives_nobody_anything(
    calendar: Calendar,
) -> None:
    calendar.end(ELECTION)
    assert calendar.find("DE-BE", ELECTION) is None
    assert list(calendar.of_area("DE-BE")) == []


def test_area_that_is_given_two_styles_gets_the_first(calendar: Calendar) -> None:
    calendar.publish(published(NOW, "XX"))
    assert calendar.find("XX", ELECTION) == BERLIN


def test_publication_that_broke_off_counts_once_it_is_repeated(aws: Aws) -> None:
    event = published(NOW, "DE-BE", "DE-BB")
    deployed().publish(event.model_copy(update={"styles": event.styles[:1]}))
    clients.dynamodb().delete_item(
        TableName="issuer-elections", Key={"area": {"S": "*"}, "election": {"S": ELECTION}}
    )
    assert deployed().find("DE-BE", ELECTION) is None
    deployed().publish(event)
    assert deployed().find("DE-BE", ELECTION) == BERLIN
    assert len(aws.items("issuer-elections")) == 5


def test_reads_are_consistent(aws: Aws) -> None:
    deployed().publish(published(NOW, "DE-BE"))
    deployed().find("DE-BE", ELECTION)
    assert [one["ConsistentRead"] for one in aws.asked("GetItem")] == [True, True]


@pytest.mark.parametrize(
    ("operation", "call"),
    [
        ("GetItem", lambda calendar: calendar.find("DE-BE", ELECTION)),
        ("GetItem", lambda calendar: calendar.window(ELECTION)),
        ("Query", lambda calendar: calendar.of_area("DE-BE")),
        ("UpdateItem", lambda calendar: calendar.publish(published(NOW, "DE-BE"))),
        ("UpdateItem", lambda calendar: calendar.end(ELECTION)),
    ],
)
def test_refusal_of_dynamodb_is_unavailability(aws: Aws, operation: str, call: Any) -> None:
    aws.fail("dynamodb", operation, "ThrottlingException")
    with pytest.raises(StoreUnavailable):
        call(deployed())
