"""Every event there is, by its detail-type."""

from civic.contracts import audit, events, voting
from civic.contracts.events import Event

_ALL: tuple[type[Event], ...] = (
    events.ValidationRequest,
    events.RevalidationRequest,
    events.ValidationResult,
    events.ReviewDecided,
    events.DeletionRequest,
    events.RetentionEnded,
    events.ErasureReplayed,
    events.ErasuresCounted,
    events.DataStored,
    events.DataUpdated,
    events.DataDeleted,
    events.DecisionDeleted,
    events.JoinDeleted,
    events.RestrictionChanged,
    events.ObjectionRaised,
    events.ObjectionHonoured,
    events.AnalyticsReleased,
    *voting.VOTING_EVENTS,
    *audit.AUDIT_EVENTS,
)

EVENTS = {event.detail_type(): event for event in _ALL}
"""Every event by its detail-type."""
