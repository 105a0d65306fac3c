"""Elections as tables for a terminal; times are those of the election's time zone."""

from collections.abc import Sequence

from rich.console import Group
from rich.table import Table
from rich.text import Text

from civic.client.api_client import Json
from civic.contracts.voting import Audience
from civic.operator.commands.review import printable
from civic.terminal.tables import plain_table
from civic.terminal.times import in_zone
from civic.voting.model.election import rank

_AUDIENCES = {
    Audience.AUDITORS: "auditors, and a random sample for everybody",
    Audience.PUBLIC: "everybody",
}


def elections_table(elections: Sequence[Json]) -> Table:
    """Return the list of elections."""
    table = plain_table("id", "state", "title", "opens", "closes")
    for one in elections:
        table.add_row(
            one["id"],
            one["state"],
            _text(one["title"]),
            in_zone(one["opens_at"], one["time_zone"]),
            in_zone(one["closes_at"], one["time_zone"]),
        )
    return table


def election_table(election: Json) -> Group:
    """Return everything about one election."""
    facts = Table("", "", box=None, show_header=False, pad_edge=False)
    facts.add_row("election", f"{election['id']}, revision {election['revision']}")
    facts.add_row("title", _text(election["title"]))
    facts.add_row("state", election["state"])
    for name in ("roll_closes_at", "opens_at", "closes_at", "sealed_at"):
        if name in election:
            moment = in_zone(election[name], election["time_zone"])
            said = name.removesuffix("_at").replace("_", " ")
            facts.add_row(said, f"{moment} ({election['time_zone']})")
    if "day" in election:
        facts.add_row("day", f"{election['day']}, when voters must be old enough")
    facts.add_row("openings", f"for {_AUDIENCES[election['openings']]}")
    if "ballots" in election:
        facts.add_row("ballots", str(election["ballots"]))
    return Group(facts, *map(_contest_table, _ordered(election["contests"])), _styles(election))


def _contest_table(contest: Json) -> Group:
    asked = f"{contest['id']}  {contest['title']} ({contest['min']} to {contest['max']})"
    table = plain_table("id", "option", "")
    for option in _ordered(contest["options"]):
        table.add_row(option["id"], _text(option["text"]), _text(option.get("description", "")))
    if contest["write_ins"]:
        table.add_row("", "(write-ins)", "")
    return Group("", _text(asked), table)


def _styles(election: Json) -> Table:
    table = plain_table("ballot style", "name", "areas", "contests", "key")
    for style in election["styles"]:
        table.add_row(
            style["id"],
            _text(style["name"]),
            " ".join(style["areas"]),
            " ".join(map(_seen, style["contests"])),
            "yes" if style["id"] in election["keys"] else "not yet",
        )
    return table


def _seen(shown: Json) -> str:
    options = shown.get("options")
    return shown["contest"] if options is None else f"{shown['contest']}({','.join(options)})"


def _ordered(things: Sequence[Json]) -> list[Json]:
    return sorted(things, key=lambda one: rank(one["order"], one["id"]))


def _text(text: str) -> Text:
    return Text(printable(text))
