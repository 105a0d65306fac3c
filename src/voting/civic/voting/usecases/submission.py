"""Submission: check who votes and what was chosen, then put the ballot into the queue.

Nothing is written until everything is in order, so a mistake never costs a voter the vote. Once
`submit` returns, the ballot is in the queue, which keeps it; it is counted unless another ballot
with the same credential was faster.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from civic.contracts.identifiers import ElectionId, Nullifier, StyleId
from civic.contracts.ports import Clock, RandomBytes
from civic.voting.errors import AlreadyVoted, BadSelections, PollNotOpen, VoterUnknown
from civic.voting.model.ballot import commit, mark, only_contest
from civic.voting.model.codes import hash_of, parse
from civic.voting.model.credential import Credential, code_nullifier
from civic.voting.model.election import State
from civic.voting.model.sealing import NONCE_BYTES, seal
from civic.voting.ports import BallotBox, BallotQueue, VoterCodes
from civic.voting.usecases.polls import Poll, Polls

_REFUSALS = {
    State.PUBLISHED: "not_open_yet",
    State.SUSPENDED: "suspended",
    State.CLOSED: "closed",
    State.CERTIFIED: "closed",
}


@dataclass(frozen=True, slots=True, repr=False)
class Paper:
    """A filled-in ballot paper, with what entitles the voter to it.

    Attributes:
        voter: A credential, or a posted code.
        election: The election the code is for, if given.
        selections: Option ids by contest id.
        write_ins: Names by contest id.
        candidate: One candidate by id or name, in place of selections, where there is one contest.
    """

    voter: Credential | str
    election: ElectionId | None = None
    selections: Mapping[str, Sequence[str]] = field(default_factory=dict)
    write_ins: Mapping[str, Sequence[str]] = field(default_factory=dict)
    candidate: str | None = None


@dataclass(frozen=True, slots=True)
class Booth:
    """What the submission of a ballot works with."""

    polls: Polls
    codes: VoterCodes
    box: BallotBox
    queue: BallotQueue
    clock: Clock
    entropy: RandomBytes


def submit(booth: Booth, paper: Paper) -> bytes:
    """Accept a ballot into the queue.

    Returns:
        Its receipt: the hash of its leaf in the public log, 32 bytes.

    Raises:
        VoterUnknown: It is neither a credential of an election nor a code that was posted.
        CodeMistyped: It is not a code at all.
        PollNotOpen: The election accepts no votes now.
        BadSelections: The selections do not form a valid ballot of the voter's style.
        AlreadyVoted: A ballot of this voter is in the box.
    """
    poll, style_id, nullifier = _admit(booth, paper)
    state = poll.election.state_at(booth.clock())
    if state is not State.OPEN:
        raise PollNotOpen(_REFUSALS[state])
    style = poll.election.style(style_id)
    if style is None:
        raise BadSelections(("wrong_style", ""))
    selections = paper.selections
    if paper.candidate is not None:
        selections = only_contest(poll.election, style, paper.candidate)
    ballot = mark(poll.election, style, selections, paper.write_ins)
    if booth.box.holds(nullifier):
        raise AlreadyVoted("a ballot of this voter is in the box")
    made = commit(ballot, nullifier, poll.secrets.salt)
    booth.queue.send(poll.election.id, seal(made, poll.secrets.seal, booth.entropy(NONCE_BYTES)))
    return made.receipt


def _admit(booth: Booth, paper: Paper) -> tuple[Poll, StyleId, Nullifier]:
    if isinstance(paper.voter, Credential):
        credential = paper.voter
        poll = booth.polls.find(credential.election)
        key = poll.keys.get(credential.style) if poll else None
        if poll is None or key is None:
            raise VoterUnknown("no such election or ballot style")
        credential.verify(key)
        return poll, credential.style, credential.nullifier
    code = parse(paper.voter)
    elections = booth.polls.running() if paper.election is None else (paper.election,)
    for election in elections:
        poll = booth.polls.find(election)
        if poll is not None:
            hashed = hash_of(code, poll.secrets.codes)
            found = booth.codes.find(hashed)
            if found is not None and found[0] == election:
                return poll, found[1], code_nullifier(election, hashed)
    raise VoterUnknown("no such code")
