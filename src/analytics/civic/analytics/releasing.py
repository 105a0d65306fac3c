"""Publishes aggregates.

A release counts the joined rows afresh instead of keeping counters: a counter beside a row
would need a transaction to be exact under redelivery, and a scan once a day costs less than one
more write per registration (docs/adr/0005-count-at-release.md).
"""

from dataclasses import dataclass

from civic.analytics.aggregates import Protection, tally
from civic.analytics.ports import JoinStore, ReleaseArchive
from civic.contracts.events import AnalyticsReleased
from civic.contracts.ports import Clock, EventPublisher


@dataclass(frozen=True, slots=True)
class Releasing:
    """What a release works with."""

    joins: JoinStore
    protection: Protection
    archive: ReleaseArchive
    events: EventPublisher
    clock: Clock


def release(releasing: Releasing, release_id: str) -> AnalyticsReleased:
    """Count, protect, write and announce; repeating a release id replaces its files."""
    exact = tally(releasing.joins.complete())
    protected = releasing.protection(exact)
    released_at = releasing.clock()
    json_key, lines_key = releasing.archive.write(release_id, released_at, protected)
    event = AnalyticsReleased(
        release_id=release_id,
        released_at=released_at,
        first_day=protected.first_day,
        last_day=protected.last_day,
        threshold=protected.threshold,
        counted=protected.people,
        cells=len(protected.cells),
        suppressed_cells=protected.suppressed,
        bucket=releasing.archive.bucket,
        json_key=json_key,
        lines_key=lines_key,
    )
    releasing.events.publish([event])
    return event
