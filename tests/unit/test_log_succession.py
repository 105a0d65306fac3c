"""One table of what may follow what in the log, and the two implementations of it.

The writer refuses what the verifier would refuse: each is run through tests/log_succession.toml,
then both through every short story of the entries in it.
"""

import json
import re
import tomllib
from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import rfc8785

from civic.audit.errors import EntryRefused
from civic.audit.model.succession import Succession
from civic.verifier.elections import Register
from civic.verifier.errors import ObjectRefused
from civic.verifier.hashing import leaf_hash
from civic.verifier.tree import Bundle

ROOT = Path(__file__).parents[2]
TABLE: dict[str, Any] = tomllib.loads(
    (ROOT / "tests/log_succession.toml").read_text(encoding="utf-8")
)
STATES: dict[str, list[str]] = TABLE["states"]
MOVES: dict[str, dict[str, str]] = {
    move["entry"]: {name: move[name] for name in STATES} for move in TABLE["moves"]
}
END = "end"
REFUSED = "refused"
# The malformed entries are of the election c, which is being certified when they come.
ELECTIONS = {"a": "7k3m9qx2w5va", "b": "7k3m9qx2w5vb", "c": "7k3m9qx2w5vc"}


def entry_of(words: str, place: int) -> bytes:
    """Return an entry as the table writes it; no two places have the same."""
    kind, election, *more = words.split()
    fields: dict[str, Any] = {"election": ELECTIONS[election]}
    if kind == "ballot":
        committed = b64encode(sha256(b"%d" % place).digest()).decode()
        return f"civic/ballot/1\n{ELECTIONS[election]}\n{committed}\n".encode()
    if kind == "openings":
        name = "OpeningsPublished"
        index = "A" * 43 + "="
        fields |= {"audience": more[0], "index": index, "ballots": place}
    elif kind == "certified":
        name = "ElectionCertified"
        fields |= {"ballots": int(more[0]), "revision": place + 1}
    elif kind == "style":
        name = "StyleCertified"
        # The count of an option makes two of the same style two entries.
        count = {"c1": {"o1": place, "write_ins": 0}}
        fields |= {"style": more[0], "ballots": int(more[1]), "contests": count}
    else:
        name = "ElectionEnded"
        fields |= {"revision": place + 1}
    return f"civic/event/1\n{name}\n".encode() + rfc8785.dumps(fields) + b"\n"


def written(entries: Sequence[bytes], *, ended: bool) -> int | None:
    """Return how many entries the writer takes before it refuses one; None if it takes all."""
    writer = Succession({}, {})
    for place, entry in enumerate(entries):
        try:
            writer.add(entry)
        except EntryRefused:
            return place
    try:
        if ended:
            writer.finish()
    except EntryRefused:
        return len(entries)
    return None


def verified(entries: Sequence[bytes], *, ended: bool) -> int | None:
    """Return how many entries the verifier reads before it refuses one; None if it reads all."""
    verifier = Register()
    for place, entry in enumerate(entries):
        bundle = Bundle("tile/entries/000", place, b"", [entry], [leaf_hash(entry)])
        try:
            verifier.add(bundle)
        except ObjectRefused:
            return place
    try:
        if ended:
            verifier.finish()
    except ObjectRefused:
        return len(entries)
    return None


SIDES = pytest.mark.parametrize("judge", [written, verified])


@SIDES
@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("move", MOVES)
def test_every_entry_in_every_state_leads_where_the_table_says(
    judge: Any, state: str, move: str
) -> None:
    expected = MOVES[move][state]
    story = [*STATES[state], *([] if move == END else [move])]
    entries = [entry_of(words, place) for place, words in enumerate(story)]
    refused = judge(entries, ended=move == END)
    assert refused == (None if expected != REFUSED else len(STATES[state]))
    if expected == REFUSED:
        return
    # Where it led is shown by what may not follow there.
    for then in ("ballot a", "certified a 1", END):
        if MOVES[then][expected] == REFUSED:
            more = [*entries, *([] if then == END else [entry_of(then, len(entries))])]
            assert judge(more, ended=then == END) == len(entries), then


@SIDES
@pytest.mark.parametrize("what", TABLE["malformed"])
def test_malformed_entry_is_refused(judge: Any, what: str) -> None:
    entry = TABLE["malformed"][what].encode()
    assert judge([entry_of("certified c 0", 0), entry], ended=False) == 1


@SIDES
def test_bytes_that_are_no_text_are_refused(judge: Any) -> None:
    assert judge([b'civic/event/1\nElectionEnded\n{"a":"\xff"}\n'], ended=False) == 0


def test_both_judge_every_short_story_alike() -> None:
    kinds = [words for words in MOVES if words != END]
    judged: set[int | None] = set()
    for story in (one for length in range(1, 5) for one in product(kinds, repeat=length)):
        entries = [entry_of(words, place) for place, words in enumerate(story)]
        writer, verifier = written(entries, ended=True), verified(entries, ended=True)
        # A certification that lacks styles is refused by what follows it in both.
        assert writer == verifier, story
        judged.add(writer)
    assert judged == {None, 0, 1, 2, 3, 4}


def test_all_entries_of_a_fact_follow_or_none() -> None:
    writer = Succession({}, {})
    fact = [entry_of("certified a 0", 0), entry_of("style a all 1", 1)]
    with pytest.raises(EntryRefused):
        writer.take(fact)
    assert (writer.ballots, writer.certified) == ({}, {})
    writer.take([entry_of("ballot a", 2)])
    assert writer.ballots == {ELECTIONS["a"]: 1}


def test_an_entry_longer_than_a_bundle_can_hold_is_refused() -> None:
    fields = json.dumps({"a": "b" * 2**16}, separators=(",", ":"))
    with pytest.raises(EntryRefused):
        Succession({}, {}).take([f"civic/event/1\nElectionEnded\n{fields}\n".encode()])


def test_the_specification_has_the_table() -> None:
    """The table in docs/verification.md, cell by cell."""
    section = (ROOT / "docs/verification.md").read_text(encoding="utf-8")
    section = section.split("## What may follow what")[1].split("\n## ")[0]
    rows = [
        [re.sub("`", "", cell).strip() for cell in line.strip("|").split("|")]
        for line in section.splitlines()
        if line.startswith("|") and not line.startswith("|---")
    ]
    head, *cells = rows
    assert head[1:] == list(STATES)
    told = {row[0]: dict(zip(head[1:], row[1:], strict=True)) for row in cells}
    assert told == MOVES
