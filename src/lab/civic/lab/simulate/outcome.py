"""What came of a simulated election, and whether all its parts say the same."""

from dataclasses import dataclass, field

from civic.lab.simulate.country import CHOICES
from civic.lab.simulate.log_check import LogCheck
from civic.lab.simulate.stream import Delivered


@dataclass(frozen=True, slots=True)
class LogOutcome:
    """What came of the public log.

    Attributes:
        check: What the verifier found.
        delivered: What went wrong on the way to the log.
        seconds: How long it took to make, apart from all that votes wait for.
        key: The log's, as verifiers write it.
    """

    check: LogCheck
    delivered: Delivered
    seconds: float
    key: str


@dataclass(slots=True)
class Outcome:
    """What came of it; counts by cell have a state's choices one after the other.

    Attributes:
        voters: Those who have voted at least once.
        submitted: Requests that were answered with 201 or 409.
        accepted: Those answered with 201: each is in the queue.
        expected: What the voters were promised, by cell.
        counted: The tally, by cell.
        recounted: The box itself counted anew, by cell.
        ballots: How many ballots are in the box.
        published: How many ballots the last snapshot of the results says there are.
        unexplained: Answers and receipts that nothing explains; there are none.
        delivered: What went wrong on the way.
        seconds: How long it took.
        log: The public log; None where it is not looked at.
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
        """Second votes: refused at the door, or by the box."""
        return self.submitted - self.ballots

    def error_of(self, choice: int) -> int:
        """Return by how many votes, over all states, the tally of a choice is wrong."""
        pairs = zip(self.expected[choice::CHOICES], self.counted[choice::CHOICES], strict=True)
        return sum(abs(expected - counted) for expected, counted in pairs)

    @property
    def right(self) -> bool:
        """Whether voters, box, tally, recount, published results and log all say the same."""
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
