"""What the real writer publishes passes the verifier, which shares no code with it."""

from pathlib import Path

from civic.contracts.voting import Audience
from tests.fakes.log import ELECTION
from tests.fakes.published_log import BALLOTS, written_log
from tests.unit.verifier.commands import Verifier


def test_log_with_public_openings_passes(verifier: Verifier, tmp_path: Path) -> None:
    made = written_log(tmp_path / "log")
    kept = tmp_path / "receipt"
    kept.write_bytes(made.receipt)
    ended = verifier("log", made.folder, "--key", made.vkey, "--receipt", kept)
    assert (ended.code, ended.err) == (0, "")
    assert f"{ELECTION}: {BALLOTS:,} ballots recounted" in ended.out
    assert f"ballot {made.leaf.hex()} is entry" in ended.out
    ended = verifier("receipt", kept, "--leaf", made.leaf.hex(), "--key", made.vkey)
    assert ended.code == 0


def test_log_with_a_sample_and_openings_for_auditors_passes(
    verifier: Verifier, tmp_path: Path
) -> None:
    made = written_log(tmp_path / "log", Audience.AUDITORS)
    ended = verifier("log", made.folder, "--key", made.vkey)
    assert (ended.code, ended.err) == (0, "")
    assert "ballots of the sample" in ended.out
    assert "those for auditors: none given" in ended.out
    ended = verifier("log", made.folder, "--key", made.vkey, "--openings", made.auditors)
    assert (ended.code, ended.err) == (0, "")
    assert f"{ELECTION}: {BALLOTS:,} ballots recounted" in ended.out
