"""The public log of the deployed stack: it has every vote once, and nothing can be removed."""

import re
from base64 import b64decode, urlsafe_b64decode
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
import pytest
from botocore.exceptions import ClientError

from civic.audit.adapters.bucket_s3 import AUDITORS, LOG, Bucket
from civic.audit.adapters.journal_s3 import S3Journal
from civic.contracts.log_entries import BALLOT, EVENT
from civic.contracts.voting import Audience
from civic.lab import log_events
from civic.operator.certifying import certify_once_counted
from civic.operator.elections import ElectionOffice
from civic.operator.public_log import OPENINGS_FOR_AUDITORS, LogCopy, log_key
from civic.operator.staff import StaffRefused
from civic.stack.target import Target
from civic.terminal.waiting import PATIENCE_SECONDS
from civic.verifier.main import main as civic_verify
from civic.verifier.notes import VerifierKey
from civic.verifier.receipts import Receipt, verify_receipt
from tests.integration.polls import Polls, first_option, http, office, opened
from tests.integration.waiting import eventually

__all__ = ["http", "office"]

CERTIFIED = ["ElectionCertified", "StyleCertified", "OpeningsPublished"]
TOLD = [
    "ElectionCreated",
    "ElectionPublished",
    "CredentialKeysPublished",
    "ElectionOpened",
    "ElectionEnded",
    "ElectionSealed",
    *CERTIFIED,
]
"""The entries about an election besides its ballots."""


@dataclass
class Voted:
    """An election in the deployed stack, and the leaves on its voters' receipts."""

    polls: Polls
    log: httpx.Client
    leaves: list[str] = field(default_factory=list)

    @property
    def target(self) -> Target:
        return self.polls.target

    def vote(self) -> str:
        """Vote; return the leaf that the receipt names."""
        answer = self.polls.vote(self.polls.post(), first_option(self.polls))
        assert answer.status_code == 201, answer.text
        leaf = urlsafe_b64decode(answer.json()["receipt"] + "=").hex()
        self.leaves.append(leaf)
        return leaf

    def proof(self, leaf: str) -> bytes | None:
        """Return the proof for a leaf, or None if there is none yet."""
        answer = self.log.get(f"/receipts/{leaf}")
        assert answer.status_code in {200, 404}, answer.text
        return answer.content if answer.status_code == 200 else None

    def proven(self) -> bool:
        """Return whether every receipt has its proof."""
        return all(self.proof(leaf) for leaf in self.leaves)

    def entries(self) -> list[list[str]]:
        """Return the lines of the log's entries of this election, in their order."""
        journal = S3Journal(Bucket(self.target.s3, bucket_of(self.target)))
        batch = journal.head()
        found: list[bytes] = []
        while batch is not None:
            found = [*batch.entries, *found]
            batch = journal.read(batch.number - 1) if batch.number > 1 else None
        texts = [entry.decode() for entry in found]
        return [text.splitlines() for text in texts if self.polls.election in text]

    def ballots(self) -> list[str]:
        """Return the commitments of this election in the log."""
        return [lines[2] for lines in self.entries() if lines[0] == BALLOT]

    def events(self) -> list[str]:
        """Return the names of this election's events in the log, in their order."""
        return [lines[1] for lines in self.entries() if lines[0] == EVENT]

    def certify(self) -> None:
        """Make the office end the election and certify it."""
        self.polls.office.finish(self.polls.election)
        eventually("every vote is in the box", self.polls.counted)
        count = len(self.polls.accepted)
        eventually("the tally has it", lambda: self.polls.tallied().ballots == count)
        certify_once_counted(self.polls.office, self.polls.election, count, print)

    def openings(self, prefix: str) -> list[str]:
        """Return the keys of the objects that open this election's ballots."""
        found = Bucket(self.target.s3, bucket_of(self.target))
        return found.keys(f"{prefix}openings/{self.polls.election}/")


def bucket_of(target: Target) -> str:
    return target.output("LogBucketName")


@pytest.fixture(scope="module")
def log(target: Target) -> Iterator[httpx.Client]:
    with httpx.Client(
        base_url=target.log_api_url, trust_env=False, timeout=PATIENCE_SECONDS
    ) as client:
        yield client


@pytest.fixture(scope="module")
def voted(target: Target, office: ElectionOffice, http: httpx.Client, log: httpx.Client) -> Voted:
    """Open an election with public openings, and vote twice."""
    made = Voted(opened(target, office, http, Audience.PUBLIC), log)
    for _ in range(2):
        made.vote()
    eventually("both votes are proven", made.proven)
    return made


