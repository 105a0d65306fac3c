"""The outcome of a simulated election, and whether all its parts agree."""

from dataclasses import dataclass, field

from civic.lab.simulate.country import CHOICES
from civic.lab.simulate.log_check import LogCheck
from civic.lab.simulate.stream import Delivered


@dataclass(frozen=True, slots=True)
class LogOutcome:
    """The outcome for the public log.

    Attributes:
        check: What the verifier found.
        delivered: What went wrong in delivering to the log.
        seconds: How long making it took, apart from everything that votes wait for.
        key: The log's key, in the form that verifiers use.
    """

    check: LogCheck
    delivered: Delivered
    seconds: float
    key: str


@dataclass(slots=True)
class Outcome:
    """The outcome; counts by cell list the choices of one state after the other's.

    Attributes:
        voters: How many voted at least once.
        submitted: Requests that were answered with 201 or 409.
        accepted: Those answered with 201, each of which is in the queue.
        expected: The votes that voters have receipts for, by cell.
        counted: The tally, by cell.
        recounted: The recount of the box, by cell.
        ballots: The number of ballots in the box.
        published: The number of ballots in the last published results.
        unexplained: Answers and receipts without an explanation; there must be none.
        delivered: What went wrong in delivery.
        seconds: How long it took.
        log: The public log; None if it is not checked.
    """

    voters: int = 0
    submitted: int = 0
    accepted: int = 0
    expected: list[int] = field(default_factory=list)
    counted: list[int] = field(default_factory=list)
    recounted: list[int] = field(default_factory=list)
    ballots: int = 0
    published: int = 0
    unexplained: int = 0
    delivered: Delivered = field(default_factory=Delivered)
    seconds: float = 0.0
    log: LogOutcome | None = None

    @property
    def refused(self) -> int:
        """The number of second votes, refused on submission or by the box."""
        return self.submitted - self.ballots

    def error_of(self, choice: int) -> int:
        """Return the errors in the tally of a choice, added up over all states."""
        pairs = zip(self.expected[choice::CHOICES], self.counted[choice::CHOICES], strict=True)
        return sum(abs(expected - counted) for expected, counted in pairs)

    @property
    def right(self) -> bool:
        """Whether voters, box, tally, recount, published results and log all agree."""
        return (
            self.expected == self.counted == self.recounted
            and self.voters == self.ballots == sum(self.counted) == self.published
            and self.unexplained == 0
            and self.logged
        )

    @property
    def logged(self) -> bool:
        """Whether the log verifies and has every ballot, certified and opened."""
        if self.log is None:
            return True
        check = self.log.check
        found = {check.ballots, check.certified, check.opened}
        return check.refused is None and found == {self.ballots}
