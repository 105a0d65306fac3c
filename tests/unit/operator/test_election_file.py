"""Elections in files: what is read, how faults are reported, and that one can be sent back."""

import json
import tracemalloc
from itertools import pairwise
from pathlib import Path

import pytest

from civic.contracts.identifiers import ElectionId
from civic.operator.election_file import read_election, written_election
from civic.terminal.failures import SettingInvalid
from civic.voting.model.drafting import begin
from civic.voting.model.election import State
from civic.voting.model.rules import check
from tests.fakes.voting_elections import NOW, draft_document

EXAMPLE = Path(__file__).resolve().parents[3] / "docs/examples/election.yaml"
ID = ElectionId("0123456789ab")


def refusal(tmp_path: Path, text: str) -> str:
    file = tmp_path / "bad.yaml"
    file.write_text(text)
    with pytest.raises(SettingInvalid) as refused:
        read_election(file)
    assert str(file) in str(refused.value)
    return str(refused.value)


def test_example_of_the_documentation_can_be_published() -> None:
    election = begin(ID, read_election(EXAMPLE))
    check(election.model_copy(update={"state": State.PUBLISHED}), NOW)
    assert election.opens_at.isoformat() == "2027-09-26T06:00:00+00:00"
    assert [len(contest.options) for contest in election.contests] == [2, 3, 2]


def test_json_is_read_as_well(tmp_path: Path) -> None:
    file = tmp_path / "election.json"
    file.write_text(json.dumps(draft_document()))
    assert read_election(file).title == "Council"


def test_norway_is_an_area_and_a_plain_yes_an_answer(tmp_path: Path) -> None:
    file = tmp_path / "election.yaml"
    file.write_text(
        "title: Yes\ntime_zone: UTC\nopens_at: 2027-09-26 08:00\ncloses_at: 2027-09-26T18:00:00Z\n"
        "contests: [{title: Off, write_ins: true}]\n"
        "styles: [{id: n, name: n, areas: [NO]}]\n"
    )
    election = read_election(file)
    assert (election.title, election.contests[0].title) == ("Yes", "Off")
    assert election.contests[0].write_ins is True
    assert election.styles[0].areas == ("NO",)


def test_every_wrong_field_is_named_and_no_value_repeated(tmp_path: Path) -> None:
    said = refusal(
        tmp_path,
        "title: x\ntime_zone: UTC\nopens_at: 17\nchancellor: Ada\n"
        "contests: [{title: Mayor, max: 0, options: [{image: 'http://secret'}]}]\n",
    )
    for place in (
        "opens_at: Input should be a time",
        "closes_at: Field required",
        "contests/0/max: ",
        "contests/0/options/0/text: Field required",
        "contests/0/options/0/image: ",
        "chancellor: ",
    ):
        assert f"  {place}" in said
    assert "secret" not in said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("title: [", "line 1, column 9"),
        ("title: a\ntitle: b\n", "line 2, column 1: 'title' is given twice"),
        ("- title: a\n", "does not contain an election"),
        ("", "does not contain an election"),
        ("title: !!python/object:os.system x\n", "line 1"),
    ],
)
def test_what_is_no_document_is_said_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    assert said in refusal(tmp_path, text)


def test_alias_is_refused_before_it_grows(tmp_path: Path) -> None:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    for before, name in pairwise("abcdefghij"):
        lines.append(f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]")
    tracemalloc.start()
    said = refusal(tmp_path, "\n".join(lines))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "line 2, column 8: an alias (*) is not read here" in said
    assert most < 1 << 20


@pytest.mark.parametrize(
    "text",
    [
        "title: " + "[" * 5000,
        "title: " + "1" * 5000,
        "title: " + "1:" * 3000 + "1",
        "title: \0",
        "? !!binary aa==\n: 1",
    ],
)
def test_what_yaml_cannot_hold_is_refused_in_one_line(tmp_path: Path, text: str) -> None:
    said = refusal(tmp_path, text)
    assert said.endswith("is not YAML of the kind that an election needs")


def test_file_that_is_not_there_or_not_text_is_said(tmp_path: Path) -> None:
    with pytest.raises(SettingInvalid, match="No such file"):
        read_election(tmp_path / "none.yaml")
    binary = tmp_path / "binary.yaml"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingInvalid, match="not UTF-8"):
        read_election(binary)


def test_shown_election_is_a_file_that_says_the_same(tmp_path: Path) -> None:
    election = begin(ID, read_election(EXAMPLE))
    shown = election.model_dump(mode="json", exclude_none=True, exclude={"issued_ids"})
    text = written_election(shown | {"keys": ["north"]})
    assert "2027-09-26T08:00:00+02:00" in text
    file = tmp_path / "back.yaml"
    file.write_text(text)
    draft = read_election(file)
    assert draft.revision == 1
    assert [one.id for one in draft.contests] == [one.id for one in election.contests]
    assert (draft.opens_at, draft.closes_at) == (election.opens_at, election.closes_at)
    assert (draft.day, draft.roll_closes_at) == (election.day, election.roll_closes_at)
    assert draft.roll_closes_at is not None
