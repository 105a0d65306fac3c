"""Who may vote in which election: its own day, the closing of its roll, and its areas."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from civic.contracts.voting import StyleAreas
from civic.identity.errors import (
    AreaUnsettled,
    ElectionNotFound,
    ElectionOver,
    NotEntitled,
    NotYetEligible,
    RollClosed,
)
from civic.identity.model.credentials import RollEntry, Window
from civic.identity.model.receipt import Receipt
from civic.identity.usecases.issuing import Offers, issue_credential, list_offers
from tests.fakes.elections import ELECTION, ELSEWHERE, OTHER, STYLE, published
from tests.fakes.pipeline import NOW, Consumer, Pipeline
from tests.strategies.registrations import person

MESSAGE = b"\x00" + b"\x01" * 383
DAY = date(2027, 1, 23)


class Office:
    """A person on the roll, and elections."""

    def __init__(self, **facts: Any) -> None:
        self.pipeline = Pipeline()
        self.receipt: Receipt = self.pipeline.register(person())
        self.pipeline.drain()
        entry = self.pipeline.roll.rows[self.receipt.id]
        assert isinstance(entry, RollEntry)
        standing = replace(entry.standing, **({"areas": ("DE-BE", "DE")} | facts))
        self.pipeline.roll.rows[self.receipt.id] = replace(entry, standing=standing)

    def publish(self, *areas: str, election: Any = ELECTION, **facts: Any) -> None:
        event = published(NOW, *areas, election=election).model_copy(update={"day": DAY} | facts)
        assert self.pipeline.deliver(Consumer.CREDENTIAL_ROLL, event)

    def offers(self) -> Offers:
        who = self.receipt
        return list_offers(self.pipeline.issuing, who.id, who.access_token)

    def ask(self, election: Any = ELECTION) -> str:
        who = self.receipt
        return issue_credential(
            self.pipeline.issuing, who.id, who.access_token, election, MESSAGE
        ).style

    def refusal(self) -> NotEntitled:
        """Return why the person may not vote, which a request and the offers say alike."""
        with pytest.raises(NotEntitled) as refused:
            self.ask()
        (listed,) = self.offers().refused
        assert self.offers().offered == ()
        assert listed.window.election == ELECTION
        assert (type(listed.why), vars(listed.why)) == (type(refused.value), vars(refused.value))
        return refused.value


def test_whoever_is_too_young_on_the_day_is_told_from_when_they_may_vote() -> None:
    office = Office(eligible_from=DAY + timedelta(days=1))
    office.publish("DE")
    refused = office.refusal()
    assert isinstance(refused, NotYetEligible)
    assert (refused.eligible_from, refused.election_day) == (DAY + timedelta(days=1), DAY)


def test_whoever_becomes_old_enough_on_the_day_may_vote() -> None:
    office = Office(eligible_from=DAY)
    office.publish("DE")
    assert office.ask() == STYLE
    assert office.offers().refused == ()


def test_each_election_has_a_day_of_its_own() -> None:
    office = Office(eligible_from=DAY + timedelta(days=100))
    office.publish("DE")
    office.publish("DE", election=OTHER, day=DAY + timedelta(days=100))
    assert office.ask(OTHER) == STYLE
    (refused,), (offered,) = office.offers().refused, office.offers().offered
    assert (refused.window.election, offered.window.election) == (ELECTION, OTHER)


@pytest.mark.parametrize(
    ("closes_at", "day"),
    [
        (datetime(2027, 5, 23, 16, tzinfo=UTC), date(2027, 5, 23)),
        (datetime(2027, 5, 24, 0, tzinfo=UTC), date(2027, 5, 23)),
        (datetime(2027, 5, 24, 0, 0, 1, tzinfo=UTC), date(2027, 5, 24)),
    ],
)
def test_day_of_an_election_of_an_earlier_release_is_its_last(
    closes_at: datetime, day: date
) -> None:
    assert Window(ELECTION, closes_at - timedelta(days=9), closes_at).election_day == day


CLOSING = NOW - timedelta(days=10)


@pytest.mark.parametrize("late", [timedelta(), timedelta(days=1)])
def test_whoever_registered_after_the_roll_had_closed_is_told_when_that_was(
    late: timedelta,
) -> None:
    office = Office(registered_at=CLOSING + late)
    office.publish("DE", roll_closes_at=CLOSING)
    refused = office.refusal()
    assert isinstance(refused, RollClosed)
    assert refused.closed_at == CLOSING


@pytest.mark.parametrize(
    ("registered_at", "closing"),
    [(CLOSING - timedelta.resolution, CLOSING), (None, CLOSING), (NOW, None)],
)
def test_whoever_registered_in_time_may_vote(
    registered_at: datetime | None, closing: datetime | None
) -> None:
    office = Office(registered_at=registered_at)
    office.publish("DE", roll_closes_at=closing)
    assert office.ask() == STYLE


def test_roll_that_has_yet_to_close_is_open() -> None:
    office = Office(registered_at=NOW)
    office.publish("DE", roll_closes_at=NOW + timedelta(days=1))
    assert office.ask() == STYLE


def test_country_alone_does_not_settle_the_area_where_parts_of_it_vote_apart() -> None:
    office = Office(areas=("DE",))
    part = StyleAreas(style=STYLE, areas=("DE-BE",))
    office.publish(styles=(part, StyleAreas(style=ELSEWHERE, areas=("DE",))))
    assert isinstance(office.refusal(), AreaUnsettled)


def test_country_alone_is_enough_where_its_parts_have_the_same_style() -> None:
    office = Office(areas=("DE",))
    office.publish("DE", "DE-BE", "DE-BB-N1")
    assert office.ask() == STYLE


def test_part_of_a_country_does_not_settle_the_area_where_only_parts_of_it_vote() -> None:
    office = Office(areas=("DE-BE", "DE"))
    office.publish("DE-BE-N1", "DE-BE-S1")
    assert isinstance(office.refusal(), AreaUnsettled)


@pytest.mark.parametrize("around", ["DE", "DE-BE"])
def test_style_of_the_country_is_not_given_in_place_of_that_of_a_part(around: str) -> None:
    office = Office(areas=("DE-BE", "DE"))
    within = StyleAreas(style=STYLE, areas=("DE-BE-N1",))
    office.publish(styles=(within, StyleAreas(style=ELSEWHERE, areas=(around,))))
    if around == "DE":
        assert isinstance(office.refusal(), AreaUnsettled)
    else:
        assert office.ask() == ELSEWHERE


def test_style_of_an_area_and_of_the_country_is_given_to_whoever_lives_in_the_area() -> None:
    office = Office(areas=("DE-BE", "DE"))
    within = StyleAreas(style=STYLE, areas=("DE-BE-N1",))
    office.publish(styles=(within, StyleAreas(style=ELSEWHERE, areas=("DE", "DE-BE"))))
    assert office.ask() == ELSEWHERE


@pytest.mark.parametrize(
    ("areas", "style"),
    [
        (("DE",), STYLE),
        (("DE-BE", "DE"), STYLE),
        (("N1", "DE-BE", "DE"), STYLE),
        (("US",), ELSEWHERE),
        (("N9", "US-CA", "US"), ELSEWHERE),
    ],
)
def test_settled_area_gets_the_style_of_the_narrowest(areas: tuple[str, ...], style: str) -> None:
    office = Office(areas=areas)
    if areas == ("DE",):
        office.publish("DE", "FR-IDF")
    else:
        country = (StyleAreas(style=ELSEWHERE, areas=("US", "FR", "DE")),)
        own = (StyleAreas(style=STYLE, areas=("N1", "DE-BE")),)
        office.publish(styles=own + country)
    assert office.ask() == style


def test_area_in_another_country_is_not_unsettled() -> None:
    office = Office(areas=("DE",))
    office.publish("FR-IDF")
    with pytest.raises(ElectionNotFound):
        office.ask()
    assert office.offers() == Offers((), ())


def test_election_that_is_over_says_so_first() -> None:
    office = Office(eligible_from=DAY + timedelta(days=1))
    office.publish("DE")
    office.pipeline.now = NOW + timedelta(days=8)
    with pytest.raises(ElectionOver):
        office.ask()
    assert office.offers() == Offers((), ())


def test_closed_roll_is_said_before_what_could_be_mended() -> None:
    office = Office(areas=("DE",), registered_at=NOW, eligible_from=DAY + timedelta(days=1))
    office.publish("DE-BE", roll_closes_at=CLOSING)
    assert isinstance(office.refusal(), RollClosed)


def test_refusal_uses_nothing_up() -> None:
    office = Office(eligible_from=DAY + timedelta(days=1))
    office.publish("DE")
    office.refusal()
    entry = office.pipeline.roll.get(office.receipt.id)
    assert entry is not None
    assert entry.issued == {}
