"""Keys by which two registrations of one person are found without opening either.

Each is of a combination of fields that survives what changes between two registrations: spelling,
order, script, a move, a new surname, a wrong birth date. Every combination holds the birth date or
the whole name, and enough beside it that hardly any two people share it; but for the identifier
that a country gives one person. So one key in common is enough to have people compare.

Without the pepper keys say which fields were given, and which registrations share some.
"""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Self

import phonenumbers

from civic.identity.model.dwelling import dwelling
from civic.identity.model.likeness import Kind, LikenessKey, likeness_key
from civic.identity.model.phones import read_phone
from civic.identity.model.postcodes import one_spelling
from civic.identity.model.registration import Registration
from civic.identity.model.sounds import sound
from civic.identity.model.spellings import name_words

_SHORTEST_ID = 5
_UNKNOWN = "-"
"""In place of the part of a birth date that may be wrong."""

type _Combination = tuple[Kind, tuple[str, ...]]


def weak_keys(registration: Registration, pepper: bytes) -> frozenset[LikenessKey]:
    """Return the keys of a registration, about nine, but not the likeness.

    The same fields give the same keys whatever their spelling, as far as ``sounds``, ``dwelling``,
    ``postcodes`` and libphonenumber read them alike. A field that is missing or cannot be read
    gives none. A birth date that is known in part counts only beside what says who somebody is: a
    telephone number or an e-mail address.

    Raises:
        ValueError: The pepper has fewer than 32 bytes.
    """
    combinations = _combinations(_Traits.of(registration))
    return frozenset(likeness_key(pepper, *combination) for combination in combinations)


@dataclass(frozen=True, slots=True, repr=False)
class _Traits:
    """What of a registration is compared, each in one spelling; empty if it is not known."""

    born: str
    day: date | None
    sounds: tuple[str, ...]
    initials: str
    country: str
    postcode: str
    house: str
    street: str
    phone: str
    email: str
    national_id: str

    @classmethod
    def of(cls, registration: Registration) -> Self:
        address, born = registration.address, registration.date_of_birth
        name = name_words(registration.full_name)
        house = dwelling(address.lines or ())
        return cls(
            born=str(born),
            day=born if isinstance(born, date) else None,
            sounds=tuple(sorted(set(map(sound, name)))),
            initials="".join(sorted({word[0] for word in name})),
            country=address.country,
            postcode=one_spelling(address.postcode or "", address.country),
            house=str(house.number or ""),
            street=sound(house.street),
            phone=_phone(registration.phone_number, address.country),
            email=unicodedata.normalize("NFKC", registration.email or "").casefold(),
            national_id=_national_id(registration.national_id or ""),
        )


def _combinations(of: _Traits) -> Iterator[_Combination]:
    """Return what is digested; of a combination with an empty part, nothing."""
    home = (of.house, of.country, of.postcode)
    found: list[_Combination] = [
        (Kind.PHONE_AND_BIRTH, (of.phone, of.born)),
        (Kind.EMAIL_AND_BIRTH, (of.email, of.born)),
        (Kind.PHONE_AND_NAME, (of.phone, *of.sounds)),
        (Kind.NATIONAL_ID, (of.country, of.national_id)),
    ]
    if of.day is not None:
        found += [
            # The kind of the last part is part of it, or a street could be taken for initials.
            (Kind.HOUSE, (of.born, *home, "street", of.street)),
            (Kind.HOUSE, (of.born, *home, "initials", of.initials)),
            *((Kind.NAME_AND_HOUSE, (*most, *home, *of.sounds)) for most in _most_of(of.day)),
        ]
    return (combination for combination in found if all(combination[1]))


def _most_of(day: date) -> Iterator[tuple[str, str, str]]:
    """Return a date without its day, its month or its year, and with day and month unordered."""
    years, months, days = str(day.year), str(day.month), str(day.day)
    yield years, months, _UNKNOWN
    yield years, _UNKNOWN, days
    yield _UNKNOWN, months, days
    one, other = sorted((f"or {months}", f"or {days}"))
    yield years, one, other


def _phone(written: str | None, country: str) -> str:
    number = read_phone(written, country) if written else None
    if number is None:
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _national_id(written: str) -> str:
    """Return the letters and digits of an identifier; nothing of one that everybody could type."""
    plain = unicodedata.normalize("NFKC", written).upper()
    marks = [str(unicodedata.decimal(mark, mark)) for mark in plain if mark.isalnum()]
    return "".join(marks) if len(marks) >= _SHORTEST_ID and len(set(marks)) > 1 else ""
