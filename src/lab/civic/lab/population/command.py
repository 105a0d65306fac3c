"""`civic generate`: people to try the system with."""

from pathlib import Path
from typing import Annotated

import typer

from civic.identity.adapters.rule_set_files import load_rule_set
from civic.lab.population.generator import generate as make_people
from civic.lab.population.writer import json_lines, write_people
from civic.terminal.console import err

_RULE_SET = "national-2027"


def generate(
    count: Annotated[int, typer.Option(min=1, help="How many people to make up.")] = 500,
    seed: Annotated[int, typer.Option(help="The same seed generates the same people.")] = 1,
    output: Annotated[
        Path | None,
        typer.Option(help="A .csv or .jsonl file.", show_default="JSON lines to standard output"),
    ] = None,
) -> None:
    """Make up people to try the system with.

    They come from several countries, use several scripts, and make every common mistake.
    """
    rules = load_rule_set(_RULE_SET)
    payloads = (person.payload for person in make_people(count, seed, rules))
    if output is None:
        for line in json_lines(payloads):
            typer.echo(line)
    else:
        err.print(f"written: {write_people(output, payloads)} people to {output}", soft_wrap=True)
