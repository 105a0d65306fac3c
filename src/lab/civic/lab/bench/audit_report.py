"""The measurement of the log as tables."""

from rich.console import Console
from rich.table import Table

from civic.lab.bench.audit import HOW, Audit
from civic.lab.bench.audit_requests import LogRequests
from civic.lab.bench.targets import AUDIT_TARGETS, judge

_VERDICTS = {True: "[green]met[/green]", False: "[red]missed[/red]"}


def show_audit(found: Audit, out: Console) -> None:
    """Print what was measured."""
    out.print(_sizes(found))
    out.print(_loads(found))
    trip = found.prices.log.chain_round_trip_ms
    known, read = (found.chain.appends_per_second[trips] for trips in (1, 2))
    out.print(
        f"A chain takes {known:,.0f} appends a second from all its writers together, {read:,.0f} "
        f"if each reads the last hash first, at an assumed round trip of {trip:g} ms.",
        soft_wrap=True,
    )
    out.print()
    for key, how in HOW.items():
        out.print(f"[bold]{key}[/bold]: {how}.", soft_wrap=True)


def _sizes(found: Audit) -> Table:
    table = Table(title="The log by size, and a chain of hashes beside it")
    for name in ("entries", "a second", "chain", "proof", "chain", "verify", "chain"):
        table.add_column(name, justify="right")
    ours, chain = found.figures(), found.chain_figures()
    for one in found.growth:
        size = one.size
        table.add_row(
            f"{size:,}",
            f"{ours['entries_per_second'][size]:,.0f}",
            f"{chain['entries_per_second'][size]:,.0f}",
            f"{ours['proof_bytes'][size]:,} B",
            f"{chain['proof_bytes'][size] / 1e6:,.2f} MB",
            f"{ours['verify_us'][size]:,.0f} µs",
            f"{chain['verify_us'][size] / 1e3:,.0f} ms",
        )
    return table


def _loads(found: Audit) -> Table:
    table = Table(title="Objects put per vote, and dollars per million votes, of the log alone")
    table.add_column("ballots per checkpoint", no_wrap=True)
    for name in ("puts", "target", "", "gets", "signed", "$"):
        table.add_column(name, justify="right")
    table.add_row(*_load(f"{found.full.load.batch:,}, full batch", found.full))
    for rate, one in found.by_rate.items():
        table.add_row(*_load(f"{one.load.batch:,}, at {rate:,} votes/s", one))
    turns = f"{found.in_turns.load.batch:,}, {found.in_turns.load.writers} shards"
    table.add_row(*_load(f"{turns} in turns", found.in_turns))
    table.add_row(*_load(f"{turns} at once", found.at_once))
    puts = found.chain.puts_per_vote()
    dollars = found.prices.dollars_per_million({"s3_puts": puts})["s3_puts"]
    table.add_row("chain: each an object", f"{puts:.4f}", "", "", "", "", f"{dollars:.2f}")
    return table


def _load(name: str, one: LogRequests) -> tuple[str, ...]:
    (judged,) = judge({"puts_per_vote": one.puts_per_vote}, AUDIT_TARGETS)
    return (
        name,
        f"{one.puts_per_vote:.4f}",
        f"{judged.target.bound:g}",
        _VERDICTS[one.puts_per_vote <= judged.target.bound],
        f"{one.per_vote['s3_gets']:.4f}",
        f"{one.per_vote['kms_sign']:.4f}",
        f"{one.total:.2f}",
    )
