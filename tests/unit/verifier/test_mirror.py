"""Copies of a log over HTTP: complete, resumable, bounded, and checked as any folder is."""

import hashlib
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from threading import Event

import pytest

from civic.verifier.errors import Unavailable
from civic.verifier.mirror import Mirror
from civic.verifier.web import Web
from tests.fakes.log_server import LogServer, serving
from tests.fakes.naive_election import ELECTION, publish_openings, story, votes
from tests.fakes.naive_log import publish
from tests.unit.verifier.commands import LOG, Verifier

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

CAST = votes(300)
STORY = story(CAST)


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("log")
    entry = publish_openings(folder / "openings", CAST)
    publish(folder, LOG, [*STORY, entry], [0, 10, 256, len(STORY) + 1])
    return folder


@pytest.fixture
def server(good: Path) -> Iterator[LogServer]:
    with serving(good) as server:
        yield server


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "copy"


def test_copy_is_a_log_that_passes(server: LogServer, place: Path, verifier: Verifier) -> None:
    code, out, err = verifier("mirror", server.url, place)
    assert (code, err) == (0, "")
    assert f"{len(STORY) + 1} entries in {place}" in out
    ended = verifier.log(place)
    assert ended.code == 0
    assert "4 tree heads" in ended.out
    assert "300 ballots recounted" in ended.out


