"""Dates of birth, ages in completed years, and the bands they are counted in."""

from calendar import monthrange
from collections.abc import Sequence
from datetime import MAXYEAR, date
from enum import StrEnum
from itertools import pairwise
from typing import NewType

PartialDate = NewType("PartialDate", str)
"""The year of birth of a person who knows no more of it, ``YYYY``, or year and month, ``YYYY-MM``.

Civil registers and travel documents have such dates (ICAO Doc 9303-3 section 4.8).
"""


def birth_days(born: date | PartialDate) -> tuple[date, date]:
    """Return the first and the last day on which a person may have been born."""
    if isinstance(born, date):
        return born, born
    year, _, month = born.partition("-")
    first, last = (int(month),) * 2 if month else (1, 12)
    days = monthrange(int(year), last)[1]
    return date(int(year), first, 1), date(int(year), last, days)


class LeapDayBirthday(StrEnum):
    """When a person born on 29 February completes a year, in a year without that day.

    The law varies: 1 March in Germany (BGB sections 187(2), 188(2)) and in the United Kingdom,
    28 February in New Zealand and Taiwan.
    """

    FEBRUARY_28 = "02-28"
    MARCH_1 = "03-01"


def birthday(born: date, year: int, leap_day: LeapDayBirthday) -> date:
    """Return the day of ``year`` on which a person completes another year of age."""
    try:
        return born.replace(year=year)
    except ValueError:
        # Only 29 February is missing from some years.
        return date.fromisoformat(f"{year:04}-{leap_day}")


def of_age_from(born: date, age: int, leap_day: LeapDayBirthday) -> date:
    """Return the day on which a person completes ``age`` years; the last of all, if far off."""
    year = born.year + age
    return date.max if year > MAXYEAR else birthday(born, year, leap_day)


def age_on(day: date, born: date, leap_day: LeapDayBirthday) -> int:
    """Return the completed years of age on ``day``; negative before birth.

    A year is complete from the start of the birthday: a person who turns 18 on ``day`` is 18.
    """
    years = day.year - born.year
    return years if day >= birthday(born, day.year, leap_day) else years - 1


def age_band(age: int, starts: Sequence[int]) -> str:
    """Return the label of the band that holds ``age``, such as ``25-34`` or ``75+``.

    Args:
        age: Completed years, not negative.
        starts: The first age of each band, ascending; the last band is open.
    """
    if age < starts[0]:
        return f"under-{starts[0]}"
    for start, following in pairwise(starts):
        if age < following:
            return f"{start}-{following - 1}"
    return f"{starts[-1]}+"
