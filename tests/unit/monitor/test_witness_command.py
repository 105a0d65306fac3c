"""`civic-monitor witness`: the commands as typed."""

import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from civic.monitor.witness.key import WitnessBusy, WitnessKey, alone
from civic.operator.main import main
from civic.verifier.checkpoints import open_checkpoint
from civic.verifier.notes import COSIGNATURE, VerifierKey
from tests.fakes.forked_log import ORIGIN, ForkedLog, entries

type Capture = pytest.CaptureFixture[str]

LOG = ForkedLog()
NAME = "witness.example/w1"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "some" / "witness"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    place = tmp_path / "log"
    LOG.publish(place, entries(5))
    return place


@pytest.fixture
def ready(folder: Path, capsys: Capture) -> VerifierKey:
    """A witness with a key."""
    assert main(["witness", "init", str(folder), "--name", NAME]) == 0
    return VerifierKey.parse(capsys.readouterr().out.strip())


def follow(folder: Path, log: Path, *more: str) -> int:
    asked = ["witness", "follow", str(folder), "--log", str(log), "--key", LOG.signer.vkey, *more]
    return main(asked)


def kept(folder: Path) -> list[int]:
    return sorted(int(one.name) for one in folder.glob("*/checkpoints/*"))


def test_key_is_made_for_its_owner_alone(folder: Path, ready: VerifierKey) -> None:
    assert (ready.name, ready.type) == (NAME, COSIGNATURE)
    assert (folder / "key.pem").stat().st_mode & 0o777 == 0o600
    assert WitnessKey.load(folder).public == ready


def test_folder_may_be_there_already(folder: Path) -> None:
    folder.mkdir(parents=True)
    assert main(["witness", "init", str(folder), "--name", NAME]) == 0


def test_key_is_never_made_over_another(folder: Path, ready: VerifierKey, capsys: Capture) -> None:
    assert main(["witness", "init", str(folder), "--name", "other.example"]) == 2
    assert "choose another folder\n" in capsys.readouterr().err
    assert WitnessKey.load(folder).public == ready


def test_key_of_another_kind_is_refused(
    folder: Path, ready: VerifierKey, log: Path, capsys: Capture
) -> None:
    del ready
    pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    (folder / "key.pem").write_bytes(pem)
    assert follow(folder, log, "--once") == 2
    assert f"the key in {folder} is not an Ed25519 key\n" in capsys.readouterr().err


@pytest.mark.parametrize("file", ["vkey", "key.pem"])
def test_key_that_cannot_be_read_is_refused(
    folder: Path, ready: VerifierKey, log: Path, capsys: Capture, file: str
) -> None:
    del ready
    (folder / file).write_text("nothing of the kind\n")
    assert follow(folder, log, "--once") == 2
    assert f"the key in {folder} cannot be read\n" in capsys.readouterr().err


def test_key_under_a_password_is_refused(
    folder: Path, ready: VerifierKey, log: Path, capsys: Capture
) -> None:
    del ready
    pem = Ed25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")
    )
    (folder / "key.pem").write_bytes(pem)
    assert follow(folder, log, "--once") == 2
    assert f"the key in {folder} cannot be read\n" in capsys.readouterr().err


def test_second_witness_of_a_process_is_refused(folder: Path, ready: VerifierKey) -> None:
    del ready
    with alone(folder), pytest.raises(WitnessBusy, match=f"the key in {folder}$"), alone(folder):
        pass


@pytest.mark.parametrize("name", ["", "two words", "a+b", "line\nfeed"])
def test_name_that_cannot_stand_in_a_line_is_refused(folder: Path, name: str) -> None:
    assert main(["witness", "init", str(folder), "--name", name]) == 2
    assert not (folder / "key.pem").exists()


def test_halves_that_do_not_belong_together_are_refused(
    folder: Path, ready: VerifierKey, tmp_path: Path, log: Path, capsys: Capture
) -> None:
    del ready
    WitnessKey.create(tmp_path / "other", NAME)
    (tmp_path / "other" / "vkey").replace(folder / "vkey")
    assert follow(folder, log, "--once") == 2
    assert f"the key in {folder} do not belong together\n" in capsys.readouterr().err
    assert kept(folder) == []