def test_log_is_checked_at_its_url(
    server: LogServer, verifier: Verifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    ended = verifier("log", server.url, "--key", LOG.vkey)
    assert (ended.code, ended.err) == (0, "")
    assert "300 ballots recounted" in ended.out
    assert list(tmp_path.iterdir()) == []


def test_second_run_fetches_nothing(server: LogServer, place: Path, verifier: Verifier) -> None:
    verifier("mirror", server.url, place)
    server.asked.clear()
    out = verifier("mirror", server.url, place).out
    assert "0 objects fetched, 13 already there" in out
    assert server.asked == ["checkpoint", "checkpoints"]


def test_growth_is_fetched_and_nothing_else(
    place: Path, verifier: Verifier, tmp_path: Path
) -> None:
    folder = tmp_path / "log"
    publish(folder, LOG, STORY[:260], [256, 260])
    with serving(folder) as server:
        verifier("mirror", server.url, place)
        publish(folder, LOG, STORY, [len(STORY)])
        server.asked.clear()
        assert verifier("mirror", server.url, place).code == 0
        assert set(server.asked) == {
            "checkpoint",
            "checkpoints",
            "checkpoints/306",
            "tile/0/001.p/50",
            "tile/entries/001.p/50",
        }
    assert "306 entries" in verifier.log(place).out


def test_interrupted_copy_is_taken_up_again(
    server: LogServer, place: Path, verifier: Verifier
) -> None:
    server.instead = lambda path: (500, {}, b"") if path.startswith("tile/entries") else None
    ended = verifier("mirror", server.url, place)
    assert ended.code == 1
    assert ended.err.startswith("failed: tile/entries/")
    assert not (place / "checkpoint").exists()
    server.instead = lambda _: None
    server.asked.clear()
    assert verifier("mirror", server.url, place).code == 0
    assert "tile/0/000" not in server.asked
    assert verifier.log(place).code == 0
    assert not [one for one in place.rglob(".*") if one.is_file()]


def test_full_object_is_fetched_where_the_partial_one_is_gone(
    place: Path, verifier: Verifier, tmp_path: Path
) -> None:
    folder = tmp_path / "log"
    publish(folder, LOG, STORY, [100, 256])
    shutil.copy(folder / "checkpoints/100", folder / "checkpoint")
    for kind in ("0", "entries"):
        (folder / f"tile/{kind}/000.p/100").unlink()
    with serving(folder) as server:
        assert verifier("mirror", server.url, place).code == 0
        server.asked.clear()
        assert verifier("mirror", server.url, place).code == 0
        assert server.asked == ["checkpoint", "checkpoints"]
    ended = verifier.log(place)
    assert (ended.code, ended.err) == (0, "")
    assert "100 entries" in ended.out


def test_openings_are_left_out_on_demand(
    server: LogServer, place: Path, verifier: Verifier
) -> None:
    assert verifier("mirror", server.url, place, "--no-openings").code == 0
    assert not (place / "openings").exists()


def test_log_that_shrank_is_refused(place: Path, verifier: Verifier, tmp_path: Path) -> None:
    folder = tmp_path / "log"
    publish(folder, LOG, STORY[:20], [10, 20])
    with serving(folder) as server:
        verifier("mirror", server.url, place)
        shutil.copy(folder / "checkpoints/10", folder / "checkpoint")
        ended = verifier("mirror", server.url, place)
    assert (
        ended.err
        == f"refused: checkpoint: covers 10 entries, but the copy in {place} has 20 already\n"
    )


INDEX = f"openings/{ELECTION}/index.json"
OPENED = b"".join(vote.opening + b"\n" for vote in CAST[100:200])
CHUNK = f"openings/{ELECTION}/{hashlib.sha256(OPENED).hexdigest()}.jsonl"


@pytest.mark.parametrize(
    ("path", "status", "headers", "body", "err"),
    [
        ("checkpoint", 404, {}, b"", "refused: checkpoint: missing"),
        ("checkpoint", 200, {}, b"?", "refused: checkpoint: not a text, an empty line"),
        ("checkpoint", 200, {}, b"a" * 70000, "failed: checkpoint: more than 65536 bytes"),
        ("checkpoint", 302, {"Location": "http://192.0.2.1/"}, b"", "failed: checkpoint: the ser"),
        ("checkpoint", 200, {"Content-Encoding": "gzip"}, b"", "failed: checkpoint: the server"),
        ("checkpoint", 200, {"Content-Length": "9"}, b"?", "failed: checkpoint: "),
        ("checkpoints", 200, {}, b"10\n256\n", "refused: checkpoints: does not list 307"),
        ("checkpoints", 200, {}, b"256\n10\n307\n", "refused: checkpoints: not a list of asc"),
        ("checkpoints", 200, {}, b"../../x\n", "refused: checkpoints: not a list of sizes"),
        ("checkpoints", 200, {}, b"\xff\n", "refused: checkpoints: not a list of sizes"),
        ("checkpoints", 200, {}, b"1\n" * 4000, "failed: checkpoints: more than "),
        ("checkpoints/10", 404, {}, b"", "refused: checkpoints/10: missing"),
        ("checkpoints/10", 200, {}, b"?", "refused: checkpoints/10: not a text"),
        ("tile/0/000", 404, {}, b"", "refused: tile/0/000: missing"),
        ("tile/0/000", 200, {}, bytes(8191), "refused: tile/0/000: 8191 bytes instead of 8"),
        ("tile/0/000", 200, {}, bytes(8193), "failed: tile/0/000: more than 8192 bytes"),
        ("tile/1/000.p/1", 404, {}, b"", "refused: tile/1/000.p/1: missing"),
        ("tile/entries/000", 200, {}, b"?", "refused: tile/entries/000: it ends before its 256"),
        (INDEX, 404, {}, b"", f"refused: {INDEX}: missing"),
        (INDEX, 200, {}, b"{}", f"refused: {INDEX}: does not match its hash in the log"),
        (CHUNK, 404, {}, b"", f"refused: {CHUNK}: missing"),
        (CHUNK, 200, {}, b"{}", f"refused: {CHUNK}: does not match its hash in the index"),
        (CHUNK, 200, {}, b"a" * 6553800, f"failed: {CHUNK}: more than 6553700 bytes"),
    ],
)
def test_bad_answer_is_refused_with_its_object(
    server: LogServer,
    place: Path,
    verifier: Verifier,
    path: str,
    status: int,
    headers: dict[str, str],
    body: bytes,
    err: str,
) -> None:
    server.instead = lambda asked: (status, headers, body) if asked == path else None
    ended = verifier("mirror", server.url, place)
    assert ended.code == 1
    assert ended.err.startswith(err)
    assert ended.err.count("\n") == 1
    assert not (place / "checkpoint").exists()
    assert not (place / path).is_file()


def test_more_than_the_budget_is_not_read(
    server: LogServer, place: Path, verifier: Verifier
) -> None:
    ended = verifier("mirror", server.url, place, "--max-gib", 0)
    assert (
        ended.err
        == "failed: the log is larger than the limit for reading; raise --max-gib to read more\n"
    )


def test_server_that_is_not_there_is_told(good: Path, place: Path, verifier: Verifier) -> None:
    with serving(good) as server:
        url = server.url
    ended = verifier("mirror", url, place)
    assert ended.err == "failed: checkpoint: ConnectionRefusedError\n"


def test_place_that_cannot_be_written_is_told(
    server: LogServer, place: Path, verifier: Verifier
) -> None:
    place.write_bytes(b"a file")
    ended = verifier("mirror", server.url, place)
    assert ended.code == 1
    assert ended.err.startswith("failed: ")
    assert "cannot be written" in ended.err


def test_interruption_leaves_no_traceback(
    server: LogServer, place: Path, verifier: Verifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(Mirror, "_run", interrupted)
    ended = verifier("mirror", server.url, place)
    assert (ended.code, ended.err) == (130, "interrupted\n")


def test_nobody_waits_for_a_slow_server_after_an_interruption(server: LogServer) -> None:
    asked, ended = Event(), Event()

    def slow(_: str) -> None:
        asked.set()
        ended.wait(30)

    server.instead = slow
    web = Web(server.url, 100)
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(web.get, "checkpoint", 100)
        assert asked.wait(30)
        web.close()
        with pytest.raises(Unavailable):
            answer.result(10)
    ended.set()


def test_connection_is_not_left_open_by_what_is_asked_after_the_end(
    server: LogServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[HTTPConnection] = []
    connect = HTTPConnection.connect

    def seen(connection: HTTPConnection) -> None:
        made.append(connection)
        connect(connection)

    monkeypatch.setattr(HTTPConnection, "connect", seen)
    web = Web(server.url, 10_000)
    web.get("checkpoint", 10_000)
    web.close()
    with pytest.raises(Unavailable):
        web.get("checkpoint", 10_000)
    assert {connection.sock for connection in made} == {None}


@pytest.mark.parametrize(
    "url",
    [
        "http://civic.example/log",
        "http://192.0.2.1/log",
        "ftp://civic.example/log",
        "file:///etc",
        "https://",
        "https://user@civic.example/log",
        "https://civic.example/log?a=b",
        "https://civic.example/log#a",
        "https://civic.example:port/log",
        "https://[civic.example/log",
    ],
)
def test_url_that_no_log_is_read_from_is_told(verifier: Verifier, place: Path, url: str) -> None:
    for arguments in (["mirror", url, place], ["log", url, "--key", LOG.vkey]):
        ended = verifier(*arguments)
        assert ended.code == 2
        assert url in ended.err
