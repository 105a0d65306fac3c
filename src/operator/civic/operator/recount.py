"""The proof that the count is right: ballots in the box = ballots in the tally, cell by cell."""

from dataclasses import dataclass

from civic.contracts.identifiers import ElectionId
from civic.stack.target import Target
from civic.terminal.failures import CommandFailed
from civic.voting.adapters.ballot_box_dynamodb import DynamoDbBallots
from civic.voting.adapters.election_store_dynamodb import DynamoDbElections
from civic.voting.adapters.tally_store_dynamodb import DynamoDbTallies
from civic.voting.model.tally import Counts
from civic.voting.usecases.publishing import recount
from civic.voting.usecases.tallying import total


@dataclass(frozen=True, slots=True)
class Recount:
    """Two ways of counting one election.

    Attributes:
        box: The count of the ballots themselves.
        tally: The tally, which adds up the stream of ballots.
    """

    box: Counts
    tally: Counts

    @property
    def differences(self) -> dict[tuple[str, str, str], int]:
        """How far the tally is above the ballots, by style, contest and option."""
        cells = self.box.cells.keys() | self.tally.cells.keys()
        found = {cell: self.tally.cells[cell] - self.box.cells[cell] for cell in cells}
        return {cell: found[cell] for cell in sorted(found) if found[cell]}


def recount_election(target: Target, election: str) -> Recount:
    """Count an election from its ballots, and read its tally.

    Args:
        target: The system.
        election: The election's id.

    Raises:
        CommandFailed: There is no such election.
    """
    which = ElectionId(election)
    elections = DynamoDbElections(target.dynamodb, target.output("ElectionsTableName"))
    if elections.find(which) is None:
        raise CommandFailed("there is no such election; see `civic elections list`")
    box = DynamoDbBallots(target.dynamodb, target.output("BallotsTableName"))
    tallies = DynamoDbTallies(target.dynamodb, target.output("TalliesTableName"))
    # The tally first: a ballot that arrives in between may be missing from it, never from the box.
    tally, _ = total(tallies, which)
    return Recount(recount(box, which), tally)
