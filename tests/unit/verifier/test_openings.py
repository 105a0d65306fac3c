"""Recounts from openings: the counts are the certified ones, and every opening is for a ballot."""

import hashlib
import json
import re
import shutil
from base64 import b64encode
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import rfc8785

from civic.verifier.recount import sample_bound
from tests.fakes.naive_election import (
    ELECTION,
    Vote,
    certified,
    event,
    openings_published,
    publish_openings,
    root_at,
    sample,
    story,
    votes,
)
from tests.fakes.naive_log import publish
from tests.unit.verifier.commands import LOG, Ended, Verifier

CAST = votes(250)
STORY = story(CAST)
INDEX = f"openings/{ELECTION}/index.json"
FOLDER = f"openings/{ELECTION}"


def chunk_of(held: Sequence[Vote]) -> str:
    """The path of a chunk, which is its hash."""
    content = b"".join(vote.opening + b"\n" for vote in held)
    return f"{FOLDER}/{hashlib.sha256(content).hexdigest()}.jsonl"


FIRST, LAST = chunk_of(CAST[:100]), chunk_of(CAST[200:])

type Told = Callable[..., Path]


@pytest.fixture
def told(tmp_path: Path) -> Told:
    """A log with these entries and an entry for the openings already in the folder."""

    def make(entries: list[bytes], *more: bytes) -> Path:
        publish(tmp_path / "log", LOG, [*entries, *more], [len(entries), len(entries) + len(more)])
        return tmp_path / "log"

    return make


@pytest.fixture
def public(tmp_path: Path, told: Told) -> Path:
    return told(STORY, publish_openings(tmp_path / "log/openings", CAST))


def rewritten(log: Path, told: Told, change: Callable[[dict[str, Any]], None]) -> Path:
    """The log with its first chunk and its index altered, and both of these logged."""
    place = log / "openings" / ELECTION
    index = json.loads((place / "index.json").read_bytes())
    change(index)
    for one in index["chunks"]:
        chunk = place / f"{one['sha256']}.jsonl"
        if chunk.parent == place and chunk.is_file():
            one["sha256"] = hashlib.sha256(chunk.read_bytes()).hexdigest()
            chunk.rename(place / f"{one['sha256']}.jsonl")
    raw = rfc8785.dumps(index)
    (place / "index.json").write_bytes(raw)
    shutil.rmtree(log / "tile")
    shutil.rmtree(log / "checkpoints")
    return told(STORY, openings_published(raw))


def with_line(log: Path, told: Told, number: int, line: bytes) -> Path:
    chunk = log / FIRST
    lines = chunk.read_bytes().splitlines(keepends=True)
    lines[number - 1] = line
    chunk.write_bytes(b"".join(lines))
    return rewritten(log, told, lambda _: None)


def test_public_openings_are_recounted(public: Path, verifier: Verifier) -> None:
    code, out, err = verifier.log(public)
    assert (code, err) == (0, "")
    assert f"openings     {ELECTION}: 250 ballots recounted, 10 numbers as certified" in out


def test_openings_are_left_out_on_demand(public: Path, verifier: Verifier) -> None:
    shutil.rmtree(public / "openings")
    ended = verifier.log(public, "--no-openings")
    assert ended.code == 0
    assert "not checked  openings     the published ones were left out" in ended.out