def test_log_is_followed_from_look_to_look(folder: Path, log: Path, ready: VerifierKey) -> None:
    assert follow(folder, log, "--once") == 0
    LOG.publish(log, entries(300))
    assert follow(folder, log, "--once") == 0
    assert kept(folder) == [5, 300]
    [newest] = folder.glob("*/checkpoint")
    checkpoint = open_checkpoint(newest.read_bytes(), LOG.key, [ready])
    assert checkpoint.head.size == 300
    assert checkpoint.cosignatures


@pytest.mark.usefixtures("ready")
def test_fork_ends_with_1_and_both_checkpoints(folder: Path, log: Path, capsys: Capture) -> None:
    follow(folder, log, "--once")
    LOG.publish(log, entries(7, 2))
    assert follow(folder, log) == 1
    told = capsys.readouterr().err
    assert "THE LOG CONTRADICTS ITSELF" in told
    assert len(list(folder.glob("*/evidence/*/*"))) == 3
    assert kept(folder) == [5]


@pytest.mark.usefixtures("ready")
def test_start_may_be_given(folder: Path, log: Path, tmp_path: Path) -> None:
    start = tmp_path / "start"
    start.write_bytes(LOG.note(entries(3, 1)))
    assert follow(folder, log, "--from", str(start), "--once") == 1
    assert kept(folder) == []


@pytest.mark.usefixtures("ready")
def test_start_that_is_no_checkpoint_is_refused(folder: Path, log: Path, tmp_path: Path) -> None:
    start = tmp_path / "start"
    start.write_bytes(b"\xff")
    assert follow(folder, log, "--from", str(start), "--once") == 1
    assert not list(folder.glob("*/state"))


@pytest.mark.usefixtures("ready")
def test_ctrl_c_ends_it_well(folder: Path, log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("time.sleep", interrupt)
    assert follow(folder, log) == 0
    assert kept(folder) == [5]


@pytest.mark.usefixtures("ready")
def test_second_process_with_the_key_is_refused(folder: Path, log: Path) -> None:
    with alone(folder):
        code = (
            "import sys; from civic.operator.main import main;"
            f"sys.exit(main(['witness', 'follow', {str(folder)!r}, '--log', {str(log)!r},"
            f" '--key', {LOG.signer.vkey!r}, '--once']))"
        )
        ended = subprocess.run(  # noqa: S603 - the command itself
            [sys.executable, "-c", code], capture_output=True, text=True, check=False
        )
    assert ended.returncode == WitnessBusy.exit_code
    assert "another process is signing" in ended.stderr
    assert kept(folder) == []


@pytest.mark.usefixtures("ready")
@pytest.mark.parametrize("every", ["0s", "10x", "-1s", "1.5s", ""])
def test_pause_that_is_none_is_refused(folder: Path, log: Path, every: str) -> None:
    assert follow(folder, log, "--every", every) == 2


@pytest.mark.usefixtures("ready")
@pytest.mark.parametrize("key", ["", "civic.example/log", f"{ORIGIN}+00000000+AQ=="])
def test_key_that_is_none_is_refused(folder: Path, log: Path, key: str) -> None:
    asked = ["witness", "follow", str(folder), "--log", str(log), "--key", key, "--once"]
    assert main(asked) == 2


def test_key_of_a_witness_is_no_key_of_a_log(folder: Path, log: Path, ready: VerifierKey) -> None:
    asked = ["witness", "follow", str(folder), "--log", str(log), "--key", str(ready), "--once"]
    assert main(asked) == 2


@pytest.mark.usefixtures("ready")
def test_place_that_is_none_is_refused(folder: Path, tmp_path: Path) -> None:
    assert follow(folder, tmp_path / "nowhere", "--once") == 2


def test_folder_without_a_key_is_refused(folder: Path, log: Path, capsys: Capture) -> None:
    assert follow(folder, log, "--once") == 2
    assert (
        f"{folder} holds no key; make one with `civic-monitor witness init`\n"
        in capsys.readouterr().err
    )
