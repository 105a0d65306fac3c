"""What loading a file of people will do, before anything is sent."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import groupby

from civic.client.journal import Entry, Journal, Marks, SeveralInJournal
from civic.client.people_reader import BadRow, PersonRow, Row


class Step(StrEnum):
    """What is done about a row."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


def step_of(entry: Entry | None, marks: Marks) -> Step:
    """Return what is done about a row, by what the journal has of that person."""
    if entry is None:
        return Step.NEW
    return Step.UNCHANGED if entry.marks.row == marks.row else Step.CHANGED


@dataclass(slots=True)
class Plan:
    """What loading a file will do.

    Attributes:
        steps: What is done about each row, by its number.
        refused: Why nothing is done about a row, by its number.
        absent: How many people of the journal are not in the file; nothing is done about them.
        unknown: How many of those were registered by an earlier release, which kept no digest of
            name and birth date, so that a changed row of theirs is not recognised.
    """

    steps: dict[int, Step] = field(default_factory=dict)
    refused: dict[int, str] = field(default_factory=dict)
    absent: int = 0
    unknown: int = 0

    def rows(self, step: Step) -> list[int]:
        """Return the numbers of the rows with which something is done."""
        return [number for number, one in self.steps.items() if one is step]

    def kept(self, rows: Iterable[Row]) -> Iterator[PersonRow]:
        """Yield the rows that are not refused."""
        for row in rows:
            if isinstance(row, PersonRow) and row.number not in self.refused:
                yield row


def plan_of(rows: Iterable[Row], journal: Journal) -> Plan:
    """Find out what loading a file will do; two rows of one person are both refused."""
    plan = Plan()
    first: dict[str, int] = {}
    same: dict[int, list[int]] = {}
    seen: set[str] = set()
    for row in rows:
        if isinstance(row, BadRow):
            plan.refused[row.number] = row.reason
            continue
        marks = journal.marks_of(row)
        try:
            entry = journal.entry_of(marks)
        except SeveralInJournal as several:
            plan.refused[row.number] = str(several)
            continue
        plan.steps[row.number] = step_of(entry, marks)
        names = [marks.identity, *([entry.receipt.id] if entry else [])]
        before = min(first.setdefault(name, row.number) for name in names if name)
        if before != row.number:
            same.setdefault(before, [before]).append(row.number)
        if entry:
            seen.add(entry.receipt.id)
    for numbers in same.values():
        for number in numbers:
            others = [one for one in numbers if one != number]
            which = "rows" if len(others) > 1 else "row"
            plan.refused[number] = (
                f"it is the same person as {which} {spans(others)}; leave one of them, "
                "or give --key with a column that tells them apart"
            )
            plan.steps.pop(number, None)
    absent = [entry for entry in journal.entries if entry.receipt.id not in seen]
    plan.absent = len(absent)
    plan.unknown = sum(entry.marks.person is None for entry in absent)
    return plan


def spans(numbers: Iterable[int], at_most: int | None = None) -> str:
    """Return ascending numbers in short: ``2-4, 7``.

    Args:
        numbers: The numbers.
        at_most: How many spans to write out; None for all.
    """
    runs = []
    for _, run in groupby(enumerate(numbers), lambda pair: pair[1] - pair[0]):
        members = [number for _, number in run]
        ends = dict.fromkeys((members[0], members[-1]))
        runs.append("-".join(map(str, ends)))
    shown = ", ".join(runs[:at_most])
    return shown if at_most is None or len(runs) <= at_most else f"{shown}, ..."
