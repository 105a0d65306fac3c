"""When the retention of a registration ends (GDPR Art. 5(1)(e))."""

from datetime import timedelta

from civic.contracts.retention import REQUEST_LOG_LIFETIME, TOMBSTONE_LIFETIME

QUEUE, ARCHIVE, BACKUP = timedelta(days=14), timedelta(days=365), timedelta(days=35)


def test_tombstones_outlive_every_copy_of_an_event() -> None:
    assert max(ARCHIVE + QUEUE, BACKUP) < TOMBSTONE_LIFETIME


def test_answers_are_kept_longer_than_what_they_are_about() -> None:
    assert REQUEST_LOG_LIFETIME > TOMBSTONE_LIFETIME
