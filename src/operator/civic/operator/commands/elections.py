"""`civic elections`: an office drafts, announces, runs and certifies elections."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from pydantic import BaseModel, ValidationError
from rich.text import Text

from civic.client.api_client import Json
from civic.operator.certifying import certify_once_counted
from civic.operator.commands.election_tables import election_table, elections_table
from civic.operator.election_file import read_election, written_election
from civic.operator.elections import ElectionOffice
from civic.operator.reach import reach_in
from civic.stack.context import target_of
from civic.terminal.console import err, out
from civic.terminal.failures import CommandFailed, SettingInvalid
from civic.voting.model.draft import NewCandidate, NewWindow

ElectionId = Annotated[str, typer.Argument(metavar="ID", help="The election's id.")]
File = Annotated[
    Path, typer.Argument(metavar="FILE", help="YAML or JSON, like docs/examples/election.yaml.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the API's answer.")]
OpensAt = Annotated[
    str, typer.Option(help="ISO 8601; without an offset, in the election's time zone.")
]
ClosesAt = Annotated[str, typer.Option(help="Like --opens-at.")]


def create(context: typer.Context, file: File, *, as_json: AsJson = False) -> None:
    """Make a draft from a file."""
    draft = read_election(file)
    with ElectionOffice(target_of(context)) as office:
        _tell(office.create(draft), as_json=as_json, next_step="publish")


def list_elections(context: typer.Context, *, as_json: AsJson = False) -> None:
    """List all elections, the latest opening first."""
    with ElectionOffice(target_of(context)) as office:
        found = office.every()
    if as_json:
        out.print_json(json.dumps(found))
    elif found:
        out.print(elections_table(found))
    else:
        out.print("there is no election yet; make one: civic elections create FILE")


def show(
    context: typer.Context,
    election: ElectionId,
    *,
    as_json: AsJson = False,
    as_file: Annotated[
        bool, typer.Option("--file", help="Print it as a file, to edit and pass to `update`.")
    ] = False,
) -> None:
    """Show an election with its contests and ballot styles."""
    with ElectionOffice(target_of(context)) as office:
        found = office.show(election)
    if as_file:
        out.print(Text(written_election(found)), end="", soft_wrap=True)
    elif as_json:
        out.print_json(json.dumps(found))
    else:
        out.print(election_table(found))


def update(
    context: typer.Context, election: ElectionId, file: File, *, as_json: AsJson = False
) -> None:
    """Replace an election by what a file says; possible until it opens.

    What has its id in the file is kept, what has no id is new, and what is left out is dropped.
    """
    draft = read_election(file)
    with ElectionOffice(target_of(context)) as office:
        _tell(office.update(election, draft), as_json=as_json)


def candidate(
    context: typer.Context,
    election: ElectionId,
    contest: Annotated[str, typer.Option(help="The contest's id, such as c1.")],
    text: Annotated[str, typer.Option(help="What the ballot says.")],
    description: Annotated[str | None, typer.Option(help="More about it.")] = None,
    image: Annotated[str | None, typer.Option(help="An https address.")] = None,
    order: Annotated[
        int | None, typer.Option(min=0, help="Place on the ballot; the last by default.")
    ] = None,
    style: Annotated[
        list[str] | None,
        typer.Option(help="A ballot style that lists its candidates and gets this one too."),
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Register a candidate, until the election opens."""
    given = {
        "contest": contest,
        "text": text,
        "description": description,
        "image": image,
        "order": order,
        "styles": tuple(style or ()),
    }
    wanted = _checked(NewCandidate, given)
    with ElectionOffice(target_of(context)) as office:
        added = office.register_candidate(election, wanted)
    if as_json:
        out.print_json(json.dumps(added))
    else:
        out.print(f"registered: {added['option']} in {added['contest']}")


