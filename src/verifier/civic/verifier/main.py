"""The command ``civic-verify``."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from civic.verifier.arguments import parser, trust
from civic.verifier.encodings import hex_bytes
from civic.verifier.errors import (
    Malformed,
    NoteRefused,
    ObjectRefused,
    ProofRefused,
    Refused,
    Unavailable,
)
from civic.verifier.folder import Folder
from civic.verifier.kept import Kept, read_file
from civic.verifier.log import verify_log
from civic.verifier.mirror import Mirror
from civic.verifier.progress import Progress
from civic.verifier.receipts import MAX_RECEIPT, Receipt, verify_receipt, want_quorum
from civic.verifier.report import Report, counted
from civic.verifier.web import Web, is_url

REFUSED = 1
INTERRUPTED = 130

MAX_LINE = 1000
"""The most characters of an error to print: what it quotes may be long."""


def run() -> None:
    """Run the command and exit with its code."""
    sys.exit(main(sys.argv[1:]))


def main(arguments: Sequence[str]) -> int:
    """Run a command and return its code: 0 if every check passes, 1 if one fails, 2 for misuse."""
    misuse = parser()
    asked = misuse.parse_args(arguments)
    progress = Progress()
    try:
        report = _COMMANDS[asked.command](asked, misuse, progress)
    except Refused as refused:
        progress.clear()
        # That something could not be read says nothing about the log, good or bad.
        how = "failed" if isinstance(refused, Unavailable) else "refused"
        sys.stderr.write(f"{how}: {printable(str(refused))[:MAX_LINE]}\n")
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
    """Escape everything that a terminal would obey rather than print; newlines stay."""
    return "".join(one if one.isprintable() or one == "\n" else ascii(one)[1:-1] for one in text)


def _log(asked: argparse.Namespace, misuse: argparse.ArgumentParser, progress: Progress) -> Report:
    given = trust(asked, misuse)
    kept = Kept(asked.cosigned, asked.old, asked.receipt, asked.openings, not asked.no_openings)
    if is_url(asked.source):
        with TemporaryDirectory(prefix="civic-verify-") as place:
            _copy(asked, misuse, asked.source, Path(place), progress)
            return verify_log(Folder(Path(place)), given, kept, progress)
    if not Path(asked.source).is_dir():
        misuse.error(f"{asked.source} is not a folder")
    return verify_log(Folder(Path(asked.source)), given, kept, progress)


def _mirror(
    asked: argparse.Namespace, misuse: argparse.ArgumentParser, progress: Progress
) -> Report:
    mirror, size = _copy(asked, misuse, asked.url, asked.place, progress)
    report = Report()
    text = (
        f"{counted(size, 'entry', 'entries')} in {asked.place}: "
        f"{counted(mirror.fetched, 'object')} fetched, {mirror.kept:,} already there"
    )
    report.add("mirror", text, size=size, fetched=mirror.fetched, kept=mirror.kept)
    report.leave_out(
        "log", f"this is only a copy; to check it, run: civic-verify log {asked.place}"
    )
    return report


def _copy(
    asked: argparse.Namespace,
    misuse: argparse.ArgumentParser,
    url: str,
    place: Path,
    progress: Progress,
) -> tuple[Mirror, int]:
    try:
        web = Web(url, asked.max_gib * 2**30)
    except Malformed as malformed:
        misuse.error(f"{url}: {malformed}")
    mirror = Mirror(web, place, progress)
    try:
        return mirror, mirror.run(openings=not asked.no_openings)
    finally:
        web.close()


def _receipt(asked: argparse.Namespace, misuse: argparse.ArgumentParser, _: Progress) -> Report:
    given = trust(asked, misuse)
    try:
        leaf = hex_bytes(asked.leaf, "the leaf")
    except Malformed as malformed:
        misuse.error(f"--leaf: {malformed}")
    if asked.file is None:
        name, raw = "-", sys.stdin.buffer.read(MAX_RECEIPT + 1)
    else:
        name, raw = str(asked.file), read_file(asked.file, MAX_RECEIPT)
    try:
        receipt = Receipt.parse(raw)
        checkpoint = verify_receipt(receipt, leaf, given.log, given.witnesses)
        want_quorum(checkpoint, given.quorum)
    except (Malformed, NoteRefused, ProofRefused) as refused:
        raise ObjectRefused(name, str(refused)) from None
    head, signed = checkpoint.head, len(checkpoint.cosignatures)
    report = Report()
    text = f"entry {receipt.index} of the first {counted(head.size, 'entry', 'entries')}"
    report.add("receipt", f"{text} of {head.origin}", index=receipt.index, size=head.size)
    if given.witnesses:
        report.add("witnesses", f"signed by {signed} of {len(given.witnesses)}", signed=signed)
    else:
        report.leave_out("witnesses", "no keys given (--witness)")
    report.leave_out("log", "to check the whole log, run: civic-verify log")
    return report


_COMMANDS = {"log": _log, "mirror": _mirror, "receipt": _receipt}
