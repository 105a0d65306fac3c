"""The arguments of ``civic-verify``."""

import argparse
import sys
from importlib.metadata import entry_points
from pathlib import Path

from civic.verifier.checkpoints import want_type
from civic.verifier.errors import KeyRefused
from civic.verifier.heads import Trust
from civic.verifier.notes import COSIGNATURE, ED25519, VerifierKey


def parser() -> argparse.ArgumentParser:
    """Return the argument parser, which stores the name of the command as ``command``."""
    whole = argparse.ArgumentParser(
        prog="civic-verify", description="Check the public log of a Civic deployment."
    )
    whole.add_argument("--version", action=_ShowVersion, nargs=0, help="show the version and exit")
    commands = whole.add_subparsers(dest="command", required=True, metavar="log | mirror | receipt")
    _log(commands.add_parser("log", help="check a whole log"))
    _mirror(commands.add_parser("mirror", help="copy a log, or what is new in it, into a folder"))
    _receipt(commands.add_parser("receipt", help="check one receipt, without the log"))
    return whole


def trust(asked: argparse.Namespace, misuse: argparse.ArgumentParser) -> Trust:
    """Return the given keys; `misuse` ends the command if one is not valid."""
    log = _key(asked.key, ED25519, "--key", misuse)
    witnesses: list[VerifierKey] = []
    for vkey in asked.witness:
        witness = _key(vkey, COSIGNATURE, "--witness", misuse)
        # A witness does not sign its name, so one key under two names is one witness.
        if witness.public in {one.public for one in witnesses}:
            misuse.error(f"--witness: the key of {witness.name} is given twice; give each key once")
        witnesses.append(witness)
    quorum = len(witnesses) if asked.quorum is None else asked.quorum
    if not min(1, len(witnesses)) <= quorum <= len(witnesses):
        misuse.error(f"--quorum: {quorum} of {len(witnesses)} witnesses is not possible")
    return Trust(log, tuple(witnesses), quorum)


def _key(vkey: str, wanted: int, option: str, misuse: argparse.ArgumentParser) -> VerifierKey:
    try:
        key = VerifierKey.parse(vkey)
        want_type(key, wanted)
    except KeyRefused as refused:
        misuse.error(f"{option}: {refused}")
    return key


class _ShowVersion(argparse.Action):
    """Looks the version up only when it is asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        for script in entry_points(group="console_scripts", name=parser.prog):
            if script.dist is not None:
                sys.stdout.write(f"{parser.prog} {script.dist.version}\n")
                parser.exit()
        parser.error("it is not installed as a package, so it has no version to show")


def _log(command: argparse.ArgumentParser) -> None:
    command.add_argument("source", metavar="SOURCE", help="the folder of a log, or its https URL")
    _trust_arguments(command)
    for option, metavar, kind, text in [
        ("cosigned", "NOTE_FILE", _file, "a checkpoint that witnesses have signed"),
        ("old", "CHECKPOINT_FILE", _file, "an earlier checkpoint of this log"),
        ("receipt", "FILE", _file, "a receipt to find in the log"),
        ("openings", "DIR", _folder, "openings that only auditors receive"),
    ]:
        command.add_argument(
            f"--{option}", metavar=metavar, action="append", default=[], type=kind, help=text
        )
    _copy_arguments(command)


def _mirror(command: argparse.ArgumentParser) -> None:
    command.add_argument("url", metavar="URL", help="where the log is, over https")
    command.add_argument("place", metavar="DIR", type=Path, help="the folder of the copy")
    command.add_argument("--json", action="store_true", help="write the report as JSON")
    _copy_arguments(command)


def _receipt(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "file", metavar="FILE", type=_file_or_dash, help="the receipt, or - for standard input"
    )
    command.add_argument(
        "--leaf", metavar="HEX", required=True, help="the leaf that the vote API answered with"
    )
    _trust_arguments(command)


def _trust_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("--key", metavar="VKEY", required=True, help="the key of the log")
    command.add_argument(
        "--witness", metavar="VKEY", action="append", default=[], help="the key of a witness"
    )
    command.add_argument(
        "--quorum", metavar="K", type=int, help="how many witnesses must have signed; default: all"
    )
    command.add_argument("--json", action="store_true", help="write the report as JSON")


def _copy_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--no-openings", action="store_true", help="leave out the published openings"
    )
    command.add_argument(
        "--max-gib", metavar="N", type=int, default=16, help="read at most N GiB; default: 16"
    )


def _file(name: str) -> Path:
    if not Path(name).exists():
        raise argparse.ArgumentTypeError(f"{name} does not exist")
    return Path(name)


def _folder(name: str) -> Path:
    if not Path(name).is_dir():
        raise argparse.ArgumentTypeError(f"{name} is not a folder")
    return Path(name)


def _file_or_dash(name: str) -> Path | None:
    return None if name == "-" else _file(name)
