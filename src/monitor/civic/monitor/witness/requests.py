"""Requests of C2SP tlog-witness, and the answers to them.

A request is an old size, a consistency proof and a checkpoint. The answer is a signature, or a
status that says why there is none.
"""

from dataclasses import dataclass
from http import HTTPStatus

from civic.monitor.witness.witness import FIRST_SIGHT, Contradicted, SizeDiffers, Witness
from civic.verifier.checkpoints import TreeHead
from civic.verifier.encodings import base64_bytes, decimal
from civic.verifier.errors import Malformed, NoteRefused, ProofRefused
from civic.verifier.merkle import HASH_BYTES
from civic.verifier.notes import MAX_NOTE

MOST_PROOF_LINES = 63
MOST_BYTES = MAX_NOTE + 4096
"""The most bytes of a request: a note, and 63 hashes before it."""

TREE_SIZE = "text/x.tlog.size"
_TEXT = "text/plain; charset=utf-8"


@dataclass(frozen=True)
class Answer:
    """The answer to a request.

    Attributes:
        status: The HTTP status.
        body: The content, whose type is `kind`.
        notice: What to report to the operator of the witness; empty if nothing.
    """

    status: HTTPStatus
    body: str
    kind: str = _TEXT
    notice: str = ""


@dataclass(frozen=True)
class AddCheckpoint:
    """A request to sign a checkpoint.

    Attributes:
        old_size: The size that the proof starts from.
        proof: The hashes of the consistency proof.
        head: What the checkpoint says, not yet verified.
        note: The checkpoint.
    """

    old_size: int
    proof: tuple[bytes, ...]
    head: TreeHead
    note: bytes


def answer(witness: Witness, body: bytes) -> Answer:
    """Answer a request; not safe to call twice at the same time."""
    try:
        asked = _parse(body)
    except (Malformed, NoteRefused) as refused:
        return _refuse(HTTPStatus.BAD_REQUEST, str(refused))
    if asked.head.origin != witness.log.name:
        return _refuse(HTTPStatus.NOT_FOUND, "no such log here")
    return _sign(witness, asked)


def _sign(witness: Witness, asked: AddCheckpoint) -> Answer:
    try:
        signed = witness.add(asked.old_size, asked.proof, asked.note)
    except NoteRefused as refused:
        return _refuse(HTTPStatus.FORBIDDEN, str(refused))
    except SizeDiffers as differs:
        return Answer(HTTPStatus.CONFLICT, f"{differs.size}\n", TREE_SIZE)
    except Contradicted as contradicted:
        return Answer(HTTPStatus.CONFLICT, "the log contradicts itself\n", notice=str(contradicted))
    except ProofRefused as refused:
        return _refuse(HTTPStatus.UNPROCESSABLE_ENTITY, str(refused))
    return Answer(HTTPStatus.OK, signed.line, notice=FIRST_SIGHT if signed.first else "")


def _parse(body: bytes) -> AddCheckpoint:
    """Parse a request.

    Raises:
        Malformed: It is not a request.
        NoteRefused: It does not contain a checkpoint.
    """
    before, parted, note = body.partition(b"\n\n")
    if not parted:
        raise Malformed("a request is an old size, a proof, an empty line and a checkpoint")
    try:
        old, *hashes = before.decode().split("\n")
        text = note.rpartition(b"\n\n")[0] + b"\n"
        head = TreeHead.parse(text)
    except UnicodeDecodeError:
        raise Malformed("not text") from None
    if len(hashes) > MOST_PROOF_LINES:
        raise Malformed(f"more than {MOST_PROOF_LINES} hashes")
    word, _, size = old.partition(" ")
    if word != "old":
        raise Malformed("the first line is `old` and a size")
    old_size = decimal(size, "the old size")
    if old_size > head.size:
        raise Malformed("the old size is above that of the checkpoint")
    proof = tuple(base64_bytes(one, "a hash", HASH_BYTES) for one in hashes)
    return AddCheckpoint(old_size, proof, head, note)


def _refuse(status: HTTPStatus, why: str) -> Answer:
    return Answer(status, f"{why}\n")
