"""An election office, and what its operations have in common."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from civic.contracts.identifiers import ElectionId
from civic.contracts.ports import RandomBytes
from civic.contracts.voting import ElectionPublished, StyleAreas
from civic.voting.errors import NotNow
from civic.voting.model.definition import digest_of
from civic.voting.model.election import Election, State
from civic.voting.ports import Backlog, ElectionSecrets, TallyStore, VoterCodes
from civic.voting.usecases.register import Register, current


@dataclass(frozen=True, slots=True)
class Office:
    """What the office's operations need.

    Attributes:
        register: The elections.
        secrets: Makes the secret of a new election.
        codes: Where the hashes of posted codes go.
        backlog: What is not counted yet.
        tallies: What is counted.
        entropy: Random bytes for new ids.
        settling: How long to wait after the closing before relying on the backlog.
    """

    register: Register
    secrets: ElectionSecrets
    codes: VoterCodes
    backlog: Backlog
    tallies: TallyStore
    entropy: RandomBytes
    settling: timedelta


def stands_in(office: Office, election: ElectionId, states: set[State]) -> Election:
    """Return an election if it is in one of these states now.

    Raises:
        NotNow: It is in another state.
    """
    found = current(office.register, election).election
    if found.state not in states:
        raise NotNow
    return found


def next_revision(election: Election, **changes: object) -> Election:
    """Return the next revision of an election."""
    return election.model_copy(update={"revision": election.revision + 1, **changes})


def facts(office: Office, election: Election) -> dict[str, Any]:
    """Return what every event says about a revision."""
    return {
        "election": election.id,
        "revision": election.revision,
        "at": office.register.clock(),
    }


def publication(office: Office, election: Election) -> ElectionPublished:
    """Return the event that lets credentials be issued and holds the office to its definition."""
    return ElectionPublished(
        **facts(office, election),
        opens_at=election.opens_at,
        closes_at=election.closes_at,
        day=election.election_day,
        roll_closes_at=election.roll_closes_at,
        styles=tuple(StyleAreas(style=one.id, areas=one.areas) for one in election.styles),
        openings=election.openings,
        definition=digest_of(election),
    )
