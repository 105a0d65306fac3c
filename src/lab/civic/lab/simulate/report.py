"""The closing tables of a simulation, and their content as JSON."""

from typing import Any

from rich.table import Table

from civic.lab.simulate.chart import NAMES
from civic.lab.simulate.country import CHOICES
from civic.lab.simulate.electorate import StateVote
from civic.lab.simulate.outcome import Outcome
from civic.terminal.tables import plain_table


def summary(outcome: Outcome) -> dict[str, Any]:
    """Return everything that was counted."""
    return {
        "voters": outcome.voters,
        "submitted": outcome.submitted,
        "accepted": outcome.accepted,
        "refused_duplicates": outcome.refused,
        "ballots": outcome.ballots,
        "counted": sum(outcome.counted),
        "recounted": sum(outcome.recounted),
        "published": outcome.published,
        "tally_error": {name: outcome.error_of(choice) for choice, name in enumerate(NAMES)},
        "redelivered": outcome.delivered.redelivered,
        "crashes": outcome.delivered.crashes,
        "unexplained": outcome.unexplained,
        "votes_per_second": outcome.submitted / outcome.seconds if outcome.seconds else 0.0,
        "log": _log(outcome),
        "right": outcome.right,
    }


def _log(outcome: Outcome) -> dict[str, Any] | None:
    if outcome.log is None:
        return None
    log, check = outcome.log, outcome.log.check
    return {
        "verified": check.refused is None,
        "refused": check.refused,
        "entries": check.size,
        "ballots": check.ballots,
        "certified": check.certified,
        "opened": check.opened,
        "checkpoints": check.checkpoints,
        "redelivered": log.delivered.redelivered,
        "crashes": log.delivered.crashes,
        "seconds": log.seconds,
        "verify_seconds": check.seconds,
        "key": log.key,
    }


def totals_table(outcome: Outcome) -> Table:
    """Return what happened, and whether all counts agree."""
    table = Table("", "", show_header=False, title="The election", title_justify="left")
    table.columns[1].justify = "right"
    found = summary(outcome)
    for label, key in (
        ("voters", "voters"),
        ("votes submitted", "submitted"),
        ("refused duplicates", "refused_duplicates"),
        ("accepted into the queue", "accepted"),
        ("delivered again", "redelivered"),
        ("invocations that failed", "crashes"),
    ):
        table.add_row(label, f"{found[key]:,}")
    table.add_section()
    for label, key in (
        ("ballots in the box", "ballots"),
        ("counted by the tally", "counted"),
        ("recounted from the box", "recounted"),
        ("in the published results", "published"),
    ):
        table.add_row(label, f"{found[key]:,}")
    table.add_section()
    table.add_row("votes per second", f"{found['votes_per_second']:,.0f}")
    if found["log"] is not None:
        _add_log(table, found["log"], holds=outcome.logged)
    return table


def _add_log(table: Table, log: dict[str, Any], *, holds: bool) -> None:
    table.add_section()
    for label, key in (
        ("ballots in the log", "ballots"),
        ("certified in the log", "certified"),
        ("recounted from openings", "opened"),
        ("signed checkpoints", "checkpoints"),
        ("delivered to the log again", "redelivered"),
        ("invocations of the log that failed", "crashes"),
    ):
        table.add_row(label, f"{log[key]:,}")
    table.add_row("seconds to make the log", f"{log['seconds']:,.1f}")
    table.add_row("seconds to verify it", f"{log['verify_seconds']:,.1f}")
    verdict = "holds" if holds else log["refused"] or "lacks some ballots"
    table.add_row("the log", verdict, style="" if holds else "red")


def candidates_table(outcome: Outcome) -> Table:
    """Return, for each candidate, the votes given and the votes counted."""
    table = plain_table("candidate", "voted", "counted", "recounted", "tally error")
    for choice, name in enumerate(NAMES):
        sums = [
            sum(cells[choice::CHOICES])
            for cells in (outcome.expected, outcome.counted, outcome.recounted)
        ]
        error = outcome.error_of(choice)
        style = "red" if error else ""
        table.add_row(name, *(f"{one:,}" for one in sums), f"{error:,}", style=style)
    return table


def by_state(states: tuple[StateVote, ...], outcome: Outcome) -> dict[str, list[int]]:
    """Return the counted votes by state, in the order of the candidates."""
    return {
        state.state: outcome.counted[row * CHOICES : (row + 1) * CHOICES]
        for row, state in enumerate(states)
    }
