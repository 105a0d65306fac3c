"""Cases that people decide (GDPR Art. 22(3)), and when enough of them agree."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from civic.contracts.events import Decision
from civic.identity.model.keys import RecordId
from civic.identity.model.requests import one_month_after

DECIDED_BY_PEOPLE = "decided_by_people"
"""The reason code of a decision that people made."""


class ReviewCause(StrEnum):
    """Who asked for a person to decide."""

    RULES = "rules"
    DATA_SUBJECT = "data_subject"


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is to be decided, with the person's areas where the address does not settle them."""

    decision: Decision
    areas: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Opinion:
    """What one member of staff would decide."""

    by: str
    decision: Decision
    at: datetime
    areas: tuple[str, ...] = ()

    @property
    def judgement(self) -> Judgement:
        """What they would decide, without who and when."""
        return Judgement(self.decision, self.areas)


@dataclass(frozen=True, slots=True)
class ReviewCase:
    """One registration that waits for staff to decide; has nothing that its data subject wrote."""

    record: RecordId
    since: datetime
    cause: ReviewCause
    opinions: tuple[Opinion, ...] = ()
    round: int | None = 0
    """The round of the decision that is to be reviewed; None in cases of earlier releases."""

    @property
    def due_at(self) -> datetime:
        """When it must be decided at the latest (GDPR Art. 12(3))."""
        return one_month_after(self.since)

    def settled(self, judgement: Judgement, people: int) -> bool:
        """Return whether ``people`` different members of staff are in favour of exactly this.

        Only the newest opinion of each counts.
        """
        newest = {opinion.by: opinion.judgement for opinion in self.opinions}
        return sum(one == judgement for one in newest.values()) >= people
