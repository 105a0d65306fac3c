"""What docs/operations.md lists from the code: metrics and exit codes, compared both ways."""

import ast
import re
from collections.abc import Iterator

from civic.client.people_formats import PopulationError
from civic.identity import errors
from civic.identity.model.sweeping import Finding
from civic.terminal import failures
from civic.terminal.failures import INTERRUPTED_EXIT_CODE, CommandFailed
from tests.documents import ROOT, Document

OPERATIONS = Document(ROOT / "docs/operations.md")
BUILT = {"Accepted", "Rejected", "Review", "Superseded", "Stored"} | {
    *("BallotsAlready", "BallotsCounted", "BallotsFailed"),
    *("Responses2xx", "Responses4xx", "Responses5xx"),
    *Finding,
}
"""Metrics whose names are composed of an outcome or a status, or are those of findings."""

BY_THE_EDGE = {"Errors"}
"""The metrics that `civic.runtime.observability` itself counts."""

BY_AN_ERROR = {one.METRIC for one in vars(errors).values() if hasattr(one, "METRIC")}
"""The metrics of errors that an edge counts wherever they are raised."""


def part(heading: str) -> str:
    return OPERATIONS.text.split(f"\n## {heading}\n")[1].split("\n## ")[0]


def counted() -> Iterator[str]:
    """Return the names of the functions' metrics that are written out."""
    for module in ROOT.glob("src/*/civic/*/functions/*.py"):
        for call in ast.walk(ast.parse(module.read_text("utf-8"))):
            match call:
                case ast.Call(
                    func=ast.Attribute(attr="count"), args=[ast.Constant(value=str(name)), *_]
                ):
                    yield name


def test_metrics_are_those_that_are_counted() -> None:
    (listed,) = (one for one in part("Metrics and log lines").split("\n\n") if "Namespace" in one)
    names = set(re.findall(r"`([A-Z]\w+)`", listed)) - {"Civic"}
    edge = {"MessagesFailed", "MessagesPostponed"} | BY_THE_EDGE
    assert names == {*counted()} | BUILT | edge | BY_AN_ERROR


def test_exit_codes_are_those_of_the_command() -> None:
    listed = re.findall(r"(?:^|· )(\d+) ", part("Exit codes of `civic`").strip())
    kinds = [one for one in vars(failures).values() if isinstance(one, type)]
    failed = {one.exit_code for one in kinds if issubclass(one, CommandFailed)}
    assert set(map(int, listed)) == failed | {0, PopulationError.exit_code, INTERRUPTED_EXIT_CODE}
