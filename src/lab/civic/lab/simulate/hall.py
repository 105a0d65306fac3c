"""What a simulated election needs of the deployed stack: office, polling place and count."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from civic.client.api_client import Json
from civic.client.polling import PollingPlace
from civic.contracts.identifiers import ElectionId
from civic.lab.simulate.country import style_of
from civic.lab.simulate.electorate import CANDIDATES, StateVote
from civic.operator.certifying import Certifier
from civic.operator.elections import ElectionOffice
from civic.operator.letters.key import codes_key
from civic.operator.letters.making import CodeOffice
from civic.operator.recount import Recount, recount_election
from civic.stack.target import Target
from civic.terminal.failures import SettingInvalid
from civic.voting.adapters.ballot_box_dynamodb import DynamoDbBallots
from civic.voting.model.ballot import CommittedBallot
from civic.voting.model.draft import DraftContest, DraftElection, DraftOption, DraftStyle


class Office(CodeOffice, Certifier, Protocol):
    """The staff API, as in `ElectionOffice`."""

    def create(self, draft: DraftElection) -> Json:
        """Create a draft."""
        ...

    def show(self, election: str) -> Json:
        """Return an election."""
        ...

    def publish(self, election: str) -> Json:
        """Announce a draft."""
        ...

    def open(self, election: str) -> Json:
        """Open an election before its time."""
        ...

    def finish(self, election: str) -> Json:
        """Close an election before its time."""
        ...


class Polling(Protocol):
    """The vote API, as in `PollingPlace`."""

    def vote(
        self,
        voter: str,
        selections: Mapping[str, Sequence[str]],
        write_ins: Mapping[str, Sequence[str]] | None = None,
    ) -> str:
        """Submit a ballot, and return its receipt."""
        ...

    def results(self, query: Mapping[str, str]) -> Json:
        """Return the latest results."""
        ...


@dataclass(frozen=True, slots=True)
class Hall:
    """Everything needed to hold an election.

    Attributes:
        office: The staff API.
        polling: The vote API.
        codes_key: Returns the key with which an election hashes its posted codes.
        recount: Recounts an election from its ballots.
        ballots: Returns the ballots of an election.
    """

    office: Office
    polling: Polling
    codes_key: Callable[[ElectionId], bytes]
    recount: Callable[[ElectionId], Recount]
    ballots: Callable[[ElectionId], Iterable[CommittedBallot]]


@contextmanager
def hall_of(target: Target) -> Iterator[Hall]:
    """Open the hall in the embedded engine.

    Raises:
        SettingInvalid: The stack is on AWS, where simulated votes do not belong.
        StackMissing: The stacks of elections and voting are not deployed.
    """
    if not target.is_local:
        raise SettingInvalid("--engine votes only in the embedded engine; leave out --stack")
    box = DynamoDbBallots(target.dynamodb, target.output("BallotsTableName"))
    with (
        PollingPlace(target.vote_api_url, local=True) as polling,
        ElectionOffice(target) as office,
    ):
        yield Hall(
            office,
            polling,
            lambda election: codes_key(target, election),
            lambda election: recount_election(target, election),
            box.every,
        )


def draft_of(states: tuple[StateVote, ...], now: datetime) -> DraftElection:
    """Draft the simulated election for tomorrow, with a ballot style for each state."""
    return DraftElection(
        title="President of the United States, 2016, simulated",
        time_zone="America/New_York",
        opens_at=now + timedelta(days=1),
        closes_at=now + timedelta(days=2),
        contests=(
            DraftContest(
                title="President",
                min=1,
                write_ins=True,
                options=tuple(DraftOption(text=name) for name in CANDIDATES),
            ),
        ),
        styles=tuple(
            DraftStyle(id=style_of(one.state), name=one.name, areas=(f"US-{one.state}",))
            for one in states
        ),
    )
