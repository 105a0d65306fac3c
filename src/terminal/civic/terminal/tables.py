"""Tables that fit a terminal of 80 columns and can be read without colours."""

from rich import box
from rich.table import Table


def plain_table(*headers: str, title: str | None = None) -> Table:
    """Return a table without vertical lines, which never wraps an id."""
    table = Table(
        *headers,
        title=title,
        title_justify="left",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        pad_edge=False,
    )
    for column in table.columns:
        column.overflow = "fold"
        column.no_wrap = column.header == "id"
    return table
