import hashlib
import json

import pytest

from civic.audit.errors import BallotsMissing, NotLogged
from civic.audit.model.notes import Checkpoint
from civic.audit.model.openings import Draw, Opening, chunks
from civic.audit.usecases.opening import open_ballots
from civic.audit.usecases.recording import record_ballots, record_events
from civic.contracts.audit import OpeningsPublished
from civic.contracts.voting import Audience
from tests.fakes.log import (
    ELECTION,
    Log,
    arrivals,
    certified,
    elsewhere,
    opening,
)

FOLDER = f"openings/{ELECTION}"


def logged(ballots: int, audience: Audience | None = Audience.PUBLIC) -> Log:
    log = Log()
    record_ballots(log.recorder(), "shard", arrivals(0, ballots))
    record_events(log.recorder(), [certified(ballots, audience)])
    return log


def openings(ballots: int) -> list[Opening]:
    return [opening(number) for number in range(ballots)]


def test_public_openings_open_every_ballot_of_the_log() -> None:
    log = logged(5)
    assert open_ballots(log.opener(openings(5)), certified(5)) == 5
    listed = json.loads(log.shelf.read(f"{FOLDER}/index.json"))
    (chunk,) = listed["chunks"]
    content = log.shelf.read(f"{FOLDER}/{chunk['sha256']}.jsonl")
    assert hashlib.sha256(content).hexdigest() == chunk["sha256"]
    assert (listed["audience"], listed["ballots"], chunk["ballots"]) == ("public", 5, 5)
    assert sorted(content.splitlines()) == sorted(one.line().strip() for one in openings(5))
    assert json.loads(content.splitlines()[0])["ballot"]["selections"] == {"c1": ["o1"]}
    digest = hashlib.sha256(log.shelf.read(f"{FOLDER}/index.json")).digest()
    assert log.bus.events[-1] == OpeningsPublished(
        election=ELECTION, audience="public", ballots=5, index=digest
    )


def test_openings_for_auditors_are_not_public_but_for_the_sample() -> None:
    ballots = 3000
    log = logged(ballots, Audience.AUDITORS)
    certification = certified(ballots, Audience.AUDITORS)
    assert open_ballots(log.opener(openings(ballots)), certification) == ballots
    assert json.loads(log.auditors.read(f"{FOLDER}/index.json"))["ballots"] == ballots
    sample = json.loads(log.shelf.read(f"{FOLDER}/index.json"))
    # The smallest checkpoint with the certification, whose two entries follow all ballots.
    seed = Checkpoint.parse(log.shelf.read(f"checkpoints/{ballots + 2}"))
    assert sample["seed"] == ballots + 2
    bound = int(sample["bound"], 16)
    assert bound == 2**256 // 10
    taken = [
        one
        for one in openings(ballots)
        if int.from_bytes(
            hashlib.sha256(b"civic/sample/1|" + seed.root + one.leaf(ELECTION)).digest()
        )
        < bound
    ]
    content = b"".join(
        log.shelf.read(f"{FOLDER}/{one['sha256']}.jsonl") for one in sample["chunks"]
    )
    assert sorted(content.splitlines()) == sorted(one.line().strip() for one in taken)
    assert 200 < sample["ballots"] < 400


def test_whoever_asks_for_no_audience_gets_auditors() -> None:
    log = logged(2, None)
    open_ballots(log.opener(openings(2)), certified(2, None))
    assert json.loads(log.shelf.read(f"{FOLDER}/index.json"))["audience"] == "sample"


def test_openings_wait_for_the_certification_in_the_log() -> None:
    log = Log()
    record_ballots(log.recorder(), "shard", arrivals(0, 5))
    with pytest.raises(NotLogged):
        open_ballots(log.opener(openings(5)), certified(5))


def test_a_box_with_another_number_of_ballots_is_not_opened() -> None:
    log = logged(5)
    with pytest.raises(BallotsMissing):
        open_ballots(log.opener(openings(4)), certified(5))
    assert f"{FOLDER}/index.json" not in log.shelf.objects


def test_opening_again_changes_nothing() -> None:
    log = logged(5)
    open_ballots(log.opener(openings(5)), certified(5))
    before = dict(log.shelf.objects)
    open_ballots(log.opener(openings(5)), certified(5))
    assert log.shelf.objects == before


def test_seed_is_the_first_checkpoint_with_the_certification_however_late_it_is_drawn() -> None:
    log = logged(5, Audience.AUDITORS)
    record_ballots(log.recorder(), "shard", elsewhere(100, 120))
    open_ballots(log.opener(openings(5)), certified(5, Audience.AUDITORS))
    assert json.loads(log.shelf.read(f"{FOLDER}/index.json"))["seed"] == 7


def test_chunks_are_bounded_in_ballots_and_bytes() -> None:
    made = list(chunks((one.leaf(ELECTION), one) for one in openings(25_000)))
    assert sum(one.ballots for one in made) == 25_000
    assert all(one.ballots <= 10_000 and len(one.content) <= 2 << 20 for one in made)


def test_a_sample_draws_about_a_thousand_and_each_ballot_with_a_chance_of_a_tenth_at_most() -> None:
    assert int.from_bytes(Draw.of(1, bytes(32), 2**20).bound) == 1000 * 2**236
    for ballots in (0, 10, 10_000):
        assert int.from_bytes(Draw.of(1, bytes(32), ballots).bound) == 2**256 // 10


def test_a_sample_of_nobody_is_published_as_one() -> None:
    ballots = next(
        number
        for number in range(1, 50)
        if not any(draw_of(number).takes(one.leaf(ELECTION)) for one in openings(number))
    )
    log = logged(ballots, Audience.AUDITORS)
    open_ballots(log.opener(openings(ballots)), certified(ballots, Audience.AUDITORS))
    sample = json.loads(log.shelf.read(f"{FOLDER}/index.json"))
    assert (sample["ballots"], sample["chunks"]) == (0, [])


def draw_of(ballots: int) -> Draw:
    """Return the draw from a log with this many ballots."""
    log = logged(ballots, Audience.AUDITORS)
    root = Checkpoint.parse(log.shelf.read(f"checkpoints/{ballots + 2}")).root
    return Draw.of(ballots + 2, root, ballots)
