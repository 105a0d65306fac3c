"""Moments as the commands print them: as precise as a reader needs, in UTC by default."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

NONE = "-"


def second(moment: datetime | str | None) -> str:
    """Return a moment to the second, or a dash if there is none.

    Args:
        moment: An aware time, or text as the API writes it (ISO 8601).
    """
    return _format(moment, "%Y-%m-%d %H:%M:%SZ")


def minute(moment: datetime | str | None) -> str:
    """Return a moment to the minute; otherwise as ``second``."""
    return _format(moment, "%Y-%m-%d %H:%MZ")


def day(moment: datetime | str | None) -> str:
    """Return the day of a moment; otherwise as ``second``."""
    return _format(moment, "%Y-%m-%d")


def in_zone(moment: datetime | str, zone: str) -> str:
    """Return a moment to the minute, as the clocks of an IANA time zone show it."""
    aware = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return aware.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M %Z")


def _format(moment: datetime | str | None, form: str) -> str:
    if moment is None:
        return NONE
    aware = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return aware.astimezone(UTC).strftime(form)
