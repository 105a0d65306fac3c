"""A witness signs a growing log, and never two trees of which neither extends the other."""

from base64 import b64decode
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from civic.monitor.witness.key import WitnessKey
from civic.monitor.witness.memory import LogMemory
from civic.monitor.witness.witness import (
    FIRST_SIGHT,
    Contradicted,
    Older,
    Signed,
    SizeDiffers,
    Unchanged,
    Witness,
)
from civic.terminal.failures import CommandFailed
from civic.verifier.checkpoints import open_checkpoint
from civic.verifier.errors import Missing, NoteRefused, ProofRefused
from civic.verifier.main import main as civic_verify
from civic.verifier.notes import VerifierKey, open_note
from tests.fakes.forked_log import ORIGIN, ForkedLog, Shown, entries, proof_of

NOW = 1_700_000_000
VKEY = "witness.example/w1+eb762cc2+BNdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea"
LINE = (
    "— witness.example/w1 63YswgAAAABkGFDL6GNWDF64e6ygIyXoya7MOK1qyYV86MB4nn2mkgeOcommxN59V/KZeUKg"
    "ccjEOFZIX96Y0SBg/JnsytK+o11RBw==\n"
)
LOG = ForkedLog()
SIZES = (1, 2, 3, 5, 7, 8, 255, 256, 257, 513)


type Branches = tuple[list[VerifierKey], list[Path], list[Path]]