def publish(
    context: typer.Context,
    election: ElectionId,
    *,
    anyway: Annotated[
        bool, typer.Option("--anyway", help="Announce it although somebody gets no ballot.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Announce a draft: voters can get credentials from now on, and it opens on time.

    It first reports, by area, ballot styles that reach nobody on the roll and people whom none
    reaches, and then refuses, unless told --anyway.
    """
    target = target_of(context)
    with ElectionOffice(target) as office:
        faults = list(reach_in(target, office.show(election)).faults)
        for fault in faults:
            err.print(fault, soft_wrap=True, markup=False)
        if faults and not anyway:
            raise CommandFailed(
                "not announced: mend the styles or the table of areas, or repeat with --anyway"
            )
        _tell(office.publish(election), as_json=as_json)


def open_now(context: typer.Context, election: ElectionId, *, as_json: AsJson = False) -> None:
    """Open an announced election now, before its time."""
    _step(context, election, ElectionOffice.open, as_json=as_json)


def suspend(context: typer.Context, election: ElectionId, *, as_json: AsJson = False) -> None:
    """Accept no votes until the election is resumed; its closing time stays."""
    _step(context, election, ElectionOffice.suspend, as_json=as_json)


def resume(context: typer.Context, election: ElectionId, *, as_json: AsJson = False) -> None:
    """Accept votes again."""
    _step(context, election, ElectionOffice.resume, as_json=as_json)


def finish(context: typer.Context, election: ElectionId, *, as_json: AsJson = False) -> None:
    """Close an election now, before its time. It cannot be opened again."""
    _step(context, election, ElectionOffice.finish, as_json=as_json)


def certify(
    context: typer.Context,
    election: ElectionId,
    ballots: Annotated[int, typer.Option(min=0, help="How many ballots the final count has.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Declare the count final, once no ballot waits and box, tally and public log agree.

    Seals the box and waits until it is counted, so it may take minutes; it can be repeated.
    """
    with ElectionOffice(target_of(context)) as office:
        certified = certify_once_counted(office, election, ballots, err.print)
        _tell(certified, as_json=as_json)


def delete(context: typer.Context, election: ElectionId) -> None:
    """Delete a draft. An announced election stays."""
    with ElectionOffice(target_of(context)) as office:
        office.delete(election)
    out.print(f"deleted: {election}")


def clone(
    context: typer.Context,
    election: ElectionId,
    opens_at: OpensAt,
    closes_at: ClosesAt,
    title: Annotated[str | None, typer.Option(help="By default the same.")] = None,
    day: Annotated[
        str | None,
        typer.Option(help="When voters must be old enough; by default the day it closes."),
    ] = None,
    roll_closes_at: Annotated[
        str | None,
        typer.Option(help="Like --opens-at; who registers later cannot vote. By default never."),
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Make a draft that is a copy of an election, for another time."""
    given = {
        "title": title,
        "opens_at": opens_at,
        "closes_at": closes_at,
        "day": day,
        "roll_closes_at": roll_closes_at,
    }
    window = _checked(NewWindow, given)
    with ElectionOffice(target_of(context)) as office:
        _tell(office.clone(election, window), as_json=as_json, next_step="publish")


def _step(
    context: typer.Context,
    election: str,
    take: Callable[[ElectionOffice, str], Json],
    *,
    as_json: bool,
) -> None:
    with ElectionOffice(target_of(context)) as office:
        _tell(take(office, election), as_json=as_json)


def _tell(election: Json, *, as_json: bool, next_step: str | None = None) -> None:
    if as_json:
        out.print_json(json.dumps(election))
        return
    out.print(f"{election['id']}: {election['state']}, revision {election['revision']}")
    if next_step:
        err.print(f"next: civic elections {next_step} {election['id']}")


def _checked[M: BaseModel](model: type[M], given: Json) -> M:
    """Return what the options say, or refuse with the name of one that is not valid."""
    try:
        return model.model_validate_json(json.dumps(given))
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)
        lines = [
            f"--{str(fault['loc'][0]).replace('_', '-').removesuffix('s')}: {fault['msg']}"
            for fault in faults
        ]
        raise SettingInvalid("\n".join(lines)) from None
