"""The command ``civic-verify``."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from civic.verifier.checkpoints import want_type
from civic.verifier.encodings import hex_bytes
from civic.verifier.errors import (
    KeyRefused,
    Malformed,
    NoteRefused,
    ObjectRefused,
    ProofRefused,
    Refused,
)
from civic.verifier.folder import Folder
from civic.verifier.heads import Trust
from civic.verifier.kept import Kept, read_file
from civic.verifier.log import verify_log
from civic.verifier.notes import COSIGNATURE, ED25519, VerifierKey
from civic.verifier.progress import Progress
from civic.verifier.receipts import MAX_RECEIPT, Receipt, verify_receipt, want_quorum
from civic.verifier.report import Report, counted

REFUSED = 1
USAGE = 2
INTERRUPTED = 130
MAX_LINE = 1000
"""Characters of an error; what is refused may be long."""


def run() -> None:
    """Run the command and leave with its exit code."""
    sys.exit(main(sys.argv[1:]))


def main(arguments: Sequence[str]) -> int:
    """Check what is asked for: 0 if all of it holds, 1 if something is refused, 2 for misuse."""
    parser = _parser()
    asked = parser.parse_args(arguments)
    progress = Progress()
    try:
        report = asked.check(parser, asked, progress)
    except Refused as refused:
        progress.clear()
        sys.stderr.write(f"refused: {printable(str(refused))[:MAX_LINE]}\n")
        return REFUSED
    except KeyboardInterrupt:
        progress.clear()
        sys.stderr.write("interrupted\n")
        return INTERRUPTED
    progress.clear()
    text = json.dumps(report.document(), indent=2) if asked.json else "\n".join(report.lines())
    sys.stdout.write(f"{printable(text)}\n")
    return 0


def printable(text: str) -> str:
    """Return text without what a terminal would not print but obey; newlines stay."""
    return "".join(one if one.isprintable() or one == "\n" else ascii(one)[1:-1] for one in text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="civic-verify", description="Check the public log of a Civic deployment."
    )
    commands = parser.add_subparsers(required=True, metavar="log | receipt")
    log = commands.add_parser("log", help="check a whole log")
    log.add_argument("source", metavar="SOURCE", help="the folder of the log")
    _trust_arguments(log)
    for option, metavar, text in [
        ("cosigned", "NOTE_FILE", "a checkpoint that a witness has signed"),
        ("old", "CHECKPOINT_FILE", "a checkpoint of this log from earlier"),
        ("receipt", "FILE", "a receipt to find in the log"),
    ]:
        log.add_argument(
            f"--{option}", metavar=metavar, action="append", default=[], type=_file, help=text
        )
    log.add_argument(
        "--openings",
        metavar="DIR",
        action="append",
        default=[],
        type=_folder,
        help="openings that only auditors get",
    )
    log.add_argument(
        "--no-openings", action="store_true", help="do not recount from those that are published"
    )
    log.set_defaults(check=_log)
    receipt = commands.add_parser("receipt", help="check one receipt, without the log")
    receipt.add_argument(
        "file", metavar="FILE", type=_file_or_dash, help="the receipt, or - for standard input"
    )
    receipt.add_argument("--leaf", metavar="HEX", required=True, help="what the vote answered")
    _trust_arguments(receipt)
    receipt.set_defaults(check=_receipt)
    return parser


def _file(name: str) -> Path:
    if not Path(name).exists():
        raise argparse.ArgumentTypeError(f"{name} is not there")
    return Path(name)


def _folder(name: str) -> Path:
    if not Path(name).is_dir():
        raise argparse.ArgumentTypeError(f"{name} is not a folder")
    return Path(name)


def _file_or_dash(name: str) -> Path | None:
    return None if name == "-" else _file(name)


def _trust_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--key", metavar="VKEY", required=True, help="the key of the log")
    parser.add_argument(
        "--witness", metavar="VKEY", action="append", default=[], help="the key of a witness"
    )
    parser.add_argument(
        "--quorum", metavar="K", type=int, help="so many witnesses must have signed; default all"
    )
    parser.add_argument("--json", action="store_true", help="write the report as JSON")


def _trust(parser: argparse.ArgumentParser, asked: argparse.Namespace) -> Trust:
    try:
        log = VerifierKey.parse(asked.key)
        want_type(log, ED25519)
    except KeyRefused as refused:
        parser.error(f"--key: {refused}")
    witnesses: list[VerifierKey] = []
    for vkey in asked.witness:
        try:
            witness = VerifierKey.parse(vkey)
            want_type(witness, COSIGNATURE)
        except KeyRefused as refused:
            parser.error(f"--witness: {refused}")
        if witness.public in {one.public for one in witnesses}:
            parser.error(f"--witness: {witness.name} is there twice")
        witnesses.append(witness)
    quorum = len(witnesses) if asked.quorum is None else asked.quorum
    if not min(1, len(witnesses)) <= quorum <= len(witnesses):
        parser.error(f"--quorum: {quorum} of {len(witnesses)} witnesses is not possible")
    return Trust(log, tuple(witnesses), quorum)


def _log(parser: argparse.ArgumentParser, asked: argparse.Namespace, progress: Progress) -> Report:
    trust = _trust(parser, asked)
    source = Path(asked.source)
    if not source.is_dir():
        parser.error(f"{source} is not a folder")
    kept = Kept(asked.cosigned, asked.old, asked.receipt, asked.openings, not asked.no_openings)
    return verify_log(Folder(source), trust, kept, progress)


def _receipt(
    parser: argparse.ArgumentParser, asked: argparse.Namespace, progress: Progress
) -> Report:
    del progress
    trust = _trust(parser, asked)
    try:
        leaf = hex_bytes(asked.leaf, "the leaf")
    except Malformed as malformed:
        parser.error(f"--leaf: {malformed}")
    if asked.file is None:
        name, raw = "-", sys.stdin.buffer.read(MAX_RECEIPT + 1)
    else:
        name, raw = str(asked.file), read_file(asked.file, MAX_RECEIPT)
    try:
        receipt = Receipt.parse(raw)
        checkpoint = verify_receipt(receipt, leaf, trust.log, trust.witnesses)
        want_quorum(checkpoint, trust.quorum)
    except (Malformed, NoteRefused, ProofRefused) as refused:
        raise ObjectRefused(name, str(refused)) from None
    head = checkpoint.head
    report = Report()
    text = f"entry {receipt.index} of the first {counted(head.size, 'entry', 'entries')}"
    report.add("receipt", f"{text} of {head.origin}", index=receipt.index, size=head.size)
    if trust.witnesses:
        count = len(checkpoint.cosignatures)
        report.add("witnesses", f"signed by {count} of {len(trust.witnesses)}", signed=count)
    else:
        report.leave_out("witnesses", "no keys given (--witness)")
    report.leave_out("log", "that all of it is right is checked by: civic-verify log")
    return report
