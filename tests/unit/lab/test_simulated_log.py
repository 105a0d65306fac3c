"""The log of a simulated election verifies whatever fails, and no vote waits for it."""

from base64 import b64decode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from civic.audit.adapters.ballots_dynamodb import arrival_of
from civic.audit.errors import LogBroken, NotLogged, StoreUnavailable
from civic.audit.model.journal import Batch
from civic.audit.model.openings import Opening
from civic.audit.model.tiles import Published
from civic.contracts.identifiers import ElectionId, Nullifier
from civic.contracts.log_entries import ballot_entry, commitment
from civic.contracts.voting import ElectionCertified
from civic.lab.memory.audit import FolderHeads, FolderShelf, MemoryJournal
from civic.lab.simulate import command, log_delivery, run
from civic.lab.simulate.electorate import apportioned
from civic.lab.simulate.log_delivery import LogDelivery
from civic.lab.simulate.log_environments import BoxOpenings
from civic.lab.simulate.outcome import LogOutcome, Outcome
from civic.lab.simulate.run import Plan, Simulation
from civic.lab.simulate.stream import StreamRecord, stream_event
from civic.operator.main import main
from civic.stack.workspace import Workspace
from civic.terminal.failures import SettingInvalid
from civic.voting.model.ballot import CommittedBallot

VOTERS = 100

type Held = Callable[[], Outcome]


@pytest.fixture
def held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Held:
    """Return a function that holds an election whose log is written in batches of ten."""
    monkeypatch.setattr(run, "ROUND", 20)
    monkeypatch.setattr(log_delivery, "LOG_BATCH", 10)

    def hold() -> Outcome:
        plan = Plan(apportioned(VOTERS), duplicates=0.1, redeliver=0.5, crash=False, seed=1)
        simulation = Simulation(plan, tmp_path)
        simulation.vote(lambda _: True)
        return simulation.finish()

    return hold


def log_of(outcome: Outcome) -> LogOutcome:
    assert outcome.log is not None
    return outcome.log


def without_log(outcome: Outcome) -> Outcome:
    """Return the outcome for the votes alone."""
    outcome.log = None
    outcome.seconds = 0.0
    return outcome


def test_the_log_has_every_ballot_certified_and_opened(held: Held) -> None:
    outcome = held()
    check = log_of(outcome).check
    assert check.refused is None
    assert (check.ballots, check.certified, check.opened) == (VOTERS, VOTERS, VOTERS)
    # The certification, 51 styles, and the openings.
    assert check.size == VOTERS + 1 + 51 + 1
    assert outcome.right


