"""`civic review`: staff decide what the rules could not decide, or what a person disputes."""

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from civic.identity.model.pointers import leaves
from civic.identity.model.renewal import read_code
from civic.identity.model.review import OfficeReason
from civic.operator.accountability import search_pairs
from civic.operator.commands.tokens import RegistrationId
from civic.operator.staff import Staff, judgement
from civic.stack.context import target_of
from civic.terminal.console import err, out
from civic.terminal.failures import CommandFailed, SettingInvalid
from civic.terminal.tables import plain_table
from civic.terminal.times import day, second

_JOINERS = "\u200c\u200d"
"""Invisible, but names in Persian and in Indic scripts need them."""

_CAUSES = {"data_subject": "person", "pair": "a search"}
_REASONS = {
    "office": " --reason WHY",
    "pair": " --reason registered_twice (with --reject)",
}

review = typer.Typer(no_args_is_help=True, help="Decide the cases that need a person.")


@review.command("list")
def list_cases(context: typer.Context) -> None:
    """List the open cases, the oldest first, and mark those that are overdue."""
    with Staff(target_of(context)) as staff:
        cases = staff.cases()
    if not cases:
        out.print("there are no open cases")
        return
    out.print(cases_table(cases, datetime.now(UTC)))


def cases_table(cases: list[dict[str, Any]], now: datetime) -> Table:
    """Return the table of open cases."""
    table = plain_table("id", "rev.", "asked by", "due", "")
    for case in cases:
        overdue = datetime.fromisoformat(case["due_at"]) < now
        marks = ["overdue"] if overdue else []
        if case["opinions"]:
            marks.append(f"opinions: {case['opinions']}")
        table.add_row(
            case["id"],
            str(case["revision"]),
            _asked_by(case),
            day(case["due_at"]),
            "\n".join(marks),
            style="red" if overdue else "",
        )
    return table


def _asked_by(case: dict[str, Any]) -> str:
    return _CAUSES.get(case["cause"], str(case["cause"]))


@review.command("search")
def search(context: typer.Context) -> None:
    """Look for registrations that may be of one person, as is done every day."""
    found = 0
    with err.status("searching"):
        for pairs in search_pairs(target_of(context)):
            found += pairs
    out.print(f"pairs found: {found}; they wait: civic review list")


@review.command("show")
def show(context: typer.Context, registration: RegistrationId) -> None:
    """Show what a person wrote, on the terminal only; they can see that you looked."""
    _require_terminal()
    with Staff(target_of(context)) as staff:
        case = staff.show(registration)
    out.print(case_table(case))
    err.print(
        f"decide it: civic review decide {case['id']} --revision {case['revision']}"
        " --accept (or --reject)"
        + _REASONS.get(case["cause"], "")
        + "".join(f" --beside {other['id']}" for other in case["beside"]),
        soft_wrap=True,
    )


def _require_terminal() -> None:
    # Checked first: a look that shows nothing would still be logged.
    if not sys.stdout.isatty():
        raise CommandFailed("personal data is shown on a terminal only, not piped or written")


def case_table(case: dict[str, Any]) -> Table:
    """Return an opened case as a table."""
    table = Table("", "", title=f"{case['id']}, revision {case['revision']}", show_header=False)
    table.add_row("asked by", _asked_by(case))
    table.add_row("since", second(case["since"]))
    table.add_row("decision so far", case.get("decision") or "none")
    for reason in case["reasons"]:
        table.add_row("because of", f"{reason['code']} {reason['pointer']}".rstrip())
    for one in case["proposals"]:
        decision = "erase" if one.get("erase") else one["decision"]
        beside = (f"--beside {other}" for other in one["beside"])
        what = " ".join((decision, one.get("reason") or "", *one["areas"], *beside))
        table.add_row("proposed", f"{' '.join(what.split())}, {second(one['at'])}")
    table.add_section()
    _add_data(table, case["data"])
    for other in case["beside"]:
        table.add_section()
        table.add_row("compare with", other["id"])
        if "data" in other:
            _add_data(table, other["data"])
        else:
            table.add_row("", "not opened: restricted, changed just now, or more than five")
    return table


def _add_data(table: Table, data: dict[str, Any]) -> None:
    for pointer, value in leaves(data):
        table.add_row(Text(pointer), Text(printable(value)))


def printable(text: str) -> str:
    """Replace everything in a text that could move the cursor or change colours by U+FFFD."""
    return "".join(one if one.isprintable() or one in _JOINERS else "\ufffd" for one in text)


