"""How an office's draft becomes an election: ids, what is kept, and what is dropped."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from civic.contracts.identifiers import ElectionId, StyleId
from civic.voting.errors import BadDefinition
from civic.voting.model.draft import DraftContest, DraftElection, NewCandidate
from civic.voting.model.drafting import begin, merge, with_candidate
from civic.voting.model.election import Election
from tests.fakes.voting_elections import draft

ID = ElectionId("0123456789ab")
MAYOR = {"title": "Mayor", "options": [{"text": "Ada"}, {"text": "Grace"}]}


def begun(**changes: Any) -> Election:
    return begin(ID, draft(**changes))


def faults(call: Any) -> list[tuple[str, str]]:
    with pytest.raises(BadDefinition) as refused:
        call()
    return list(refused.value.faults)


def ids(election: Election) -> list[tuple[str, list[str]]]:
    return [(one.id, [option.id for option in one.options]) for one in election.contests]


def test_new_contests_and_options_get_ids_in_their_order() -> None:
    election = begun()
    assert ids(election) == [("c1", ["o2", "o3"]), ("c4", ["o5", "o6"])]
    assert election.issued_ids == 6


def test_what_is_named_is_kept_what_is_not_is_dropped_and_new_ids_were_never_given() -> None:
    before = begun()
    mayor = {
        "id": "c1",
        "title": "Mayor of the city",
        "options": [{"id": "o3", "text": "Grace H."}, {"text": "Barbara"}],
    }
    styles = [{"id": "all", "name": "All", "areas": ["N1"]}]
    after = merge(before, draft(contests=[mayor], styles=styles))
    assert ids(after) == [("c1", ["o3", "o7"])]
    assert [option.text for option in after.contests[0].options] == ["Grace H.", "Barbara"]
    assert after.contests[0].title == "Mayor of the city"
    again = merge(after, draft(contests=[MAYOR], styles=styles))
    assert ids(again) == [("c8", ["o9", "o10"])]


def test_id_revision_and_state_stay() -> None:
    before = begun()
    after = merge(before, draft(title="Other"))
    assert (after.id, after.revision, after.state) == (before.id, before.revision, before.state)
    assert after.title == "Other"


@pytest.mark.parametrize(
    ("contest", "pointer"),
    [
        ({"id": "c99", **MAYOR}, "/contests/0/id"),
        ({"title": "Mayor", "options": [{"id": "o2", "text": "Ada"}]}, "/contests/0/options/0/id"),
        (
            {"id": "c4", "title": "Mayor", "options": [{"id": "o2", "text": "Ada"}]},
            "/contests/0/options/0/id",
        ),
    ],
)
def test_id_that_was_not_given_there_is_a_fault(contest: dict[str, Any], pointer: str) -> None:
    before = begun()
    changed = draft(contests=[contest], styles=[])
    assert faults(lambda: merge(before, changed)) == [("unknown_id", pointer)]


def test_id_named_twice_is_a_fault() -> None:
    before = begun()
    changed = draft(contests=[{"id": "c1", **MAYOR}, {"id": "c1", **MAYOR}], styles=[])
    assert faults(lambda: merge(before, changed)) == [("id_given_twice", "/contests/1/id")]


def test_draft_from_nothing_names_no_ids() -> None:
    assert faults(lambda: begun(contests=[{"id": "c1", **MAYOR}])) == [
        ("unknown_id", "/contests/0/id")
    ]


def test_order_is_the_place_unless_it_is_given() -> None:
    options = [{"text": "Ada", "order": 7}, {"text": "Grace"}]
    election = begun(contests=[{"title": "Mayor", "options": options}], styles=[])
    assert [option.order for option in election.contests[0].options] == [7, 1]


def test_style_without_contests_shows_all_of_them() -> None:
    north, south = begun().styles
    assert [one.contest for one in north.contests] == ["c1", "c4"]
    assert [(one.contest, one.options) for one in south.contests] == [("c1", None)]


def test_styles_name_contests_and_options_by_id_or_text() -> None:
    before = begun()
    contests = [{"id": "c1", **MAYOR}]
    shown = [{"contest": "c1", "options": ["Ada"]}]
    styles = [{"id": "north", "name": "North", "areas": ["N1"], "contests": shown}]
    after = merge(before, draft(contests=contests, styles=styles))
    added = after.contests[0].options[0].id
    assert after.styles[0].contests[0].options == (added,)


@pytest.mark.parametrize(
    ("shown", "fault"),
    [
        ({"contest": "Sheriff"}, ("unknown_contest", "/styles/0/contests/0/contest")),
        (
            {"contest": "Mayor", "options": ["Ada", "Alan"]},
            ("unknown_option", "/styles/0/contests/0/options/1"),
        ),
    ],
)
def test_style_of_what_is_not_there_is_a_fault(
    shown: dict[str, Any], fault: tuple[str, str]
) -> None:
    styles = [{"id": "north", "name": "North", "areas": ["N1"], "contests": [shown]}]
    assert faults(lambda: begun(styles=styles)) == [fault]


# ------------------------------------------------------------------ times


@pytest.mark.parametrize(
    ("given", "moment"),
    [
        ("2027-09-26T08:00:00", datetime(2027, 9, 26, 6, tzinfo=UTC)),
        ("2027-09-26 08:00", datetime(2027, 9, 26, 6, tzinfo=UTC)),
        ("2027-01-26T08:00:00", datetime(2027, 1, 26, 7, tzinfo=UTC)),
        ("2027-09-26T08:00:00Z", datetime(2027, 9, 26, 8, tzinfo=UTC)),
        ("2027-10-31T02:30:00+01:00", datetime(2027, 10, 31, 1, 30, tzinfo=UTC)),
    ],
)
def test_times_without_an_offset_are_those_of_the_time_zone(given: str, moment: datetime) -> None:
    opens_at = begun(opens_at=given).opens_at
    assert opens_at == moment
    assert opens_at.tzinfo is UTC


@pytest.mark.parametrize("given", ["2027-10-31T02:30:00", "2027-03-28T02:30:00"])
def test_time_that_is_there_twice_or_never_needs_an_offset(given: str) -> None:
    assert faults(lambda: begun(closes_at=given)) == [("ambiguous_time", "/closes_at")]


@pytest.mark.parametrize(
    ("closes_at", "day"),
    [
        ("2027-09-26 18:00", date(2027, 9, 26)),
        ("2027-09-27 00:00", date(2027, 9, 26)),
        ("2027-09-26 23:59", date(2027, 9, 26)),
        ("2027-09-26T23:00:00Z", date(2027, 9, 27)),
    ],
)
def test_day_of_an_election_is_its_last_in_its_time_zone(closes_at: str, day: date) -> None:
    assert begun(closes_at=closes_at).election_day == day


def test_day_may_be_another_one() -> None:
    assert begun(day="2027-10-03").election_day == date(2027, 10, 3)


def test_day_stays_when_an_election_closes_at_another_time() -> None:
    one = begun(closes_at="2027-09-26 18:00")
    later = one.model_copy(update={"closes_at": one.closes_at + timedelta(days=2)})
    assert later.election_day == date(2027, 9, 26)


def test_election_of_an_earlier_release_has_its_last_day() -> None:
    kept = begun(closes_at="2027-09-27 00:00").model_dump_json(exclude={"day", "roll_closes_at"})
    assert Election.model_validate_json(kept).election_day == date(2027, 9, 26)


@pytest.mark.parametrize("given", ["2027-10-03T08:00", 0, 20271003, "3 October"])
def test_day_is_no_time_and_no_number(given: object) -> None:
    with pytest.raises(ValidationError):
        draft(day=given)


def test_roll_closes_at_a_time_of_the_time_zone() -> None:
    closing = begun(roll_closes_at="2027-09-06 00:00").roll_closes_at
    assert closing == datetime(2027, 9, 5, 22, tzinfo=UTC)
    assert begun().roll_closes_at is None
    unclear = {"roll_closes_at": "2027-03-28T02:30:00"}
    assert faults(lambda: begun(**unclear)) == [("ambiguous_time", "/roll_closes_at")]


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../../etc/passwd", "/etc/localtime", "a\0b"])
def test_unknown_time_zone_is_a_fault(zone: str) -> None:
    assert faults(lambda: begun(time_zone=zone)) == [("unknown_time_zone", "/time_zone")]


def with_opening(given: str) -> DraftElection:
    document = draft().model_dump_json(exclude={"opens_at"})[:-1] + f',"opens_at":{given}}}'
    return DraftElection.model_validate_json(document)


def test_time_is_iso_8601() -> None:
    assert with_opening('"2027-09-26T08:00:00"').opens_at == datetime(2027, 9, 26, 8)  # noqa: DTZ001


@pytest.mark.parametrize("given", ["0", '""', '"tomorrow"', "1790000000", '"1790000000"'])
def test_number_is_no_time(given: str) -> None:
    with pytest.raises(ValidationError):
        with_opening(given)


# ------------------------------------------------------------------ candidates


def test_candidate_is_added_last_under_a_new_id() -> None:
    before = begun()
    after, option = with_candidate(before, NewCandidate(contest="c1", text="Barbara"))
    assert (option.id, option.order) == ("o7", 2)
    assert ids(after)[0] == ("c1", ["o2", "o3", "o7"])
    assert after.issued_ids == 7
    assert after.offered(after.styles[1])["c1"][-1] == option


def test_candidate_that_is_there_is_not_added_again() -> None:
    before = begun()
    after, option = with_candidate(before, NewCandidate(contest="c1", text="Ada"))
    assert after is before
    assert option.id == "o2"


def test_candidate_gets_onto_the_styles_that_name_theirs() -> None:
    shown = [{"contest": "Mayor", "options": ["Ada"]}]
    styles = [{"id": "n", "name": "N", "areas": ["N1"], "contests": shown}]
    candidate = NewCandidate(contest="c1", text="Barbara", styles=(StyleId("n"),))
    after, option = with_candidate(begun(styles=styles), candidate)
    assert after.styles[0].contests[0].options == ("o2", option.id)


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({"contest": "c99"}, ("unknown_contest", "/contest")),
        ({"contest": "c1", "styles": ("nowhere",)}, ("no_options_named", "/styles/0")),
        ({"contest": "c1", "styles": ("north",)}, ("no_options_named", "/styles/0")),
        ({"contest": "c4", "styles": ("south",)}, ("no_options_named", "/styles/0")),
    ],
)
def test_candidate_for_what_is_not_there_is_a_fault(
    given: dict[str, Any], fault: tuple[str, str]
) -> None:
    candidate = NewCandidate(text="Barbara", **given)
    assert faults(lambda: with_candidate(begun(), candidate)) == [fault]


@pytest.mark.parametrize("title", ["No\u202eseY", "\u3164", "Yes\u200b"])
def test_title_that_hides_something_from_voters_is_refused(title: str) -> None:
    for document in ({"title": title}, {"title": "Question", "options": [{"text": title}]}):
        with pytest.raises(ValidationError, match=r"U\+(202E|3164|200B)"):
            DraftContest.model_validate(document)


def test_joiners_stay_in_a_title_and_pasted_marks_do_not() -> None:
    contest = DraftContest.model_validate(
        {"title": "\u200fQuestion\u200f", "options": [{"text": "ක්\u200dෂ"}]}
    )
    assert contest.title == "Question"
    assert contest.options[0].text == "ක්\u200dෂ"
