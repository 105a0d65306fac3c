"""What makes a definition an election; each fault with its code and its place."""

from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from civic.contracts.identifiers import ElectionId
from civic.voting.errors import BadDefinition
from civic.voting.model.certification import most_bytes, tally_of
from civic.voting.model.drafting import begin, merge
from civic.voting.model.election import Election, State
from civic.voting.model.rules import (
    MAX_DOCUMENT_BYTES,
    MAX_ENTRY_BYTES,
    MAX_TALLY_BYTES,
    check,
    check_promises,
)
from civic.voting.model.tally import BALLOTS, Counts
from tests.fakes.voting_elections import CLOSES, NOW, OPENS, draft

ID = ElectionId("0123456789ab")
TWO = [{"text": "Ada"}, {"text": "Grace"}]
EMPTY: dict[str, Any] = {"contests": [], "styles": []}


def contest(**changes: Any) -> dict[str, Any]:
    return {"contests": [{"title": "Mayor", "options": TWO} | changes], "styles": []}


def style(name: str, *areas: str) -> dict[str, Any]:
    return {"id": name, "name": name, "areas": list(areas)}


def shows(*shown: dict[str, Any]) -> dict[str, Any]:
    return {"styles": [style("n", "N1") | {"contests": list(shown)}]}


def announced(election: Election) -> Election:
    return election.model_copy(update={"state": State.PUBLISHED})


def faults(election: Election) -> list[tuple[str, str]]:
    try:
        check(election, NOW)
    except BadDefinition as error:
        return list(error.faults)
    return []


@pytest.mark.parametrize(
    "changes",
    [
        {},
        EMPTY,
        contest(options=[]),
        contest(options=[], max=4),
        contest(options=[{"text": "Ada"}]),
        contest(max=2),
        contest(max=3, write_ins=True),
        contest(min=1, max=1),
        shows({"contest": "Mayor", "options": ["Ada"]}),
    ],
)
def test_draft_may_be_unfinished(changes: dict[str, Any]) -> None:
    assert faults(begin(ID, draft(**changes))) == []


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"opens_at": NOW.isoformat()}, ("not_in_future", "/opens_at")),
        ({"closes_at": OPENS.isoformat()}, ("not_after_opening", "/closes_at")),
        ({"roll_closes_at": CLOSES.isoformat()}, ("not_before_closing", "/roll_closes_at")),
        (contest(min=2, max=1), ("min_over_max", "/contests/0/min")),
        (contest(max=3), ("max_over_options", "/contests/0/max")),
        (contest(max=4, write_ins=True), ("max_over_options", "/contests/0/max")),
        (
            contest(options=[{"text": "Ada"}, {"text": "ADA"}]),
            ("given_twice", "/contests/0/options/1/text"),
        ),
        (
            {"contests": [contest()["contests"][0]] * 2, "styles": []},
            ("given_twice", "/contests/1/title"),
        ),
        ({"styles": [style("n", "N1"), style("n", "N2")]}, ("given_twice", "/styles/1/id")),
        (
            {"styles": [style("n", "N1"), style("s", "S1", "N1")]},
            ("area_given_twice", "/styles/1/areas/1"),
        ),
        ({"styles": [style("n", "N1", "N1")]}, ("area_given_twice", "/styles/0/areas/1")),
        (
            shows({"contest": "Mayor"}, {"contest": "Mayor"}),
            ("given_twice", "/styles/0/contests/1/contest"),
        ),
        (
            shows({"contest": "Mayor", "options": ["Ada", "Ada"]}),
            ("given_twice", "/styles/0/contests/0/options/1"),
        ),
        (
            contest(min=2, max=2) | shows({"contest": "Mayor", "options": ["Ada"]}),
            ("min_over_options", "/styles/0/contests/0/options"),
        ),
    ],
)
def test_fault_is_found_in_a_draft(changes: dict[str, Any], fault: tuple[str, str]) -> None:
    assert faults(begin(ID, draft(**changes))) == [fault]


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({}, []),
        (contest(options=[], write_ins=True) | {"styles": [style("n", "N1")]}, []),
        (EMPTY, [("missing", "/contests"), ("missing", "/styles")]),
        ({"styles": []}, [("missing", "/styles")]),
        (
            contest(options=[{"text": "Ada"}]) | {"styles": [style("n", "N1")]},
            [("too_few_options", "/contests/0/options")],
        ),
    ],
)
def test_announced_election_is_complete(
    changes: dict[str, Any], found: list[tuple[str, str]]
) -> None:
    assert faults(announced(begin(ID, draft(**changes)))) == found


def test_styles_of_what_is_not_there_are_found_wherever_they_come_from() -> None:
    election = begin(ID, draft())
    (mayor, _) = election.contests
    shorter = election.model_copy(
        update={"contests": (mayor.model_copy(update={"options": mayor.options[:1]}),)}
    )
    assert faults(shorter) == [("unknown_contest", "/styles/0/contests/1/contest")]
    north = election.styles[0]
    named = north.contests[0].model_copy(update={"options": ("o2", "o3")})
    styled = north.model_copy(update={"contests": (named,)})
    assert faults(shorter.model_copy(update={"styles": (styled,)})) == [
        ("unknown_option", "/styles/0/contests/0/options/1")
    ]


def test_all_faults_are_told_at_once() -> None:
    election = begin(ID, draft(**contest(min=2, max=1), opens_at=CLOSES.isoformat()))
    assert len(faults(election)) == 2