@review.command("renewals")
def show_renewals(context: typer.Context, registration: RegistrationId) -> None:
    """Show a record whose access is to be renewed, on the terminal only; they can see it."""
    _require_terminal()
    with Staff(target_of(context)) as staff:
        opened = staff.renewals(registration)
    out.print(renewals_table(opened))
    err.print(
        "if the code is the one that your colleague tells you, and the person was identified:"
        f" civic review renew {opened['id']} --code CODE",
        soft_wrap=True,
    )


def renewals_table(opened: dict[str, Any]) -> Table:
    """Return the renewals that wait, with the opened record, as a table."""
    table = Table("", "", title=opened["id"], show_header=False)
    for one in opened["renewals"]:
        table.add_row("comparison code", one["code"])
        table.add_row("asked by", Text(printable(one["asked_by"])))
        table.add_row("asked", f"{second(one['asked_at'])}, lapses {second(one['lapses_at'])}")
        table.add_section()
    _add_data(table, opened["data"])
    return table


@review.command("renew")
def renew(
    context: typer.Context,
    registration: RegistrationId,
    code: Annotated[str, typer.Option(help="The comparison code that your colleague has.")],
) -> None:
    """Agree to a new access token that another person has asked for; the old one ends."""
    with Staff(target_of(context)) as staff:
        made = staff.agree_to_renewal(registration, read_code(code))
    out.print(f"renewed: {second(made['renewed_at'])}; the person can have the receipt now")


Accept = Annotated[bool, typer.Option("--accept", help="The person is on the roll.")]
Reject = Annotated[bool, typer.Option("--reject", help="The person is not.")]
Erase = Annotated[
    bool,
    typer.Option("--erase", help="The law requires the erasure of somebody who is off the roll."),
]
Area = Annotated[
    list[str] | None,
    typer.Option(
        help="With --accept: an area the person votes in, the narrowest first; repeatable."
    ),
]


@review.command("propose")
def propose(
    context: typer.Context,
    registration: RegistrationId,
    reason: Annotated[OfficeReason, typer.Option(help="Why; the person is told.")],
    *,
    accept: Accept = False,
    reject: Reject = False,
    erase: Erase = False,
    area: Area = None,
) -> None:
    """Propose to take somebody off the roll, put them back or erase them; another decides."""
    proposed = _judgement(_chosen(accept=accept, reject=reject, erase=erase), area, reason)
    with Staff(target_of(context)) as staff:
        outcome = staff.propose(registration, proposed)
    what = "erasure" if erase else outcome["decision"]
    out.print(
        f"proposed: {what}; another person looks and decides: civic review show {registration}",
        soft_wrap=True,
    )


@review.command("decide")
def decide(
    context: typer.Context,
    registration: RegistrationId,
    revision: Annotated[int, typer.Option(min=1, help="The revision that you looked at.")],
    *,
    accept: Accept = False,
    reject: Reject = False,
    erase: Erase = False,
    area: Area = None,
    reason: Annotated[
        OfficeReason | None, typer.Option(help="Why, in a case that the office has brought up.")
    ] = None,
    beside: Annotated[
        list[str] | None,
        typer.Option(help="The id of each registration that you compared it with, as shown."),
    ] = None,
) -> None:
    """Decide a case; if two people have to agree, give your opinion."""
    chosen = _chosen(accept=accept, reject=reject, erase=erase)
    judged = _judgement(chosen, area, reason, beside or ())
    with Staff(target_of(context)) as staff:
        outcome = staff.decide(registration, revision, judged)
    what = "erasure" if erase else outcome["decision"]
    if outcome["outcome"] == "decided":
        out.print(f"decided: {what}")
    else:
        out.print(f"recorded: {what}; another person has to agree")


def _chosen(**options: bool) -> str:
    chosen = [name for name, given in options.items() if given]
    if len(chosen) != 1:
        raise SettingInvalid("give one of --accept, --reject and --erase")
    return chosen[0]


def _judgement(
    chosen: str,
    area: list[str] | None,
    reason: OfficeReason | None,
    beside: Sequence[str] = (),
) -> dict[str, Any]:
    accept, erase = chosen == "accept", chosen == "erase"
    if area and not accept:
        raise SettingInvalid("--area goes with --accept: who is rejected votes nowhere")
    decision = "accepted" if accept else "rejected"
    return judgement(decision, area or (), reason, erase=erase, beside=beside)
