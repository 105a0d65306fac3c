"""`civic vote`, `civic results`, `civic elections recount`: from a ballot to a proven count."""

import time
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from civic.client.device import Credential
from civic.client.polling import PollingPlace
from civic.operator import live_results
from civic.operator.recount import recount_election
from civic.stack.context import target_of
from civic.terminal.console import err, out
from civic.terminal.failures import CommandFailed, SettingInvalid

_BAR_WIDTH = 40
_LOOK_SECONDS = 2.0

Election = Annotated[str, typer.Option("--election", help="The election's id; see `elections`.")]


def vote(
    context: typer.Context,
    select: Annotated[
        list[str], typer.Option("--select", help="CONTEST=OPTION, such as c1=o2; repeatable.")
    ] = [],  # noqa: B006 - how Typer spells a repeatable option
    write_in: Annotated[
        list[str], typer.Option("--write-in", help="CONTEST=NAME; repeatable.")
    ] = [],  # noqa: B006
    credential: Annotated[
        Path | None, typer.Option("--credential", help="A file from `civic credential get`.")
    ] = None,
    *,
    code: Annotated[
        bool, typer.Option("--code", help="Vote with a posted code, which you are asked for.")
    ] = False,
) -> None:
    """Submit a ballot, and show its receipt.

    Keep the receipt: with it you can check later that the ballot is counted.
    """
    if (credential is None) == (not code):
        raise SettingInvalid("give either --credential FILE or --code")
    voter: Credential | str
    if credential is None:
        voter = typer.prompt("Code from your letter", hide_input=True)
    else:
        voter = Credential.from_json(_read(credential))
    target = target_of(context)
    with PollingPlace(target.vote_api_url, local=target.is_local) as polling:
        receipt = polling.vote(voter, _pairs(select), _pairs(write_in))
    err.print("Your vote was received. This is its receipt:")
    out.print(receipt, markup=False, soft_wrap=True)
    # A receipt may begin with a dash, as an option does.
    dash = "-- " if receipt.startswith("-") else ""
    err.print(
        f"In a minute, check that it is counted: civic receipt {dash}{receipt}",
        markup=False,
        soft_wrap=True,
    )


def results(
    context: typer.Context,
    election: Annotated[
        str | None,
        typer.Option("--election", help="The election's id; otherwise the latest election."),
    ] = None,
    area: Annotated[str | None, typer.Option("--area", help="Only this electoral area.")] = None,
    option: Annotated[str | None, typer.Option("--option", help="Only this option.")] = None,
    output: Annotated[str, typer.Option("--format", help="chart, json or csv.")] = "chart",
    *,
    follow: Annotated[bool, typer.Option("--follow", help="Continue until Ctrl-C.")] = False,
    port: Annotated[
        int | None,
        typer.Option(
            "--serve",
            metavar="PORT",
            min=1,
            max=65535,
            help="Show them live on a web page on this computer, until Ctrl-C.",
        ),
    ] = None,
) -> None:
    """Show the results so far, or the certified ones.

    They are an estimate until the election is certified.
    """
    named = {"election": election, "area": area, "option": option}
    query = {name: value for name, value in named.items() if value is not None}
    if port is not None and (follow or output != "chart"):
        raise SettingInvalid("--serve cannot be combined with --format or --follow")
    target = target_of(context)
    with PollingPlace(target.vote_api_url, local=target.is_local) as polling:
        if port is not None:
            live_results.serve(port, partial(polling.newer_results, query))
        elif output == "csv":
            out.print(polling.results_as_csv(query), end="", markup=False, soft_wrap=True)
        elif output == "json":
            out.print_json(data=polling.results(query))
        elif output != "chart":
            raise SettingInvalid("--format must be chart, json or csv")
        elif follow:
            _follow(polling, query)
        else:
            out.print(chart(polling.results(query)))


def recount(
    context: typer.Context, election: Annotated[str, typer.Argument(help="The election's id.")]
) -> None:
    """Count an election again from its ballots, and compare.

    Exits with 1 if the tally differs.
    """
    with err.status("counting every ballot"):
        found = recount_election(target_of(context), election)
    out.print(f"ballots in the box   {found.box.ballots}")
    out.print(f"ballots in the tally {found.tally.ballots}")
    for (style, contest, option), difference in found.differences.items():
        err.print(f"{style} {contest} {option}: the tally is off by {difference:+d}", markup=False)
    if found.differences:
        raise CommandFailed(
            "the tally does not match the ballots; if voting is still going on, try again after it"
        )
    out.print("recount = tally: yes")


def chart(document: dict[str, Any]) -> Group:
    """Return results as a bar chart for the terminal."""
    parts: list[Table | Text] = [
        Text(f"{document['title']} ({document['state']}): {document['ballots']} ballots", "bold")
    ]
    for contest in document["contests"]:
        table = Table("option", "votes", "%", "", title=contest["title"], title_justify="left")
        most = max((row["count"] for row in contest["options"]), default=0)
        for row in contest["options"]:
            bar = "█" * round(_BAR_WIDTH * row["count"] / most) if most else ""
            table.add_row(Text(row["text"]), str(row["count"]), f"{row['percentage']:.2f}", bar)
        parts.append(table)
    parts.append(Text(document["disclaimer"], "dim"))
    return Group(*parts)


def _follow(polling: PollingPlace, query: dict[str, str]) -> None:
    with Live(console=out) as live:
        while True:
            live.update(chart(polling.results(query)))
            time.sleep(_LOOK_SECONDS)


def _pairs(given: list[str]) -> dict[str, list[str]]:
    pairs: dict[str, list[str]] = {}
    for one in given:
        contest, equals, choice = one.partition("=")
        if not (contest and equals and choice):
            raise SettingInvalid("a selection must be CONTEST=OPTION, such as c1=o2")
        pairs.setdefault(contest, []).append(choice)
    return pairs


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except OSError as error:
        raise SettingInvalid(f"{path}: {error.strerror}") from None
