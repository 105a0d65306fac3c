"""When the retention of a registration ends (GDPR Art. 5(1)(e))."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from civic.contracts.events import Decision
from civic.contracts.identifiers import Revision
from civic.contracts.retention import REQUEST_LOG_LIFETIME, TOMBSTONE_LIFETIME
from civic.identity.http.bodies import status_of
from civic.identity.model.keys import AccessDigest, RecordId
from civic.identity.model.rows import Acceptance, DecisionRow, Ruling, Verdict
from tests.fakes.people import ADA

QUEUE, ARCHIVE, BACKUP = timedelta(days=14), timedelta(days=365), timedelta(days=35)


def test_tombstones_outlive_every_copy_of_an_event() -> None:
    assert max(ARCHIVE + QUEUE, BACKUP) < TOMBSTONE_LIFETIME


def test_answers_are_kept_longer_than_what_they_are_about() -> None:
    assert REQUEST_LOG_LIFETIME > TOMBSTONE_LIFETIME


NOW, RETENTION = datetime(2027, 1, 15, tzinfo=UTC), timedelta(days=90)
ACCEPTED, REVIEW, REJECTED = Decision.ACCEPTED, Decision.REVIEW, Decision.REJECTED


def row(decision: Decision | None = REJECTED) -> DecisionRow:
    verdict = Verdict(decision, (), "r.1") if decision else None
    return DecisionRow(RecordId(ADA, Revision(2)), AccessDigest(bytes(32)), NOW, NOW, verdict)


def accepted(decision: Decision | None = ACCEPTED) -> DecisionRow:
    return replace(row(decision), acceptance=Acceptance(Revision(1)))


def taken_off(decision: Decision | None = REJECTED) -> DecisionRow:
    return replace(row(decision), ruling=Ruling(1, REJECTED, {}, ended_acceptance=True))


def restricted(there: DecisionRow) -> DecisionRow:
    return replace(there, restriction=1, restriction_changed=NOW)


def contested(there: DecisionRow) -> DecisionRow:
    return replace(there, contested=there.updated)


@pytest.mark.parametrize(
    ("there", "held"),
    [
        (row(ACCEPTED), ["accepted"]),
        (accepted(), ["accepted"]),
        (accepted(REJECTED), ["accepted"]),
        (accepted(REVIEW), ["accepted", "undecided"]),
        (taken_off(), ["was_accepted"]),
        (contested(taken_off()), ["was_accepted", "review_requested"]),
        (taken_off(REVIEW), ["was_accepted", "undecided"]),
        (row(None), ["undecided"]),
        (row(REVIEW), ["undecided"]),
        (contested(row(REVIEW)), ["undecided", "review_requested"]),
        (contested(row()), ["review_requested"]),
        (restricted(row()), ["restricted"]),
        (restricted(contested(row(None))), ["undecided", "review_requested", "restricted"]),
        (restricted(accepted()), ["accepted", "restricted"]),
    ],
)
def test_status_tells_why_a_registration_is_held(there: DecisionRow, held: list[str]) -> None:
    told = status_of(there, RETENTION)
    assert ([str(one) for one in told.held], told.erased_after) == (held, None)


@pytest.mark.parametrize("ruling", [None, Ruling(1, REJECTED, {})])
def test_status_tells_when_a_registration_that_nothing_holds_is_erased(
    ruling: Ruling | None,
) -> None:
    told = status_of(replace(row(), ruling=ruling), RETENTION)
    assert (told.held, told.erased_after) == ((), NOW + RETENTION)


@pytest.mark.parametrize("days", [-1, 1])
def test_retention_starts_anew_when_a_restriction_is_lifted(days: int) -> None:
    lifted = NOW + timedelta(days=days)
    told = status_of(replace(row(), restriction=2, restriction_changed=lifted), RETENTION)
    assert told.erased_after == max(NOW, lifted) + RETENTION
