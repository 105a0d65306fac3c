"""Marking a ballot: what fits a ballot style, what does not, and how that is reported."""

import unicodedata
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civic.contracts.identifiers import StyleId
from civic.voting.errors import BadSelections
from civic.voting.model.ballot import MAX_WRITE_IN, Ballot, mark, only_contest
from tests.fakes.ballots import ELECTION, NORTH, SOUTH, definition

TOWN = definition()
COUNCIL = {"c2": ["o4"]}
type Chosen = Mapping[str, Sequence[str]]


def marked(style: StyleId, selections: Chosen, write_ins: Chosen | None = None) -> Ballot:
    found = TOWN.style(style)
    assert found is not None
    return mark(TOWN, found, selections, write_ins or {})


def faults(
    style: StyleId, selections: Chosen, write_ins: Chosen | None = None
) -> list[tuple[str, str]]:
    with pytest.raises(BadSelections) as refused:
        marked(style, selections, write_ins)
    return list(refused.value.faults)


def test_ballot_holds_what_was_selected_in_an_order_of_its_own() -> None:
    ballot = marked(NORTH, {"c2": ["o5", "o4"], "c1": ["o3"]})
    assert ballot == Ballot(ELECTION, NORTH, {"c1": ("o3",), "c2": ("o4", "o5")}, {})


def test_contest_without_a_selection_is_absent() -> None:
    assert marked(SOUTH, {"c1": []}, {}) == marked(SOUTH, {}) == Ballot(ELECTION, SOUTH, {}, {})


@pytest.mark.parametrize(
    ("style", "selections", "found"),
    [
        (SOUTH, {"c1": ["o9"]}, [("unknown_option", "/selections/c1")]),
        (SOUTH, {"c1": ["o4"]}, [("unknown_option", "/selections/c1")]),
        (SOUTH, {"c1": ["o3"]}, [("wrong_style", "/selections/c1")]),
        (SOUTH, {"c1": ["o3", "o9"]}, "unknown_option too_many"),
        (SOUTH, {"c2": ["o4"]}, [("wrong_style", "/selections")]),
        (SOUTH, {"c9": ["o1"]}, [("unknown_contest", "/selections")]),
        (SOUTH, {"<b>": []}, [("unknown_contest", "/selections")]),
        (SOUTH, {"c1": ["o1", "o2"]}, [("too_many", "/selections/c1")]),
        (SOUTH, {"c1": ["o1", "o1"]}, "selected_twice too_many"),
        (NORTH, {}, [("too_few", "/selections/c2")]),
        (NORTH, {"c2": []}, [("too_few", "/selections/c2")]),
        (NORTH, {"c2": ["o4", "o4"]}, [("selected_twice", "/selections/c2")]),
        (NORTH, {"c1": ["o9"], "c9": []}, "unknown_contest unknown_option too_few"),
    ],
)
def test_selections_that_are_no_ballot_are_refused_with_every_reason(
    style: StyleId, selections: Chosen, found: str | list[tuple[str, str]]
) -> None:
    told = faults(style, selections)
    assert told == found if isinstance(found, list) else [code for code, _ in told] == found.split()


@pytest.mark.parametrize(
    ("style", "write_ins", "found"),
    [
        (NORTH, {"c1": ["Edith"]}, [("no_write_ins", "/write_ins/c1")]),
        (SOUTH, {"c2": ["Edith"]}, [("wrong_style", "/write_ins")]),
        (NORTH, {"c9": ["Edith"]}, [("unknown_contest", "/write_ins")]),
        (NORTH, {"c2": ["Edith", "Edith"]}, "selected_twice too_many"),
        (NORTH, {"c2": ["Edith", "Emmy"]}, [("too_many", "/selections/c2")]),
    ],
)
def test_write_ins_count_like_selections(
    style: StyleId, write_ins: Chosen, found: str | list[tuple[str, str]]
) -> None:
    told = faults(style, COUNCIL if style == NORTH else {}, write_ins)
    assert told == found if isinstance(found, list) else [code for code, _ in told] == found.split()


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n ",
        "x" * (MAX_WRITE_IN + 1),
        "Edith\u202ehtidE",
        "Ed\u2066ith",
        "\u200d",
        "\u3164",
        "\u2800",
        "Ed\u200bith",
        "Edith\x00",
        "Ed\x07ith",
        "\ufeffEdith",
        "Edith\ue000",
        "\ud800",
        "Edith\U000e0041",
        "Edith\u0378",
    ],
)
def test_what_prints_as_nothing_or_as_something_else_is_no_name(text: str) -> None:
    assert faults(NORTH, {}, {"c2": [text]}) == [("not_a_name", "/write_ins/c2")]


