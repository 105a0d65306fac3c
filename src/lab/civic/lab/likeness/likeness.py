"""Keys by which two registrations of one person could be found without opening either.

The deployed system has one of them, ``civic.identity.model.likeness``: that of name and birth date.
Here are more, each of a combination of fields that survives most of what changes between two
registrations: spelling, order, script, a move, a new surname. Every combination holds the birth
date or the whole name, but for the identifier that a country gives one person: a sound and a birth
date alone are shared by too many.

Without the pepper keys say how many words a name has, which fields were given, and which
registrations share some.
"""

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from typing import Self

import phonenumbers

from civic.identity.model.likeness import OF_NAME_AND_BIRTH, LikenessKey, likeness_key
from civic.identity.model.phones import read_phone
from civic.identity.model.postcodes import one_spelling
from civic.identity.model.registration import Address, Registration
from civic.identity.model.spellings import name_words, words
from civic.identity.model.subdivisions import find
from civic.lab.likeness.dwelling import dwelling
from civic.lab.likeness.sounds import sound

_MOST_SOUNDS = 12
"""Of a name with more words, the longest count, so that the keys of a person fit into 1 KB."""
_SHORTEST_ID = 5


class Kind(IntEnum):
    """What two registrations have in common if they share a key."""

    NAME_AND_BIRTH = OF_NAME_AND_BIRTH
    """The whole name and the birth date."""
    SOUND_AND_POSTCODE = 2
    """The birth date, the sound of one word of the name, and the postcode."""
    SOUND_AND_STREET = 3
    """The birth date, the sound of one word of the name, and that of the street in its region."""
    HOUSE = 4
    """The birth date, the house number and the postcode."""
    NAME_AND_HOUSE = 5
    """The sounds of the whole name, the house number and the postcode."""
    PHONE_AND_BIRTH = 6
    """The telephone number and the birth date."""
    EMAIL_AND_BIRTH = 7
    """The e-mail address and the birth date."""
    PHONE_AND_NAME = 8
    """The telephone number and the sounds of the whole name."""
    NATIONAL_ID = 9
    """The identifier that they say their country gave them."""


type _Combination = tuple[Kind, tuple[str, ...]]


def likeness_keys(registration: Registration, pepper: bytes) -> frozenset[LikenessKey]:
    """Return the keys of a registration, about ten.

    The same fields give the same keys whatever their spelling, as far as ``sounds``, ``dwelling``,
    ``postcodes``, ``subdivisions`` and libphonenumber read them alike. A field that is missing or
    cannot be read gives none. A birth date that is known in part counts only beside what says who
    somebody is: the whole name, a telephone number or an e-mail address.

    Raises:
        ValueError: The pepper has fewer than 32 bytes.
    """
    combinations = _combinations(_Traits.of(registration))
    return frozenset(likeness_key(pepper, *combination) for combination in combinations)


def kinds(keys: Iterable[LikenessKey]) -> frozenset[Kind]:
    """Return the kinds of some keys, such as those that two registrations share."""
    return frozenset(Kind(key[0]) for key in keys)


def packed(keys: Iterable[LikenessKey]) -> bytes:
    """Return keys as one value: in order, 16 bytes each."""
    return b"".join(sorted(set(keys)))


@dataclass(frozen=True, slots=True, repr=False)
class _Traits:
    """What of a registration is compared, each in one spelling; empty if it is not known."""

    born: str
    born_exactly: bool
    name: tuple[str, ...]
    sounds: tuple[str, ...]
    telling_sounds: tuple[str, ...]
    country: str
    postcode: str
    house: str
    street: str
    area: str
    phone: str
    email: str
    national_id: str

    @classmethod
    def of(cls, registration: Registration) -> Self:
        address = registration.address
        name = name_words(registration.full_name)
        longest = sorted(name, key=lambda word: (-len(word), word))[:_MOST_SOUNDS]
        described = (address.described_location,) if address.described_location else ()
        house = dwelling(address.lines or described)
        return cls(
            born=str(registration.date_of_birth),
            born_exactly=isinstance(registration.date_of_birth, date),
            name=tuple(sorted(name)),
            sounds=tuple(sorted(set(map(sound, name)))),
            telling_sounds=tuple(sorted(set(map(sound, longest)))),
            country=address.country,
            postcode=one_spelling(address.postcode or "", address.country),
            # What a description says is beside a number is not a house.
            house=str(house.number or "") if address.lines else "",
            street=sound(house.street),
            area=_area(address),
            phone=_phone(registration.phone_number, address.country),
            email=unicodedata.normalize("NFKC", registration.email or "").casefold(),
            national_id=_national_id(registration.national_id or ""),
        )


def _combinations(of: _Traits) -> Iterator[_Combination]:
    """Return what is digested; of a combination with an empty part, nothing."""
    postcode = (of.country, of.postcode)
    exactly = of.born if of.born_exactly else ""
    found: list[_Combination] = [
        (Kind.NAME_AND_BIRTH, (of.born, *of.name)),
        (Kind.HOUSE, (exactly, of.house, *postcode)),
        (Kind.NAME_AND_HOUSE, (of.house, *postcode, *of.sounds)),
        (Kind.PHONE_AND_BIRTH, (of.phone, of.born)),
        (Kind.EMAIL_AND_BIRTH, (of.email, of.born)),
        (Kind.PHONE_AND_NAME, (of.phone, *of.sounds)),
        (Kind.NATIONAL_ID, (of.country, of.national_id)),
    ]
    for one in of.telling_sounds:
        found.append((Kind.SOUND_AND_POSTCODE, (exactly, one, *postcode)))
        found.append((Kind.SOUND_AND_STREET, (exactly, one, of.street, of.country, of.area)))
    return (combination for combination in found if all(combination[1]))


def _area(address: Address) -> str:
    """Return the code of the region, or the city of who names none that is known."""
    found = find(address.country, address.region) if address.region else None
    return found or " ".join(words(address.city))


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
