"""The measurement as tables."""

from collections.abc import Mapping

from rich.console import Console
from rich.table import Table

from civic.lab.bench.imports import BOTH_LIBRARIES, FLOOR
from civic.lab.bench.registrations import Figures, Registrations
from civic.lab.bench.run import Run
from civic.lab.bench.section import HOW, naive_reckoned, standing
from civic.lab.bench.targets import judge

_VERDICTS = {True: "[green]met[/green]", False: "[red]missed[/red]", None: "not measured"}


def show(found: Registrations, out: Console) -> None:
    """Print everything that was measured."""
    for fill, run in found.ours.warm.items():
        out.print(_calls(run, f"AWS calls per registration, warm, batches of {fill}"))
    out.print(_calls(found.naive.warm[1], "AWS calls per registration, naive design"))
    out.print(_post(found))
    out.print(_items(found))
    out.print(_instructions(found))
    out.print(_imports(found))
    out.print(_bills(found))
    _notes(found, out)
    out.print(_figures(found))


def _calls(run: Run, title: str) -> Table:
    table = _table(title, "function", "operation")
    for name in ("calls", "sent B", "received B", "write units", "read units"):
        table.add_column(name, justify="right")
    for line, tally in sorted(run.ledger.tallies.items()):
        numbers = (
            tally.calls,
            tally.request_bytes,
            tally.response_bytes,
            tally.write_units,
            tally.read_units,
        )
        cells = [_number(number / run.requests) for number in numbers]
        table.add_row(line.function, line.operation, *cells)
    events = sum(run.events.values()) / run.requests
    table.caption = (
        f"{_number(events)} events, {_number(run.sqs_requests / run.requests)} SQS requests"
    )
    return table


def _post(found: Registrations) -> Table:
    posts, ours = found.ours.posts, found.ours
    table = _table("Calls of one request, by kind", "request")
    table.add_column("AWS calls", justify="right")
    table.add_column("of them KMS", justify="right")
    cold = ours.cold.ledger
    for name, calls, kms in (
        ("POST", posts.without_key.calls(), posts.without_key.calls(service="kms")),
        ("POST, Idempotency-Key", posts.with_key.calls(), posts.with_key.calls(service="kms")),
        ("POST, repeated", posts.retried.calls(), posts.retried.calls(service="kms")),
        ("GET data", ours.access.calls(), ours.access.calls(service="kms")),
        ("POST and all that follows, cold", cold.calls(), cold.calls(service="kms")),
        ("renewal of cached keys", ours.renewal.calls(), ours.renewal.calls(service="kms")),
    ):
        table.add_row(name, str(calls), str(kms))
    return table


def _items(found: Registrations) -> Table:
    table = _table("Bytes per stored item (1,024 B are one write unit)", "table")
    for name in ("all people", "every field given", "largest", "over one unit"):
        table.add_column(name, justify="right")
    naive = {f"naive: {name}": sizes for name, sizes in found.naive.items.items()}
    for name, sizes in {**found.ours.items, **naive}.items():
        table.add_row(
            name,
            _number(sizes.population_median),
            _number(sizes.complete_median),
            _number(sizes.largest),
            f"{sizes.share_over_unit:.1%}",
        )
    table.caption = "medians, by DynamoDB's size rule"
    return table


def _instructions(found: Registrations) -> Table:
    table = _table("Instructions per POST", "handler")
    table.add_column("millions", justify="right")
    table.add_column("x bare", justify="right")
    for name, count in (found.instructions.per_post or {}).items():
        ratio = found.instructions.ratio(name)
        table.add_row(name, f"{count / 1e6:.2f}", f"{ratio:.2f}" if ratio else "")
    table.caption = found.instructions.method
    return table


def _imports(found: Registrations) -> Table:
    table = _table("Cold start in fresh interpreters, medians of this run", "program")
    for name in ("import ms", "ratio", "clients", "with them ms", "ratio"):
        table.add_column(name, justify="right")
    floor = found.imports[FLOOR]
    laps = ", ".join(f"{number}: {lap * 1000:.0f}" for number, lap in enumerate(floor.laps, 1))
    table.caption = f"ratios to boto3 and one client, and to boto3 and as many (ms: {laps})"
    handlers: Mapping[str, int] = {**found.services, "naive": 3}
    for name, cold in found.imports.items():
        clients = handlers.get(name, 0)
        row = [f"{found.loaded_ratio(name):.2f}"]
        if clients:
            ratio = f"{found.composed_ratio(name, clients):.2f}"
            row += [str(clients), f"{cold.composed * 1000:.0f}", ratio]
        table.add_row(name, f"{cold.loaded * 1000:.0f}", *row)
    return table


