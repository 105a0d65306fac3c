"""What an election office writes down about an election, until it opens.

Every function may raise ``ElectionUnknown``, and ``ElectionMoved`` if somebody else was faster.
"""

from hashlib import sha256

from civic.contracts.identifiers import ElectionId
from civic.contracts.voting import (
    CandidateRegistered,
    ElectionChange,
    ElectionCreated,
    ElectionDeleted,
    ElectionUpdated,
)
from civic.voting.errors import ElectionMoved
from civic.voting.model.draft import DraftElection, NewCandidate, NewWindow
from civic.voting.model.drafting import begin, merge, window_of, with_candidate, zone_of
from civic.voting.model.election import Election, Option, State, election_id
from civic.voting.model.rules import check, check_promises
from civic.voting.ports import StoredElection
from civic.voting.usecases.office import (
    Office,
    facts,
    next_revision,
    publication,
    stands_in,
)
from civic.voting.usecases.register import announce, change, current

_BEFORE_OPENING = {State.DRAFT, State.PUBLISHED}


def list_elections(office: Office) -> list[Election]:
    """Return all elections as they are stored, the latest opening first."""
    return sorted(office.register.store.every(), key=lambda one: one.opens_at, reverse=True)


def show(office: Office, election: ElectionId) -> StoredElection:
    """Return an election with its keys."""
    return current(office.register, election)


def create(office: Office, draft: DraftElection, key: str | None = None) -> Election:
    """Make a draft.

    Args:
        office: Who makes it.
        draft: What it says.
        key: The request's key; repeated with the same draft, it leads to the same election.

    Raises:
        BadDefinition: The draft contradicts itself.
    """
    election = begin(_new_id(office, key, draft), draft)
    check(election, office.register.clock())
    return _file(office, election, repeated=key is not None)


def clone(
    office: Office, election: ElectionId, window: NewWindow, key: str | None = None
) -> Election:
    """Copy an election into a draft for another time.

    Raises:
        BadDefinition: The window is not valid.
    """
    original = show(office, election).election
    draft = original.model_copy(
        update={
            "id": _new_id(office, key and f"{election} {key}", window),
            "revision": 1,
            "state": State.DRAFT,
            "title": window.title or original.title,
            **window_of(window, zone_of(original.time_zone)),
            "ballots": None,
            "sealed_at": None,
        }
    )
    check(draft, office.register.clock())
    return _file(office, draft, repeated=key is not None)


def update(office: Office, election: ElectionId, draft: DraftElection) -> Election:
    """Replace the content of an election with that of a draft, until the election opens.

    Raises:
        BadDefinition: The draft contradicts itself, or takes back what was announced.
        ElectionMoved: Also if the draft was made from another revision.
        NotNow: It has opened.
    """
    before = stands_in(office, election, _BEFORE_OPENING)
    if draft.revision not in {None, before.revision}:
        raise ElectionMoved
    after = next_revision(merge(before, draft))
    now = office.register.clock()
    check(after, now)
    events: list[ElectionChange] = [ElectionUpdated(**facts(office, after))]
    if before.state is State.PUBLISHED:
        check_promises(before, after, now)
        # The issuer of credentials goes by this event alone.
        events.append(publication(office, after))
    return change(office.register, after, *events)


def register_candidate(
    office: Office, election: ElectionId, candidate: NewCandidate
) -> tuple[Election, Option]:
    """Add an option to a contest, until the election opens.

    Raises:
        BadDefinition: There is no such contest, or it has an option of that text.
        NotNow: The election has opened.
    """
    before = stands_in(office, election, _BEFORE_OPENING)
    after, option = with_candidate(before, candidate)
    if after is before:
        return before, option
    after = next_revision(after)
    check(after, office.register.clock())
    events: list[ElectionChange] = [
        CandidateRegistered(**facts(office, after), contest=candidate.contest, option=option.id)
    ]
    if before.state is State.PUBLISHED:
        # Voters now decide on something other than what was announced.
        events.append(publication(office, after))
    return change(office.register, after, *events), option


def delete(office: Office, election: ElectionId) -> None:
    """Delete a draft.

    Raises:
        NotNow: It is no longer a draft.
    """
    after = next_revision(stands_in(office, election, {State.DRAFT}))
    store = office.register.store
    announce(office.register, store.delete(after, ElectionDeleted(**facts(office, after))))


def _new_id(office: Office, key: str | None, body: DraftElection | NewWindow) -> ElectionId:
    if key is None:
        return election_id(office.entropy(8))
    return election_id(sha256(f"{key} {body.model_dump_json()}".encode()).digest())


def _file(office: Office, election: Election, *, repeated: bool) -> Election:
    try:
        sealed = office.secrets.make(election.id)
        event = ElectionCreated(**facts(office, election))
        announce(office.register, office.register.store.create(election, sealed, event))
    except ElectionMoved:
        if not repeated:
            raise
        return show(office, election.id).election
    return election
