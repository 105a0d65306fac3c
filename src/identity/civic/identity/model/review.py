"""Cases that people decide (GDPR Art. 22(3)), and when enough of them agree."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Self

from civic.contracts.events import Decision
from civic.contracts.identifiers import RegistrationId
from civic.identity.model.keys import RecordId
from civic.identity.model.pairs import HELD_FOR
from civic.identity.model.requests import one_month_after

DECIDED_BY_PEOPLE = "decided_by_people"
"""The reason code of a decision that people made."""


class ReviewCause(StrEnum):
    """Who asked for a person to decide; a later one of these stays when cases meet."""

    RULES = "rules"
    DATA_SUBJECT = "data_subject"
    PAIR = "pair"
    """Nobody: a search has found another registration that may be of the same person."""
    OFFICE = "office"
    """Staff, of their own accord: to take somebody off the roll or put them back."""

    def after(self, known: "ReviewCause") -> "ReviewCause":
        """Return whose case it is that takes the place of a known one.

        What the office has brought up stays its own, or one member of staff could decide it.
        """
        return max(known, self, key=tuple(ReviewCause).index)


class OfficeReason(StrEnum):
    """Why the office takes somebody off the roll, or puts them back; told to the data subject."""

    DIED = "died"
    MOVED_AWAY = "moved_away"
    NOT_ELIGIBLE = "not_eligible"
    REGISTERED_TWICE = "registered_twice"
    PUT_BACK = "put_back"


TWO_PEOPLE = 2
"""Nobody is taken off the roll, or put back, by one member of staff alone."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is to be decided.

    Attributes:
        decision: Accepted or rejected.
        areas: The person's, where the address does not settle them.
        reason: The office's, where it decides of its own accord.
        erase: With a rejection, of somebody who is off the roll: whether the law requires that the
            registration be erased.
        beside: With whom they compared the person; an opinion counts with those of the same.
    """

    decision: Decision
    areas: tuple[str, ...] = ()
    reason: OfficeReason | None = None
    erase: bool = False
    beside: frozenset[RegistrationId] = frozenset()


@dataclass(frozen=True, slots=True)
class Opinion:
    """What one member of staff would decide."""

    by: str
    decision: Decision
    at: datetime
    areas: tuple[str, ...] = ()
    reason: OfficeReason | None = None
    erase: bool = False
    beside: frozenset[RegistrationId] = frozenset()

    @classmethod
    def on(cls, judgement: Judgement, by: str, at: datetime) -> Self:
        """Return the opinion of somebody who would decide so."""
        it = judgement
        return cls(by, it.decision, at, it.areas, it.reason, it.erase, it.beside)

    @property
    def judgement(self) -> Judgement:
        """What they would decide, without who and when."""
        return Judgement(self.decision, self.areas, self.reason, self.erase, self.beside)


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
        """When it must be decided at the latest (GDPR Art. 12(3)).

        By then whoever is held back as one of a pair is given credentials.
        """
        of_a_pair = self.cause is ReviewCause.PAIR
        return self.since + HELD_FOR if of_a_pair else one_month_after(self.since)

    @property
    def newest(self) -> tuple[Opinion, ...]:
        """The newest opinion of each member of staff, oldest first; no other counts."""
        of_each = {opinion.by: opinion for opinion in self.opinions}
        return tuple(one for one in self.opinions if of_each[one.by] is one)

    def needs_reason(self, judgement: Judgement) -> bool:
        """Return whether a judgement has to say why, as the person has not asked for any."""
        if judgement.reason is not None:
            return False
        rejected = judgement.decision is Decision.REJECTED
        return self.cause is ReviewCause.OFFICE or (self.cause is ReviewCause.PAIR and rejected)

    def settled(self, judgement: Judgement, people: int, *, on_the_roll: bool) -> bool:
        """Return whether ``people`` different members of staff are in favour of exactly this.

        What the office does of its own accord needs two,
        and so does what takes somebody off the roll, whoever has asked for a person.

        Args:
            judgement: What is to be decided.
            people: How many must agree on any case.
            on_the_roll: Whether an acceptance is in force, which a rejection would end.
        """
        of_the_office = self.cause is ReviewCause.OFFICE or judgement.reason is not None
        takes_off = on_the_roll and judgement.decision is Decision.REJECTED
        needed = max(people, TWO_PEOPLE) if of_the_office or takes_off else people
        return sum(one.judgement == judgement for one in self.newest) >= needed

    def was_proposed_by(self, member: str) -> bool:
        """Return whether this member of staff alone has brought up a case of the office."""
        authors = {opinion.by for opinion in self.opinions}
        return self.cause is ReviewCause.OFFICE and authors == {member}
