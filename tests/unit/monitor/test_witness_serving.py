"""`civic-monitor witness serve`: C2SP tlog-witness, status by status."""

import http.client
from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

import pytest

from civic.monitor.witness.key import WitnessKey
from civic.monitor.witness.memory import LogMemory
from civic.monitor.witness.requests import MOST_BYTES
from civic.monitor.witness.server import WitnessServer
from civic.monitor.witness.witness import FIRST_SIGHT, Witness
from civic.terminal.failures import PortTaken
from civic.verifier.checkpoints import open_checkpoint
from civic.verifier.notes import MAX_NOTE, VerifierKey
from tests.fakes.forked_log import ORIGIN, ForkedLog, entries, proof_of

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

LOG = ForkedLog()
PATH, TEXT = "/add-checkpoint", "text/plain; charset=utf-8"


@dataclass(frozen=True)
class Served:
    """A witness that listens for requests."""

    port: int
    key: VerifierKey
    folder: Path
    notices: list[str]

    def post(self, body: bytes, path: str = PATH) -> tuple[int, str, str]:
        """Status, type and body of an answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request("POST", path, body)
        answer = connection.getresponse()
        content = answer.read().decode()
        connection.close()
        return answer.status, answer.headers["content-type"], content

    def add(self, old: int, tree: Sequence[bytes], hashes: Sequence[bytes]) -> tuple[int, str, str]:
        return self.post(request(old, hashes, LOG.note(tree)))

    def kept(self) -> list[int]:
        return sorted(int(one.name) for one in self.folder.glob("*/checkpoints/*"))


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    key, notices = WitnessKey.create(tmp_path, "witness.example/w1"), list[str]()
    witness = Witness(key, LOG.key, LogMemory(tmp_path, ORIGIN), lambda: 1_700_000_000)
    with WitnessServer(0, witness, notices.append) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield Served(server.server_port, key.public, tmp_path, notices)
        server.shutdown()
        thread.join()


def request(old: int, hashes: Sequence[bytes], note: bytes) -> bytes:
    lines = [f"old {old}", *(b64encode(one).decode() for one in hashes), "", ""]
    return "\n".join(lines).encode() + note


def test_signature_is_answered_and_verifies(served: Served) -> None:
    tree = entries(5)
    status, kind, line = served.add(0, tree, [])
    assert (status, kind) == (200, "text/plain; charset=utf-8")
    checkpoint = open_checkpoint(LOG.note(tree) + line.encode(), LOG.key, [served.key])
    assert [one.key for one in checkpoint.cosignatures] == [served.key]


def test_growth_is_signed_by_its_proof(served: Served) -> None:
    served.add(0, entries(5), [])
    tree = entries(300)
    assert served.add(5, tree, proof_of(5, tree))[0] == 200
    assert served.kept() == [5, 300]
    assert served.notices == [FIRST_SIGHT]


def test_same_checkpoint_again_is_signed(served: Served) -> None:
    served.add(0, entries(5), [])
    assert served.add(5, entries(5), [])[0] == 200


@pytest.mark.parametrize("old", [0, 3, 7])
def test_other_old_size_is_409_with_the_right_one(served: Served, old: int) -> None:
    served.add(0, entries(5), [])
    assert served.add(old, entries(7), []) == (409, "text/x.tlog.size", "5\n")
    assert served.kept() == [5]


def test_first_sight_from_another_size_is_409_with_none(served: Served) -> None:
    assert served.add(3, entries(5), []) == (409, "text/x.tlog.size", "0\n")


def test_same_size_with_another_root_is_409_and_told(served: Served) -> None:
    served.add(0, entries(5), [])
    told = "the log contradicts itself\n"
    assert served.add(5, entries(5, 2), []) == (409, "text/plain; charset=utf-8", told)
    assert len(served.notices) == 2
    assert "CONTRADICTS" in served.notices[1]
    assert list(served.folder.glob("*/evidence/*/second"))


def test_wrong_proof_is_422(served: Served) -> None:
    served.add(0, entries(5), [])
    forked = entries(7, 2)
    for hashes in (proof_of(5, forked), [], proof_of(5, entries(7))):
        assert served.add(5, forked, hashes)[0] == 422
    assert served.kept() == [5]
    assert served.notices == [FIRST_SIGHT]


def test_first_sight_with_a_proof_is_422(served: Served) -> None:
    assert served.add(0, entries(5), [bytes(32)])[0] == 422


def test_other_log_is_404(served: Served) -> None:
    note = ForkedLog("other.example/log").note(entries(5))
    assert served.post(request(0, [], note)) == (404, TEXT, "no such log here\n")


def test_other_key_is_403(served: Served) -> None:
    assert served.post(request(0, [], ForkedLog(seed="another's").note(entries(5))))[0] == 403
    assert served.kept() == []


MALFORMED = [
    b"",
    b"old 0\n",
    request(0, [], b""),
    request(0, [], b"civic.example/log\n"),
    request(0, [], LOG.note(entries(5))).replace(b"old 0", b"new 0"),
    request(0, [], LOG.note(entries(5))).replace(b"old 0", b"old 00"),
    request(0, [], LOG.note(entries(5))).replace(b"old 0", b"old -1"),
    request(0, [], LOG.note(entries(5))).replace(b"old 0", b"old \xff"),
    request(0, [], LOG.note(entries(5)).replace(b"civic", b"\xff")),
    request(6, [], LOG.note(entries(5))),
    request(0, [bytes(31)], LOG.note(entries(5))),
    request(0, [bytes(32)] * 64, LOG.note(entries(5))),
]


@pytest.mark.parametrize(
    "body",
    MALFORMED,
    ids=range(len(MALFORMED)),
)
def test_what_is_no_request_is_400(served: Served, body: bytes) -> None:
    assert served.post(body)[0] == 400
    assert served.kept() == []


def test_most_hashes_are_no_malformed_request(served: Served) -> None:
    assert served.add(0, entries(5), [bytes(32)] * 63)[0] == 422


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"old 0\n", "a request is an old size, a proof, an empty line and a checkpoint\n"),
        (request(0, [bytes(32)] * 64, LOG.note([])), "more than 63 hashes\n"),
        (request(0, [bytes(31)], LOG.note([])), "a hash has 31 bytes, not 32\n"),
        (b"old 0\n\xff\n\n" + LOG.note([]), "not text\n"),
        (
            b"old x\n\n" + LOG.note([]),
            "the old size is not a decimal number without leading zeros\n",
        ),
    ],
    ids=range(5),
)
def test_what_is_wrong_with_a_request_is_told(served: Served, body: bytes, why: str) -> None:
    assert served.post(body) == (400, TEXT, why)


def test_largest_note_is_read(served: Served) -> None:
    assert MAX_NOTE + len(request(2**63 - 1, [bytes(32)] * 63, b"")) <= MOST_BYTES
    note = LOG.note(entries(5))
    line = "— other.example/w ".encode() + b64encode(bytes(1200)) + b"\n"
    filled = note + line * ((MAX_NOTE - len(note)) // len(line))
    assert served.post(request(0, [], filled))[0] == 200


def test_large_body_is_not_read(served: Served) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=30)
    connection.putrequest("POST", PATH)
    connection.putheader("content-length", str(MOST_BYTES + 1))
    connection.endheaders()
    assert connection.getresponse().status == 413
    connection.close()


@pytest.mark.parametrize("length", ["", "-1", "x", "1e3", "²"])
def test_body_of_unknown_length_is_not_read(served: Served, length: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=30)
    connection.putrequest("POST", PATH)
    if length:
        connection.putheader("content-length", length.encode())
    connection.endheaders()
    assert connection.getresponse().status == 411
    connection.close()


def test_connection_is_kept_for_the_next_request(served: Served) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=30)
    for old, tree, hashes in ((0, entries(5), []), (5, entries(7), proof_of(5, entries(7)))):
        connection.request("POST", PATH, request(old, hashes, LOG.note(tree)))
        answer = connection.getresponse()
        assert answer.status == 200
        answer.read()
    connection.close()


@pytest.mark.parametrize(("path", "status"), [("/", 404), ("/add-checkpoint/", 404)])
def test_other_paths_are_404(served: Served, path: str, status: int) -> None:
    assert served.post(b"old 0\n", path)[0] == status


def test_there_is_nothing_to_get(served: Served) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=30)
    connection.request("GET", PATH)
    assert connection.getresponse().status == 405
    connection.close()


def test_requests_at_once_sign_one_branch(served: Served) -> None:
    """Of two requests that extend what was signed last, one comes first, and the other fails."""
    served.add(0, entries(5), [])
    statuses: list[int] = []
    branches = [entries(9, fork_at) for fork_at in (5, 6, 7, 8)]
    threads = [
        Thread(target=lambda tree=tree: statuses.append(served.add(5, tree, proof_of(5, tree))[0]))
        for tree in branches
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200, 409, 409, 409]


def test_taken_port_is_told(served: Served, tmp_path: Path) -> None:
    key = WitnessKey.load(tmp_path)
    witness = Witness(key, LOG.key, LogMemory(tmp_path, ORIGIN), lambda: 0)
    with pytest.raises(PortTaken):
        WitnessServer(served.port, witness, served.notices.append)