@pytest.mark.parametrize("name", ["می\u200cخواهم", "ක්\u200dෂ", "\u845b\U000e0100"])  # noqa: RUF001 - they are meant
def test_joiners_and_variants_of_letters_stay_in_a_name(name: str) -> None:
    assert marked(NORTH, {}, {"c2": [name]}).write_ins == {"c2": (name,)}


def test_marks_that_were_pasted_go_from_the_ends_of_a_name() -> None:
    assert marked(NORTH, {}, {"c2": ["\u202a Edith \u202c\ufe0f"]}).write_ins == {"c2": ("Edith",)}


def test_names_are_normalised_and_sorted() -> None:
    ballot = marked(NORTH, {}, {"c2": ["  Zoe\t \n Å ", "E\u0301mile"]})
    assert ballot.write_ins == {"c2": ("Zoe \u00c5", "\u00c9mile")}


def test_one_name_in_two_spellings_of_unicode_is_one_name() -> None:
    twins = ["\u00c9mile", "E\u0301mile"]
    assert ("selected_twice", "/write_ins/c2") in faults(NORTH, {}, {"c2": twins})


def test_longest_name_is_measured_as_it_is_kept() -> None:
    decomposed = "e\u0301" * MAX_WRITE_IN
    assert marked(NORTH, {}, {"c2": [decomposed]}).write_ins == {"c2": ("\u00e9" * MAX_WRITE_IN,)}


def test_refusal_repeats_nothing_of_what_was_sent() -> None:
    with pytest.raises(BadSelections) as refused:
        marked(NORTH, {"secret-contest": ["o1"], "c1": ["secret-option"]}, {"c2": ["secret\x00"]})
    assert "secret" not in f"{refused.value!r} {refused.value.faults}"


options = st.sampled_from(["o1", "o2", "o3", "o4", "o5", "o6"])
chosen = st.dictionaries(st.sampled_from(["c1", "c2", "c3"]), st.lists(options, max_size=3))
names = st.dictionaries(
    st.sampled_from(["c1", "c2", "c3"]),
    st.lists(st.text("aZ \n\x00\u0301\u00e9\u202e\u200b", max_size=5), max_size=2),
)


@given(st.sampled_from([NORTH, SOUTH]), chosen, names)
def test_whatever_is_taken_is_a_ballot_of_the_style(
    style: StyleId, selections: Chosen, write_ins: Chosen
) -> None:
    try:
        ballot = marked(style, selections, write_ins)
    except BadSelections:
        return
    found = TOWN.style(style)
    assert found is not None
    offered = TOWN.offered(found)
    for contest_id, options_of in offered.items():
        contest = TOWN.contest(contest_id)
        assert contest is not None
        ids = ballot.selections.get(contest_id, ())
        named = ballot.write_ins.get(contest_id, ())
        assert set(ids) <= {option.id for option in options_of}
        assert contest.min <= len({*ids}) + len({*named}) <= contest.max
        assert not named or contest.write_ins
        assert all(unicodedata.is_normalized("NFC", name) and name.strip() for name in named)
    assert {*ballot.selections, *ballot.write_ins} <= offered.keys()


@pytest.mark.parametrize("candidate", ["o2", "Grace"])
def test_candidate_may_be_named_by_id_or_text(candidate: str) -> None:
    found = TOWN.style(SOUTH)
    assert found is not None
    assert only_contest(TOWN, found, candidate) == {"c1": ("o2",)}


@pytest.mark.parametrize(
    ("style", "candidate", "code"),
    [
        (SOUTH, "Nobody", "unknown_option"),
        (SOUTH, "Barbara", "unknown_option"),
        (SOUTH, "", "unknown_option"),
        (NORTH, "Grace", "contest_not_named"),
    ],
)
def test_candidate_who_is_not_on_the_ballot_is_refused(
    style: StyleId, candidate: str, code: str
) -> None:
    found = TOWN.style(style)
    assert found is not None
    with pytest.raises(BadSelections) as refused:
        only_contest(TOWN, found, candidate)
    assert refused.value.faults == ((code, "/candidate"),)
