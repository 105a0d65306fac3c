"""`civic demo`: registers people, holds an election, and writes a reconciled report."""

import secrets
import string
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any

import typer

from civic.client.api_client import Refused
from civic.client.citizen import Citizen, Receipt
from civic.client.journal import Journal
from civic.client.loading import plan_of
from civic.client.people_formats import Payload
from civic.client.people_reader import PeopleFile, PersonRow
from civic.client.submission import Submitted, in_parallel, submit_all
from civic.identity.adapters.rule_set_files import load_rule_set
from civic.lab.bench.sizes import item_bytes
from civic.lab.demo import figures
from civic.lab.demo.afterwards import Registrant, live_on
from civic.lab.demo.again import register_again
from civic.lab.demo.areas import load_areas
from civic.lab.demo.election import ElectionStory, People, hold_election
from civic.lab.demo.journey import live
from civic.lab.demo.public_log import PublicCheck
from civic.lab.demo.report import (
    Report,
    show_election,
    show_life,
    show_pipeline,
    show_release,
)
from civic.lab.population.generator import Person, generate
from civic.operator.commands.registering import teller
from civic.operator.operations import (
    await_empty_queues,
    queue_depths,
    read_release,
    release_aggregates,
)
from civic.stack.context import target_of, workspace_of
from civic.stack.target import Target
from civic.terminal.console import bar, err, out

_RULE_SET = "national-2027"

_VOTERS = 50
"""How many accepted people get a credential, for which each has a device simulated here."""

_TABLES = {
    "HighSecDataStore": "HighSecDataStoreName",
    "LowSecDataStore": "LowSecDataStoreName",
    "AnalyticsJoins": "AnalyticsJoinsName",
}
_FIRST_REVISION = {"revision": {"N": "1"}}


def demo(
    context: typer.Context,
    input_file: Annotated[
        Path | None,
        typer.Option(
            "--input", help="Your own people (CSV, .xlsx, JSON lines) in place of made-up ones."
        ),
    ] = None,
    people: Annotated[int, typer.Option(min=20, help="How many people to make up.")] = 500,
    seed: Annotated[int, typer.Option(help="Seed for making up the population.")] = 2027,
    workers: Annotated[int, typer.Option(min=1, max=32, help="Simultaneous requests.")] = 4,
) -> None:
    """Register people, hold an election, and reconcile it all.

    Follows one citizen from registration to erasure. Exits with 1 if anything did not reconcile.
    The stack stays up.
    """
    target, workspace = target_of(context), workspace_of(context)
    report = Report()
    with Citizen(target.api_url, local=target.is_local) as citizen:
        journal = _fresh_journal(target, citizen, workspace.output, workers)
        made: dict[int, Person] = {}
        if input_file is None:
            load_areas(target)
            rows = _made_up(people, seed, made)
        else:
            rows = _of_a_file(input_file, journal, report)
        outcomes = submit_all(citizen, journal, rows, workers)
        registered = _register(outcomes, None if input_file else people, report)
        receipts = {receipt.id: receipt for receipt in registered.values()}
        decided = _follow(target, citizen, receipts, workers, report)
        decisions = {status["id"]: status["decision"] for status in decided}
        registrants = {
            registered[number].id: Registrant(made[number], registered[number])
            for number in sorted(registered.keys() & made.keys())
        }
        report.judged = figures.rightly_decided(
            live_on(target, citizen, registrants, workers) if registrants else {},
            {one: registrant.person for one, registrant in registrants.items()},
        )
        if registrants:
            report.again = register_again(target, citizen, registrants)
        show_pipeline(report, out)
        report.life = live(target, citizen, _someone(seed), secrets.token_hex(32))
        show_life(report.life, out)
        payloads = {
            one: registrant.person.payload
            for one, registrant in registrants.items()
            if registrant.person.kind == "typical"
        }
        report.election = _hold_election(target, citizen, receipts, decisions, payloads, workers)
        if report.election is not None:
            _check_from_outside(target, report.election, workspace.output / "election", workers)
            show_election(report.election, out)
    report.release = read_release(target, release_aggregates(target))
    show_release(report.release, out)
    report.queues = queue_depths(target)
    report.write(workspace.output / "demo-report.json")
    _farewell(target, report)
    if not report.reconciled:
        raise typer.Exit(1)


def _made_up(people: int, seed: int, made: dict[int, Person]) -> Iterator[PersonRow]:
    """Yield made-up people, and note each by the number of its row."""
    for number, person in enumerate(generate(people, seed, load_rule_set(_RULE_SET)), start=1):
        made[number] = person
        yield PersonRow(number, person.payload, person.payload["username"])


def _of_a_file(path: Path, journal: Journal, report: Report) -> Iterator[PersonRow]:
    file = PeopleFile(path)
    plan = plan_of(file.rows(teller(path)), journal)
    for number, reason in sorted(plan.refused.items()):
        err.print(f"row {number}: {reason}", markup=False, soft_wrap=True)
    report.bad_rows = len(plan.refused)
    yield from plan.kept(file.rows())


def _fresh_journal(target: Target, citizen: Citizen, output: Path, workers: int) -> Journal:
    """Return an empty journal, as every run of the demo registers its population anew.

    The people of the last run are erased: they would be the ones who were there first.
    """
    path = output / "demo-receipts.jsonl"
    before = list(Journal(path, keep=False)) if path.exists() else []
    if before:
        with bar("erasing the people of the last run") as progress:
            erasing = in_parallel(lambda receipt: _erase(citizen, receipt), before, workers)
            for _ in progress.track(erasing, total=len(before)):
                pass
        await_empty_queues(target, lambda _left: None)
    path.unlink(missing_ok=True)
    return Journal(path)


