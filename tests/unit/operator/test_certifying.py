"""Certifying waits while the sealed box is counted, and for nothing that does not pass."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from civic.operator import certifying
from civic.operator.certifying import certify_once_counted
from civic.operator.elections import ElectionOffice
from civic.operator.staff import StaffRefused
from civic.terminal.waiting import PATIENCE_SECONDS

ID = "0123456789ab"
CERTIFIED = {"id": ID, "state": "certified"}


def refused(code: str, *differ: str) -> StaffRefused:
    errors = [{"code": f"{one}_differs", "pointer": "/ballots"} for one in differ]
    return ElectionOffice.refused(409, code, {"errors": errors})


NOT_COUNTED = refused("box_not_counted")
LAGS = refused("count_differs", "tally", "log")


class Office:
    """Gives one answer after another, and then the last one again and again."""

    def __init__(self, *answers: StaffRefused | dict[str, Any]) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, int]] = []

    def certify(self, election: str, ballots: int) -> dict[str, Any]:
        self.asked.append((election, ballots))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, StaffRefused):
            raise answer
        return answer


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[], float]:
    """A clock that only sleeping moves on."""
    slept: list[float] = []

    def now() -> float:
        return sum(slept)

    monkeypatch.setattr(certifying, "time", SimpleNamespace(monotonic=now, sleep=slept.append))
    return now


def test_what_agrees_at_once_is_certified_at_once(clock: Callable[[], float]) -> None:
    office = Office(CERTIFIED)
    said: list[str] = []
    assert certify_once_counted(office, ID, 7, said.append) == CERTIFIED
    assert (office.asked, said, clock()) == ([(ID, 7)], [], 0)


def test_it_waits_for_the_count_and_for_what_follows_the_box(clock: Callable[[], float]) -> None:
    office = Office(*[NOT_COUNTED] * 10, *[LAGS] * 3, CERTIFIED)
    said: list[str] = []
    assert certify_once_counted(office, ID, 7, said.append) == CERTIFIED
    assert office.asked == [(ID, 7)] * 14
    assert [line.partition(";")[0] for line in said] == [
        "the box is sealed, and its ballots are being counted …",
        "the box holds that many",
    ]
    assert clock() == 13 * certifying._PAUSE_SECONDS


@pytest.mark.parametrize(
    "refusal",
    [
        refused("count_differs", "box"),
        refused("count_differs", "box", "tally", "log"),
        refused("ballots_waiting"),
        refused("not_now"),
    ],
    ids=str,
)
def test_it_does_not_wait_for_what_will_not_pass(
    clock: Callable[[], float], refusal: StaffRefused
) -> None:
    office = Office(NOT_COUNTED, refusal)
    with pytest.raises(StaffRefused) as raised:
        certify_once_counted(office, ID, 7, lambda _: None)
    assert raised.value is refusal
    assert len(office.asked) == 2
    assert clock() == certifying._PAUSE_SECONDS


@pytest.mark.parametrize(
    ("refusal", "seconds"),
    [(NOT_COUNTED, certifying._COUNTING_SECONDS), (LAGS, PATIENCE_SECONDS)],
    ids=["the count", "the lag"],
)
def test_it_does_not_wait_for_ever(
    clock: Callable[[], float], refusal: StaffRefused, seconds: float
) -> None:
    with pytest.raises(StaffRefused) as raised:
        certify_once_counted(Office(refusal), ID, 7, lambda _: None)
    assert raised.value is refusal
    assert clock() == seconds
