"""The script of the receipts page on the real writer's proofs, compared with civic-verify.

Needs Node 20: part of `make test-deep`, where it fails if it is missing. Nothing is downloaded.
"""

import hashlib
import json
import random
import re
import subprocess
from base64 import b64decode, b64encode, urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from civic.audit.functions import public_log
from civic.audit.model.notes import verifier_key
from civic.audit.usecases.recording import record_ballots
from civic.contracts.log_entries import leaf_hash
from civic.verifier.errors import Refused
from civic.verifier.notes import COSIGNATURE, VerifierKey
from civic.verifier.receipts import Receipt, verify_receipt
from tests.fakes.lambda_events import http_event
from tests.fakes.log import ORIGIN, Log, arrival
from tests.fakes.naive_log import Signer, receipt

HERE = Path(__file__).parent
SIZES = 300
EVERY_BYTE = (1, 2, 3, 7, 8, 9, 255, 256, 257, 300)
"""Sizes at which every byte of a proof is altered."""

_SECONDS = 300

pytestmark = pytest.mark.deep


@dataclass(frozen=True)
class Asked:
    """An answer to a voter who has a leaf, and perhaps a key."""

    proof: bytes
    leaf: bytes
    key: str
    status: int = 200


@dataclass(frozen=True)
class Proof:
    """A proof of the real writer."""

    size: int
    index: int
    raw: bytes
    leaf: bytes


@pytest.fixture(scope="module")
def log() -> Log:
    return Log()


@pytest.fixture(scope="module")
def vkey(log: Log) -> str:
    return verifier_key(ORIGIN, log.signer.public_key())


@pytest.fixture(scope="module")
def proofs(log: Log) -> list[Proof]:
    """Proofs at every size: of the first, the last and the middle leaves, and some others."""
    chosen = random.Random(1)
    recorder, leaves, found = log.recorder(), [], []
    for size in range(1, SIZES + 1):
        record_ballots(recorder, "shard", [arrival(size)])
        leaves.append(leaf_hash(arrival(size).entry))
        half = 1 << (size - 1).bit_length() >> 1
        places = {0, size - 1, half - 1, half, *chosen.choices(range(size), k=3)}
        for index in sorted(place for place in places if 0 <= place < size):
            raw = log.lookup().prove(leaves[index])
            found.append(Proof(size, index, raw, leaves[index]))
    return found


def in_page(asked: list[Asked] = [], **others: Any) -> dict[str, Any]:  # noqa: B006 - never changed
    """Return the page's verdicts on answers and on what is typed."""
    page = str(public_log.handler(http_event("GET /receipts"), None)["body"])
    script, _ = re.findall("<script>(.*?)</script>", page, re.DOTALL)
    answers = [
        {
            "status": one.status,
            "proof": b64encode(one.proof).decode(),
            "leaf": one.leaf.hex(),
            "key": one.key,
        }
        for one in asked
    ]
    given = {"script": script, "keys": [], "leaves": [], "answers": answers, **others}
    done = subprocess.run(
        ["node", str(HERE / "receipts_page.mjs")],  # noqa: S607 - Node is where the shell finds it
        input=json.dumps(given),
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def kinds(asked: list[Asked], **others: Any) -> list[str]:
    return [one["kind"] for one in in_page(asked, **others)["explained"]]


def judged(asked: Asked) -> str:
    """Return civic-verify's verdict."""
    try:
        verify_receipt(Receipt.parse(asked.proof), asked.leaf, VerifierKey.parse(asked.key))
    except Refused:
        return "contradiction"
    return "found"


def altered(proof: Proof) -> Iterator[bytes]:
    """Yield a proof with each byte changed, left out or doubled."""
    raw = proof.raw
    yield raw[:-1] + b"A"
    for at in range(len(raw)):
        yield raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]
        yield raw[:at] + raw[at + 1 :]
        yield raw[:at] + raw[at : at + 1] + raw[at:]


def written(proof: Proof, index: int, hashes: list[bytes], size: int) -> bytes:
    """Return a proof with another path, or another size of the tree."""
    head, _, note = proof.raw.partition(b"\n\n")
    origin, _, *others = note.split(b"\n")
    lines = [head.split(b"\n")[0], b"index %d" % index, *hashes, b"", origin, b"%d" % size]
    return b"\n".join([*lines, *others])


