"""What can go wrong in the analytics domain, one class per fact."""

from civic.contracts.errors import Unavailable


class AnalyticsError(Exception):
    """Root of the analytics domain's errors; messages are constant."""


class StoreUnavailable(AnalyticsError, Unavailable):
    """A store refused, throttled or did not answer; try again later."""