class Crash(Exception):
    """The witness crashed."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "witness"


@pytest.fixture
def memory(folder: Path) -> LogMemory:
    return LogMemory(folder, ORIGIN)


@pytest.fixture
def key(folder: Path) -> WitnessKey:
    return WitnessKey.create(folder, "witness.example/w1")


@pytest.fixture
def witness(key: WitnessKey, memory: LogMemory) -> Witness:
    return Witness(key, LOG.key, memory, lambda: NOW)


def look(witness: Witness, tree: Sequence[bytes]) -> Signed | Unchanged | Older:
    """Show a witness all published objects of a tree."""
    return witness.look(LOG.note(tree), Shown(LOG.objects(tree)).read)


def signed_sizes(folder: Path) -> list[int]:
    return sorted(int(one.name) for one in folder.glob("*/checkpoints/*"))


# ------------------------------------------------------------------ cosignatures


def test_cosignature_is_the_specified_one() -> None:
    """A known answer: the key of RFC 8032 section 7.1 test 1, assembled by hand with hashlib."""
    private = Ed25519PrivateKey.from_private_bytes(
        bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    )
    key = WitnessKey("witness.example/w1", private)
    text = b"civic.example/log\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    assert str(key.public) == VKEY
    assert key.cosign(text, 1679315147) == LINE


def test_cosignature_is_of_type_4_with_name_and_time(key: WitnessKey, witness: Witness) -> None:
    outcome = look(witness, entries(5))
    assert isinstance(outcome, Signed)
    dash, name, blob = outcome.line.rstrip("\n").split(" ")
    raw = b64decode(blob)
    assert (dash, name) == ("—", "witness.example/w1")
    assert raw[:4] == key.public.id
    assert int.from_bytes(raw[4:12]) == NOW
    assert len(raw) == 76


def test_kept_checkpoint_is_signed_by_log_and_witness(
    key: WitnessKey, witness: Witness, memory: LogMemory
) -> None:
    look(witness, entries(5))
    for kept in ("checkpoint", "checkpoints/5"):
        checkpoint = open_checkpoint((memory.folder / kept).read_bytes(), LOG.key, [key.public])
        assert checkpoint.head.size == 5
        assert [one.time for one in checkpoint.cosignatures] == [NOW]


def test_logs_own_line_is_kept_wherever_it_stands(witness: Witness, memory: LogMemory) -> None:
    """It follows a line with the same name by another key, and one with the same key ID."""
    tree = entries(5)
    text, _, own = LOG.note(tree).rpartition(b"\n\n")
    text += b"\n"
    namesake = ForkedLog(seed="another's").signer.line(text)
    same_id = "— other.example/log ".encode() + own.split(b" ")[2]
    witness.look(text + b"\n" + namesake + same_id + own, Shown({}).read)
    assert memory.last() == LOG.note(tree)
    look(witness, entries(7))
    assert (memory.folder / "checkpoints" / "7").read_bytes().startswith(LOG.note(entries(7)))


def test_lines_of_others_are_not_kept(key: WitnessKey, witness: Witness, memory: LogMemory) -> None:
    """A line that does not verify would make readers refuse the whole checkpoint."""
    tree = entries(5)
    spoilt = "— witness.example/w1 " + LINE.split(" ")[2]
    broken = WitnessKey("witness.example/w1", Ed25519PrivateKey.generate())
    false_line = broken.cosign(LOG.note(tree)[:-10], NOW)
    note = LOG.note(tree) + false_line.encode() + spoilt.encode()
    witness.look(note, Shown(LOG.objects(tree)).read)
    kept = (memory.folder / "checkpoint").read_bytes()
    assert kept.count("—".encode()) == 2
    open_note(kept, [key.public, LOG.key])


# ------------------------------------------------------------------ a log that grows


@pytest.mark.parametrize("first", SIZES)
def test_log_that_grows_is_signed_from_every_size(
    folder: Path, witness: Witness, first: int
) -> None:
    look(witness, entries(first))
    later = [size for size in SIZES if size > first]
    for size in later:
        assert isinstance(look(witness, entries(size)), Signed)
    assert signed_sizes(folder) == [first, *later]


def test_first_sight_is_told(witness: Witness) -> None:
    first, second = look(witness, entries(5)), look(witness, entries(6))
    assert isinstance(first, Signed)
    assert isinstance(second, Signed)
    assert (first.first, second.first) == (True, False)
    assert FIRST_SIGHT == (
        "first sight: this checkpoint is trusted, and all later ones must agree with it"
    )


def test_what_did_not_change_needs_no_tiles(witness: Witness) -> None:
    look(witness, entries(5))
    assert isinstance(witness.look(LOG.note(entries(5)), Shown({}).read), Unchanged)


def test_log_that_is_witnessed_is_known(witness: Witness) -> None:
    assert witness.log == LOG.key


def test_what_did_not_change_is_not_signed_again(witness: Witness) -> None:
    look(witness, entries(3))
    look(witness, entries(5))
    assert look(witness, entries(5)) == Unchanged(
        open_checkpoint(LOG.note(entries(5)), LOG.key).head
    )


def test_empty_log_is_signed_and_grows(folder: Path, witness: Witness) -> None:
    look(witness, [])
    look(witness, entries(3))
    assert signed_sizes(folder) == [0, 3]


def test_checkpoint_of_another_key_is_refused(folder: Path, witness: Witness) -> None:
    forged = ForkedLog(seed="another's").note(entries(5))
    with pytest.raises(NoteRefused):
        witness.look(forged, Shown({}).read)
    assert signed_sizes(folder) == []


# ------------------------------------------------------------------ a log that forks


@pytest.mark.parametrize("first", SIZES)
def test_fork_is_never_signed(folder: Path, witness: Witness, first: int) -> None:
    """Whatever size was signed last, and wherever the fork is: at the start, middle or end."""
    look(witness, entries(first))
    for size in [one for one in SIZES if one >= first]:
        for fork_at in sorted({0, first // 2, first - 1}):
            with pytest.raises(Contradicted):
                look(witness, entries(size, fork_at))
    assert signed_sizes(folder) == [first]


def test_fork_at_the_same_size_needs_no_tiles(witness: Witness) -> None:
    look(witness, entries(5))
    with pytest.raises(Contradicted):
        witness.look(LOG.note(entries(5, 2)), Shown({}).read)


@pytest.fixture
def set_back(witness: Witness, memory: LogMemory) -> Witness:
    """A witness whose state comes from a backup older than its signatures."""
    look(witness, entries(5))
    look(witness, entries(7))
    memory.remember(LOG.note(entries(5)))
    return witness


def test_state_that_was_set_back_does_not_let_another_branch_in(
    folder: Path, set_back: Witness
) -> None:
    with pytest.raises(Contradicted) as contradicted:
        look(set_back, entries(7, 5))
    assert (contradicted.value.evidence / "first").read_bytes() == LOG.note(entries(7))
    with pytest.raises(Contradicted):
        set_back.add(5, proof_of(5, entries(7, 5)), LOG.note(entries(7, 5)))
    assert signed_sizes(folder) == [5, 7]


def test_state_that_was_set_back_is_made_up_for(set_back: Witness, memory: LogMemory) -> None:
    assert isinstance(look(set_back, entries(7)), Signed)
    assert memory.last() == LOG.note(entries(7))


def test_log_may_go_on_where_it_was_signed(folder: Path, witness: Witness) -> None:
    look(witness, entries(5))
    with pytest.raises(Contradicted):
        look(witness, entries(7, 2))
    look(witness, entries(7))
    assert signed_sizes(folder) == [5, 7]


def test_branch_after_what_was_signed_is_growth(folder: Path, witness: Witness) -> None:
    look(witness, entries(5))
    look(witness, entries(7, 5))
    assert signed_sizes(folder) == [5, 7]


def test_evidence_convinces_whoever_has_the_logs_key(witness: Witness) -> None:
    old, new = entries(5), entries(300, 2)
    look(witness, old)
    with pytest.raises(Contradicted) as contradicted:
        look(witness, new)
    kept = contradicted.value.evidence
    first = open_checkpoint((kept / "first").read_bytes(), LOG.key).head
    second = open_checkpoint((kept / "second").read_bytes(), LOG.key).head
    held, *hashes = [
        b64decode(line, validate=True) for line in (kept / "proof").read_text().splitlines()
    ]
    assert (first.size, second.size) == (5, 300)
    # The second tree's own first five entries have another root than the log has signed for them.
    assert hashes == proof_of(5, new)
    assert held != first.root


def test_evidence_has_a_folder_for_each_pair(folder: Path, witness: Witness) -> None:
    look(witness, entries(5))
    for size, fork_at in ((5, 2), (7, 2), (7, 2), (7, 3)):
        with pytest.raises(Contradicted):
            look(witness, entries(size, fork_at))
    look(witness, entries(6))
    with pytest.raises(Contradicted):
        look(witness, entries(7, 2))
    kept = list(folder.glob("*/evidence/*"))
    assert len(kept) == 4
    assert all(
        {one.name for one in pair.iterdir()} == {"first", "second", "proof"} for pair in kept
    )


def test_both_checkpoints_are_named(witness: Witness) -> None:
    look(witness, entries(5))
    with pytest.raises(Contradicted) as contradicted:
        look(witness, entries(5, 2))
    told = str(contradicted.value)
    assert told.startswith(f"THE LOG CONTRADICTS ITSELF: {ORIGIN} has signed\n  5 entries with")
    assert told.endswith("docs/witnesses.md explains how.")
    heads = [open_checkpoint(LOG.note(one), LOG.key).head for one in (entries(5), entries(5, 2))]
    assert all(head.root.hex() in told for head in heads)
    assert str(contradicted.value.evidence) in told


@pytest.mark.parametrize("spoil", ["tile/0/000", "tile/0/001.p/44"])
def test_tiles_of_another_tree_are_no_evidence(folder: Path, witness: Witness, spoil: str) -> None:
    tree = entries(300)
    look(witness, entries(200))
    objects = LOG.objects(tree)
    objects[spoil] = bytes(len(objects[spoil]))
    with pytest.raises(ProofRefused):
        witness.look(LOG.note(tree), Shown(objects).read)
    assert signed_sizes(folder) == [200]
    assert not list(folder.glob("*/evidence"))


def test_missing_tiles_are_no_evidence(folder: Path, witness: Witness) -> None:
    look(witness, entries(5))
    with pytest.raises(Missing):
        witness.look(LOG.note(entries(7)), Shown({}).read)
    assert signed_sizes(folder) == [5]


# ------------------------------------------------------------------ a log that shrinks


def test_old_checkpoint_is_neither_signed_nor_evidence(folder: Path, witness: Witness) -> None:
    look(witness, entries(5))
    look(witness, entries(7))
    outcome = look(witness, entries(5))
    assert isinstance(outcome, Older)
    assert outcome.consistent
    assert signed_sizes(folder) == [5, 7]


def test_old_checkpoint_that_was_signed_needs_no_tiles(witness: Witness) -> None:
    look(witness, entries(5))
    look(witness, entries(7))
    outcome = witness.look(LOG.note(entries(5)), Shown({}).read)
    assert isinstance(outcome, Older)
    assert outcome.consistent


def test_old_size_with_another_root_is_evidence(witness: Witness) -> None:
    look(witness, entries(5))
    look(witness, entries(7))
    with pytest.raises(Contradicted):
        witness.look(LOG.note(entries(5, 2)), Shown(LOG.objects(entries(7))).read)


def test_old_checkpoint_that_was_never_signed_is_proven_by_tiles(witness: Witness) -> None:
    look(witness, entries(7))
    outcome = witness.look(LOG.note(entries(5)), Shown(LOG.objects(entries(7))).read)
    assert isinstance(outcome, Older)
    assert outcome.consistent


def test_old_checkpoint_without_tiles_is_told_as_such(witness: Witness) -> None:
    look(witness, entries(7))
    outcome = witness.look(LOG.note(entries(5)), Shown({}).read)
    assert isinstance(outcome, Older)
    assert outcome.consistent is None


def test_smaller_tree_of_another_branch_is_evidence(folder: Path, witness: Witness) -> None:
    look(witness, entries(7))
    with pytest.raises(Contradicted):
        witness.look(LOG.note(entries(5, 2)), Shown(LOG.objects(entries(7))).read)
    assert signed_sizes(folder) == [7]


def test_rollback_does_not_let_another_branch_in(folder: Path, witness: Witness) -> None:
    look(witness, entries(7))
    look(witness, entries(5))
    with pytest.raises(Contradicted):
        look(witness, entries(7, 5))
    assert signed_sizes(folder) == [7]


# ------------------------------------------------------------------ a witness that dies


@pytest.fixture
def dying(
    key: WitnessKey, witness: Witness, memory: LogMemory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Witness]:
    """A witness that has signed five entries and crashes before it signs again."""

    def die(text: bytes, _time: int) -> str:
        kept = memory.last()
        assert kept is not None
        assert kept.startswith(text), "signed before it was remembered"
        raise Crash

    look(witness, entries(5))
    with monkeypatch.context() as patch:
        patch.setattr(key, "cosign", die)
        yield witness


def test_crash_before_the_signature_allows_no_other_branch(
    folder: Path, dying: Witness, memory: LogMemory
) -> None:
    with pytest.raises(Crash):
        look(dying, entries(7))
    risen = Witness(WitnessKey.load(folder), LOG.key, memory, lambda: NOW)
    with pytest.raises(Contradicted):
        look(risen, entries(7, 5))
    with pytest.raises(Contradicted):
        look(risen, entries(9, 6))
    with pytest.raises(Contradicted):
        risen.add(7, [], LOG.note(entries(7, 5)))
    assert signed_sizes(folder) == [5]


def test_crash_before_the_signature_is_made_up_for(
    folder: Path, dying: Witness, memory: LogMemory
) -> None:
    with pytest.raises(Crash):
        look(dying, entries(7))
    risen = Witness(WitnessKey.load(folder), LOG.key, memory, lambda: NOW)
    assert isinstance(look(risen, entries(7)), Signed)
    assert signed_sizes(folder) == [5, 7]


def test_crash_while_remembering_leaves_what_was(
    witness: Witness, memory: LogMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    look(witness, entries(5))
    before = memory.last()

    def die(*_: object) -> None:
        raise Crash

    monkeypatch.setattr("os.fsync", die)
    with pytest.raises(Crash):
        look(witness, entries(7))
    assert memory.last() == before


# ------------------------------------------------------------------ a start that is vouched for


def test_start_that_is_vouched_for_binds(folder: Path, witness: Witness) -> None:
    witness.trust(LOG.note(entries(5)))
    with pytest.raises(Contradicted):
        look(witness, entries(7, 2))
    look(witness, entries(7))
    assert signed_sizes(folder) == [7]


def test_start_is_for_the_first_sight_only(witness: Witness) -> None:
    look(witness, entries(5))
    with pytest.raises(CommandFailed):
        witness.trust(LOG.note(entries(5, 2)))


def test_start_of_another_log_is_refused(witness: Witness) -> None:
    with pytest.raises(NoteRefused):
        witness.trust(ForkedLog(seed="another's").note(entries(5)))


# ------------------------------------------------------------------ proofs that are brought


@pytest.mark.parametrize("first", SIZES)
def test_proof_that_is_brought_is_checked(folder: Path, witness: Witness, first: int) -> None:
    witness.add(0, [], LOG.note(entries(first)))
    for size in [one for one in SIZES if one > first]:
        good, forked = entries(size), entries(size, first - 1)
        with pytest.raises(ProofRefused):
            witness.add(first, proof_of(first, forked), LOG.note(forked))
        with pytest.raises(ProofRefused):
            witness.add(first, [*proof_of(first, good), bytes(32)], LOG.note(good))
    good = entries(601)
    witness.add(first, proof_of(first, good), LOG.note(good))
    assert signed_sizes(folder) == [first, 601]


def test_proof_from_another_size_is_told_which_it_must_be(witness: Witness) -> None:
    with pytest.raises(SizeDiffers) as differs:
        witness.add(3, [], LOG.note(entries(3)))
    assert differs.value.size == 0
    assert str(differs.value) == "the checkpoint signed last has 0 entries"
    witness.add(0, [], LOG.note(entries(5)))
    for old in (0, 4, 6):
        with pytest.raises(SizeDiffers) as differs:
            witness.add(old, proof_of(4, entries(7)), LOG.note(entries(7)))
        assert differs.value.size == 5


def test_same_checkpoint_again_is_signed_again(witness: Witness) -> None:
    first = witness.add(0, [], LOG.note(entries(5)))
    again = witness.add(5, [], LOG.note(entries(5)))
    assert (first.first, again.first) == (True, False)


@pytest.mark.parametrize("old", [0, 5])
def test_same_size_with_another_root_is_evidence(folder: Path, witness: Witness, old: int) -> None:
    witness.add(0, [], LOG.note(entries(5)))
    with pytest.raises(Contradicted):
        witness.add(old, [], LOG.note(entries(5, 2)))
    assert signed_sizes(folder) == [5]


# ------------------------------------------------------------------ two witnesses, two views


@pytest.fixture
def branches(tmp_path: Path) -> Branches:
    """Two witnesses, what each was shown, and what each has signed of it."""
    vkeys, shown, kept = list[VerifierKey](), list[Path](), list[Path]()
    both = entries(7), entries(7, 5)
    for name, tree, other in (("left", *both), ("right", *both[::-1])):
        key = WitnessKey.create(tmp_path / name, f"{name}.example/w")
        memory = LogMemory(tmp_path / name, ORIGIN)
        one = Witness(key, LOG.key, memory, lambda: NOW)
        look(one, entries(5))
        look(one, tree)
        with pytest.raises(Contradicted):
            look(one, other)
        vkeys.append(key.public)
        shown.append(tmp_path / f"shown {name}")
        LOG.publish(shown[-1], tree)
        kept.append(memory.folder / "checkpoint")
    return vkeys, shown, kept


def test_split_view_gets_one_witness_each(branches: Branches) -> None:
    vkeys, _, kept = branches
    opened = [open_checkpoint(one.read_bytes(), LOG.key, vkeys) for one in kept]
    assert [[one.key for one in each.cosignatures] for each in opened] == [[one] for one in vkeys]


def test_signatures_of_two_branches_cannot_be_put_together(branches: Branches) -> None:
    vkeys, _, kept = branches
    stolen = kept[0].read_bytes() + kept[1].read_bytes().splitlines(keepends=True)[-1]
    with pytest.raises(NoteRefused):
        open_checkpoint(stolen, LOG.key, vkeys)


@pytest.mark.parametrize("view", [0, 1])
def test_reader_of_two_witnesses_refuses_either_view(
    branches: Branches, view: int, capsys: pytest.CaptureFixture[str]
) -> None:
    vkeys, shown, kept = branches
    asked = ["log", str(shown[view]), "--key", str(LOG.key)]
    asked += [word for one in vkeys for word in ("--witness", str(one))]
    own = ["--cosigned", str(kept[view])]
    assert civic_verify([*asked, *own, "--quorum", "1"]) == 0
    assert civic_verify([*asked, *own, "--quorum", "2"]) == 1
    assert civic_verify([*asked, *own, "--cosigned", str(kept[1 - view]), "--quorum", "1"]) == 1
    capsys.readouterr()


def test_reader_of_two_witnesses_accepts_what_both_have_signed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    LOG.publish(tmp_path / "log", entries(7))
    asked = ["log", str(tmp_path / "log"), "--key", str(LOG.key), "--quorum", "2"]
    for name in ("left", "right"):
        key = WitnessKey.create(tmp_path / name, f"{name}.example/w")
        memory = LogMemory(tmp_path / name, ORIGIN)
        look(Witness(key, LOG.key, memory, lambda: NOW), entries(7))
        asked += ["--witness", str(key.public), "--cosigned", str(memory.folder / "checkpoint")]
    assert civic_verify(asked) == 0
    capsys.readouterr()
