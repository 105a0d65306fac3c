"""What an office may do with an election and when; every change is announced once, in order."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest

from civic.contracts.events import Event
from civic.contracts.identifiers import ElectionId, StyleId
from civic.contracts.voting import (
    Audience,
    CandidateRegistered,
    ElectionCertified,
    ElectionEnded,
    ElectionOpened,
    ElectionPublished,
    ElectionSealed,
    ElectionSuspended,
    ElectionUnsealed,
    StyleTally,
)
from civic.voting.errors import (
    BadDefinition,
    BallotsWaiting,
    BoxNotCounted,
    CodeTaken,
    CountDiffers,
    ElectionMoved,
    ElectionUnknown,
    NotNow,
    StoreUnavailable,
)
from civic.voting.model.definition import digest_of
from civic.voting.model.draft import NewCandidate, NewWindow
from civic.voting.model.election import Election, State
from civic.voting.model.tally import BALLOTS, Counts, ShardTally
from civic.voting.ports import BoxCount
from civic.voting.usecases import drafts
from civic.voting.usecases import elections as office
from civic.voting.usecases.elections import COUNTED_WITHIN
from civic.voting.usecases.register import CalendarLook, keep_calendar
from tests.fakes.voting_elections import CLOSES, NOW, OPENS, SETTLING, ElectionWorld, draft

HOUR = timedelta(hours=1)
CODE = bytes(range(32))
NORTH = StyleId("north")


@pytest.fixture
def world() -> ElectionWorld:
    return ElectionWorld()


def in_state(world: ElectionWorld, state: State) -> Election:
    """Bring a new election into a state, step by step."""
    election = drafts.create(world.office, draft())
    if state is State.DRAFT:
        return election
    election = office.publish(world.office, election.id)
    if state is State.PUBLISHED:
        return election
    election = office.open_now(world.office, election.id)
    if state is State.SUSPENDED:
        return office.suspend(world.office, election.id)
    if state is State.OPEN:
        return election
    election = office.finish(world.office, election.id)
    if state is State.CERTIFIED:
        world.now += SETTLING
        return certified(world, election.id, 7)
    return election


def certified(world: ElectionWorld, election: ElectionId, ballots: int) -> Election:
    """Certify that many ballots, which are in the box, the tally and the log."""
    world.count(election, ballots)
    return world.certify(election, ballots)


def stored(world: ElectionWorld, election: ElectionId) -> Election:
    stored = world.store.find(election)
    assert stored is not None
    assert stored.unannounced is None
    return stored.election


ACTIONS: dict[str, tuple[Callable[[ElectionWorld, ElectionId], Any], set[State], State | None]] = {
    "update": (
        lambda world, one: drafts.update(
            world.office, one, draft(contests=world_contests(world, one))
        ),
        {State.DRAFT, State.PUBLISHED},
        None,
    ),
    "candidate": (
        lambda world, one: drafts.register_candidate(
            world.office, one, NewCandidate(contest="c1", text="Barbara")
        ),
        {State.DRAFT, State.PUBLISHED},
        None,
    ),
    "publish": (
        lambda world, one: office.publish(world.office, one),
        {State.DRAFT, State.PUBLISHED},
        State.PUBLISHED,
    ),
    "open": (
        lambda world, one: office.open_now(world.office, one),
        {State.PUBLISHED, State.OPEN},
        State.OPEN,
    ),
    "suspend": (
        lambda world, one: office.suspend(world.office, one),
        {State.OPEN, State.SUSPENDED},
        State.SUSPENDED,
    ),
    "resume": (
        lambda world, one: office.resume(world.office, one),
        {State.OPEN, State.SUSPENDED},
        State.OPEN,
    ),
    "finish": (
        lambda world, one: office.finish(world.office, one),
        {State.OPEN, State.SUSPENDED, State.CLOSED},
        State.CLOSED,
    ),
    "certify": (
        lambda world, one: certified(world, one, 7),
        {State.CLOSED, State.CERTIFIED},
        State.CERTIFIED,
    ),
    "delete": (lambda world, one: drafts.delete(world.office, one), {State.DRAFT}, None),
    "codes": (
        lambda world, one: office.add_codes(world.office, one, NORTH, [CODE]),
        {State.PUBLISHED, State.OPEN, State.SUSPENDED},
        None,
    ),
}


def world_contests(world: ElectionWorld, election: ElectionId) -> list[dict[str, Any]]:
    stored = world.store.find(election)
    assert stored is not None
    return [one.model_dump() for one in stored.election.contests]


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("name", ACTIONS)
def test_action_is_possible_in_its_states_only(
    world: ElectionWorld, name: str, state: State
) -> None:
    election = in_state(world, state)
    # Past the time after the closing during which the backlog's count is not trusted.
    world.now += SETTLING
    act, states, after = ACTIONS[name]
    heard = world.told()
    if state not in states:
        with pytest.raises(NotNow):
            act(world, election.id)
        assert (stored(world, election.id), world.told()) == (election, heard)
        return
    act(world, election.id)
    if after is state:
        assert (stored(world, election.id), world.told()) == (election, heard)
    elif after is not None:
        assert stored(world, election.id).state is after
        # A certification is two changes: the box is sealed before it is counted.
        changes = 2 if after is State.CERTIFIED else 1
        assert stored(world, election.id).revision == election.revision + changes


@pytest.mark.parametrize("name", ACTIONS)
def test_unknown_election_is_said(world: ElectionWorld, name: str) -> None:
    act = ACTIONS[name][0]
    if name == "update":
        act = ACTIONS["publish"][0]
    with pytest.raises(ElectionUnknown):
        act(world, ElectionId("nonsuchelect"))


def test_whole_life_is_heard_in_order(world: ElectionWorld) -> None:
    one = drafts.create(world.office, draft()).id
    drafts.register_candidate(world.office, one, NewCandidate(contest="c1", text="Barbara"))
    office.publish(world.office, one)
    office.open_now(world.office, one)
    office.suspend(world.office, one)
    office.resume(world.office, one)
    office.finish(world.office, one)
    world.now += SETTLING
    certified(world, one, 12)
    assert world.told() == [
        ("ElectionCreated", 1),
        ("CandidateRegistered", 2),
        ("ElectionPublished", 3),
        ("ElectionOpened", 4),
        ("ElectionSuspended", 5),
        ("ElectionResumed", 6),
        ("ElectionEnded", 7),
        ("ElectionSealed", 8),
        ("ElectionCertified", 9),
    ]
    assert world.bus.of(CandidateRegistered)[0].option == "o7"
    assert world.bus.of(ElectionCertified)[0].ballots == 12
    assert stored(world, one).ballots == 12


def test_publication_says_the_window_and_the_areas(world: ElectionWorld) -> None:
    in_state(world, State.PUBLISHED)
    (event,) = world.bus.of(ElectionPublished)
    assert (event.opens_at, event.closes_at, event.at) == (OPENS, CLOSES, NOW)
    assert (event.day, event.roll_closes_at) == (CLOSES.date(), None)
    assert [(one.style, one.areas) for one in event.styles] == [
        ("north", ("N1", "N2")),
        ("south", ("S1",)),
    ]


def test_publication_says_the_day_and_when_the_roll_closes(world: ElectionWorld) -> None:
    day, closing = CLOSES.date() + timedelta(days=7), NOW - HOUR
    wanted = draft(day=day.isoformat(), roll_closes_at=closing.isoformat())
    one = office.publish(world.office, drafts.create(world.office, wanted).id)
    assert [(event.day, event.roll_closes_at) for event in world.bus.of(ElectionPublished)] == [
        (day, closing)
    ]
    kept = {"contests": world_contests(world, one.id), "day": day.isoformat()}
    with pytest.raises(BadDefinition) as refused:
        drafts.update(world.office, one.id, draft(**kept))
    assert refused.value.faults == (("roll_closed", "/roll_closes_at"),)
    same = draft(**kept, roll_closes_at=closing.isoformat())
    assert drafts.update(world.office, one.id, same).roll_closes_at == closing


@pytest.mark.parametrize("audience", Audience)
def test_publication_says_who_gets_the_openings(world: ElectionWorld, audience: Audience) -> None:
    one = drafts.create(world.office, draft(openings=audience))
    office.publish(world.office, one.id)
    assert [event.openings for event in world.bus.of(ElectionPublished)] == [audience]


def test_openings_are_for_auditors_unless_said_otherwise(world: ElectionWorld) -> None:
    assert in_state(world, State.PUBLISHED).openings is Audience.AUDITORS


def test_openings_may_change_until_the_opening(world: ElectionWorld) -> None:
    one = in_state(world, State.PUBLISHED)
    wanted = draft(contests=world_contests(world, one.id), openings="public")
    assert drafts.update(world.office, one.id, wanted).openings is Audience.PUBLIC
    assert world.bus.of(ElectionPublished)[-1].openings is Audience.PUBLIC
    office.open_now(world.office, one.id)
    with pytest.raises(NotNow):
        drafts.update(world.office, one.id, draft(contests=world_contests(world, one.id)))
    assert stored(world, one.id).openings is Audience.PUBLIC


def test_last_publication_holds_the_office_to_what_voters_decide_on(world: ElectionWorld) -> None:
    one = in_state(world, State.PUBLISHED)
    drafts.register_candidate(world.office, one.id, NewCandidate(contest="c1", text="Barbara"))
    first, second = world.bus.of(ElectionPublished)
    assert first.definition == digest_of(one)
    assert second.definition == digest_of(stored(world, one.id))
    assert first.definition != second.definition
    assert world.told()[2:] == [("CandidateRegistered", 3), ("ElectionPublished", 3)]


def test_incomplete_draft_is_not_published(world: ElectionWorld) -> None:
    one = drafts.create(world.office, draft(styles=[]))
    with pytest.raises(BadDefinition):
        office.publish(world.office, one.id)
    assert stored(world, one.id) == one


def test_draft_whose_opening_has_passed_is_not_published(world: ElectionWorld) -> None:
    one = in_state(world, State.DRAFT)
    world.now = OPENS
    with pytest.raises(BadDefinition) as refused:
        office.publish(world.office, one.id)
    assert refused.value.faults == (("not_in_future", "/opens_at"),)


# ------------------------------------------------------------------ by hand


def test_opened_by_hand_it_opens_now(world: ElectionWorld) -> None:
    one = in_state(world, State.OPEN)
    assert one.opens_at == NOW
    assert one.state_at(NOW) is State.OPEN


def test_finished_by_hand_it_closes_now(world: ElectionWorld) -> None:
    one = in_state(world, State.OPEN)
    world.now += HOUR
    after = office.finish(world.office, one.id)
    assert after.closes_at == NOW + HOUR
    assert after.state_at(NOW + HOUR) is State.CLOSED


# ------------------------------------------------------------------ update


def test_update_of_a_draft_is_heard_once(world: ElectionWorld) -> None:
    one = in_state(world, State.DRAFT)
    drafts.update(world.office, one.id, draft(title="Other", contests=[], styles=[]))
    assert world.told()[1:] == [("ElectionUpdated", 2)]
    assert stored(world, one.id).title == "Other"


def test_update_after_the_announcement_tells_the_issuer(world: ElectionWorld) -> None:
    one = in_state(world, State.PUBLISHED)
    later = draft(
        contests=world_contests(world, one.id), opens_at=(OPENS + HOUR).isoformat(), revision=2
    )
    drafts.update(world.office, one.id, later)
    assert world.told()[2:] == [("ElectionUpdated", 3), ("ElectionPublished", 3)]
    assert world.bus.of(ElectionPublished)[-1].opens_at == OPENS + HOUR


@pytest.mark.parametrize(
    "changes",
    [
        {"opens_at": NOW.isoformat()},
        {"styles": []},
        {"styles": [{"id": "north", "name": "North", "areas": ["N1", "N2"]}]},
    ],
)
def test_update_takes_nothing_back_that_was_announced(
    world: ElectionWorld, changes: dict[str, Any]
) -> None:
    one = in_state(world, State.PUBLISHED)
    wanted = draft(**{"contests": world_contests(world, one.id)} | changes)
    with pytest.raises(BadDefinition):
        drafts.update(world.office, one.id, wanted)
    assert stored(world, one.id) == one


@pytest.mark.parametrize("revision", [1, 3])
def test_update_from_another_revision_is_refused(world: ElectionWorld, revision: int) -> None:
    one = in_state(world, State.PUBLISHED)
    with pytest.raises(ElectionMoved):
        drafts.update(world.office, one.id, draft(revision=revision))
    assert stored(world, one.id) == one


def test_candidate_registered_again_is_the_one_there_is(world: ElectionWorld) -> None:
    one = in_state(world, State.PUBLISHED)
    candidate = NewCandidate(contest="c1", text="Barbara")
    first = drafts.register_candidate(world.office, one.id, candidate)
    assert drafts.register_candidate(world.office, one.id, candidate) == first
    assert len(world.bus.of(CandidateRegistered)) == 1


def test_candidate_of_the_same_name_is_refused(world: ElectionWorld) -> None:
    one = in_state(world, State.DRAFT)
    other = NewCandidate(contest="c1", text="Ada", description="another Ada")
    with pytest.raises(BadDefinition):
        drafts.register_candidate(world.office, one.id, other)


# ------------------------------------------------------------------ certification, codes


@pytest.mark.parametrize("waiting", [1, 20])
def test_nothing_is_certified_while_ballots_wait(world: ElectionWorld, waiting: int) -> None:
    one = in_state(world, State.CLOSED)
    world.now += SETTLING
    world.backlog.count = waiting
    with pytest.raises(BallotsWaiting):
        office.certify(world.office, one.id, 7)
    assert stored(world, one.id) == one


def test_nothing_is_certified_before_the_backlog_is_believed(world: ElectionWorld) -> None:
    one = in_state(world, State.CLOSED)
    world.now += SETTLING - timedelta(seconds=1)
    with pytest.raises(BallotsWaiting):
        office.certify(world.office, one.id, 7)


# ---- the box is the authority: what is certified is what is in it


@pytest.fixture
def closed(world: ElectionWorld) -> Election:
    """An election whose backlog can be relied upon."""
    one = in_state(world, State.CLOSED)
    world.now += SETTLING
    return one


def sealed(world: ElectionWorld, election: ElectionId) -> Election:
    """Ask for a certification, which seals the box first."""
    with pytest.raises(BoxNotCounted):
        office.certify(world.office, election, 7)
    return stored(world, election)


def test_count_is_not_certified_while_the_tally_lags_behind_the_box(
    world: ElectionWorld, closed: Election
) -> None:
    """Three ballots in the box, the tally at two, nothing waiting: two are not the result."""
    world.count(closed.id, 2)
    with pytest.raises(CountDiffers) as refused:
        world.certify(closed.id, 2, in_box=3)
    assert refused.value.counts == ("box", "log")
    with pytest.raises(CountDiffers) as refused:
        office.certify(world.office, closed.id, 3)
    assert refused.value.counts == ("tally",)
    assert world.bus.of(ElectionCertified) == []
    world.count(closed.id, 3)
    assert office.certify(world.office, closed.id, 3).ballots == 3


def test_count_is_not_certified_while_tally_and_log_lag_behind_the_box(
    world: ElectionWorld, closed: Election
) -> None:
    world.count(closed.id, 2)
    world.log(closed.id, 2)
    sealed(world, closed.id)
    world.count_box(3)
    with pytest.raises(CountDiffers) as refused:
        office.certify(world.office, closed.id, 2)
    assert refused.value.counts == ("box",)
    assert world.bus.of(ElectionCertified) == []


@pytest.mark.parametrize(
    ("boxed", "tallied", "logged", "differ"),
    [
        (6, 7, 7, ("box",)),
        (8, 7, 7, ("box",)),
        (7, 6, 7, ("tally",)),
        (7, 7, 6, ("log",)),
        (7, 7, 8, ("log",)),
        (7, 7, 0, ("log",)),
        (8, 8, 8, ("box", "tally", "log")),
    ],
)
def test_refusal_names_the_counts_that_differ(
    world: ElectionWorld,
    closed: Election,
    boxed: int,
    tallied: int,
    logged: int,
    differ: tuple[str, ...],
) -> None:
    world.count(closed.id, tallied)
    before = sealed(world, closed.id)
    world.count_box(boxed)
    world.log(closed.id, logged)
    for _ in range(2):
        with pytest.raises(CountDiffers) as refused:
            office.certify(world.office, closed.id, 7)
        assert refused.value.counts == differ
    assert stored(world, closed.id) == before


def test_box_is_sealed_once_and_waited_for(world: ElectionWorld, closed: Election) -> None:
    before = sealed(world, closed.id)
    assert (before.state, before.sealed_at) == (State.CLOSED, world.now)
    world.now += COUNTED_WITHIN - timedelta(seconds=1)
    assert sealed(world, closed.id) == before
    assert len(world.bus.of(ElectionSealed)) == 1


def test_certified_election_has_no_seal_left(world: ElectionWorld) -> None:
    assert in_state(world, State.CERTIFIED).sealed_at is None


def test_what_the_last_release_certified_stays_certified(
    world: ElectionWorld, closed: Election
) -> None:
    """Nobody sealed its box, counted it, or said what the log has."""
    before = closed.model_copy(
        update={"revision": closed.revision + 1, "state": State.CERTIFIED, "ballots": 7}
    )
    world.store.announced(world.store.replace(before))
    assert office.certify(world.office, closed.id, 7) == before
    with pytest.raises(NotNow):
        office.certify(world.office, closed.id, 8)
    assert stored(world, closed.id) == before


def test_seal_that_nobody_counted_is_followed_by_another(
    world: ElectionWorld, closed: Election
) -> None:
    """The message to the counter was lost, or is a dead letter."""
    first = sealed(world, closed.id)
    world.now += COUNTED_WITHIN
    second = sealed(world, closed.id)
    assert (second.revision, second.sealed_at) == (first.revision + 1, world.now)
    assert [event.revision for event in world.bus.of(ElectionSealed)] == [
        first.revision,
        second.revision,
    ]


def test_count_of_another_seal_is_none(world: ElectionWorld, closed: Election) -> None:
    """A count may come late, or too early by one who guesses the next revision."""
    world.count(closed.id, 7)
    world.log(closed.id, 7)
    first = sealed(world, closed.id)
    world.now += COUNTED_WITHIN
    sealed(world, closed.id)
    world.store.keep_box_count(closed.id, BoxCount(first.revision, 7))
    assert sealed(world, closed.id).state is State.CLOSED
    world.count_box(7)
    world.store.keep_box_count(closed.id, BoxCount(first.revision, 6))
    assert office.certify(world.office, closed.id, 7).ballots == 7


def test_ballot_that_waits_after_the_sealing_is_let_in_and_counted(
    world: ElectionWorld, closed: Election
) -> None:
    """A dead letter was put back, by order: the processor refuses it until the box is unsealed."""
    world.count(closed.id, 6)
    before = sealed(world, closed.id)
    world.count_box(6)
    world.log(closed.id, 6)
    world.backlog.count = 1
    for _ in range(2):
        with pytest.raises(BallotsWaiting):
            office.certify(world.office, closed.id, 6)
    after = stored(world, closed.id)
    assert (after.sealed_at, after.revision) == (None, before.revision + 1)
    assert len(world.bus.of(ElectionUnsealed)) == 1
    world.backlog.count = 0
    world.count(closed.id, 7)
    # The count of the first seal is not that of the second.
    sealed(world, closed.id)
    world.count_box(7)
    world.log(closed.id, 7)
    assert office.certify(world.office, closed.id, 7).ballots == 7
    assert [name for name, _ in world.told()[-4:]] == [
        "ElectionSealed",
        "ElectionUnsealed",
        "ElectionSealed",
        "ElectionCertified",
    ]


def test_seal_announced_late_is_announced_by_the_office_alone(
    world: ElectionWorld, closed: Election
) -> None:
    """The calendar may not say when a box is counted."""

    class Deaf:
        def publish(self, _: Sequence[Event]) -> None:
            raise StoreUnavailable

    with pytest.raises(StoreUnavailable):
        office.certify(world.guarded(events=Deaf()), closed.id, 7)
    assert keep_calendar(world.register) == CalendarLook(announced=0, moved=0, left=1)
    assert world.bus.of(ElectionSealed) == []
    sealed(world, closed.id)
    assert len(world.bus.of(ElectionSealed)) == 1


def test_shards_of_the_tally_add_up_to_what_is_certified(
    world: ElectionWorld, closed: Election
) -> None:
    world.count(closed.id, 3)
    world.count(closed.id, 4, shard="other")
    assert world.certify(closed.id, 7).ballots == 7


def test_ballots_wait_before_they_are_missed(world: ElectionWorld) -> None:
    """Ballots on their way explain why the tally differs."""
    one = in_state(world, State.CLOSED)
    world.now += SETTLING
    world.backlog.count = 1
    with pytest.raises(BallotsWaiting):
        office.certify(world.office, one.id, 7)


def test_ballot_of_a_style_that_is_none_is_not_certified(world: ElectionWorld) -> None:
    one = in_state(world, State.CLOSED)
    world.now += SETTLING
    counts = Counts(Counter({("north", BALLOTS, ""): 6, ("west", BALLOTS, ""): 1}))
    world.tallies.write(one.id, "shard", ShardTally("0" * 40, 1, counts))
    for ballots in (6, 7):
        with pytest.raises(CountDiffers) as refused:
            world.certify(one.id, ballots, in_box=7)
        assert "tally" in refused.value.counts


def test_certification_tells_every_count_also_of_nobody(world: ElectionWorld) -> None:
    in_state(world, State.CERTIFIED)
    (event,) = world.bus.of(ElectionCertified)
    assert event.openings is Audience.AUDITORS
    assert event.tally == (
        StyleTally(
            style=NORTH, ballots=7, contests={"c1": {"o2": 7, "o3": 0}, "c4": {"o5": 0, "o6": 0}}
        ),
        StyleTally(style=StyleId("south"), ballots=0, contests={"c1": {"o2": 0, "o3": 0}}),
    )


def test_certification_announced_late_is_the_same_to_the_byte(world: ElectionWorld) -> None:
    """Its announcement was lost; what is announced later is what was stored with the change."""
    one = in_state(world, State.CLOSED)
    world.now += SETTLING
    world.count(one.id, 7)
    sealed(world, one.id)
    world.count_box(7)
    world.log(one.id, 7)
    heard: list[ElectionCertified] = []

    class Deaf:
        def publish(self, events: Sequence[Event]) -> None:
            heard.extend(one for one in events if isinstance(one, ElectionCertified))
            raise StoreUnavailable

    with pytest.raises(StoreUnavailable):
        office.certify(world.guarded(events=Deaf()), one.id, 7)
    world.now += HOUR
    # Not even a tally that was spoilt in the meantime changes it.
    world.count(one.id, 9)
    office.certify(world.office, one.id, 7)
    keep_calendar(world.register)
    (event,) = world.bus.of(ElectionCertified)
    assert [event.model_dump_json()] == [one.model_dump_json() for one in heard]


def test_certified_count_stays(world: ElectionWorld) -> None:
    one = in_state(world, State.CERTIFIED)
    with pytest.raises(NotNow):
        office.certify(world.office, one.id, 8)
    assert stored(world, one.id).ballots == 7


def test_codes_vote_in_their_ballot_style(world: ElectionWorld) -> None:
    one = in_state(world, State.PUBLISHED)
    for _ in range(2):
        office.add_codes(world.office, one.id, NORTH, [CODE])
    assert world.codes.codes == {CODE: (one.id, NORTH)}
    with pytest.raises(CodeTaken):
        office.add_codes(world.office, one.id, StyleId("south"), [CODE])
    with pytest.raises(BadDefinition):
        office.add_codes(world.office, one.id, StyleId("west"), [CODE])


# ------------------------------------------------------------------ create, clone, delete, list


def test_creation_repeated_under_its_key_is_one_election(world: ElectionWorld) -> None:
    first = drafts.create(world.office, draft(), "key-1")
    assert drafts.create(world.office, draft(), "key-1") == first
    others = {
        drafts.create(world.office, draft(), "key-2").id,
        drafts.create(world.office, draft(title="Other"), "key-1").id,
        drafts.create(world.office, draft()).id,
    }
    assert len(others - {first.id}) == 3
    assert [name for name, _ in world.told()] == ["ElectionCreated"] * 4


def test_two_elections_have_two_secrets(world: ElectionWorld) -> None:
    books = [world.store.find(in_state(world, State.DRAFT).id) for _ in range(2)]
    opened = [
        world.secrets.open(stored.election.id, stored.sealed_secret) for stored in books if stored
    ]
    assert len(set(opened)) == 2


def test_clone_is_a_draft_for_another_time(world: ElectionWorld) -> None:
    one = in_state(world, State.CERTIFIED)
    window = NewWindow(opens_at=CLOSES, closes_at=CLOSES + HOUR)
    other = drafts.clone(world.office, one.id, window)
    assert other.id != one.id
    assert (other.state, other.revision, other.ballots) == (State.DRAFT, 1, None)
    assert (other.opens_at, other.closes_at) == (CLOSES, CLOSES + HOUR)
    assert (other.title, other.contests, other.styles) == (one.title, one.contests, one.styles)
    assert other.issued_ids == one.issued_ids
    assert other.openings is one.openings
    assert world.told()[-1] == ("ElectionCreated", 1)
    assert (other.day, other.roll_closes_at) == ((CLOSES + HOUR).date(), None)
    named = NewWindow(title="Run-off", opens_at=CLOSES, closes_at=CLOSES + HOUR)
    assert drafts.clone(world.office, one.id, named).title == "Run-off"


def test_clone_has_a_day_and_a_roll_of_its_own(world: ElectionWorld) -> None:
    wanted = draft(roll_closes_at=(NOW + HOUR).isoformat(), day=(CLOSES.date()).isoformat())
    one = drafts.create(world.office, wanted)
    later = CLOSES + timedelta(days=365)
    window = NewWindow(opens_at=later, closes_at=later + HOUR)
    plain = drafts.clone(world.office, one.id, window)
    assert (plain.day, plain.roll_closes_at) == ((later + HOUR).date(), None)
    days = {"day": later.date() + timedelta(days=3), "roll_closes_at": later - HOUR}
    full = drafts.clone(world.office, one.id, window.model_copy(update=days))
    assert (full.day, full.roll_closes_at) == (days["day"], days["roll_closes_at"])


def test_clone_of_a_sealed_election_has_an_open_box(world: ElectionWorld) -> None:
    one = in_state(world, State.CLOSED)
    world.now += SETTLING
    assert sealed(world, one.id).sealed_at is not None
    window = NewWindow(opens_at=CLOSES, closes_at=CLOSES + HOUR)
    assert drafts.clone(world.office, one.id, window).sealed_at is None


def test_clone_into_the_past_is_refused(world: ElectionWorld) -> None:
    one = in_state(world, State.DRAFT)
    with pytest.raises(BadDefinition):
        drafts.clone(world.office, one.id, NewWindow(opens_at=NOW, closes_at=CLOSES))


def test_deleted_draft_is_gone_and_heard_of(world: ElectionWorld) -> None:
    one = in_state(world, State.DRAFT)
    drafts.delete(world.office, one.id)
    assert world.store.find(one.id) is None
    assert list(world.store.unannounced()) == []
    assert world.told()[-1] == ("ElectionDeleted", 2)


def test_list_begins_with_the_last_to_open(world: ElectionWorld) -> None:
    first = drafts.create(world.office, draft())
    second = drafts.create(world.office, draft(opens_at=(OPENS + HOUR).isoformat()))
    assert drafts.list_elections(world.office) == [second, first]


# ------------------------------------------------------------------ the clock


def test_calendar_opens_and_closes_what_is_due(world: ElectionWorld) -> None:
    one = in_state(world, State.PUBLISHED)
    assert keep_calendar(world.register) == CalendarLook(announced=0, moved=0, left=0)
    world.now = OPENS
    assert keep_calendar(world.register) == CalendarLook(announced=0, moved=1, left=0)
    assert stored(world, one.id).state is State.OPEN
    world.now = CLOSES
    assert keep_calendar(world.register) == CalendarLook(announced=0, moved=1, left=0)
    assert stored(world, one.id).state is State.CLOSED
    assert keep_calendar(world.register) == CalendarLook(announced=0, moved=0, left=0)


def test_calendar_that_was_late_says_when_it_was(world: ElectionWorld) -> None:
    in_state(world, State.PUBLISHED)
    world.now = CLOSES + HOUR
    keep_calendar(world.register)
    assert world.told()[2:] == [("ElectionOpened", 3), ("ElectionEnded", 4)]
    assert world.bus.of(ElectionOpened)[0].at == OPENS
    assert world.bus.of(ElectionEnded)[0].at == CLOSES


def test_suspended_election_closes_in_time_and_a_draft_never_opens(world: ElectionWorld) -> None:
    suspended, waiting = in_state(world, State.SUSPENDED), in_state(world, State.DRAFT)
    world.now = CLOSES
    keep_calendar(world.register)
    assert stored(world, suspended.id).state is State.CLOSED
    assert stored(world, waiting.id) == waiting


def test_office_need_not_wait_for_the_calendar(world: ElectionWorld) -> None:
    one = in_state(world, State.PUBLISHED)
    world.now = OPENS
    assert office.suspend(world.office, one.id).state is State.SUSPENDED
    assert [name for name, _ in world.told()[2:]] == ["ElectionOpened", "ElectionSuspended"]
    world.now = CLOSES
    with pytest.raises(NotNow):
        office.resume(world.office, one.id)


def test_certification_that_was_not_announced_is_left_to_the_office(world: ElectionWorld) -> None:
    """So whoever has the calendar's role certifies nothing in its name."""
    one = in_state(world, State.CERTIFIED)
    store = world.store.find(one.id)
    assert store is not None
    told = world.bus.of(ElectionCertified)
    before = store.election.model_copy(update={"revision": store.election.revision + 1})
    world.store.replace(before, told[0].model_copy(update={"revision": before.revision}))
    assert keep_calendar(world.register) == CalendarLook(announced=0, moved=0, left=1)
    assert world.bus.of(ElectionCertified) == told
    drafts.show(world.office, one.id)
    assert len(world.bus.of(ElectionCertified)) == len(told) + 1
    assert keep_calendar(world.register) == CalendarLook(announced=0, moved=0, left=0)


