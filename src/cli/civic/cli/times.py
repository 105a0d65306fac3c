"""Moments, as the command prints them: in UTC, shortened to what a reader needs."""

from datetime import UTC, datetime

NONE = "-"


def second(moment: datetime | str | None) -> str:
    """Return a moment to the second; a dash for none.

    Args:
        moment: Aware, or as the API writes it (ISO 8601).
    """
    return _format(moment, "%Y-%m-%d %H:%M:%SZ")


def minute(moment: datetime | str | None) -> str:
    """Return a moment to the minute; otherwise as ``second``."""
    return _format(moment, "%Y-%m-%d %H:%MZ")


def day(moment: datetime | str | None) -> str:
    """Return the day of a moment; otherwise as ``second``."""
    return _format(moment, "%Y-%m-%d")


def _format(moment: datetime | str | None, form: str) -> str:
    if moment is None:
        return NONE
    aware = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return aware.astimezone(UTC).strftime(form)