def test_document_fits_an_item() -> None:
    described = [{"text": f"Option {n}", "description": "x" * 2000} for n in range(200)]
    assert faults(begin(ID, draft(**contest(options=described)))) == [("too_large", "")]
    fewer = begin(ID, draft(**contest(options=described[:140])))
    assert len(fewer.model_dump_json()) < MAX_DOCUMENT_BYTES
    assert faults(fewer) == []


def areas(count: int) -> dict[str, Any]:
    """Return a style with areas that are 14 bytes each as JSON."""
    return style("n", *(f"AREA-{number:06d}" for number in range(count)))


def test_areas_fit_the_event_that_names_them_all() -> None:
    most = (MAX_ENTRY_BYTES - len("n") - 25) // 14
    assert faults(begin(ID, draft(styles=[areas(most)]))) == []
    assert faults(begin(ID, draft(styles=[areas(most + 1)]))) == [("too_many_areas", "/styles")]


@pytest.mark.parametrize(
    ("styles", "fault"),
    [
        ([style("north", "N1", "N2")], ("style_announced", "/styles")),
        ([style("north", "N1"), style("south", "S1")], ("area_announced", "/styles/0/areas")),
    ],
)
def test_announced_styles_and_areas_stay(
    styles: list[dict[str, Any]], fault: tuple[str, str]
) -> None:
    before = begin(ID, draft())
    with pytest.raises(BadDefinition) as refused:
        check_promises(before, merge(before, draft(contests=[], styles=[])), NOW)
    assert refused.value.faults == (("style_announced", "/styles"),) * 2
    contests = [{"id": one.id, "title": one.title} for one in before.contests]
    with pytest.raises(BadDefinition) as refused:
        check_promises(before, merge(before, draft(contests=contests, styles=styles)), NOW)
    assert refused.value.faults == (fault,)


def test_announced_election_may_get_more_styles_and_areas() -> None:
    before = begin(ID, draft())
    more = [style("north", "N1", "N2", "N3"), style("south", "S1"), style("west", "W1")]
    check_promises(before, merge(before, draft(styles=more)), NOW)


HOUR = timedelta(hours=1)


def closing(at: datetime | None) -> Election:
    return begin(ID, draft(roll_closes_at=at and at.isoformat()))


@pytest.mark.parametrize(
    ("before", "after", "fault"),
    [
        (NOW, NOW + HOUR, "roll_closed"),
        (NOW - HOUR, None, "roll_closed"),
        (NOW + HOUR, NOW, "not_in_future"),
        (None, NOW, "not_in_future"),
    ],
)
def test_closed_roll_stays_closed_and_none_closes_in_the_past(
    before: datetime | None, after: datetime | None, fault: str
) -> None:
    with pytest.raises(BadDefinition) as refused:
        check_promises(closing(before), closing(after), NOW)
    assert refused.value.faults == ((fault, "/roll_closes_at"),)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (NOW + HOUR, NOW + 2 * HOUR),
        (NOW + HOUR, None),
        (None, NOW + HOUR),
        (NOW - HOUR, NOW - HOUR),
        (None, None),
    ],
)
def test_roll_that_has_not_closed_may_close_at_another_time(
    before: datetime | None, after: datetime | None
) -> None:
    check_promises(closing(before), closing(after), NOW)


@pytest.mark.parametrize("roll_closes_at", [NOW - HOUR, OPENS, CLOSES - HOUR])
def test_roll_may_close_at_any_time_before_the_election(roll_closes_at: datetime) -> None:
    assert faults(closing(roll_closes_at)) == []


@pytest.mark.parametrize("day", [OPENS.date(), CLOSES.date() + timedelta(days=30)])
def test_day_of_an_election_is_not_before_its_opening(day: date) -> None:
    assert faults(begin(ID, draft(day=day.isoformat()))) == []
    early = begin(ID, draft(day=(OPENS.date() - timedelta(days=1)).isoformat()))
    assert faults(early) == [("before_opening", "/day")]


def with_counts(styles: int, options: int, description: str = "") -> Election:
    """Return an election in which each of many ballot styles shows each of many options."""
    parties = [{"text": f"{n}", "description": description} for n in range(options)]
    shown = [style(f"s{n}", f"A{n}") for n in range(styles)]
    return begin(ID, draft(contests=[{"title": "Party", "options": parties}], styles=shown))


def test_count_of_every_option_on_every_style_fits_its_event() -> None:
    assert faults(with_counts(299, 35)) == []
    assert sum(most_bytes(with_counts(299, 35))) < MAX_TALLY_BYTES
    assert faults(with_counts(299, 50)) == [("too_many_counts", "/styles")]
    # Election and event are one item.
    assert faults(with_counts(60, 140)) == []
    assert faults(with_counts(60, 140, "x" * 1900)) == [("too_many_counts", "/styles")]


def test_count_of_one_style_fits_an_entry_of_the_public_log() -> None:
    assert faults(with_counts(1, 3000)) == []
    assert faults(with_counts(1, 3500)) == [("too_many_counts", "/styles")]


@pytest.mark.parametrize("count", [0, 9_999_999_999])
def test_certified_tally_is_no_longer_than_foreseen(count: int) -> None:
    election = begin(ID, draft(**contest(write_ins=True) | {"styles": [style("n", "N")]}))
    cells = {("n", BALLOTS, ""): count, ("n", "c1", "write_ins"): count}
    cells |= {("n", "c1", option.id): count for option in election.contests[0].options}
    tally = tally_of(election, Counts(Counter(cells)))
    assert tally[0].contests == {"c1": {"o2": count, "o3": count, "write_ins": count}}
    length = len("".join(one.model_dump_json() for one in tally))
    # And not much shorter, where counts are long.
    assert 0 <= sum(most_bytes(election)) - length <= (1 if count else 40)