@contextmanager
def stopped(target: Target) -> Iterator[None]:
    """Pause the writer of the log while the block runs."""
    name = target.output("LogWriterFunctionName")
    (mapping,) = target.functions.list_event_source_mappings(FunctionName=name)[
        "EventSourceMappings"
    ]
    uuid = mapping["UUID"]

    def state() -> str:
        return target.functions.get_event_source_mapping(UUID=uuid)["State"]

    target.functions.update_event_source_mapping(UUID=uuid, Enabled=False)
    eventually("the writer is stopped", lambda: state() == "Disabled")
    try:
        yield
    finally:
        target.functions.update_event_source_mapping(UUID=uuid, Enabled=True)


def test_receipt_of_every_vote_is_proven_and_no_second_vote_is_logged(
    target: Target, voted: Voted
) -> None:
    code = voted.polls.post()
    first = voted.polls.vote(code, first_option(voted.polls))
    voted.leaves.append(urlsafe_b64decode(first.json()["receipt"] + "=").hex())
    eventually("the third vote is proven", voted.proven)
    assert voted.polls.vote(code, first_option(voted.polls)).status_code == 409
    voted.vote()
    eventually("the vote after it is proven", voted.proven)
    key = VerifierKey.parse(log_key(target))
    for leaf in voted.leaves:
        proof = voted.proof(leaf)
        assert proof is not None
        verify_receipt(Receipt.parse(proof), bytes.fromhex(leaf), key)
    assert len(set(voted.leaves)) == len(voted.leaves) == len(voted.ballots()) == 4


def test_log_that_stands_still_delays_no_vote_and_logs_everything_once(
    target: Target, voted: Voted
) -> None:
    with stopped(target):
        before = voted.log.get("/log/checkpoint").text
        waiting = [voted.vote() for _ in range(2)]
        eventually("the votes are in the box", voted.polls.counted)
        assert [voted.proof(leaf) for leaf in waiting] == [None, None]
        assert voted.log.get("/log/checkpoint").text == before
    eventually("the votes are proven", voted.proven)
    assert Counter(voted.ballots()).most_common(1)[0][1] == 1
    assert len(voted.ballots()) == len(voted.polls.accepted)


