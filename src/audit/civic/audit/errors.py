"""What can go wrong in the audit domain, one class per fact."""


class AuditError(Exception):
    """Root of the audit domain's errors; messages are constant."""


class StoreUnavailable(AuditError):
    """A store or a key did not answer, or refused; try again later."""


class NumberTaken(AuditError):
    """Another writer has added the next batch to the journal; read it again."""


class CheckpointMoved(AuditError):
    """Another writer has published a newer checkpoint; read it again."""


class LogBroken(AuditError):
    """What is stored contradicts itself; nothing more is signed until a person has investigated."""


class BallotsMissing(AuditError):
    """Not all ballots of a certified count are in the log yet; try again."""


class EntryRefused(AuditError):
    """The verifier would refuse the log if it had this entry there; it is not added."""


class NotLogged(AuditError):
    """The log has no such leaf, opening or object, at least not yet."""
