"""What an election office does with an election, from its announcement to its certification.

Each function returns the election as it is afterwards. What has been done is not done again, so
that a request whose answer was lost can be repeated. Every one of them may raise
``ElectionUnknown``, and ``ElectionMoved`` if somebody else was faster.
"""

from collections.abc import Iterable
from datetime import timedelta

from civic.contracts.identifiers import ElectionId, StyleId
from civic.contracts.voting import (
    ElectionCertified,
    ElectionEnded,
    ElectionOpened,
    ElectionResumed,
    ElectionSealed,
    ElectionSuspended,
    ElectionUnsealed,
)
from civic.voting.errors import (
    BadDefinition,
    BallotsWaiting,
    BoxNotCounted,
    CountDiffers,
    NotNow,
)
from civic.voting.model.certification import tally_of
from civic.voting.model.election import Election, State
from civic.voting.model.rules import check
from civic.voting.ports import StoredElection
from civic.voting.usecases.office import (
    Office,
    facts,
    next_revision,
    publication,
    stands_in,
)
from civic.voting.usecases.register import change, current
from civic.voting.usecases.tallying import total

_TAKING_CODES = {State.PUBLISHED, State.OPEN, State.SUSPENDED}

COUNTED_WITHIN = timedelta(minutes=30)
"""Time to count a sealed box, delay and a retry included; after that it is sealed anew."""


def publish(office: Office, election: ElectionId) -> Election:
    """Announce a draft: its voters may be given credentials, and it opens by the clock.

    Raises:
        BadDefinition: Something is missing.
        NotNow: It is no longer a draft.
    """
    before = stands_in(office, election, {State.DRAFT, State.PUBLISHED})
    if before.state is State.PUBLISHED:
        return before
    after = next_revision(before, state=State.PUBLISHED)
    check(after, office.register.clock())
    return change(office.register, after, publication(office, after))


def open_now(office: Office, election: ElectionId) -> Election:
    """Open an announced election before its time.

    Raises:
        NotNow: It is not announced, or is over.
    """
    before = stands_in(office, election, {State.PUBLISHED, State.OPEN})
    if before.state is State.OPEN:
        return before
    after = next_revision(before, state=State.OPEN, opens_at=office.register.clock())
    return change(office.register, after, ElectionOpened(**facts(office, after)))


def suspend(office: Office, election: ElectionId) -> Election:
    """Accept no votes until the election is resumed.

    Raises:
        NotNow: It is not open.
    """
    before = stands_in(office, election, {State.OPEN, State.SUSPENDED})
    if before.state is State.SUSPENDED:
        return before
    after = next_revision(before, state=State.SUSPENDED)
    return change(office.register, after, ElectionSuspended(**facts(office, after)))


def resume(office: Office, election: ElectionId) -> Election:
    """Accept votes again.

    Raises:
        NotNow: The election is not suspended.
    """
    before = stands_in(office, election, {State.SUSPENDED, State.OPEN})
    if before.state is State.OPEN:
        return before
    after = next_revision(before, state=State.OPEN)
    return change(office.register, after, ElectionResumed(**facts(office, after)))


def finish(office: Office, election: ElectionId) -> Election:
    """Close an election before its time.

    Raises:
        NotNow: It has not opened, or is certified.
    """
    before = stands_in(office, election, {State.OPEN, State.SUSPENDED, State.CLOSED})
    if before.state is State.CLOSED:
        return before
    after = next_revision(before, state=State.CLOSED, closes_at=office.register.clock())
    return change(office.register, after, ElectionEnded(**facts(office, after)))


def certify(office: Office, election: ElectionId, ballots: int) -> Election:
    """Declare the count final, and publish it option by option.

    First the box is sealed, so that nothing comes into it while it is counted; ask again then.

    Args:
        office: Who declares it.
        election: What is counted.
        ballots: How many ballots the office has found in the count.

    Raises:
        BallotsWaiting: Something is waiting to be counted, or may still arrive.
        BoxNotCounted: The box is sealed, and its ballots are being counted.
        CountDiffers: The box, the tally or the public log has a different number of ballots.
        NotNow: The election is not over, or is certified with another count.
    """
    stored = current(office.register, election)
    before = stored.election
    if before.state is State.CERTIFIED and before.ballots == ballots:
        return before
    if before.state is not State.CLOSED:
        raise NotNow
    boxed = _counted_box(office, stored)
    counts, _ = total(office.tallies, election)
    tally = tally_of(before, counts)
    # Nor may there be a ballot of a style that the tally to be announced does not have.
    tallied = ballots == counts.ballots == sum(one.ballots for one in tally)
    agree = {"box": boxed == ballots, "tally": tallied, "log": stored.logged == ballots}
    if not all(agree.values()):
        raise CountDiffers(*(name for name, agrees in agree.items() if not agrees))
    after = next_revision(before, state=State.CERTIFIED, ballots=ballots, sealed_at=None)
    certified = ElectionCertified(
        **facts(office, after), ballots=ballots, openings=after.openings, tally=tally
    )
    return change(office.register, after, certified)


def add_codes(
    office: Office, election: ElectionId, style: StyleId, hashes: Iterable[bytes]
) -> None:
    """Register posted codes for a ballot style, from the announcement until the end.

    Raises:
        BadDefinition: There is no such ballot style.
        CodeTaken: A code belongs to another election or ballot style.
        NotNow: The election is not announced, or is over.
    """
    if stands_in(office, election, _TAKING_CODES).style(style) is None:
        raise BadDefinition(("unknown_style", "/style"))
    office.codes.add(election, style, hashes)


def _counted_box(office: Office, stored: StoredElection) -> int:
    """Return how many ballots the sealed box holds; seal it if it is not, and nothing waits.

    A seal that was not counted in time, as a message was lost, is followed by another one.
    """
    election, now = stored.election, office.register.clock()
    if now < election.closes_at + office.settling:
        raise BallotsWaiting
    if office.backlog.waiting():
        if election.sealed_at is not None:
            after = next_revision(election, sealed_at=None)
            change(office.register, after, ElectionUnsealed(**facts(office, after)))
        raise BallotsWaiting
    if election.sealed_at is not None:
        if stored.box is not None and stored.box.seal == election.revision:
            return stored.box.ballots
        if now < election.sealed_at + COUNTED_WITHIN:
            raise BoxNotCounted
    after = next_revision(election, sealed_at=now)
    change(office.register, after, ElectionSealed(**facts(office, after)))
    raise BoxNotCounted
