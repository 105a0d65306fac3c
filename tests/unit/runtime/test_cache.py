"""What is remembered within one execution environment, and for how long."""

from datetime import UTC, datetime, timedelta

import pytest

from civic.runtime.cache import ExpiringCache

LIFETIME = timedelta(seconds=5)
NOON = datetime(2027, 1, 15, 12, tzinfo=UTC)
MOMENT = timedelta(microseconds=1)


class Reader:
    """Returns how often it was called."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.now = NOON
        self.cache = ExpiringCache(self.read, LIFETIME, lambda: self.now)

    def read(self, key: str) -> int:
        self.asked.append(key)
        return len(self.asked)


def test_answer_is_remembered_for_its_lifetime_and_not_longer() -> None:
    reader = Reader()
    assert reader.cache.get("a") == 1
    reader.now += LIFETIME - MOMENT
    assert reader.cache.get("a") == 1
    reader.now += MOMENT
    assert reader.cache.get("a") == 2
    assert reader.asked == ["a", "a"]


def test_lifetime_is_that_of_the_reading_not_of_the_last_look() -> None:
    reader = Reader()
    reader.cache.get("a")
    for _ in range(4):
        reader.now += LIFETIME / 4
        found = reader.cache.get("a")
    assert found == 2


def test_absence_is_remembered_as_well() -> None:
    asked: list[str] = []
    cache = ExpiringCache[str, None](asked.append, LIFETIME, lambda: NOON)
    assert [cache.get("a"), cache.get("a")] == [None, None]
    assert asked == ["a"]


def test_failure_is_not_remembered() -> None:
    answers: list[int] = []

    def read(_: str) -> int:
        if not answers:
            raise ValueError
        return answers[0]

    cache = ExpiringCache(read, LIFETIME, lambda: NOON)
    with pytest.raises(ValueError, match=r"^$"):
        cache.get("a")
    answers.append(5)
    assert cache.get("a") == 5


def test_what_nobody_asks_for_any_more_does_not_pile_up() -> None:
    reader = Reader()
    for number in range(100):
        reader.cache.get(str(number))
        reader.now += LIFETIME
    assert len(reader.cache._kept) == 1


def test_what_has_expired_is_dropped_when_something_else_is_asked_for() -> None:
    reader = Reader()
    reader.cache.get("secret")
    reader.now += LIFETIME / 2
    reader.cache.get("other")
    reader.now += LIFETIME / 2
    reader.cache.get("other")
    assert list(reader.cache._kept) == ["other"]


def test_without_a_lifetime_nothing_is_remembered() -> None:
    asked: list[str] = []
    cache = ExpiringCache[str, None](asked.append, timedelta(), lambda: NOON)
    assert [cache.get("a"), cache.get("a")] == [None, None]
    assert asked == ["a", "a"]
    assert not cache._kept