def test_certified_election_is_verified_from_what_is_published(
    target: Target, voted: Voted, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    voted.certify()
    eventually("the openings are in the log", lambda: "OpeningsPublished" in voted.events())
    events = voted.events()
    assert sorted(events) == sorted(TOLD)
    # In causal order: no ballot after the certification, and openings after that.
    assert [lines[1] for lines in voted.entries()[-len(CERTIFIED) :]] == CERTIFIED
    assert len(voted.ballots()) == len(voted.polls.accepted)
    folder = tmp_path / "log"
    for _ in LogCopy(target, LOG).into(folder):
        pass
    proofs = []
    for leaf in voted.leaves:
        proof = tmp_path / f"{leaf}.tlog-proof"
        proof.write_bytes(voted.proof(leaf) or b"")
        proofs.append(f"--receipt={proof}")
    asked = ["log", str(folder), "--key", log_key(target), *proofs]
    assert civic_verify(asked) == 0, capsys.readouterr().err
    election = voted.polls.election
    said = capsys.readouterr().out
    assert f"{election}: {len(voted.polls.accepted)} ballots recounted" in said
    # It is served exactly as it is kept.
    listed = voted.log.get("/log/checkpoints").text.split()
    assert listed == sorted(listed, key=int)
    assert {"checkpoint", *(f"checkpoints/{size}" for size in listed)} <= {
        str(file.relative_to(folder)) for file in folder.rglob("*")
    }
    for path in (
        f"checkpoints/{listed[-1]}",
        f"openings/{election}/index.json",
        *sorted(map(str, published(folder, "tile")))[:2],
    ):
        assert voted.log.get(f"/log/{path}").content == (folder / path).read_bytes()
    # The check can fail: a log with another byte is refused.
    note = folder / "checkpoints" / listed[-1]
    note.write_bytes(note.read_bytes().replace(b"\n", b"0\n", 2))
    assert civic_verify(asked) == 1


def test_count_that_not_everybody_has_is_not_certified(
    target: Target, office: ElectionOffice, http: httpx.Client, log: httpx.Client
) -> None:
    voted = Voted(opened(target, office, http), log)
    polls = voted.polls
    voted.vote()
    eventually("the vote is proven", voted.proven)

    def refusal(ballots: int) -> frozenset[str]:
        """Return whose count differs, once the box is counted."""
        with pytest.raises(StaffRefused) as refused:
            office.certify(polls.election, ballots)
        return refused.value.fault_codes

    with stopped(target):
        voted.vote()
        office.finish(polls.election)
        eventually("the tally has both", lambda: polls.tallied().ballots == 2)
        eventually("the box is counted", lambda: refusal(2))
        assert refusal(2) == {"log_differs"}
        assert refusal(1) == {"box_differs", "tally_differs"}
    certified = certify_once_counted(office, polls.election, 2, print)
    assert (certified["state"], certified["ballots"]) == ("certified", 2)


def published(folder: Path, kind: str) -> list[Path]:
    return [file.relative_to(folder) for file in (folder / kind).rglob("*") if file.is_file()]


def test_openings_for_auditors_are_kept_apart(
    target: Target, office: ElectionOffice, http: httpx.Client, log: httpx.Client, tmp_path: Path
) -> None:
    voted = Voted(opened(target, office, http), log)
    voted.vote()
    eventually("the vote is proven", voted.proven)
    voted.certify()
    eventually("both openings are announced", lambda: voted.events().count("OpeningsPublished") > 1)
    index = log.get(f"/log/openings/{voted.polls.election}/index.json").json()
    assert index["audience"] == "sample"
    for key in voted.openings(AUDITORS):
        # No path of the API gives them.
        assert log.get(f"/{key}").status_code == 404
        assert log.get(f"/log/{key}").status_code == 404
    copied = set(LogCopy(target, OPENINGS_FOR_AUDITORS).into(tmp_path))
    assert f"{voted.polls.election}/index.json" in copied
    assert len(voted.openings(AUDITORS)) == 2


@pytest.mark.usefixtures("voted")
def test_nothing_published_can_be_deleted(target: Target) -> None:
    bucket = bucket_of(target)

    def versions(prefix: str) -> list[Any]:
        return target.s3.list_object_versions(Bucket=bucket, Prefix=prefix)["Versions"]

    kept = [*versions(f"{LOG}tile/")[:1], *versions(f"{LOG}checkpoint")[:3], *versions("journal/")]
    assert len({one["Key"] for one in kept}) > 3
    for one in kept[:6]:
        with pytest.raises(ClientError) as refusal:
            target.s3.delete_object(Bucket=bucket, Key=one["Key"], VersionId=one["VersionId"])
        assert refusal.value.response["Error"]["Code"] == "AccessDenied"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/receipts/" + "0" * 64, 404),
        ("/receipts/" + "A" * 64, 400),
        ("/receipts/" + "0" * 63, 400),
        ("/receipts/%2e%2e", 400),
        ("/log/../journal/", 404),
        ("/log/%2e%2e/journal/", 404),
        ("/log/tile/%2e%2e/%2e%2e/journal/", 404),
        ("/log/journal/999999999998", 404),
        ("/log/auditors/openings", 404),
        ("/log/tile/0/999", 404),
        ("/log/checkpoints/0", 404),
        ("/log/", 404),
        ("/journal/999999999998", 404),
    ],
)
def test_what_is_not_published_is_not_there(target: Target, path: str, status: int) -> None:
    # Unchanged: other clients normalise paths before they send a request.
    url = urlsplit(target.log_api_url)
    connection = HTTPConnection(url.netloc, timeout=PATIENCE_SECONDS)
    try:
        connection.request("GET", url.path + path)
        answer = connection.getresponse()
        body = answer.read()
    finally:
        connection.close()
    assert answer.status == status, body
    assert b"civic/" not in body


def test_page_of_receipts_asks_where_the_proofs_are(target: Target, voted: Voted) -> None:
    page = voted.log.get("/receipts")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "script-src 'sha256-" in page.headers["content-security-policy"]
    (path,) = re.findall(r"fetch\(`([^`]+)`", page.text)
    leaf = voted.leaves[0]
    # As in a browser: relative to the page, wherever that is.
    proof = voted.log.get(urljoin(str(page.url), path.replace("${leaf}", leaf)))
    found = Receipt.parse(proof.content)
    verify_receipt(found, bytes.fromhex(leaf), VerifierKey.parse(log_key(target)))


def test_no_line_of_the_function_names_a_leaf(target: Target, voted: Voted) -> None:
    for leaf in voted.leaves:
        voted.proof(leaf)
    voted.log.get("/receipts/" + "0" * 64)
    voted.log.get("/receipts")
    groups = [one["logGroupName"] for one in target.logs.describe_log_groups()["logGroups"]]
    ours = [one for one in groups if target.stacks["audit"] in one]
    lines = [line for group in ours for line in log_events.messages(target.logs, group)]
    assert any('"log_writer"' in line for line in lines)
    hidden = [*voted.leaves, *(b64decode(one).hex() for one in voted.ballots())]
    text = "\n".join(lines).lower()
    assert [one for one in hidden if one in text] == []
    assert re.search("[0-9a-f]{64}", text) is None
