"""The likeness of a registration: by it a second one of the same person is found unopened.

A likeness key is a digest, under a secret *pepper*, of fields that hardly two people share. Two
registrations with a key in common may be of one person; people decide. Record linkage knows this
as blocking (P. Christen, *Data Matching*, 2012, chapter 4).

Keys are **pseudonyms, not anonymous** (GDPR recital 26). Whoever has the pepper and the keys can
try the birth dates of somebody known by name, and read whether they have registered. The pepper
must therefore be kept from whoever may read keys, and keys end with the registration they were made
of.
"""

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from itertools import count
from typing import NewType

from civic.contracts.identifiers import RegistrationId
from civic.identity.model.registration import Registration
from civic.identity.model.spellings import name_words

LikenessKey = NewType("LikenessKey", bytes)
"""16 bytes: the kind, and 120 bits of HMAC-SHA-256 (RFC 2104 section 5) under the pepper."""

KEY_BYTES = 16
PEPPER_BYTES = 32
"""The least that a pepper has."""
VERSION = 1
"""Of the combinations and of how their fields are read; part of every digest."""
_DOMAIN = b"civic/likeness"
_LENGTH_BYTES = 4


class Kind(IntEnum):
    """What two registrations have in common if they share a key; the key's first byte."""

    NAME_AND_BIRTH = 1
    """The whole name and the birth date."""
    HOUSE = 2
    """The birth date, house number and postcode, and the sound of the street or the initials."""
    NAME_AND_HOUSE = 3
    """The sounds of the whole name, the house number, the postcode, and most of the birth date."""
    PHONE_AND_BIRTH = 4
    """The telephone number and the birth date."""
    EMAIL_AND_BIRTH = 5
    """The e-mail address and the birth date."""
    PHONE_AND_NAME = 6
    """The telephone number and the sounds of the whole name."""
    NATIONAL_ID = 7
    """The identifier that they say their country gave them."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody is listed: under a likeness, and as which of those who share it.

    Whoever registers again after an erasure gets the place of before, unless somebody else has it.
    """

    likeness: LikenessKey
    number: int = 0

    @property
    def encoded(self) -> bytes:
        """The likeness, then the number without leading zeros."""
        return self.likeness + self.number.to_bytes((self.number.bit_length() + 7) // 8)

    @classmethod
    def parse(cls, encoded: bytes) -> "Place":
        """Return the place that was encoded."""
        return cls(LikenessKey(encoded[:KEY_BYTES]), int.from_bytes(encoded[KEY_BYTES:]))


@dataclass(frozen=True, slots=True)
class Listing:
    """Who was accepted under a likeness, as it was read."""

    likeness: LikenessKey
    ids: tuple[RegistrationId, ...] = ()
    version: int = 0
    """Grows with every change; 0 if there is no row."""
    numbers: tuple[int, ...] = ()
    """Of the place of each."""

    def place_of(self, registration: RegistrationId) -> Place:
        """Return the place of somebody who is listed."""
        return Place(self.likeness, self.numbers[self.ids.index(registration)])

    def without(self, registration: RegistrationId) -> "Listing":
        """Return the listing that somebody has left."""
        return self._of(*(one for one in self.ids if one != registration))

    def with_only(
        self, others: tuple[RegistrationId, ...], registration: RegistrationId
    ) -> "Listing":
        """Return the listing in which somebody is beside others, who keep their places.

        Whoever is listed already keeps theirs too; anybody else gets the first that is free.
        """
        there = self._of(*others)
        if registration in self.ids:
            number = self.place_of(registration).number
        else:
            number = next(one for one in count() if one not in there.numbers)
        return Listing(
            self.likeness, (*others, registration), there.version, (*there.numbers, number)
        )

    def _of(self, *ids: RegistrationId) -> "Listing":
        numbers = tuple(self.place_of(one).number for one in ids)
        return Listing(self.likeness, ids, self.version + 1, numbers)


@dataclass(frozen=True, slots=True)
class Others:
    """Who else is accepted under one likeness, by a listing as it was read."""

    listing: Listing
    accepted: tuple[RegistrationId, ...]
    """Those of the listing who are still accepted."""

    def joined_by(self, registration: RegistrationId) -> Listing:
        """Return the listing once a registration is beside the others.

        Whose acceptance is no longer in force is left out, so that nobody gets a second place by
        being taken off the roll and registering again.
        """
        return self.listing.with_only(self.accepted, registration)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Who else is accepted under the likenesses of a person."""

    under: tuple[Others, ...]

    def places(self, registration: RegistrationId) -> tuple[Place, ...]:
        """Return the places that the person has once they are accepted."""
        return tuple(one.joined_by(registration).place_of(registration) for one in self.under)

    @property
    def everybody(self) -> tuple[RegistrationId, ...]:
        """All with whom the person is to be compared."""
        return tuple(dict.fromkeys(other for one in self.under for other in one.accepted))


def likeness_of(registration: Registration, pepper: bytes) -> LikenessKey:
    """Return the key of the whole name and the birth date, which every registration has.

    It is the same in every case, order, script and spelling that ``spellings`` reads alike.

    Raises:
        ValueError: The pepper has fewer than 32 bytes.
    """
    name = sorted(name_words(registration.full_name))
    return likeness_key(pepper, Kind.NAME_AND_BIRTH, (str(registration.date_of_birth), *name))


def kinds(keys: Iterable[LikenessKey]) -> frozenset[Kind]:
    """Return the kinds of some keys, such as those that two registrations share."""
    return frozenset(Kind(key[0]) for key in keys)


def packed(keys: Iterable[LikenessKey]) -> bytes:
    """Return keys as one value: in order, 16 bytes each."""
    return b"".join(sorted(set(keys)))


def unpacked(value: bytes) -> frozenset[LikenessKey]:
    """Return the keys that were packed."""
    places = range(0, len(value), KEY_BYTES)
    return frozenset(LikenessKey(value[place : place + KEY_BYTES]) for place in places)


def likeness_key(pepper: bytes, kind: int, parts: tuple[str, ...]) -> LikenessKey:
    """Return the key of a kind for what it is made of.

    Raises:
        ValueError: The pepper has fewer than 32 bytes.
    """
    if len(pepper) < PEPPER_BYTES:
        too_short = "a pepper has at least 32 bytes"
        raise ValueError(too_short)
    # Each part with its length, so that no two combinations are the same bytes.
    encoded = b"".join(len(part).to_bytes(_LENGTH_BYTES) + part for part in map(str.encode, parts))
    message = _DOMAIN + bytes([VERSION, kind]) + encoded
    digest = hmac.digest(pepper, message, hashlib.sha256)
    return LikenessKey(bytes([kind]) + digest[: KEY_BYTES - 1])
