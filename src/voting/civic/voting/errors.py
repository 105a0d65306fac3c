"""What can go wrong in the voting domain, one class per fact."""

from civic.contracts.errors import Unavailable


class VotingError(Exception):
    """Root of the voting domain's errors; messages are constant."""


class StoreUnavailable(VotingError, Unavailable):
    """A store, a queue or a key did not answer or refused; the work may be tried again."""


class ElectionUnknown(VotingError):
    """There is no such election."""


class ElectionMoved(VotingError):
    """Somebody else changed the election in the meantime; look at it again."""


class NotNow(VotingError):
    """The election's state does not allow it."""


class BallotsWaiting(VotingError):
    """Ballots may still be on their way into the count."""


class BoxNotCounted(VotingError):
    """The box is sealed, and what is in it is being counted."""


class CountDiffers(VotingError):
    """Not everybody has counted as many ballots as are to be certified; ``counts`` says who."""

    def __init__(self, *counts: str) -> None:
        """Keep the names of the counts that differ: ``box``, ``tally`` or ``log``."""
        super().__init__("a count differs from what is to be certified")
        self.counts = counts


class CodeTaken(VotingError):
    """A voter's code belongs to another election or ballot style."""


class BadDefinition(VotingError):
    """A definition contradicts itself; ``faults`` says where."""

    def __init__(self, *faults: "tuple[str, str]") -> None:
        """Keep the faults as (code, JSON Pointer) pairs."""
        super().__init__("the definition contradicts itself")
        self.faults = faults


class VoterUnknown(VotingError):
    """No such code, or a credential that no key of the election has signed."""


class CodeMistyped(VoterUnknown):
    """A text is not a posted code: it has wrong characters, too many or too few, or a typo."""


class AlreadyVoted(VotingError):
    """A ballot with this credential or code is in the box."""


class PollNotOpen(VotingError):
    """Before the opening, after the closing, or during a suspension; ``code`` says which."""

    def __init__(self, code: str) -> None:
        """Keep ``not_open_yet``, ``closed`` or ``suspended``."""
        super().__init__("no votes are accepted now")
        self.code = code


class BadSelections(VotingError):
    """The selections do not form a valid ballot of the voter's style; ``faults`` says where."""

    def __init__(self, *faults: "tuple[str, str]") -> None:
        """Keep the faults as (code, JSON Pointer) pairs."""
        super().__init__("the selections do not form a valid ballot")
        self.faults = faults


class SealBroken(VotingError):
    """A sealed ballot does not open: it was altered, or sealed for another election."""


class TallyMoved(VotingError):
    """Another invocation has written this shard's tally since it was read."""