def test_no_vote_fares_differently_because_the_log_fails(
    held: Held, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unavailable(*_: object) -> None:
        raise StoreUnavailable

    monkeypatch.setattr(MemoryJournal, "append", unavailable)
    failed = held()
    assert not failed.right
    assert log_of(failed).check.refused == "checkpoint: missing"
    assert list(tmp_path.iterdir()) == []
    monkeypatch.undo()
    monkeypatch.setattr(run, "ROUND", 20)
    assert without_log(failed) == without_log(held())


def test_a_ballot_that_never_came_to_the_log_is_found_out(
    held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    take = LogDelivery.take

    def lossy(self: LogDelivery, shard: str, record: StreamRecord) -> None:
        if record.number != "7":
            take(self, shard, record)

    monkeypatch.setattr(LogDelivery, "take", lossy)
    outcome = held()
    assert (log_of(outcome).check.ballots, log_of(outcome).check.certified) == (VOTERS - 1, 0)
    assert not outcome.right


def test_a_log_that_forgets_where_a_shard_was_is_refused(
    held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    after = Batch.after

    def forgetful(self: Batch, *entries: Any, **more: Any) -> Batch:
        return after(self, *entries, **more | {"shards": None})

    monkeypatch.setattr(Batch, "after", forgetful)
    refused = log_of(held()).check.refused
    assert refused is not None
    assert "repeats entry" in refused


def test_an_entry_that_is_changed_after_it_was_published_is_refused(
    held: Held, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certify = LogDelivery.certify

    def and_tamper(self: LogDelivery, certified: ElectionCertified) -> None:
        certify(self, certified)
        (changed,) = tmp_path.glob(f"tile/entries/000.p/{VOTERS + 1 + 51 + 1}")
        content = changed.read_bytes()
        at = content.index(b"civic/ballot/1\n") + 30
        other = b"A" if content[at : at + 1] != b"A" else b"B"
        changed.write_bytes(content[:at] + other + content[at + 1 :])

    monkeypatch.setattr(LogDelivery, "certify", and_tamper)
    refused = log_of(held()).check.refused
    assert refused is not None
    assert refused.startswith("tile/entries/000.p/")


def test_openings_that_count_otherwise_are_refused(
    held: Held, monkeypatch: pytest.MonkeyPatch
) -> None:
    every = BoxOpenings.every

    def turned(self: BoxOpenings, election: ElectionId) -> Iterator[Opening]:
        for one in every(self, election):
            yield Opening(one.salt, one.ballot.replace(b'"o1"', b'"o2"'))

    monkeypatch.setattr(BoxOpenings, "every", turned)
    refused = log_of(held()).check.refused
    assert refused is not None
    assert "does not open a ballot in the log" in refused


def test_a_log_that_lacks_a_ballot_is_not_right_though_it_verifies(held: Held) -> None:
    outcome = held()
    assert outcome.right
    outcome.ballots += 1
    assert not outcome.logged


def test_the_log_writer_reads_what_a_stream_record_says() -> None:
    ballot = CommittedBallot(Nullifier(b"n" * 32), b"\xff" * 32, ElectionId("0123456789ab"), b"{}")
    event = stream_event("shard", [StreamRecord("12", 1.5, ballot)])
    (record,) = event["Records"]
    assert event["shardId"] == "shard"
    assert record["dynamodb"]["ApproximateCreationDateTime"] == 1.5
    assert b64decode(record["dynamodb"]["NewImage"]["nullifier"]["B"]) == ballot.nullifier
    entry = ballot_entry(ballot.election, commitment(ballot.salt, ballot.content))
    assert arrival_of(record).entry == entry


def test_an_object_in_the_folder_is_created_once_and_stays(tmp_path: Path) -> None:
    shelf = FolderShelf(tmp_path)
    shelf.put([Published("tile/0/000", b"abc")])
    shelf.put([Published("tile/0/000", b"abc")])
    with pytest.raises(LogBroken):
        shelf.put([Published("tile/0/000", b"abd")])
    assert shelf.read_all(["tile/0/000"]) == [b"abc"]
    assert shelf.read_parts(["tile/0/000"], 1, 5) == [b"bc"]
    with pytest.raises(NotLogged):
        shelf.read("tile/0/001")


def test_the_newest_checkpoint_is_a_file_of_the_folder(tmp_path: Path) -> None:
    heads = FolderHeads(tmp_path)
    head = heads.replace(None, b"first")
    heads.replace(head, b"second")
    assert (tmp_path / "checkpoint").read_bytes() == b"second"


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(command, "here", lambda: Workspace(tmp_path))
    return tmp_path


def test_a_kept_log_is_in_its_folder(workspace: Path) -> None:
    assert main(["simulate", "--voters", "20", "--log", str(workspace / "log")]) == 0
    assert (workspace / "log" / "checkpoint").exists()


def test_a_log_that_does_not_hold_is_told_by_the_exit_code(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(LogDelivery, "take", lambda *_: None)
    assert main(["simulate", "--voters", "20"]) == 1
    assert "the log does not verify" in capsys.readouterr().err
    assert (workspace / "out" / "simulation.json").exists()


def test_a_folder_with_something_in_it_is_not_taken_for_the_log(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("text")
    arguments = ["simulate", "--voters", "20", "--log", str(tmp_path)]
    assert main(arguments) == SettingInvalid.exit_code


def test_there_is_no_log_to_keep_of_an_election_at_the_engine(tmp_path: Path) -> None:
    assert main(["simulate", "--engine", "--log", str(tmp_path)]) == SettingInvalid.exit_code
