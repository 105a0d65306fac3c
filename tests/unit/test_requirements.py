"""The table of requirements: every row has its state, and every claim names its proof.

`test_documents.py` checks that the files, tests and commands it names exist.
"""

import pytest

from tests.documents import ROOT, Document

REQUIREMENTS = Document(ROOT / "docs/requirements.md")
HEADINGS = [
    "Registration and validation",
    "GDPR",
    "Encryption, keys and access",
    "Events",
    "The vote path",
    "Elections and candidates",
    "Surveys",
    "One vote",
    "Tokens and credentials",
    "Results and real time",
    "Audit",
    "Fraud and bots",
    "Observability",
    "Several regions",
    "Simulation, load and tests",
    "Website",
    "Cost",
    "Documents, runbooks and infrastructure",
]
STATES = {"built", "partly", "otherwise", "not there"}


def rows_of(heading: str) -> list[list[str]]:
    """Return the cells of each row of the table under a heading."""
    part = REQUIREMENTS.text.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in part.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]


def test_headings_are_those_of_the_list() -> None:
    found = [line[3:] for line in REQUIREMENTS.text.splitlines() if line.startswith("## ")]
    assert found == HEADINGS


@pytest.mark.parametrize("heading", HEADINGS)
def test_every_row_says_how_it_stands_and_where(heading: str) -> None:
    rows = rows_of(heading)
    assert len(rows) > 3
    for row in rows:
        assert len(row) == 4, row
        asked, state, where, _ = row
        assert state in STATES, asked
        assert where, asked


@pytest.mark.parametrize("heading", HEADINGS)
def test_what_is_built_names_what_shows_it(heading: str) -> None:
    rows = rows_of(heading)
    assert [asked for asked, state, _, shown in rows if state == "built" and not shown] == []
