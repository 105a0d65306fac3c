"""What functions have heard, and what follows from it: written apart from the functions."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from civic.contracts.events import (
    Decision,
    DecisionDeleted,
    DecisionMade,
    DecisionsMade,
    Event,
    RestrictionChanged,
)
from civic.contracts.identifiers import ElectionId, RegistrationId, StyleId
from civic.contracts.voting import ElectionEnded, ElectionPublished


@dataclass
class Heard:
    """What the roll was told of people and elections, and whom each store has erased."""

    decisions: dict[RegistrationId, DecisionMade] = field(default_factory=dict)
    restrictions: dict[RegistrationId, int] = field(default_factory=dict)
    published: dict[ElectionId, ElectionPublished] = field(default_factory=dict)
    over: set[ElectionId] = field(default_factory=set)
    buried: set[RegistrationId] = field(default_factory=set)
    """Who has ended, as the roll was told; for good, whatever expires."""
    erased: defaultdict[StrEnum, set[RegistrationId]] = field(
        default_factory=lambda: defaultdict(set)
    )
    """The same by the function that was told."""

    def note(self, event: Event) -> None:
        """Note what the roll was told."""
        match event:
            case DecisionsMade():
                for made in event.results:
                    self._decided(made)
            case RestrictionChanged():
                known = self.restrictions.get(event.id, 0)
                self.restrictions[event.id] = max(known, event.sequence)
            case ElectionPublished():
                known_one = self.published.get(event.election)
                if known_one is None or known_one.revision < event.revision:
                    self.published[event.election] = event
            case ElectionEnded():
                self.over.add(event.election)
            case _:
                pass

    def bury(self, consumer: StrEnum, event: DecisionDeleted) -> None:
        """Note that a function was told of the end of registrations."""
        ended = {one.id for one in event.ended}
        self.erased[consumer] |= ended
        if consumer == "credential_roll":
            self.buried |= ended

    def style_for(
        self,
        registration: RegistrationId,
        election: ElectionId,
        now: datetime,
        noted: StyleId | None,
    ) -> StyleId | None:
        """Return the ballot style that somebody may have a credential for; None if they may not.

        Args:
            registration: Who asks.
            election: For which election.
            now: By the clock of the issuer.
            noted: The style for which they were given one already; it stays.
        """
        made = self.decisions.get(registration)
        published = self.published.get(election)
        if made is None or published is None or registration in self.buried:
            return None
        if made.in_force is not Decision.ACCEPTED:
            return None
        if election in self.over or now >= published.closes_at:
            return None
        return noted or self._by_area(made, published)

    def _by_area(self, made: DecisionMade, published: ElectionPublished) -> StyleId | None:
        closing, registered = published.roll_closes_at, made.registered_at
        if closing is not None and registered is not None and registered >= closing:
            return None
        last = (published.closes_at - timedelta.resolution).astimezone(UTC).date()
        if made.eligible_from is not None and made.eligible_from > (published.day or last):
            return None
        styles = {area: one.style for one in published.styles for area in one.areas}
        return next((styles[area] for area in made.areas if area in styles), None)

    def _decided(self, made: DecisionMade) -> None:
        if made.id in self.buried or made.restriction < self.restrictions.get(made.id, 0):
            return
        known = self.decisions.get(made.id)
        if known is None or _step(known) < _step(made):
            self.decisions[made.id] = made


def _step(made: DecisionMade) -> tuple[int, int, int]:
    return made.revision, made.round, made.area_version
