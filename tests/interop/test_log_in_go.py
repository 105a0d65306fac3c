"""Public logs read by `golang.org/x/mod/sumdb`, the code that checks Go's own module log.

Needs Go and that module's source where Debian puts it (the packages golang-go and
golang-golang-x-mod-dev): part of `make test-deep`, where it fails if they are missing. Nothing is
downloaded.
"""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from civic.verifier.main import main
from tests.fakes.naive_log import Signer
from tests.fakes.published_log import Published, naive_log, written_log

HERE = Path(__file__).parent
GOCODE = Path("/usr/share/gocode")
_SECONDS = 300

pytestmark = pytest.mark.deep


LOGS: dict[str, Callable[[Path], Published]] = {"naive": naive_log, "ours": written_log}
"""Makers of logs that Go reads: each writes into a folder."""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("go")
    go = shutil.which("go")
    assert go is not None, "Go is missing: apt-get install golang-go golang-golang-x-mod-dev"
    module = GOCODE / "src/golang.org/x/mod/sumdb/tlog"
    assert module.is_dir(), f"{module} is missing: apt-get install golang-golang-x-mod-dev"
    settings = {
        "GO111MODULE": "off",
        "GOCACHE": str(place / "cache"),
        "GOFLAGS": "",
        "GOPATH": str(GOCODE),
        "GOPROXY": "off",
    }
    done = subprocess.run(
        [go, "build", "-o", str(place / "check"), "."],
        cwd=HERE / "log_in_go",
        env=os.environ | settings,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return place / "check"


@pytest.fixture(scope="module", params=list(LOGS))
def good(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Published:
    return LOGS[request.param](tmp_path_factory.mktemp("made") / "log")


@pytest.fixture
def copied(good: Published, tmp_path: Path) -> Published:
    return good._replace(folder=shutil.copytree(good.folder, tmp_path / "log"))


def run(program: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(program), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )


def objects(folder: Path, pattern: str) -> list[Path]:
    return sorted(place for place in folder.glob(pattern) if place.is_file())


def test_go_accepts_the_log(program: Path, good: Published) -> None:
    done = run(program, good.folder, good.vkey)
    assert (done.returncode, done.stderr) == (0, "")
    heads = len(objects(good.folder, "checkpoints/*")) + 1
    assert done.stdout.startswith(f"{heads} heads, ")


def test_we_accept_the_log_and_the_receipt(good: Published, tmp_path: Path) -> None:
    kept = tmp_path / "receipt"
    kept.write_bytes(good.receipt)
    assert main(["log", str(good.folder), "--key", good.vkey, "--receipt", str(kept)]) == 0
    asked = ["receipt", str(kept), "--leaf", good.leaf.hex(), "--key", good.vkey]
    assert main(asked) == 0


def test_go_accepts_the_receipt(program: Path, good: Published, tmp_path: Path) -> None:
    kept = tmp_path / "receipt"
    kept.write_bytes(good.receipt)
    done = run(program, good.folder, good.vkey, kept, good.leaf.hex())
    assert (done.returncode, done.stderr) == (0, "")


def test_go_refuses_the_receipt_of_another_ballot(
    program: Path, good: Published, tmp_path: Path
) -> None:
    kept = tmp_path / "receipt"
    kept.write_bytes(good.receipt)
    assert run(program, good.folder, good.vkey, kept, bytes(32).hex()).returncode == 1


@pytest.mark.parametrize(
    "pattern",
    [
        "checkpoint",
        "checkpoints/*",
        "tile/0/*",
        "tile/0/*.p/*",
        "tile/1/*.p/*",
        "tile/entries/*",
        "tile/entries/*.p/*",
    ],
)
def test_go_refuses_one_flipped_byte(program: Path, copied: Published, pattern: str) -> None:
    # The last is for the newest size, as Go reads no bundles of earlier sizes.
    place = objects(copied.folder, pattern)[-1]
    content = bytearray(place.read_bytes())
    content[len(content) // 2] ^= 1
    place.write_bytes(content)
    done = run(program, copied.folder, copied.vkey)
    assert done.returncode == 1, place
    assert done.stderr


def test_go_refuses_a_log_of_another_key(program: Path, good: Published) -> None:
    other = Signer("civic.example/log", seed="other")
    assert run(program, good.folder, other.vkey).returncode == 1