def test_calendar_leaves_alone_what_the_office_is_changing(world: ElectionWorld) -> None:
    one, two = in_state(world, State.PUBLISHED), in_state(world, State.PUBLISHED)
    world.now = OPENS
    every = world.store.every

    def outdated() -> list[Election]:
        found = list(every())
        office.suspend(world.office, one.id)
        return found

    world.store.every = outdated  # type: ignore[method-assign]
    assert keep_calendar(world.register) == CalendarLook(announced=0, moved=1, left=0)
    assert stored(world, one.id).state is State.SUSPENDED
    assert stored(world, two.id).state is State.OPEN


def test_calendar_does_not_overtake_what_the_office_has_not_announced(
    world: ElectionWorld,
) -> None:
    one = in_state(world, State.OPEN)
    world.now = CLOSES
    every = world.store.every

    def meanwhile() -> list[Election]:
        """The office stores a change and dies before it announces it."""
        after = one.model_copy(update={"revision": one.revision + 1, "state": State.SUSPENDED})
        world.store.replace(
            after, ElectionSuspended(election=one.id, revision=after.revision, at=world.now)
        )
        return list(every())

    world.store.every = meanwhile  # type: ignore[method-assign]
    assert keep_calendar(world.register) == CalendarLook(announced=0, moved=0, left=0)
    world.store.every = every  # type: ignore[method-assign]
    assert keep_calendar(world.register) == CalendarLook(announced=1, moved=1, left=0)
    assert len(world.bus.of(ElectionSuspended)) == len(world.bus.of(ElectionEnded)) == 1
