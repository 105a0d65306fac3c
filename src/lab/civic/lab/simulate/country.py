"""The simulated election: one contest, and a ballot style per state."""

import json
from datetime import datetime, timedelta
from functools import cache

from civic.contracts import base64url
from civic.contracts.identifiers import ElectionId, StyleId
from civic.lab.simulate.electorate import CANDIDATES, StateVote
from civic.voting.model.credential import Credential
from civic.voting.model.election import BallotStyle, Contest, Election, Option, State, StyleContest
from civic.voting.model.tally import WRITE_INS, Counts

CONTEST = "c1"
OPTIONS = tuple(f"o{number}" for number, _ in enumerate(CANDIDATES, 1))
CHOICES = len(CANDIDATES) + 1
"""The candidates, and a write-in for everybody else."""

WRITTEN_IN = "Somebody Else"

type Cell = int
"""A state and a choice: ``state * CHOICES + choice``."""


def election_of(election: ElectionId, states: tuple[StateVote, ...], now: datetime) -> Election:
    """Return the election, open from an hour ago until a day from now."""
    options = tuple(
        Option(id=option, text=name, order=order)
        for order, (option, name) in enumerate(zip(OPTIONS, CANDIDATES, strict=True))
    )
    contest = Contest(id=CONTEST, title="President", min=1, max=1, write_ins=True, options=options)
    styles = tuple(
        BallotStyle(
            id=style_of(state.state),
            name=state.name,
            areas=(f"US-{state.state}",),
            contests=(StyleContest(contest=CONTEST),),
        )
        for state in states
    )
    return Election(
        id=election,
        revision=1,
        state=State.OPEN,
        title="President of the United States, 2016, simulated",
        time_zone="America/New_York",
        opens_at=now - timedelta(hours=1),
        closes_at=now + timedelta(days=1),
        contests=(contest,),
        styles=styles,
        issued_ids=len(CANDIDATES) + 1,
    )


@cache
def style_of(state: str) -> StyleId:
    """Return the ballot style of a state."""
    return StyleId(f"us-{state.lower()}")


@cache
def _marked(choice: int) -> str:
    if choice < len(OPTIONS):
        return json.dumps({CONTEST: [OPTIONS[choice]]})
    return json.dumps({}) + f', "write_ins": {json.dumps({CONTEST: [WRITTEN_IN]})}'


def vote_body(voter: Credential | str, election: ElectionId, choice: int) -> str:
    """Return the body of a POST /votes with a credential, or with a posted code."""
    if isinstance(voter, str):
        return f'{{"id": "{voter}", "election": "{election}", "selections": {_marked(choice)}}}'
    octets = {"token": voter.token, "randomizer": voter.randomizer, "signature": voter.signature}
    signed = {name: base64url.encode(value) for name, value in octets.items()}
    proof = json.dumps({"election": voter.election, "style": voter.style, **signed})
    return f'{{"credential": {proof}, "selections": {_marked(choice)}}}'


def cells_of(counts: Counts, states: tuple[StateVote, ...]) -> list[int]:
    """Return counts by cell."""
    return [
        counts.of(style_of(state.state), CONTEST, option)
        for state in states
        for option in (*OPTIONS, WRITE_INS)
    ]
