"""What can go wrong in the audit domain, one class per fact."""


class AuditError(Exception):
    """Root of the audit domain's errors; messages are constant."""


class StoreUnavailable(AuditError):
    """A store or a key did not answer or refused; the work may be tried again."""


class NumberTaken(AuditError):
    """Another writer has added the next batch to the journal; look at it again."""


class CheckpointMoved(AuditError):
    """Another writer has published a newer checkpoint; look at it again."""


class LogBroken(AuditError):
    """What is stored contradicts itself; nothing more is signed until a person has looked."""


class BallotsMissing(AuditError):
    """A count is certified of which not all ballots are in the log yet; try again."""


class NotLogged(AuditError):
    """No such leaf, opening or object is in the log by now."""