def _erase(citizen: Citizen, receipt: Receipt) -> None:
    try:
        citizen.erase(receipt)
    except Refused as refusal:
        # The stack of that run is gone.
        if refusal.status != HTTPStatus.NOT_FOUND:
            raise


def _register(
    outcomes: Iterable[Submitted], total: int | None, report: Report
) -> dict[int, Receipt]:
    """Return the receipts by the number of the row."""
    receipts: dict[int, Receipt] = {}
    with bar("registering") as progress:
        for outcome in progress.track(outcomes, total=total):
            if outcome.receipt is None:
                report.refused += 1
                refusal = f"row {outcome.number}: {outcome.refusal}"
                err.print(refusal, markup=False, soft_wrap=True)
            else:
                receipts[outcome.number] = outcome.receipt
    report.registered = len(receipts)
    return receipts


def _follow(
    target: Target, citizen: Citizen, receipts: dict[str, Receipt], workers: int, report: Report
) -> list[dict[str, Any]]:
    """Wait for the decisions, take the pipeline's figures, and return the decided statuses."""
    with err.status("deciding and storing") as status:
        report.queues = await_empty_queues(
            target, lambda left: status.update(f"deciding and storing: {left} messages to go")
        )
    # Taken before any status is requested, so they count only what the registrations caused.
    report.calls = figures.aws_calls(target, report.begun, datetime.now(UTC))
    statuses = _read_decisions(citizen, list(receipts.values()), workers)
    report.decided = len(statuses)
    report.decisions, report.reasons = figures.decisions(statuses)
    report.latency = figures.latency(statuses)
    keys = figures.stored_items(target, "SubjectKeysTableName", receipts, _FIRST_REVISION)
    report.item_bytes["subject_keys"] = [item_bytes(item) for item in keys]
    for name, table in _TABLES.items():
        items = list(figures.stored_items(target, table, receipts))
        report.item_bytes[name] = [item_bytes(item) for item in items]
        if name == "HighSecDataStore":
            report.stored = sum("erased_at" not in item for item in items)
    return statuses


def _hold_election(
    target: Target,
    citizen: Citizen,
    receipts: dict[str, Receipt],
    decisions: dict[str, str],
    payloads: dict[str, Payload],
    workers: int,
) -> ElectionStory | None:
    """Hold an election among the first people who were accepted."""
    accepted = [receipts[one] for one, decision in decisions.items() if decision == "accepted"]
    rejected = [receipts[one] for one, decision in decisions.items() if decision == "rejected"]
    if not accepted:
        return None
    with err.status("holding an election"):
        people = People(accepted[:_VOTERS], rejected[0] if rejected else None, payloads)
        return hold_election(target, citizen, people, _RULE_SET, workers)


def _check_from_outside(target: Target, story: ElectionStory, output: Path, workers: int) -> None:
    """Check the public log of an election as anyone could."""
    with err.status("checking the public log"):
        PublicCheck(target, story.election, story.receipts, output, workers).run(story.life)


def _read_decisions(
    citizen: Citizen, receipts: list[Receipt], workers: int
) -> list[dict[str, Any]]:
    """Request every status, and return those that are decided."""
    with bar("reading decisions") as progress:
        answers = progress.track(
            in_parallel(citizen.status, receipts, workers), total=len(receipts)
        )
        return [status for status in answers if status["status"] == "fulfilled"]


def _someone(seed: int) -> dict[str, Any]:
    """Return a typical person who is not part of the population."""
    people = generate(200, seed + 1, load_rule_set(_RULE_SET))
    person = next(person.payload for person in people if person.kind == "typical")
    # Not the one whom an interrupted run has left.
    surname = "".join(secrets.choice(string.ascii_lowercase) for _ in range(8)).title()
    return person | {"full_name": f"{person['full_name']} {surname}"}


def _rightly(report: Report) -> str:
    right = report.decided_rightly
    return "" if right is None else f"{right} of {report.registered} decided rightly, "


def _votes(report: Report) -> str:
    story = report.election
    return f"{story.received} votes = {story.ballots} counted" if story else "no election"


def _farewell(target: Target, report: Report) -> None:
    state = "[green]reconciled[/green]" if report.reconciled else "[red]NOT reconciled[/red]"
    out.print(
        f"{report.registered} registered = {report.decided} decided = {report.stored} stored, "
        f"{_rightly(report)}{_votes(report)}: {state}; report in out/demo-report.json"
    )
    url = target.api_url
    out.print(
        f"""
The stack stays up (`make down` stops it, `make clean` removes it).
  API              {url}
  API, browsable   {url}/docs
  Results          {target.vote_api_url}/votes
Try next:
  curl -s '{url}/openapi.json'
  curl -s -X POST '{url}/registrations' -H 'content-type: application/json' -d '{{}}'
  head -2 out/demo-receipts.jsonl     # ids and access tokens of the population
  curl -s '{url}/registrations/ID' -H 'authorization: Bearer TOKEN'
  .venv/bin/civic results --serve 8080
  .venv/bin/civic-verify log out/election/log --key "$(.venv/bin/civic log key)"
  .venv/bin/civic --help""",
        soft_wrap=True,
        markup=False,
    )
