"""What can go wrong in the analytics domain, one class per fact."""


class AnalyticsError(Exception):
    """Root of the analytics domain's errors; messages are constant."""


class StoreUnavailable(AnalyticsError):
    """A store refused, throttled or did not answer; try again later."""