@pytest.mark.parametrize("name", [INDEX, FIRST, LAST])
def test_every_flipped_byte_of_openings_is_refused(
    public: Path, verifier: Verifier, name: str
) -> None:
    place = public / name
    content = place.read_bytes()
    for at in range(0, len(content), max(1, len(content) // 97)):
        place.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
        ended = verifier.log(public)
        assert ended.code == 1, at
        assert ended.err.startswith(f"refused: {name}: does not match its hash in ")


@pytest.mark.parametrize("name", [INDEX, FIRST])
def test_missing_openings_are_named(public: Path, verifier: Verifier, name: str) -> None:
    (public / name).unlink()
    assert verifier.log(public).err == f"refused: {name}: missing\n"


def test_openings_that_the_log_does_not_announce_are_not_checked(
    tmp_path: Path, told: Told, verifier: Verifier
) -> None:
    """Whoever may publish openings could otherwise have any log refused, with a single object."""
    publish_openings(tmp_path / "log/openings", CAST)
    code, out, _ = verifier.log(told(STORY))
    assert code == 0
    assert f"{ELECTION}: published, but not announced in the log" in out
    assert "recounted" not in out


def test_openings_given_by_hand_that_the_log_does_not_announce_are_refused(
    tmp_path: Path, told: Told, verifier: Verifier
) -> None:
    publish_openings(tmp_path / "given", CAST)
    err = verifier.log(told(STORY), "--openings", tmp_path / "given").err
    assert "the log does not announce these openings" in err


def test_openings_of_an_election_that_is_not_certified_are_refused(
    tmp_path: Path, told: Told, verifier: Verifier
) -> None:
    entry = publish_openings(tmp_path / "log/openings", CAST)
    err = verifier.log(told([vote.entry for vote in CAST], entry)).err
    assert f"is about {ELECTION}, which is not certified yet" in err


def test_openings_published_twice_are_refused(
    tmp_path: Path, told: Told, verifier: Verifier
) -> None:
    entry = publish_openings(tmp_path / "log/openings", CAST)
    other = openings_published(rfc8785.dumps({"audience": "public", "election": ELECTION}))
    err = verifier.log(told(STORY, entry, other)).err
    assert f"publishes openings of {ELECTION} a second time (public)" in err


def test_certified_numbers_that_do_not_count_are_refused(
    tmp_path: Path, told: Told, verifier: Verifier
) -> None:
    """The ballots add up, but one has been moved from an option to another."""
    forged = []
    for entry in STORY:
        kind, name, fields, _ = entry.decode().split("\n")
        if name == "StyleCertified" and '"berlin"' in fields:
            told_fields = json.loads(fields)
            told_fields["contests"]["c1"]["o1"] += 1
            told_fields["contests"]["c1"]["o2"] -= 1
            entry = event(name, **told_fields)  # noqa: PLW2901
        assert kind
        forged.append(entry)
    log = told(forged, publish_openings(tmp_path / "log/openings", CAST))
    err = verifier.log(log).err
    assert "counts more for berlin/c1/o2 than is certified" in err
    assert err.startswith(f"refused: {FOLDER}/")


def test_certified_number_above_the_count_is_refused(
    tmp_path: Path, told: Told, verifier: Verifier
) -> None:
    forged = [entry.replace(b'"c2":{"write_ins":', b'"c2":{"write_ins":1') for entry in STORY]
    log = told(forged, publish_openings(tmp_path / "log/openings", CAST))
    err = verifier.log(log).err
    assert err.startswith(f"refused: {INDEX}: counts ")
    assert "for berlin/c2/write_ins, but 1" in err


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (CAST[1].opening + b"\n", "opens entry 3 a second time"),
        (votes(1, seed=5)[0].opening + b"\n", "does not open a ballot in the log"),
        (votes(1, election="0123456789ab")[0].opening + b"\n", "a ballot of another election"),
        (CAST[0].opening.replace(b'","', b'", "') + b"\n", "is not canonical JSON"),
        (CAST[0].opening, "is not JSON"),
        (b"\n", "is not JSON"),
        (b"[]\n", "an opening has a ballot and a salt"),
        (b'{"ballot":{},"salt":1}\n', "the salt is not base64"),
        (b'{"ballot":{},"salt":""}\n', "the salt has 0 bytes, not 32"),
        (b'{"ballot":[],"salt":"' + b64encode(bytes(32)) + b'"}\n', "without exactly the members"),
        (b'{"ballot":{},"salt":"' + b64encode(bytes(32)) + b'"}\n', "without exactly the members"),
        (b"[" * 60000 + b"\n", "is not JSON"),
        (b" " * 70000 + b"\n", "too long or missing"),
    ],
)
def test_line_that_opens_nothing_is_refused(
    public: Path, told: Told, verifier: Verifier, line: bytes, why: str
) -> None:
    ended = verifier.log(with_line(public, told, 1, line))
    named = re.match(f"refused: {FOLDER}/[0-9a-f]{{64}}.jsonl: line ", ended.err)
    assert named or "more than 100 lines" in ended.err
    assert why in ended.err


