"""The table of areas by which the demo's made-up people are placed, and how it is loaded."""

import time
from importlib.resources import as_file, files

from civic.identity.adapters.area_book_dynamodb import POINTER_LIFETIME
from civic.operator.area_file import read_table
from civic.operator.areas import editor_of, load, plan
from civic.stack.target import Target
from civic.terminal.console import err


def load_areas(target: Target) -> None:
    """Put the population's own table in use, in place of any other.

    The first table is found at once; one that replaces another, only after a while.
    """
    with as_file(files("civic.lab.population") / "areas.csv") as file:
        table = read_table(file)
    editor = editor_of(target)
    planned = plan(editor, table)
    if planned.is_loaded:
        return
    load(editor, planned, lambda _pages: None)
    if planned.in_use.version:
        err.print(
            f"the demo's table of areas is in use now, in place of version"
            f" {planned.in_use.version}; waiting a minute until every function knows it"
        )
        time.sleep(POINTER_LIFETIME.total_seconds() + 1)