def of_other_paths(proof: Proof) -> Iterator[bytes]:
    """Yield a proof with other indices and hashes."""
    hashes = proof.raw.partition(b"\n\n")[0].split(b"\n")[2:]
    assert written(proof, proof.index, hashes, proof.size) == proof.raw
    for index in {proof.index - 1, proof.index + 1, proof.index ^ 2, proof.size, 2**62}:
        yield written(proof, index, hashes, proof.size)
    nothing = b64encode(bytes(32))
    paths = [[*hashes, nothing]]
    if hashes:
        paths += [hashes[1:], hashes[:-1], [nothing, *hashes[1:]]]
    if len(hashes) > 1:
        paths.append(hashes[::-1])
    for path in paths:
        yield written(proof, proof.index, path, proof.size)


def of_other_sizes(proof: Proof) -> Iterator[bytes]:
    """Yield a proof whose checkpoint claims more or fewer entries."""
    hashes = proof.raw.partition(b"\n\n")[0].split(b"\n")[2:]
    for size in (proof.size + 1, proof.size - 1, 2 * proof.size, 2**32 + 1):
        yield written(proof, proof.index, hashes, size)


def test_every_proof_of_the_writer_is_found_with_its_position(
    proofs: list[Proof], vkey: str
) -> None:
    assert {one.size for one in proofs} == set(range(1, SIZES + 1))
    found = in_page([Asked(one.raw, one.leaf, vkey) for one in proofs])["explained"]
    for one, told in zip(proofs, found, strict=True):
        assert told["kind"] == "found"
        assert told["lines"] == [
            f"It is at position {one.index + 1} of {one.size}.",
            f"The log {ORIGIN} has signed this, as your key shows.",
        ]


def test_every_altered_byte_is_refused(proofs: list[Proof], vkey: str) -> None:
    chosen = {one.size: one for one in proofs if one.size in EVERY_BYTE}
    assert set(chosen) == set(EVERY_BYTE)
    asked = [
        Asked(raw, one.leaf, vkey)
        for one in chosen.values()
        for raw in altered(one)
        if raw != one.raw
    ]
    assert set(kinds(asked)) == {"contradiction"}


def test_other_indices_sizes_and_hashes_are_refused_as_civic_verify_does(
    proofs: list[Proof], vkey: str
) -> None:
    asked = [
        Asked(raw, one.leaf, vkey)
        for one in proofs
        for raw in (*of_other_paths(one), *of_other_sizes(one))
    ]
    verdicts = kinds(asked)
    assert verdicts == [judged(one) for one in asked]
    assert set(verdicts) == {"contradiction"}


def lying(signer: Signer, proof: Proof, size: int, hashes: list[bytes], root: bytes) -> Asked:
    """Return a proof with a checkpoint that the log signs although it is of another tree."""
    text = b"%s\n%d\n%s\n" % (signer.name.encode(), size, b64encode(root))
    raw = written(proof, proof.index, hashes, size).partition(b"\n\n")[0]
    return Asked(raw + b"\n\n" + text + b"\n" + signer.line(text), proof.leaf, signer.vkey)


