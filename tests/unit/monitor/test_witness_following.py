"""`civic-monitor witness follow`: what it reports, how often, and how it ends."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from civic.monitor.published_log import published_log
from civic.monitor.witness.following import LONGEST_PAUSE_SECONDS, Follower
from civic.monitor.witness.key import WitnessKey
from civic.monitor.witness.memory import LogMemory
from civic.monitor.witness.witness import Contradicted, Witness
from civic.terminal.failures import CommandFailed, SettingInvalid
from civic.verifier.errors import Missing, ObjectRefused, Unavailable
from tests.fakes.forked_log import ORIGIN, ForkedLog, Shown, entries
from tests.fakes.log_server import serving

LOG = ForkedLog()

type Show = dict[str, bytes] | None
"""What one look sees; None for a log that cannot be read."""


class Ended(Exception):
    """Ctrl-C."""


class Film:
    """A log that shows one thing after the other."""

    def __init__(self, shows: Sequence[Show]) -> None:
        self.shows = list(shows)
        self.pauses: list[float] = []

    def read(self, path: str) -> bytes:
        if self.shows[0] is None:
            raise Unavailable(f"{path}: ConnectError")
        return Shown(self.shows[0]).read(path)

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.shows.pop(0)
        if not self.shows:
            raise Ended


def ignore(_text: str) -> None:
    """Nobody listens."""


@pytest.fixture
def witness(tmp_path: Path) -> Witness:
    key = WitnessKey.create(tmp_path, "witness.example/w1")
    return Witness(key, LOG.key, LogMemory(tmp_path, ORIGIN), lambda: 1_700_000_000)


def watch(witness: Witness, shows: Sequence[Show]) -> tuple[list[str], list[str], list[float]]:
    """What a follower reports, what it warns of, and how long it waits."""
    film, said, warned = Film(shows), list[str](), list[str]()
    follower = Follower(witness, film, said.append, warned.append)
    with pytest.raises(Ended):
        follower.forever(10, film.pause)
    return said, warned, film.pauses


def shown(size: int, fork_at: int | None = None) -> dict[str, bytes]:
    return LOG.objects(entries(size, fork_at))


def test_each_new_checkpoint_is_said_once(witness: Witness) -> None:
    said, warned, pauses = watch(witness, [shown(5), shown(5), shown(7)])
    assert [line.split(",")[0] for line in said] == ["signed 5 entries", "signed 7 entries"]
    assert len(warned) == 1
    assert "first sight" in warned[0]
    assert pauses == [10, 10, 10]


def test_failure_is_said_once_and_so_is_its_end(witness: Witness) -> None:
    _, warned, _ = watch(witness, [shown(5), None, None, None, shown(5), None, shown(7)])
    kinds = [line.split(":")[0].split(" ")[0] for line in warned]
    assert kinds == ["first", "nothing", "the", "nothing", "the"]


def test_pauses_double_while_it_fails_and_no_longer(witness: Witness) -> None:
    _, _, pauses = watch(witness, [None] * 8 + [shown(5)])
    assert pauses == [20, 40, 80, 160, 320, *[LONGEST_PAUSE_SECONDS] * 3, 10]


def test_pause_that_is_asked_for_is_never_shortened(witness: Witness) -> None:
    film = Film([None, shown(5)])
    with pytest.raises(Ended):
        Follower(witness, film, ignore, ignore).forever(3600, film.pause)
    assert film.pauses == [3600, 3600]


@pytest.mark.parametrize("spoil", [{"checkpoint": b"<html>"}, {"checkpoint": b""}])
def test_what_is_no_checkpoint_is_a_failure_like_others(
    witness: Witness, spoil: dict[str, bytes]
) -> None:
    said, warned, _ = watch(witness, [shown(5), shown(7) | spoil, shown(7)])
    assert len(said) == 2
    assert len(warned) == 3


LATE = {"checkpoint": LOG.note(entries(5))}


def test_log_that_was_set_back_is_warned_of(witness: Witness) -> None:
    back = shown(7) | LATE
    said, warned, _ = watch(witness, [shown(7), back, back])
    assert len(said) == 1
    assert len([line for line in warned if "old copy" in line]) == 1


def test_contradiction_ends_it(witness: Witness) -> None:
    film = Film([shown(5), shown(7, 2), shown(7)])
    with pytest.raises(Contradicted):
        Follower(witness, film, ignore, ignore).forever(10, film.pause)
    assert film.pauses == [10]


def test_one_look_that_fails_is_a_failure(witness: Witness) -> None:
    with pytest.raises(CommandFailed, match="ConnectError"):
        Follower(witness, Film([None]), ignore, ignore).once()


# ------------------------------------------------------------------ where the log is read


@pytest.mark.enable_socket
def test_folder_and_address_read_the_same(tmp_path: Path) -> None:
    tree = entries(300)
    LOG.publish(tmp_path, tree)
    objects = LOG.objects(tree)
    with serving(tmp_path) as server:
        over_http = published_log(server.url)
        for path in objects:
            assert published_log(str(tmp_path)).read(path) == over_http.read(path) == objects[path]
        with pytest.raises(Missing):
            over_http.read("checkpoints/7")


def test_what_is_not_there_is_missing(tmp_path: Path) -> None:
    with pytest.raises(Missing):
        published_log(str(tmp_path)).read("checkpoint")


@pytest.mark.parametrize(
    "place", ["nowhere", "http://log.test/civic", "https://log.test:none", "https://log.test?a=1"]
)
def test_place_that_no_log_is_read_from_is_told(place: str) -> None:
    with pytest.raises(SettingInvalid):
        published_log(place)


def test_endless_object_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "checkpoint").write_bytes(b"x" * 70_000)
    with pytest.raises(ObjectRefused, match="more than"):
        published_log(str(tmp_path)).read("checkpoint")
