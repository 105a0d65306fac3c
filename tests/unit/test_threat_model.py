"""The threat model has a true row for every role: who is in it, and what they may change."""

import re

import pytest

from tests.documents import ROOT, Document
from tests.rights import RIGHTS

MODEL = Document(ROOT / "docs" / "threat-model.md")
_TABLE = re.compile(r"^## One function in other hands\n(.*?)^## ", re.MULTILINE | re.DOTALL)
_ROW = re.compile(r"^\| (\w+) \|(.*)\|$", re.MULTILINE)
_READS = {
    "BatchGetItem",
    "ConditionCheckItem",
    "DescribeStream",
    "GetItem",
    "GetObject",
    "GetPublicKey",
} | {
    "GetQueueAttributes",
    "GetRecords",
    "GetShardIterator",
    "ListBucket",
    "ListStreams",
    "Query",
    "Scan",
}
_TAKES_ITS_OWN_MESSAGES = {"ReceiveMessage", "DeleteMessage"}


def rows() -> dict[str, list[str]]:
    """Return the cells of each row by its function."""
    section = _TABLE.search(MODEL.text)
    assert section
    found = _ROW.findall(section[1])
    named = [name for name, _ in found if name != "function"]
    assert len(named) == len(set(named))
    return {
        name: [cell.strip() for cell in cells.split("|")]
        for name, cells in found
        if name != "function"
    }


def function_of(role: str) -> str:
    """Return the name of the function that a role belongs to."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", role.removesuffix("Role")).lower()


def powers(role: str) -> str:
    """Return what a role may do besides reading and taking messages, as the table writes it."""
    found: dict[str, set[str]] = {}
    for action, resource, _ in RIGHTS[role]:
        operation = action.partition(":")[2]
        if operation not in _READS | _TAKES_ITS_OWN_MESSAGES:
            found.setdefault(re.sub(r"^\$\{(\w+)\.Arn\}", r"\1", resource), set()).add(operation)
    named = (f"{' '.join(sorted(found[one]))} `{one}`" for one in sorted(found))
    return "; ".join(named) or "nothing"


def test_every_role_has_a_row_and_every_row_a_role() -> None:
    assert sorted(rows()) == sorted(map(function_of, RIGHTS))


@pytest.mark.parametrize("role", RIGHTS)
def test_row_names_everything_the_role_may_change(role: str) -> None:
    assert rows()[function_of(role)][0] == powers(role)


@pytest.mark.parametrize("role", RIGHTS)
def test_row_says_what_is_possible_what_stops_more_and_where_it_is_tried(role: str) -> None:
    _, can, cannot, test = rows()[function_of(role)]
    assert can
    assert cannot
    assert re.search(r"`tests/[\w/]+\.py", test)