def test_log_that_signs_another_size_or_root_is_judged_as_civic_verify_does(
    proofs: list[Proof],
) -> None:
    signer, asked = Signer(ORIGIN), []
    for one in proofs:
        head, _, note = one.raw.partition(b"\n\n")
        hashes, root = head.split(b"\n")[2:], b64decode(note.split(b"\n")[2])
        sizes = {*range(max(0, one.size - 2), one.size + 3), one.size // 2, 2 * one.size}
        asked += [lying(signer, one, size, hashes, root) for size in sorted(sizes)]
        # One step too many, to a root to which it leads.
        above = hashlib.sha256(b"\1" + bytes(32) + root).digest()
        asked.append(lying(signer, one, one.size, [*hashes, b64encode(bytes(32))], above))
    verdicts = kinds(asked)
    assert verdicts == [judged(one) for one in asked]
    # Some sizes have the same path, so no proof distinguishes them.
    assert set(verdicts) == {"found", "contradiction"}


def test_without_a_key_the_path_is_checked_all_the_same(proofs: list[Proof]) -> None:
    assert set(kinds([Asked(one.raw, one.leaf, "") for one in proofs])) == {"unsigned"}
    others = [Asked(raw, one.leaf, "") for one in proofs for raw in of_other_paths(one)]
    assert set(kinds(others)) == {"contradiction"}


def test_proof_of_another_ballot_is_refused(proofs: list[Proof], vkey: str) -> None:
    others = [
        Asked(one.raw, other.leaf, vkey) for one, other in zip(proofs[1:], proofs, strict=False)
    ]
    mine = [one.leaf == other.leaf for one, other in zip(proofs[1:], proofs, strict=False)]
    refused = [kind == "contradiction" for kind in kinds(others)]
    assert refused == [not same for same in mine]


def test_key_of_another_log_and_of_the_same_name_are_refused(proofs: list[Proof]) -> None:
    last = proofs[-1]
    keys = [str(VerifierKey(name, 1, bytes([7] * 32))) for name in (ORIGIN, "other.example/log")]
    asked = [Asked(last.raw, last.leaf, key) for key in keys]
    first, second = in_page(asked)["explained"]
    assert (first["kind"], second["kind"]) == ("contradiction", "contradiction")
    assert first["lines"][0] == "The checkpoint is not signed with your key."
    assert "other.example/log" in second["lines"][0]


def test_large_trees_are_followed() -> None:
    # Made by our naive test writer, which shares no code with the real one.
    signer = Signer(ORIGIN)
    entries = [b"entry %d" % number for number in range(5000)]
    asked = []
    for index in (0, 4095, 4096, 4999):
        raw = receipt(signer, index, entries)
        asked.append(Asked(raw, leaf_hash(entries[index]), signer.vkey))
    told = in_page(asked)["explained"]
    assert [one["kind"] for one in told] == ["found"] * 4
    assert told[-1]["lines"][0] == "It is at position 5,000 of 5,000."


def test_browser_without_ed25519_says_so_and_checks_the_path(
    proofs: list[Proof], vkey: str
) -> None:
    last = proofs[-1]
    asked = [Asked(last.raw, last.leaf, vkey), Asked(last.raw, proofs[0].leaf, vkey)]
    lacking, wrong = in_page(asked, withoutEd25519=True)["explained"]
    assert (lacking["kind"], wrong["kind"]) == ("unsigned", "contradiction")
    assert "This browser cannot check Ed25519 signatures" in lacking["lines"][1]


def test_absence_and_silence_are_no_contradiction(vkey: str) -> None:
    statuses = [404, 0, 403, 429, 500, 503]
    told = kinds([Asked(b"", bytes(32), vkey, status) for status in statuses])
    assert told == ["absent", *["unanswered"] * 5]


def test_answer_that_is_no_proof_is_a_contradiction(vkey: str) -> None:
    answers = [
        b"",
        b"<!doctype html>",
        b"\xff\xfe",
        b"c2sp.org/tlog-proof@v1\nindex 0\n\n",
        b"\n" * 200_000,
    ]
    assert set(kinds([Asked(raw, bytes(32), vkey) for raw in answers])) == {"contradiction"}


def test_receipt_is_understood_as_it_may_be_pasted() -> None:
    leaf = bytes(range(200, 232))
    shown = urlsafe_b64encode(leaf).decode().rstrip("=")
    assert "-" in shown or "_" in shown
    good = [
        shown,
        f"  {shown}\n",
        f"{shown}=",
        leaf.hex(),
        leaf.hex().upper(),
        f"{shown[:20]} {shown[20:]}",
    ]
    # The last of 43 characters has two spare bits that must not be set.
    bad = [
        "",
        shown[:-1],
        f"{shown}A",
        f"{shown[:-1]}!",
        f"{shown[:-1]}Z",
        leaf.hex()[:-1],
        f"{leaf.hex()[:-1]}g",
    ]
    found = in_page(leaves=[*good, *bad])["leaves"]
    assert found[: len(good)] == [leaf.hex()] * len(good)
    assert all(one["mistyped"] for one in found[len(good) :])


def test_key_is_understood_and_a_mistyped_one_is_told_from_a_wrong_one(vkey: str) -> None:
    witness = str(VerifierKey("witness.example", COSIGNATURE, bytes(32)))
    bad = [vkey[:-1], vkey.replace("log+", "logs+", 1), vkey.replace("+", " ", 1), witness, "key"]
    good, spaced, none, *refused = in_page(keys=[vkey, f" {vkey}\n", "", *bad])["keys"]
    assert good == spaced == {"name": ORIGIN}
    assert none is None
    assert all(one["mistyped"] for one in refused)
