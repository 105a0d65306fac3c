"""Whoever may publish or write one thing cannot make the log unverifiable, nor stop it."""

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from civic.audit.adapters.ballots_dynamodb import arrival_of
from civic.audit.errors import BallotsMissing, EntryRefused, NumberTaken
from civic.audit.model.entries import entries_of
from civic.audit.model.journal import Arrival, Batch
from civic.audit.model.notes import verifier_key
from civic.audit.usecases import standing
from civic.audit.usecases.opening import open_ballots
from civic.audit.usecases.recording import check_loggable, record_ballots, record_events
from civic.contracts.audit import OpeningsPublished
from civic.contracts.events import Event
from civic.contracts.identifiers import ElectionId, StyleId
from civic.contracts.voting import ElectionCertified, ElectionEnded, StyleTally
from civic.lab.memory.audit import MemoryJournal
from civic.verifier.errors import Refused
from civic.verifier.main import main
from tests.fakes.log import (
    ELECTION,
    NOW,
    ORIGIN,
    OTHER_ELECTION,
    STYLE,
    Log,
    arrival,
    arrivals,
    certified,
    elsewhere,
    opening,
)

SHARD = "shardId-1"
BALLOTS = 5
LATE = 1000

type Verify = Callable[[Log], None]


@pytest.fixture
def verify(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Verify:
    """Give the verifier, which must find nothing wrong."""

    def check(log: Log) -> None:
        log.save(tmp_path / "log")
        key = verifier_key(ORIGIN, log.signer.public_key())
        assert main(["log", str(tmp_path / "log"), "--key", key]) == 0, capsys.readouterr()

    return check


def other(number: int) -> Arrival:
    """Return a ballot of another election."""
    return elsewhere(number, number + 1)[0]


def counted() -> Log:
    log = Log()
    record_ballots(log.recorder(), SHARD, arrivals(1, 1 + BALLOTS))
    return log


def final() -> Log:
    log = counted()
    record_events(log.recorder(), [certified(BALLOTS)])
    return log


def opened() -> Log:
    log = final()
    ballots = [opening(number) for number in range(1, 1 + BALLOTS)]
    open_ballots(log.opener(ballots), certified(BALLOTS))
    record_events(log.recorder(), [one for one in log.bus.events if "Openings" in repr(type(one))])
    return log


def openings(election: ElectionId = ELECTION, audience: Any = "public") -> OpeningsPublished:
    return OpeningsPublished(election=election, audience=audience, ballots=1, index=bytes(32))


def tally(**changes: Any) -> ElectionCertified:
    """Return a certification with other content than the true one."""
    return certified(BALLOTS).model_copy(update=changes)


def style(name: str, ballots: int, contest: str = "c1", option: str = "o1") -> StyleTally:
    return StyleTally(style=StyleId(name), ballots=ballots, contests={contest: {option: ballots}})


ATTACKS: dict[str, tuple[Callable[[], Log], Event]] = {
    "the opener opens before the certification": (counted, openings()),
    "the opener opens again": (opened, openings()),
    "the opener opens an election that there is not": (final, openings(OTHER_ELECTION)),
    "a certification of fewer ballots": (counted, certified(BALLOTS - 1)),
    "a certification of no ballots": (counted, tally(ballots=0, tally=())),
    "a certification without styles": (counted, tally(tally=None)),
    "a certification whose styles have fewer": (counted, tally(tally=(style(STYLE, 1),))),
    "a certification whose styles have more": (counted, tally(tally=(style(STYLE, 9),))),
    "a certification with a style twice": (
        counted,
        tally(tally=(style(STYLE, BALLOTS), style(STYLE, 0))),
    ),
    "a certification with a contest of no id": (
        counted,
        tally(tally=(style(STYLE, BALLOTS, "mayor"),)),
    ),
    "a certification with an option of no id": (
        counted,
        tally(tally=(style(STYLE, BALLOTS, "c1", "Ada"),)),
    ),
    "a certification with a count that is none": (
        counted,
        tally(tally=(style(STYLE, BALLOTS), style("some", 2**40))),
    ),
    "a certification longer than an entry": (
        counted,
        tally(
            tally=(
                StyleTally(
                    style=STYLE,
                    ballots=BALLOTS,
                    contests={"c1": {f"o{number}": 0 for number in range(1, 9000)}},
                ),
            )
        ),
    ),
    "a second certification with the same count": (final, tally(revision=8)),
    "a second certification with another count": (final, certified(BALLOTS + 1)),
    "a second certification of nothing": (final, tally(ballots=0, tally=(), revision=8)),
    "another style for the same certification": (
        final,
        tally(tally=(style(STYLE, BALLOTS), style("more", 0))),
    ),
    "a number that no JSON can write": (
        counted,
        ElectionEnded(election=ELECTION, revision=2**53, at=NOW),
    ),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_event_out_of_place_is_refused_and_the_log_goes_on(attack: str, verify: Verify) -> None:
    make, event = ATTACKS[attack]
    log = make()
    before = log.entries()
    with pytest.raises(EntryRefused):
        check_loggable(log.recorder(), event)
    # Nor if it comes together with others, which are not delayed by it.
    fine = ElectionEnded(election=OTHER_ELECTION, revision=3, at=NOW)
    after = ElectionEnded(election=OTHER_ELECTION, revision=4, at=NOW)
    together = [fine, event, after]
    if attack != "a number that no JSON can write":
        with pytest.raises(EntryRefused):
            record_events(log.recorder(), together)
        assert log.entries() == [*before, *entries_of(fine), *entries_of(after)]
    record_ballots(log.recorder(), SHARD, [other(LATE)])
    assert log.entries()[-1] == other(LATE).entry
    verify(log)


@pytest.mark.parametrize("make", [counted, final, opened])
def test_what_is_in_place_is_logged(make: Callable[[], Log], verify: Verify) -> None:
    """The attacks above are refused for what they are, not because everything is."""
    log = make()
    following = {counted: certified(BALLOTS), final: openings(audience="auditors")}
    event = following.get(make, openings(audience="auditors"))
    check_loggable(log.recorder(), event)
    assert record_events(log.recorder(), [event]) > 0
    # Delivered again it is neither an attack nor new.
    check_loggable(log.recorder(), event)
    assert record_events(log.recorder(), [event]) == 0
    verify(log)


def test_two_certifications_in_one_batch_are_one(verify: Verify) -> None:
    log = counted()
    true, false = certified(BALLOTS), tally(revision=8)
    for one in (true, false):
        check_loggable(log.recorder(), one)
    with pytest.raises(EntryRefused):
        record_events(log.recorder(), [true, false])
    assert log.entries()[-2:] == entries_of(true)
    check_loggable(log.recorder(), true)
    with pytest.raises(EntryRefused):
        check_loggable(log.recorder(), false)
    verify(log)


def test_certification_of_more_ballots_waits_for_them() -> None:
    log = counted()
    with pytest.raises(BallotsMissing):
        check_loggable(log.recorder(), certified(BALLOTS + 1))


def test_ballot_after_the_certification_is_set_aside_and_delays_no_other(verify: Verify) -> None:
    log = final()
    batch = [arrival(LATE), other(LATE + 1), arrival(LATE + 2)]
    became = record_ballots(log.recorder(), SHARD, batch)
    assert (became.logged, became.aside) == (1, 2)
    assert log.entries()[-1] == other(LATE + 1).entry
    head = log.journal.head()
    assert sorted(head.aside) == sorted(one.entry for one in (arrival(LATE), arrival(LATE + 2)))
    # Nor do they come again.
    assert record_ballots(log.recorder(), SHARD, batch).aside == 0
    verify(log)


def test_late_ballots_alone_are_kept_and_nothing_is_signed_for_them(verify: Verify) -> None:
    log = final()
    signed = dict(log.shelf.objects)
    record_ballots(log.recorder(), SHARD, [arrival(LATE)])
    assert log.shelf.objects == signed
    # A batch without entries is passed over when the next one is published.
    record_ballots(log.recorder(), SHARD, [other(LATE + 1)])
    assert log.entries()[-1] == other(LATE + 1).entry
    verify(log)


def test_two_equal_ballots_in_one_batch_are_one(verify: Verify) -> None:
    log = Log()
    twin = replace(arrival(1), number=arrival(2).number)
    became = record_ballots(log.recorder(), SHARD, [arrival(1), twin])
    assert (became.logged, became.aside) == (1, 1)
    verify(log)


def test_ballot_that_repeats_an_entry_of_an_earlier_batch_is_logged_and_the_log_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The limit of ADR 30: only the processor could put such a ballot into the box."""
    log = counted()
    twin = replace(arrival(1), number=arrival(LATE).number)
    became = record_ballots(log.recorder(), SHARD, [twin])
    assert (became.logged, became.aside) == (1, 0)
    log.save(tmp_path / "log")
    key = verifier_key(ORIGIN, log.signer.public_key())
    assert main(["log", str(tmp_path / "log"), "--key", key]) == 1
    assert "repeats entry" in capsys.readouterr().err


def image(**changes: Any) -> dict[str, Any]:
    """Return a record of the stream whose row somebody has made up."""
    row = {
        "nullifier": {"B": base64.b64encode(bytes(32)).decode()},
        "salt": {"B": base64.b64encode(bytes(32)).decode()},
        "election": {"S": ELECTION},
        "ballot": {"S": "{}"},
    }
    kept = {name: value for name, value in (row | changes).items() if value is not None}
    return {"dynamodb": {"NewImage": kept, "SequenceNumber": str(LATE)}}


@pytest.mark.parametrize(
    "row",
    [
        image(salt=None),
        image(election=None),
        image(ballot=None),
        image(ballot={"N": "1"}),
        image(salt={"B": "A"}),
        image(election={"S": "my election"}),
        image(election={"S": f"{ELECTION}\nciv"}),
        {"dynamodb": {"SequenceNumber": str(LATE)}},
    ],
)
def test_row_that_is_no_ballot_is_set_aside(row: dict[str, Any], verify: Verify) -> None:
    log = counted()
    became = record_ballots(log.recorder(), SHARD, [arrival_of(row), other(LATE + 1)])
    assert (became.logged, became.aside) == (1, 1)
    verify(log)


class Racing:
    """A journal into which another writer certifies right before somebody appends to it."""

    def __init__(self, log: Log) -> None:
        self.log, self.raced = log, False

    def __getattr__(self, name: str) -> Any:
        return getattr(self.log.journal, name)

    def append(self, batch: Batch) -> None:
        if not self.raced:
            self.raced = True
            record_events(self.log.recorder(), [certified(BALLOTS)])
        self.log.journal.append(batch)


def test_ballot_that_loses_a_race_with_the_certification_is_set_aside(verify: Verify) -> None:
    log = counted()
    slow = Log(**{**vars(log), "journal": Racing(log)})
    became = record_ballots(slow.recorder(), SHARD, [arrival(LATE)])
    assert (became.logged, became.aside) == (0, 1)
    verify(log)


def test_certification_that_loses_a_race_with_another_is_refused(verify: Verify) -> None:
    log = counted()
    slow = Log(**{**vars(log), "journal": Racing(log)})
    with pytest.raises(EntryRefused):
        record_events(slow.recorder(), [tally(revision=8)])
    verify(log)


# ------------------------------------------------------------------ journals of earlier releases


KEPT_NOW = {"certified", "unread", "aside"}


def of_the_earlier_release(batch: bytes) -> bytes:
    """Return a batch as a writer kept it that did not know which elections are certified."""
    line, _, entries = batch.partition(b"\n")
    head = {name: value for name, value in json.loads(line).items() if name not in KEPT_NOW}
    return json.dumps(head).encode() + b"\n" + entries


def brought_over(make: Callable[[], Log], monkeypatch: pytest.MonkeyPatch) -> Log:
    monkeypatch.setattr(standing, "SLICE", 1)
    log = make()
    log.journal._batches = [of_the_earlier_release(one) for one in log.journal._batches]
    assert log.journal.head().unread == log.journal.head().number
    return log


@pytest.mark.parametrize("event", [tally(revision=8), tally(ballots=0, tally=()), openings()])
def test_journal_of_an_earlier_release_is_searched_before_anything_is_added(
    event: Event, monkeypatch: pytest.MonkeyPatch, verify: Verify
) -> None:
    log = brought_over(opened, monkeypatch)
    with pytest.raises(EntryRefused):
        check_loggable(log.recorder(), event)
    head = log.journal.head()
    assert head.unread == 0
    assert head.certified == {ELECTION: {"public"}}
    assert record_ballots(log.recorder(), SHARD, [arrival(LATE)]).aside == 1
    assert record_ballots(log.recorder(), SHARD, [other(LATE + 1)]).logged == 1
    verify(log)


class Dying:
    """A journal whose writer dies as it appends for the n-th time."""

    def __init__(self, journal: MemoryJournal, at: int) -> None:
        self.journal, self.left = journal, at

    def __getattr__(self, name: str) -> Any:
        return getattr(self.journal, name)

    def append(self, batch: Batch) -> None:
        self.left -= 1
        if not self.left:
            raise Refused("dead")
        self.journal.append(batch)


def test_interrupted_search_goes_on_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    log = brought_over(final, monkeypatch)
    left = log.journal.head().unread
    with pytest.raises(Refused):
        standing.head_of(Dying(log.journal, 2))
    assert log.journal.head().unread == left - 1
    assert standing.head_of(log.journal).certified == {ELECTION: set()}


def test_search_ends_where_a_writer_of_this_release_has_been(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Both releases write while one replaces the other."""
    log = opened()
    batches = log.journal._batches
    # It keeps nothing of what it read.
    added = log.journal.head().after([other(LATE).entry])
    batches.append(of_the_earlier_release(added.dump()))
    known = len(batches) - 1
    read: list[int] = []

    def read_all(numbers: Any) -> list[Batch]:
        read.extend(numbers)
        return [Batch.load(batches[number - 1]) for number in numbers]

    monkeypatch.setattr(log.journal, "read_all", read_all)
    monkeypatch.setattr(standing, "SLICE", 2)
    assert standing.head_of(log.journal).certified == {ELECTION: {"public"}}
    assert read == [known + 1, known]


def test_another_writer_may_search_at_the_same_time(monkeypatch: pytest.MonkeyPatch) -> None:
    log = brought_over(final, monkeypatch)

    class Faster(Dying):
        def append(self, batch: Batch) -> None:
            self.left -= 1
            if not self.left:
                standing.head_of(self.journal)
                raise NumberTaken
            self.journal.append(batch)

    assert standing.head_of(Faster(log.journal, 2)).certified == {ELECTION: set()}
