"""`anchor`: checkpoints of a log on an Ethereum chain, and what the log says about them."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from civic.monitor.anchor.anchoring import (
    ChainContradicts,
    Verdict,
    check,
    newest,
    wants_anchor,
)
from civic.monitor.anchor.anchors import Anchors
from civic.monitor.anchor.chain import Chain
from civic.monitor.anchor.contract import anchor_call, contract, log_id
from civic.monitor.anchor.sending import WEI_PER_GWEI, Payer, transact
from civic.monitor.anchor.signing import Account, parse_address, read_account
from civic.monitor.published_log import published_log
from civic.terminal.console import err, out
from civic.terminal.failures import CommandFailed, SettingInvalid
from civic.terminal.times import second
from civic.verifier.checkpoints import want_type
from civic.verifier.errors import KeyRefused
from civic.verifier.notes import ED25519, VerifierKey

anchor = typer.Typer(no_args_is_help=True, help="Anchor a log's checkpoints on an Ethereum chain.")

Log = Annotated[str, typer.Option(metavar="URL|FOLDER", help="Where the log is published.")]
LogKey = Annotated[str, typer.Option("--key", metavar="VKEY", help="The log's key.")]
Rpc = Annotated[
    str,
    typer.Option(envvar="CIVIC_RPC", metavar="URL", help="A node of the chain, which is trusted."),
]
At = Annotated[str, typer.Option("--contract", metavar="ADDRESS", help="The contract.")]
Keystore = Annotated[
    Path,
    typer.Option("--account", exists=True, dir_okay=False, help="A wallet's keystore file."),
]
PasswordFile = Annotated[
    Path | None,
    typer.Option(
        exists=True, dir_okay=False, help="The file with its password; without it you are asked."
    ),
]
MaxFee = Annotated[
    float | None, typer.Option(min=0, metavar="GWEI", help="Pay no more for a unit of gas.")
]


@anchor.command("deploy")
def deploy(
    rpc: Rpc, account: Keystore, password_file: PasswordFile = None, max_fee: MaxFee = None
) -> None:
    """Put the contract on a chain, and print its address."""
    payer = _payer(account, password_file, max_fee)
    with Chain(rpc) as chain:
        sent, receipt = transact(chain, payer, None, contract().creation)
    if receipt.made is None:
        raise CommandFailed(f"transaction {sent} created no contract")
    err.print(f"block {receipt.block}, {receipt.gas:,} gas, transaction {sent}", soft_wrap=True)
    out.print(receipt.made)


@anchor.command("send")
def send(
    log: Log,
    key: LogKey,
    rpc: Rpc,
    at: At,
    account: Keystore,
    password_file: PasswordFile = None,
    max_fee: MaxFee = None,
) -> None:
    """Anchor the newest checkpoint if it is new. Exits with 1 if the chain contradicts the log."""
    published, log_key, address = published_log(log), _log_key(key), parse_address(at)
    head, origin = newest(published, log_key), log_id(log_key.name)
    with Chain(rpc) as chain:
        if not wants_anchor(published, head, Anchors(chain, address, origin).latest()):
            out.print(f"already anchored: {head.size} entries")
            return
        payer = _payer(account, password_file, max_fee)
        call = anchor_call(origin, head.size, head.root)
        sent, receipt = transact(chain, payer, address, call)
    out.print(f"anchored: {head.size} entries in block {receipt.block}, {receipt.gas:,} gas")
    err.print(f"transaction {sent}", soft_wrap=True)


@anchor.command("check")
def check_anchors(log: Log, key: LogKey, rpc: Rpc, at: At) -> None:
    """Compare every anchor with what the log has signed. Exits with 1 if one differs."""
    published, log_key, address = published_log(log), _log_key(key), parse_address(at)
    with Chain(rpc) as chain:
        anchors = Anchors(chain, address, log_id(log_key.name))
        last = anchors.latest()
        if last is None:
            raise CommandFailed(f"no checkpoint of {log_key.name} is anchored there")
        checked = check(published, log_key, anchors)
        number = chain.chain_id()
    table = Table("not after", "block", "entries", "root", "the log says")
    for one in checked:
        table.add_row(
            second(one.anchor.time),
            str(one.anchor.block),
            str(one.anchor.size),
            one.anchor.root.hex()[:16],
            one.verdict.value,
        )
    out.print(table)
    out.print(f"chain {number}, account {last.account}", soft_wrap=True)
    wrong = [one for one in checked if one.verdict is not Verdict.SIGNED]
    if wrong:
        raise ChainContradicts(
            f"{len(wrong)} of {len(checked)} anchors do not match what the log shows now;"
            " keep this output and a copy of the log"
        )


def _payer(file: Path, password_file: Path | None, max_fee: float | None) -> Payer:
    account: Account = read_account(file, lambda: _password(password_file))
    return Payer(account, None if max_fee is None else round(max_fee * WEI_PER_GWEI))


def _password(file: Path | None) -> str:
    if file is None:
        return str(typer.prompt("Password of the account", hide_input=True, err=True))
    return file.read_text().removesuffix("\n")


def _log_key(vkey: str) -> VerifierKey:
    try:
        key = VerifierKey.parse(vkey)
        want_type(key, ED25519)
    except KeyRefused as refused:
        raise SettingInvalid(f"--key: {refused}") from None
    return key
