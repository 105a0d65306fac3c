"""A correct log passes; a flipped byte or a missing object is refused by its name."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.fakes.naive_election import ELECTION, certified, event, story, votes
from tests.fakes.naive_log import Signer, leaf_hash, mth, publish, receipt, tree_head
from tests.unit.verifier.commands import LOG, WITNESSES, Verifier

CAST = votes(700)
ENTRIES = story(CAST)
SIZES = [0, 1, 5, 256, 300, 512, len(ENTRIES)]
BALLOT = 20
"""The index of a ballot's entry."""


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("log")
    publish(folder, LOG, ENTRIES, SIZES)
    return folder


@pytest.fixture(scope="module")
def deep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three levels of tiles: more than 256 bundles."""
    folder = tmp_path_factory.mktemp("deep")
    entries = [vote.entry for vote in votes(65536 + 300)]
    publish(folder, LOG, entries, [1000, 65536, len(entries)])
    return folder


@pytest.fixture
def log(good: Path, tmp_path: Path) -> Path:
    return shutil.copytree(good, tmp_path / "log")


@pytest.fixture
def published(tmp_path: Path) -> Callable[..., Path]:
    def make(*entries: bytes, sizes: list[int] | None = None) -> Path:
        folder = tmp_path / "made"
        publish(folder, LOG, entries, sizes or [len(entries)])
        return folder

    return make


def objects(folder: Path) -> list[str]:
    found = (place for place in folder.rglob("*") if place.is_file())
    return sorted(str(place.relative_to(folder)) for place in found)


def flipped(folder: Path) -> Iterator[tuple[str, int]]:
    """Flip a bit at some places of each object, one at a time, and restore it afterwards."""
    for name in objects(folder):
        place = folder / name
        content = place.read_bytes()
        for at in sorted({0, 1, len(content) // 2, len(content) - 1}):
            altered = bytearray(content)
            altered[at] ^= 1
            place.write_bytes(altered)
            yield name, at
        place.write_bytes(content)


def test_log_that_is_right_passes_every_check(good: Path, verifier: Verifier) -> None:
    code, out, err = verifier.log(good)
    assert (code, err) == (0, "")
    assert f"{len(SIZES)} tree heads signed by civic.example/log" in out
    assert f"{len(ENTRIES)} entries in 3 bundles hash to 4 tiles" in out
    assert "700 ballots and 6 events, none twice" in out
    assert f"{ELECTION}: 700 ballots, as certified" in out


def test_report_says_what_was_not_checked(good: Path, verifier: Verifier) -> None:
    out = verifier.log(good).out
    assert "not checked  receipts     none given (--receipt)" in out
    assert "not checked  witnesses    no keys given (--witness)" in out


def test_report_is_json_on_demand(good: Path, verifier: Verifier) -> None:
    document = json.loads(verifier.log(good, "--json").out)
    assert document["verified"] is True
    by_name = {one["check"]: one for one in document["checks"]}
    assert by_name["checkpoints"]["signed"] == len(SIZES)
    assert by_name["tree"]["size"] == len(ENTRIES)
    assert by_name["entries"]["events"]["StyleCertified"] == 2
    assert by_name["elections"]["ballots"] == 700
    assert {one["check"] for one in document["not_checked"]} >= {"receipts", "witnesses"}


def test_every_flipped_byte_is_refused_with_its_object(log: Path, verifier: Verifier) -> None:
    seen = set()
    for name, at in flipped(log):
        code, out, err = verifier.log(log)
        assert (code, out) == (1, ""), (name, at)
        assert err.startswith(f"refused: {name}: "), (name, at, err)
        assert err.count("\n") == 1
        seen.add(name)
    assert seen == set(objects(log))
    assert verifier.log(log).code == 0


@pytest.mark.parametrize("name", ["tile/entries/000", "tile/0/000", "tile/1/000.p/2"])
def test_something_after_the_end_of_an_object_is_refused(
    log: Path, verifier: Verifier, name: str
) -> None:
    (log / name).write_bytes((log / name).read_bytes() + bytes(2))
    assert verifier.log(log).err.startswith(f"refused: {name}: ")


def test_every_missing_object_is_named(log: Path, verifier: Verifier) -> None:
    needed = {
        "checkpoint",
        f"checkpoints/{len(ENTRIES)}",
        "tile/0/000",
        "tile/0/002.p/194",
        "tile/1/000.p/2",
        "tile/entries/001",
        "tile/entries/002.p/194",
    }
    for name in needed:
        (log / name).rename(log / "away")
        assert verifier.log(log).err == f"refused: {name}: missing\n"
        (log / "away").rename(log / name)


def test_what_is_of_earlier_sizes_may_be_gone(log: Path, verifier: Verifier) -> None:
    for name in objects(log):
        newest = {"194", "2", str(len(ENTRIES))}
        if (".p/" in name or name.startswith("checkpoints/")) and Path(name).name not in newest:
            (log / name).unlink()
    code, out, _ = verifier.log(log)
    assert code == 0
    assert "1 tree head signed" in out
    assert "earlier" not in out


@pytest.mark.parametrize(
    ("name", "at"),
    [
        ("tile/2/000.p/1", 31),
        ("tile/1/000", 32 * 77),
        ("tile/1/001.p/1", 0),
        ("tile/0/077", 32 * 5),
        ("tile/0/256", 9),
        ("tile/0/257.p/44", 1400),
        ("tile/entries/000", 30),
        ("tile/entries/077", 4000),
        ("tile/entries/257.p/44", 40),
        ("tile/1/000.p/3", 40),
    ],
)
def test_wrong_object_of_a_large_log_is_named(
    deep: Path, verifier: Verifier, name: str, at: int
) -> None:
    place = deep / name
    content = place.read_bytes()
    place.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
    try:
        assert verifier.log(deep).err.startswith(f"refused: {name}: ")
    finally:
        place.write_bytes(content)


def test_large_log_passes(deep: Path, verifier: Verifier) -> None:
    code, out, _ = verifier.log(deep)
    assert code == 0
    assert "65,836 entries in 258 bundles hash to 261 tiles" in out


def test_entry_that_differs_from_its_tile_is_named_by_its_index(
    log: Path, verifier: Verifier
) -> None:
    bundle = log / "tile/entries/001"
    bundle.write_bytes(bundle.read_bytes().replace(CAST[300].entry, CAST[301].entry, 1))
    # Two entries precede the ballots.
    assert verifier.log(log).err.startswith("refused: tile/entries/001: entry 302: ")


def test_entry_altered_together_with_its_tile_is_named(log: Path, verifier: Verifier) -> None:
    other = votes(1, seed=99)[0]
    for name in objects(log):
        content = (log / name).read_bytes()
        content = content.replace(CAST[300].entry, other.entry)
        (log / name).write_bytes(content.replace(CAST[300].leaf, other.leaf))
    err = verifier.log(log).err
    assert err == "refused: tile/entries/001: does not match its hash in tile/1/000.p/2\n"


def test_tile_altered_together_with_the_one_above_is_named(log: Path, verifier: Verifier) -> None:
    """The bundle still leads to the root, whatever the two tiles say about each other."""
    tile, above = log / "tile/0/001", log / "tile/1/000.p/2"
    altered = bytes([tile.read_bytes()[0] ^ 1]) + tile.read_bytes()[1:]
    tile.write_bytes(altered)
    parts = [altered[start : start + 32] for start in range(0, len(altered), 32)]
    above.write_bytes(above.read_bytes()[:32] + mth(parts))
    err = verifier.log(log).err
    assert err == "refused: tile/0/001: does not lead to the signed root\n"


def test_good_tile_is_not_blamed_for_what_is_wrong_elsewhere(log: Path, verifier: Verifier) -> None:
    """Nothing leads to the root: the bundle is wrong, and so is the sibling of its tile above."""
    for name, at in [("tile/entries/000", 4000), ("tile/1/000.p/2", 40)]:
        content = (log / name).read_bytes()
        (log / name).write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
    assert verifier.log(log).err.startswith("refused: tile/entries/000: entry ")


def test_tree_altered_up_to_its_root_is_not_the_signed_one(
    log: Path, verifier: Verifier, tmp_path: Path
) -> None:
    other = votes(1, seed=99)[0]
    forged = [other.entry if entry == CAST[300].entry else entry for entry in ENTRIES]
    publish(tmp_path / "forged", LOG, forged, SIZES)
    shutil.copytree(tmp_path / "forged" / "tile", log / "tile", dirs_exist_ok=True)
    err = verifier.log(log).err
    assert err.startswith("refused: checkpoints/512: ")
    assert "its root is not that of the first 512 entries" in err


def test_two_tree_heads_of_one_size_are_refused(log: Path, verifier: Verifier) -> None:
    text = tree_head(LOG.name, [bytes(32)] * len(ENTRIES))
    (log / "checkpoint").write_bytes(text + b"\n" + LOG.line(text))
    assert verifier.log(log).err.startswith("refused: checkpoint: has a different root from ")


def test_newest_is_what_was_signed_last_whatever_is_called_so(
    log: Path, verifier: Verifier
) -> None:
    """A log first signs and then publishes the newest; a copy may be made in between."""
    shutil.copy(log / "checkpoints/512", log / "checkpoint")
    ended = verifier.log(log)
    assert ended.code == 0
    assert f"{len(ENTRIES)} entries in 3 bundles" in ended.out


def test_checkpoint_at_the_place_of_another_is_refused(log: Path, verifier: Verifier) -> None:
    shutil.copy(log / "checkpoints/5", log / "checkpoints/6")
    assert verifier.log(log).err == "refused: checkpoints/6: covers 5 entries\n"
    (log / "checkpoints/6").rename(log / "checkpoints/05")
    assert verifier.log(log).err.startswith("refused: checkpoints/05: its name is not a decimal")


def test_log_of_nothing_passes(verifier: Verifier, published: Callable[..., Path]) -> None:
    assert verifier.log(published(sizes=[0])).code == 0


def test_log_of_one_entry_passes(verifier: Verifier, published: Callable[..., Path]) -> None:
    assert verifier.log(published(CAST[0].entry, sizes=[0, 1])).code == 0


def test_log_without_a_checkpoint_is_refused(verifier: Verifier, tmp_path: Path) -> None:
    assert verifier.log(tmp_path).err == "refused: checkpoint: missing\n"


def test_log_signed_by_another_key_is_refused(good: Path, verifier: Verifier) -> None:
    other = Signer(LOG.name, seed="other")
    ended = verifier("log", good, "--key", other.vkey)
    assert ended.err == "refused: checkpoint: not signed by any known key\n"


def test_later_objects_than_the_newest_head_do_no_harm(log: Path, verifier: Verifier) -> None:
    """What the log has written but not signed yet does not matter."""
    (log / "tile/0/002.p/200").write_bytes(bytes(6400))
    (log / "tile/entries/002.p/200").write_bytes(b"?")
    assert verifier.log(log).code == 0


def test_full_objects_stand_for_partial_ones_that_are_gone(
    verifier: Verifier, tmp_path: Path
) -> None:
    publish(tmp_path, LOG, ENTRIES, [300, 512])
    shutil.copy(tmp_path / "checkpoints/300", tmp_path / "checkpoint")
    (tmp_path / "checkpoints/512").unlink()
    for kind in ("0", "entries"):
        (tmp_path / f"tile/{kind}/001.p/44").unlink()
    shutil.copy(tmp_path / "tile/1/000.p/2", tmp_path / "tile/1/000.p/1")
    (tmp_path / "tile/1/000.p/1").write_bytes((tmp_path / "tile/1/000.p/2").read_bytes()[:32])
    code, out, err = verifier.log(tmp_path)
    assert (code, err) == (0, "")
    assert "300 entries" in out


TWICE = "repeats entry 0"
FORM = "neither a ballot nor an event"


@pytest.mark.parametrize(
    ("entries", "index", "why"),
    [
        ([CAST[0].entry, CAST[0].entry], 1, TWICE),
        ([b""], 0, FORM),
        ([b"civic/ballot/2\n"], 0, FORM),
        ([CAST[0].entry + b"\n"], 0, FORM),
        ([CAST[0].entry.replace(b"=\n", b"\n")], 0, FORM),
        ([CAST[0].entry.replace(ELECTION.encode(), b"7k3m9qx2w5v")], 0, FORM),
        ([b"civic/event/1\nElectionOpened\n{}"], 0, "an event has three lines"),
        ([b"civic/event/1\nelection\n{}\n"], 0, "an event has three lines"),
        ([b"civic/event/1\nElectionOpened\n{}\n\n"], 0, "an event has three lines"),
        ([b'civic/event/1\nElectionOpened\n{"b":1,"a":2}\n'], 0, "not canonical JSON"),
        ([b'civic/event/1\nElectionOpened\n{"a":1,"a":1}\n'], 0, "not canonical JSON"),
        ([b'civic/event/1\nElectionOpened\n{"a": 1}\n'], 0, "not canonical JSON"),
        ([b'civic/event/1\nElectionOpened\n{"a":"\\u0041"}\n'], 0, "not canonical JSON"),
        (
            [b'civic/event/1\nElectionOpened\n{"a":"\\ud800"}\n'],
            0,
            "whose numbers are all integers",
        ),
        ([b'civic/event/1\nElectionOpened\n{"a":1.5}\n'], 0, "whose numbers are all integers"),
        ([b'civic/event/1\nElectionOpened\n{"a":NaN}\n'], 0, "whose numbers are all integers"),
        (
            [b'civic/event/1\nElectionOpened\n{"a":9007199254740992}\n'],
            0,
            "whose numbers are all integers",
        ),
        (
            [b"civic/event/1\nElectionOpened\n" + b"[" * 60000 + b"\n"],
            0,
            "whose numbers are all integers",
        ),
        (
            [b"civic/event/1\nElectionOpened\n" + b"9" * 60000 + b"\n"],
            0,
            "whose numbers are all integers",
        ),
        ([b"civic/event/1\nElectionOpened\n[]\n"], 0, "are not an object"),
        ([b"civic/event/1\nElectionOpened\n\xff\n"], 0, "whose numbers are all integers"),
    ],
)
def test_entry_is_refused(
    verifier: Verifier,
    published: Callable[..., Path],
    entries: list[bytes],
    index: int,
    why: str,
) -> None:
    err = verifier.log(published(*entries)).err
    assert err.startswith(f"refused: tile/entries/000.p/{len(entries)}: entry {index}: ")
    assert why in err
    assert "Traceback" not in err


BALLOTS = [vote.entry for vote in CAST[:10]]
RIGHT = certified(CAST[:10])
FIRST, BERLIN, HAMBURG = RIGHT


def with_ballots(entry: bytes, count: object) -> bytes:
    _, name, fields, _ = entry.decode().split("\n")
    changed = json.loads(fields) | {"ballots": count}
    return event(name, **changed)


@pytest.mark.parametrize(
    ("entries", "index", "why"),
    [
        ([*BALLOTS[:9], *RIGHT], 9, "certifies 10 ballots of 7k3m9qx2w5vb, but the log has 9"),
        ([*BALLOTS, FIRST, BERLIN], 10, "but its styles together"),
        ([*BALLOTS, FIRST], 10, "but its styles together have 0"),
        ([*BALLOTS, with_ballots(FIRST, 11), BERLIN, HAMBURG], 10, "certifies 11 ballots"),
        ([*BALLOTS, FIRST, BERLIN, with_ballots(HAMBURG, 1)], 10, "but its styles together"),
        ([*BALLOTS, *RIGHT, CAST[11].entry], 13, "which is already certified"),
        ([*BALLOTS, *RIGHT, with_ballots(FIRST, 11)], 13, "a second time"),
        ([*BALLOTS, *RIGHT, with_ballots(BERLIN, 11)], 13, "a second time"),
        ([*BALLOTS, BERLIN, FIRST, HAMBURG], 10, "not certified yet"),
        ([with_ballots(FIRST, -1)], 0, "a count is absent"),
        ([with_ballots(FIRST, count=True)], 0, "a count is absent"),
        ([with_ballots(FIRST, "1")], 0, "a count is absent"),
        ([with_ballots(FIRST, 2**33)], 0, "a count is absent"),
        ([event("ElectionCertified", ballots=0)], 0, "election is absent"),
        ([event("ElectionCertified", election="short", ballots=0)], 0, "election is absent"),
    ],
)
def test_certification_that_does_not_fit_is_refused(
    verifier: Verifier,
    published: Callable[..., Path],
    entries: list[bytes],
    index: int,
    why: str,
) -> None:
    err = verifier.log(published(*entries)).err
    assert err.startswith(f"refused: tile/entries/000.p/{len(entries)}: entry {index}: ")
    assert why in err


def test_election_that_is_not_certified_is_said_to_be_unchecked(
    verifier: Verifier, published: Callable[..., Path]
) -> None:
    out = verifier.log(published(*BALLOTS)).out
    assert f"not checked  elections    {ELECTION}: 10 ballots, not certified yet" in out


def test_receipt_is_found_in_the_log(log: Path, verifier: Verifier, tmp_path: Path) -> None:
    kept = tmp_path / "receipt"
    kept.write_bytes(receipt(LOG, BALLOT, ENTRIES[:256]))
    document = json.loads(verifier.log(log, "--receipt", kept, "--json").out)
    found = next(one for one in document["checks"] if one["check"] == "receipts")
    assert (found["receipt"], found["index"]) == (str(kept), BALLOT)
    assert found["leaf"] == leaf_hash(ENTRIES[BALLOT]).hex()


def test_receipt_of_a_size_that_was_never_published_is_found(
    log: Path, verifier: Verifier, tmp_path: Path
) -> None:
    kept = tmp_path / "receipt"
    kept.write_bytes(receipt(LOG, BALLOT, ENTRIES[:123]))
    assert verifier.log(log, "--receipt", kept).code == 0


def test_receipt_of_another_tree_shows_that_the_log_was_rewritten(
    log: Path, verifier: Verifier, tmp_path: Path
) -> None:
    kept = tmp_path / "receipt"
    kept.write_bytes(receipt(LOG, BALLOT, [*ENTRIES[:200], b"other"]))
    err = verifier.log(log, "--receipt", kept).err
    assert err.startswith(f"refused: {kept}: is signed by the log, but its root is not that")


def test_receipt_of_an_event_is_refused(log: Path, verifier: Verifier, tmp_path: Path) -> None:
    kept = tmp_path / "receipt"
    kept.write_bytes(receipt(LOG, 0, ENTRIES[:256]))
    assert "is for entry 0, which is not a ballot" in verifier.log(log, "--receipt", kept).err


def test_every_flipped_byte_of_a_receipt_is_refused(
    verifier: Verifier, published: Callable[..., Path], tmp_path: Path
) -> None:
    folder = published(*ENTRIES[:30])
    kept = tmp_path / "receipt"
    content = receipt(LOG, BALLOT, ENTRIES[:27])
    for at in range(len(content)):
        kept.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
        code, _, err = verifier.log(folder, "--receipt", kept)
        assert code == 1, at
        assert err.startswith(f"refused: {kept}: "), (at, err)


def test_old_checkpoint_still_holds(good: Path, verifier: Verifier, tmp_path: Path) -> None:
    kept = tmp_path / "old"
    text = tree_head(LOG.name, [leaf_hash(entry) for entry in ENTRIES[:77]])
    kept.write_bytes(text + b"\n" + LOG.line(text))
    assert "1 checkpoint from earlier in the same tree" in verifier.log(good, "--old", kept).out


def test_old_checkpoint_of_another_tree_is_refused(
    good: Path, verifier: Verifier, tmp_path: Path
) -> None:
    kept = tmp_path / "old"
    text = tree_head(LOG.name, [leaf_hash(entry) for entry in ENTRIES[1:78]])
    kept.write_bytes(text + b"\n" + LOG.line(text))
    err = verifier.log(good, "--old", kept).err
    assert err.startswith(f"refused: {kept}: is signed by the log, but its root")


def test_old_checkpoint_that_is_newer_shows_that_the_log_was_cut(
    good: Path, verifier: Verifier, tmp_path: Path
) -> None:
    kept = tmp_path / "old"
    text = tree_head(LOG.name, [bytes(32)] * 1000)
    kept.write_bytes(text + b"\n" + LOG.line(text))
    err = verifier.log(good, "--old", kept).err
    assert err == f"refused: {kept}: covers 1000 entries, but the log has only 706\n"


def cosigned(place: Path, size: int, *witnesses: Signer) -> Path:
    text = tree_head(LOG.name, [leaf_hash(entry) for entry in ENTRIES[:size]])
    lines = b"".join(witness.line(text) for witness in witnesses)
    place.write_bytes(text + b"\n" + LOG.line(text) + lines)
    return place


def test_witnesses_attest_what_they_signed(good: Path, verifier: Verifier, tmp_path: Path) -> None:
    one, two = WITNESSES
    kept = cosigned(tmp_path / "both", 300, one, two), cosigned(tmp_path / "one", 512, one)
    options = ["--witness", one.vkey, "--witness", two.vkey]
    options += ["--cosigned", str(kept[0]), "--cosigned", str(kept[1])]
    out = verifier.log(good, *options).out
    assert "the first 300 entries are attested by 2 of 2 witnesses" in out
    assert "not checked  witnesses    the last 406 entries are attested by fewer" in out
    out = verifier.log(good, *options, "--quorum", 1).out
    assert "the first 512 entries are attested by 1 of 2 witnesses" in out


def test_witnesses_of_one_size_add_up_over_files(
    good: Path, verifier: Verifier, tmp_path: Path
) -> None:
    one, two = WITNESSES
    kept = cosigned(tmp_path / "one", 512, one), cosigned(tmp_path / "two", 512, two)
    options = ["--witness", one.vkey, "--witness", two.vkey]
    ended = verifier.log(good, *options, "--cosigned", kept[0], "--cosigned", kept[1])
    assert "the first 512 entries are attested by 2 of 2 witnesses" in ended.out


def test_too_few_witnesses_are_refused(good: Path, verifier: Verifier, tmp_path: Path) -> None:
    one, two = WITNESSES
    kept = cosigned(tmp_path / "one", 512, one)
    options = ["--witness", one.vkey, "--witness", two.vkey]
    ended = verifier.log(good, *options, "--cosigned", kept)
    assert ended.code == 1
    assert ended.err == "refused: checkpoint: no tree head is signed by 2 of 2 witnesses\n"


def test_witness_of_another_tree_shows_a_split_view(
    good: Path, verifier: Verifier, tmp_path: Path
) -> None:
    one = WITNESSES[0]
    kept = tmp_path / "other"
    text = tree_head(LOG.name, [bytes(32)] * 512)
    kept.write_bytes(text + b"\n" + LOG.line(text) + one.line(text))
    err = verifier.log(good, "--witness", one.vkey, "--cosigned", kept).err
    assert err.startswith(f"refused: {kept}: is signed by the log, but its root")
