"""When the retention of a registration ends (GDPR Art. 5(1)(e))."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from civic.contracts.retention import REQUEST_LOG_LIFETIME, TOMBSTONE_LIFETIME
from civic.identity.model.retention import RetentionLimits

NOW = datetime(2027, 1, 15, 12, tzinfo=UTC)
QUEUE, ARCHIVE, BACKUP = timedelta(days=14), timedelta(days=365), timedelta(days=35)

spans = st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=4000))


@given(spans, spans)
def test_limits_lie_as_far_back_as_each_kind_is_kept(
    rejected: timedelta, abandoned: timedelta
) -> None:
    limits = RetentionLimits.at(NOW, rejected, abandoned)
    assert NOW - limits.rejected_before == rejected
    assert NOW - limits.abandoned_before == abandoned


def test_tombstones_outlive_every_copy_of_an_event() -> None:
    assert max(ARCHIVE + QUEUE, BACKUP) < TOMBSTONE_LIFETIME


def test_answers_are_kept_longer_than_what_they_are_about() -> None:
    assert REQUEST_LOG_LIFETIME > TOMBSTONE_LIFETIME