def _bills(found: Registrations) -> Table:
    columns = {
        "ours, low": found.bills["low"],
        "ours, loaded": found.bills["loaded"],
        "naive": found.bills["naive"],
        "naive, all fields": found.bills["naive_all"],
    }
    prices = found.prices
    table = _table(f"Dollars per million registrations ({prices.region}, {prices.as_of})", "line")
    for name in columns:
        table.add_column(name, justify="right")
    for line in found.bills["loaded"].dollars:
        cells = [f"{bill.dollars[line]:.2f}" for bill in columns.values()]
        table.add_row(prices.lines[line].label, *cells)
    table.add_section()
    table.add_row("sum", *(f"{bill.total:.2f}" for bill in columns.values()))
    table.caption = "; ".join(
        f"{name}: batches of {load.fill}, {load.registrations_per_second:g} registrations/s"
        for name, load in prices.loads.items()
    )
    return table


def _notes(found: Registrations, out: Console) -> None:
    slowest, low = found.slowest_handler, found.bills["low"].total
    out.print(
        f"The slowest import is {slowest}'s: {found.loaded_ratio(slowest):.2f} times boto3 and one "
        f"client, of which pydantic and the encryption SDK (which imports boto3 itself) are "
        f"{found.loaded_ratio(BOTH_LIBRARIES):.2f} before a line of its own."
    )
    if found.instructions.per_post:
        per_post = found.instructions.per_post
        out.print(
            "With the same three AWS calls the bare handler executes "
            f"{per_post['bare_with_calls'] / 1e6:.2f} million instructions; ours "
            f"{per_post['ours'] / per_post['bare_with_calls']:.2f} times as many."
        )
    out.print(
        f"The dollars of the target are the loaded system's; at the low load they are ${low:.2f}."
    )
    for name in ("loaded", "low", "naive"):
        labels = [found.prices.lines[line].label for line in found.bills[name].dominant]
        out.print(f"Three quarters of the {name} bill: {'; '.join(labels)}.")
    reckoned = naive_reckoned(found)
    out.print(
        f"The naive design was reckoned at ${reckoned['reckoned_dollars']:.2f}, of which KMS "
        f"${reckoned['reckoned_kms_dollars']:.2f}; counted here it is ${reckoned['dollars']:.2f}, "
        f"of which KMS ${reckoned['kms_dollars']:.2f}. What is not KMS differs by "
        f"${reckoned['difference_outside_kms']:+.2f}: nothing is charged to it here that the "
        "original requirement does not ask for (tracing, log lines, queues, idempotency). A REST "
        "API and a trace of every registration, which that reckoning may have included, would add "
        f"${reckoned['rest_api_and_traces']:.2f}."
    )
    monthly = standing(found)
    out.print(
        f"Beside the bill, per month: ${monthly['kms_key']:.2f} for the key; a million people "
        f"stored ${monthly['storage_of_a_million']:.2f}, and "
        f"${monthly['point_in_time_recovery_of_a_million']:.2f} for recovery to a point in time."
    )
    out.print()
    for key, how in HOW.items():
        out.print(f"[bold]{key}[/bold]: {how}.", soft_wrap=True)


def _figures(found: Registrations) -> Table:
    table = _table("Targets", "figure")
    for name in ("ours", "naive", "target", ""):
        table.add_column(name, justify="right")
    ours, naive = found.figures(), found.naive_figures()
    for one in judge(_mapping(ours)):
        by = f" by {_number(one.missed_by)}" if one.missed_by else ""
        table.add_row(
            one.target.label,
            _number(one.measured),
            _number(getattr(naive, one.target.key)),
            str(one.target),
            _VERDICTS[one.met] + by,
        )
    table.add_row(
        "instructions per POST / bare handler",
        _number(ours.instructions_ratio),
        _number(naive.instructions_ratio),
        "none",
        "",
    )
    return table


def _mapping(figures: Figures) -> dict[str, float | None]:
    return {name: getattr(figures, name) for name in Figures.__dataclass_fields__}


def _table(title: str, *left: str) -> Table:
    table = Table(title=title, title_justify="left", caption_justify="left")
    for name in left:
        table.add_column(name, overflow="fold")
    return table


def _number(value: float | None) -> str:
    if value is None:
        return "not measured"
    if value == int(value):
        return f"{int(value):,}"
    return f"{value:,.1f}" if abs(value) >= 100 else f"{value:.4g}"  # noqa: PLR2004 - for the eye