def marked(**members: Any) -> Vote:
    return Vote(CAST[0].ballot | members, bytes(32))


@pytest.mark.parametrize(
    ("vote", "why"),
    [
        (marked(selections={"c1": ["o1", "o1"]}), "unsorted or repeated"),
        (marked(selections={"c1": ["o2", "o1"]}), "unsorted or repeated"),
        (marked(selections={"c1": []}), "unsorted or repeated"),
        (marked(selections={"": ["o1"]}), "malformed selections"),
        (marked(selections={"c1": "o1"}), "malformed selections"),
        (marked(selections={"c1": [1]}), "malformed selections"),
        (marked(selections=[]), "malformed selections"),
        (marked(selections={"c2": ["write_ins"]}), "an invalid option"),
        (marked(selections={"c9": ["o1"]}), "counts more for hamburg/c9/o1 than is certified"),
        (marked(style="elsewhere"), "counts more for elsewhere than is certified"),
        (marked(style=1), "without a style"),
        (marked(write_ins={"c2": ["b", "a"]}), "unsorted or repeated"),
        (marked(write_ins={"c2": [["a"]]}), "malformed selections"),
    ],
)
def test_ballot_that_cannot_be_counted_is_refused(
    tmp_path: Path, told: Told, verifier: Verifier, vote: Vote, why: str
) -> None:
    cast = [vote, *CAST[1:]]
    entries = [*(one.entry for one in cast), *certified(CAST)]
    log = told(entries, publish_openings(tmp_path / "log/openings", cast))
    err = verifier.log(log).err
    assert err.startswith(f"refused: {chunk_of(cast[:100])}: line 1: ")
    assert why in err


def outside(index: dict[str, Any]) -> None:
    index["chunks"][0]["sha256"] = "../../checkpoint"


def named(index: dict[str, Any]) -> None:
    index["chunks"][0]["name"] = "../../checkpoint"


def emptied(index: dict[str, Any]) -> None:
    index["chunks"][0]["ballots"] = 0


def not_added(index: dict[str, Any]) -> None:
    index["ballots"] += 1


def shortened(index: dict[str, Any]) -> None:
    index["ballots"] -= index["chunks"].pop()["ballots"]


def lengthened(index: dict[str, Any]) -> None:
    index["chunks"][0]["ballots"] += 1
    index["chunks"][1]["ballots"] -= 1


def cut(index: dict[str, Any]) -> None:
    index["chunks"][0]["ballots"] -= 1
    index["chunks"][1]["ballots"] += 1


def newer(index: dict[str, Any]) -> None:
    index["version"] = 2


def sampled(index: dict[str, Any]) -> None:
    index["audience"] = "sample"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (outside, f"{INDEX}: a hash is not 64 hexadecimal digits in lower case"),
        (named, f"{INDEX}: an index with a malformed chunk"),
        (emptied, f"{INDEX}: an index with an empty chunk"),
        (not_added, f"{INDEX}: an index whose chunks do not add up"),
        (shortened, f"{INDEX}: opens 200 ballots instead of 250"),
        (lengthened, f"{FIRST}: line 101: too long or missing"),
        (cut, f"{FIRST}: more than 99 lines"),
        (newer, f"{INDEX}: not an index of openings of version 1"),
        (sampled, f"{INDEX}: not an index of openings of version 1"),
    ],
)
def test_index_that_is_wrong_is_refused(
    public: Path,
    told: Told,
    verifier: Verifier,
    change: Callable[[dict[str, Any]], None],
    why: str,
) -> None:
    assert verifier.log(rewritten(public, told, change)).err == f"refused: {why}\n"


def test_index_larger_than_it_can_be_is_not_read(
    public: Path, told: Told, verifier: Verifier
) -> None:
    def padded(index: dict[str, Any]) -> None:
        index["padding"] = "a" * 100_000

    err = verifier.log(rewritten(public, told, padded)).err
    assert err.startswith(f"refused: {INDEX}: more than ")


