"""People whose every field is a marker: unique, and named for its owner."""

import random
import re
import string
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from civic.identity.model.rules import RuleSet
from civic.lab.leakscan.encodings import LEAST_BYTES
from civic.lab.population.data import people_data
from civic.lab.population.maker import Maker

type Payload = dict[str, Any]

_CONSONANTS = "bcdfghjklmnpqrstvwxz"
_STEM = 9
_POSTAL_AREAS = ("AB", "EH", "LS", "NE", "SW")


@dataclass(frozen=True, slots=True)
class Person:
    """A person to send through the stack.

    Attributes:
        name: The outcome they are sent for, such as "rejected".
        payload: The registration, in the form of ``POST /registrations``.
        markers: By field, each text of the payload that is long enough to be unique, and the forms
            it may be normalised to. The country, the attestation, the version of the consent text
            and a Polish postcode, which has six characters, are not markers.
    """

    name: str
    payload: Payload = field(repr=False)
    markers: dict[str, str] = field(repr=False)


class MarkedPeople:
    """Makes marked people, and markers that belong to nobody."""

    def __init__(self, draw: random.Random, rules: RuleSet) -> None:
        """Draw from ``draw``: ``random.SystemRandom()`` for markers that were never used before."""
        self._draw = draw
        self._days: set[str] = set()
        self._maker = Maker(draw, rules, people_data())

    def accepted(self, name: str) -> Person:
        """Make a person whom the rules accept."""
        return _person(name, self._payload())

    def corrected(self, name: str) -> Person:
        """Make a person whom the rules accept, in another country, with a national identifier."""
        payload = self._payload()
        payload["address"] |= {
            "region": self._spelled("Zachodniopomorskie"),
            "postcode": f"{self._digits(2)}-{self._digits(3)}",
            "country": "PL",
        }
        payload |= {
            "phone_number": self._phone_number("PL"),
            "national_id": self._maker.national_id("PL"),
            # It proves nothing, and nothing has to be proven.
            "evidence": {"method": "oidc", "sealed": self.word() + self.word()},
        }
        return _person(name, payload)

    def rejected(self, name: str) -> Person:
        """Make a person with every mistake that a citizen can correct."""
        payload = self._payload() | {
            "date_of_birth": self._born(2041, 2097),
            "phone_number": f"call {self.word()}",
            "email": f"{self.word()} at {self.word()}",
            "citizenship_attestation": False,
        }
        payload["address"]["postcode"] = f"{self.word()} {self.word()}"
        return _person(name, payload)

    def doubtful(self, name: str) -> Person:
        """Make a person whose case staff have to review."""
        payload = self._payload()
        payload["address"]["country"] = "PL"
        payload["address"]["postcode"] = f"{self._digits(2)}-{self._digits(3)}"
        payload |= {
            "date_of_birth": self._born(1851, 1899),
            "phone_number": self._phone_number("PL"),
            "national_id": f"{self.word()}/{self.word()}",
        }
        return _person(name, payload)

    def word(self) -> str:
        """Make one marker: eleven letters without a vowel, which no text has as a word."""
        return "Zq" + "".join(self._draw.choices(_CONSONANTS, k=_STEM))

    def _spelled(self, region: str) -> str:
        """Return the name of a region with marks between its letters, which its meaning survives.

        Only a region that exists is accepted, so it cannot be a word of ours.
        """
        return "".join(letter + "".join(self._draw.choices("-._~", k=2)) for letter in region)

    def _payload(self) -> Payload:
        return {
            "username": f"{self.word()}-{self.word()}",
            # Letters that need one escape of JSON, two (a surrogate pair), and none at all.
            "full_name": f"{self.word()}ł {self.word()}ä-𠮷O'{self.word()}",
            "date_of_birth": self._born(1930, 1990),
            "address": {
                "lines": [f"{self.word()}straße 7", f"Flat & {self.word()} + {self.word()}"],
                "city": f"{self.word()} on {self.word()}",
                "region": self._spelled("Northern Ireland"),
                "postcode": self._postcode(),
                "country": "GB",
            },
            "phone_number": self._phone_number("GB"),
            "email": f"{self.word()}@{self.word()}.eu",
            "citizenship_attestation": True,
            "consent": {
                "text_version": people_data().consent.text_version,
                "given_at": self._given(),
            },
        }

    def _phone_number(self, country: str) -> str:
        while True:
            number = self._maker.phone_number(country)
            # At least ten digits, so that they occur nowhere by chance.
            if number.startswith("+"):
                return number

    def _born(self, first: int, last: int) -> str:
        """Return a birthday that no other of these people has."""
        while True:
            year, month, day = (
                self._draw.randint(*limits) for limits in ((first, last), (1, 12), (1, 28))
            )
            drawn = f"{year}-{month:02}-{day:02}"
            if drawn not in self._days:
                self._days.add(drawn)
                return drawn

    def _given(self) -> str:
        """Return a time whose microseconds alone are unique."""
        times = (self._draw.randrange(limit) for limit in (24, 60, 60))
        clock = ":".join(f"{part:02}" for part in times)
        return f"2026-02-{self._draw.randint(1, 28):02}T{clock}.{self._digits(6)}Z"

    def _postcode(self) -> str:
        area = self._draw.choice(_POSTAL_AREAS)
        inward = "".join(self._draw.choices("ABDEFGHJLNPQRSTUWXYZ", k=2))
        return f"{area}{self._draw.randint(10, 99)} {self._digits(1)}{inward}"

    def _digits(self, count: int) -> str:
        return "".join(self._draw.choices(string.digits, k=count))


def _person(name: str, payload: Payload) -> Person:
    markers = {
        f"{name} {part}": text
        for pointer, value in _texts(payload, "")
        for part, text in _parts(pointer, value)
        if len(text.encode()) >= LEAST_BYTES
    }
    return Person(name, payload, markers)


def _texts(value: object, pointer: str) -> Iterator[tuple[str, str]]:
    match value:
        case dict():
            for name, child in value.items():
                yield from _texts(child, f"{pointer}/{name}")
        case list():
            for number, child in enumerate(value):
                yield from _texts(child, f"{pointer}/{number}")
        case str():
            yield pointer, value


_WORD = re.compile(rf"Zq[{_CONSONANTS}]{{{_STEM}}}")


def _parts(pointer: str, value: str) -> Iterator[tuple[str, str]]:
    """Yield a field's value, each of its marked words alone, and the digits of a number alone."""
    yield pointer, value
    words = _WORD.findall(value)
    yield from ((f"{pointer} (word {n})", word) for n, word in enumerate(words, start=1))
    digits = "".join(filter(str.isdigit, value))
    if pointer == "/phone_number" and not words:
        # These remain however the number is written and whatever precedes it.
        yield f"{pointer} (digits)", digits[-10:]
    if pointer == "/address/postcode" and " " in value and not words:
        yield f"{pointer} (closed up)", value.replace(" ", "")
