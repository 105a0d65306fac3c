import pytest

from civic.audit.errors import NotLogged
from civic.audit.model.leaf_index import STRETCH, places, segment, window
from civic.audit.usecases.recording import record_ballots
from civic.contracts.log_entries import leaf_hash
from tests.fakes.log import Log, arrival, arrivals


@pytest.fixture(scope="module")
def log() -> Log:
    """A log of two complete stretches and a little more."""
    made = Log()
    recorder = made.recorder()
    for first in range(1, 2 * STRETCH + 700, 10_000):
        record_ballots(recorder, "shard", arrivals(first, min(first + 10_000, 2 * STRETCH + 700)))
    return made


def test_every_leaf_is_found_where_it_is(log: Log) -> None:
    entries, lookup = log.entries(), log.lookup()
    for index in [
        0,
        1,
        255,
        256,
        STRETCH - 1,
        STRETCH,
        2 * STRETCH - 1,
        2 * STRETCH,
        len(entries) - 1,
    ]:
        assert lookup.find(leaf_hash(entries[index]), len(entries)) == index


def test_every_leaf_of_a_stretch_is_in_its_window(log: Log) -> None:
    leaves = [leaf_hash(entry) for entry in log.entries()[:STRETCH]]
    records = segment(leaves)
    for place, leaf in list(enumerate(leaves))[::31]:
        first, count = window(leaf)
        assert list(places(leaf, records[first : first + count])) == [place]


def test_unknown_leaf_is_not_found(log: Log) -> None:
    unknown = leaf_hash(arrival(10**6).entry)
    assert log.lookup().find(unknown, len(log.entries())) is None
    with pytest.raises(NotLogged):
        log.lookup().prove(unknown)


def test_empty_log_proves_nothing() -> None:
    with pytest.raises(NotLogged):
        Log().lookup().prove(bytes(32))


def test_a_later_entry_is_not_in_an_earlier_tree() -> None:
    log = Log()
    record_ballots(log.recorder(), "shard", arrivals(1, 4))
    record_ballots(log.recorder(), "shard", arrivals(1, 10))
    last = leaf_hash(log.entries()[-1])
    assert log.lookup().find(last, 3) is None
    assert log.lookup().find(last, 9) == 8


def test_proof_has_the_form_of_tlog_proof() -> None:
    log = Log()
    record_ballots(log.recorder(), "shard", arrivals(1, 4))
    text = log.lookup().prove(leaf_hash(log.entries()[2])).decode()
    head, _, note = text.partition("\n\n")
    lines = head.splitlines()
    assert lines[:2] == ["c2sp.org/tlog-proof@v1", "index 2"]
    assert len(lines) == 3
    assert note.encode() == log.heads.newest().note