def test_auditors_openings_are_recounted_from_their_folder(
    tmp_path: Path, told: Told, verifier: Verifier
) -> None:
    log = told(STORY, publish_openings(tmp_path / "given", CAST, "auditors"))
    ended = verifier.log(log)
    assert f"not checked  openings     {ELECTION}: those for auditors: none given" in ended.out
    ended = verifier.log(log, "--openings", tmp_path / "given")
    assert f"{ELECTION}: 250 ballots recounted" in ended.out
    chunk = tmp_path / "given" / ELECTION / Path(LAST).name
    chunk.write_bytes(chunk.read_bytes().replace(b"o1", b"o2", 1))
    ended = verifier.log(log, "--openings", tmp_path / "given")
    assert ended.err == f"refused: {chunk}: does not match its hash in the index\n"


def test_auditors_openings_are_found_as_their_store_has_them(
    tmp_path: Path, told: Told, verifier: Verifier
) -> None:
    log = told(STORY, publish_openings(tmp_path / "given/openings", CAST, "auditors"))
    ended = verifier.log(log, "--openings", tmp_path / "given")
    assert f"{ELECTION}: 250 ballots recounted" in ended.out


def test_folder_of_openings_that_is_none_is_told(public: Path, verifier: Verifier) -> None:
    ended = verifier.log(public, "--openings", public / "checkpoint")
    assert ended.code == 2
    assert "is not a folder" in ended.err


MANY = votes(1500, seed=3)
MANY_STORY = story(MANY)


def sampling(tmp_path: Path, verifier: Verifier, drawn: list[Vote], **why: Any) -> Ended:
    """A log whose smallest tree head with the certification has 1506 entries."""
    entry = publish_openings(tmp_path / "log/openings", drawn, "sample", **why)
    sizes = [10, len(MANY_STORY) - 3, len(MANY_STORY), len(MANY_STORY) + 1]
    publish(tmp_path / "log", LOG, [*MANY_STORY, entry], sizes)
    return verifier.log(tmp_path / "log")


def drawn() -> tuple[list[Vote], dict[str, Any]]:
    size = len(MANY_STORY)
    return sample(MANY, root_at(MANY_STORY, size), size)


def test_sample_is_exactly_what_the_root_draws(tmp_path: Path, verifier: Verifier) -> None:
    cast, why = drawn()
    assert 100 < len(cast) < 200
    ended = sampling(tmp_path, verifier, cast, **why)
    assert (ended.code, ended.err) == (0, "")
    assert f"the {len(cast):,} ballots of the sample" in ended.out


def test_sample_with_one_ballot_less_is_refused(tmp_path: Path, verifier: Verifier) -> None:
    cast, why = drawn()
    ended = sampling(tmp_path, verifier, cast[1:], **why)
    assert f"opens {len(cast) - 1} ballots instead of {len(cast)}" in ended.err


def test_sample_with_another_ballot_is_refused(tmp_path: Path, verifier: Verifier) -> None:
    cast, why = drawn()
    other = next(vote for vote in MANY if vote not in cast)
    ended = sampling(tmp_path, verifier, [*cast[1:], other], **why)
    assert "which is not in the sample" in ended.err


def test_sample_drawn_by_another_root_is_refused(tmp_path: Path, verifier: Verifier) -> None:
    size = len(MANY_STORY) - 3
    cast, why = sample(MANY, root_at(MANY_STORY, size), size)
    ended = sampling(tmp_path, verifier, cast, **why)
    assert f"is drawn by the root at size {len(MANY_STORY)}, below " in ended.err


def test_sample_below_another_bound_is_refused(tmp_path: Path, verifier: Verifier) -> None:
    size = len(MANY_STORY)
    cast, why = sample(MANY, root_at(MANY_STORY, size), size, least=100)
    ended = sampling(tmp_path, verifier, cast, **why)
    assert f"is drawn by the root at size {size}, below " in ended.err


def test_bound_is_that_of_the_specification() -> None:
    assert sample_bound(2**20) == 1000 * 2**236
    assert sample_bound(30_000) == 2**256 // 30
    for ballots in (0, 1, 999, 10_000):
        assert sample_bound(ballots) == 2**256 // 10
