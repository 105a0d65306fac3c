"""What a change of the rules does to decisions: each person is decided under both rule sets."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from civic.client.people_reader import BadRow, Row
from civic.contracts.events import Decision
from civic.identity.model.area_table import AreaTable
from civic.identity.model.eligibility import Assessment, decide
from civic.identity.model.registration import Registration
from civic.identity.model.rules import RuleSet, RuleSetBroken
from civic.operator.areas import page_in
from civic.terminal.failures import SettingInvalid

_LATER = "accepted from a later day"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is decided of somebody, and the codes of the reasons.

    Attributes:
        outcome: The decision; that somebody is accepted but may not vote yet is another one.
        codes: The codes.
    """

    outcome: str
    codes: tuple[str, ...]

    @property
    def why(self) -> str:
        """The codes as text."""
        return ", ".join(self.codes) or "no reason"


type Flip = tuple[Verdict, Verdict]
"""What was decided under the old rules, and what under the new ones."""


@dataclass(slots=True)
class RulesDiff:
    """How decisions differ.

    Attributes:
        flips: The numbers of the rows with each kind of flip.
        same: How many decisions are the same.
        bad: The rows that are no registration, which nobody decides.
    """

    flips: dict[Flip, list[int]] = field(default_factory=lambda: defaultdict(list))
    same: int = 0
    bad: list[BadRow] = field(default_factory=list)

    def by_outcome(self) -> Iterator[tuple[tuple[str, str], dict[Flip, list[int]]]]:
        """Yield the flips from each outcome to each other one, the most frequent first."""
        groups: dict[tuple[str, str], dict[Flip, list[int]]] = defaultdict(dict)
        for (old, new), rows in sorted(self.flips.items(), key=lambda flip: -len(flip[1])):
            groups[old.outcome, new.outcome][old, new] = rows
        yield from sorted(groups.items(), key=lambda group: -people_in(group[1]))


def people_in(flips: dict[Flip, list[int]]) -> int:
    """Return how many people flips are about."""
    return sum(map(len, flips.values()))


def compare(
    rows: Iterable[Row], old: RuleSet, new: RuleSet, table: AreaTable, now: datetime
) -> RulesDiff:
    """Decide everybody under two rule sets.

    Args:
        rows: People from a file.
        old: The rules in force.
        new: The rules to review.
        table: The office's table of areas, by which both decide.
        now: When all of them are taken to be submitted.
    """
    diff = RulesDiff()
    for row in rows:
        if isinstance(row, BadRow):
            diff.bad.append(row)
            continue
        person = Registration.model_validate_json(json.dumps(row.payload))
        page = page_in(table, 0, person.address)
        before, after = (_verdict(decide(person, now, rules, page=page)) for rules in (old, new))
        if before.outcome == after.outcome:
            diff.same += 1
        else:
            diff.flips[before, after].append(row.number)
    return diff


def _verdict(assessment: Assessment) -> Verdict:
    codes = dict.fromkeys(reason.code for reason in assessment.reasons)
    later = assessment.decision is Decision.ACCEPTED and assessment.placement.eligible_from
    return Verdict(_LATER if later else str(assessment.decision), tuple(codes))


def read_rule_set(file: Path) -> RuleSet:
    """Read a rule set from a file.

    Raises:
        SettingInvalid: It cannot be read, or is no rule set; the message names every fault.
    """
    try:
        return RuleSet.parse(file.read_bytes())
    except OSError as error:
        raise SettingInvalid(f"{file}: {error.strerror}") from None
    except RuleSetBroken as error:
        raise SettingInvalid(f"{file}: {error}") from None
