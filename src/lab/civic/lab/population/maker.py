"""The parts of a made-up registration, drawn at random from the data."""

import random
import string
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import phonenumbers

from civic.client.people_formats import Payload
from civic.identity.model.checks import is_national_id
from civic.identity.model.rules import RuleSet
from civic.lab.population.data import Country, Home, PeopleData

_DRAWN_DIGITS = 6
_OLDEST = 95
_PHONE_STYLES = (
    phonenumbers.PhoneNumberFormat.E164,
    phonenumbers.PhoneNumberFormat.INTERNATIONAL,
    phonenumbers.PhoneNumberFormat.NATIONAL,
)


@dataclass(frozen=True, slots=True)
class Maker:
    """Draws people and parts of them, always from the same generator."""

    draw: random.Random
    rules: RuleSet
    data: PeopleData

    @property
    def countries(self) -> dict[str, Country]:
        """The countries in the data that the rules accept."""
        known = self.data.countries.items()
        return {code: country for code, country in known if code in self.rules.countries}

    def typical(self, number: int, countries: Mapping[str, Country]) -> Payload:
        """Make a person with nothing special about them.

        Args:
            number: Different for everybody, to make the username unique.
            countries: Where they may live, by ISO 3166-1 code.
        """
        weights = [country.weight for country in countries.values()]
        code = self.draw.choices(list(countries), weights)[0]
        country = countries[code]
        username = f"{self.draw.choice(self.data.username_words)}-{number:06}"
        payload: Payload = {
            "username": username,
            "full_name": self._name(country),
            "date_of_birth": self.date_of_birth(),
            "address": self.address(code, country),
            "phone_number": self.phone_number(code),
        }
        if self.draw.random() < self.data.optional_fields.email:
            payload["email"] = f"{username}@{self.draw.choice(self.data.mail_domains)}"
        if country.national_id and self.draw.random() < self.data.optional_fields.national_id:
            payload["national_id"] = self.national_id(code)
        payload["citizenship_attestation"] = True
        payload["consent"] = self._consent()
        return payload

    def settle(self, payload: Payload, home: Home) -> None:
        """Have somebody live in a home, at one of its numbers."""
        address = payload["address"]
        first, last, step = home.numbers
        number = self.draw.randrange(first, last + 1, step)
        address["lines"] = [home.line.format(n=number), *address["lines"][1:]]
        address |= {"city": home.city, "postcode": home.postcode}
        if home.region is not None:
            address["region"] = home.region

    def long_name(self, code: str) -> str:
        """Return a long name, of many given and family names."""
        country = (self.data.countries | self.data.elsewhere)[code]
        given = " ".join(self.draw.choices(country.given, k=5))
        return f"{given} {' '.join(self.draw.choices(country.family, k=5))}"

    def phone_number(self, code: str, *, valid: bool = True) -> str:
        """Return a mobile number that is, or is not, valid in the country."""
        kind = phonenumbers.PhoneNumberType.MOBILE
        example = phonenumbers.example_number_for_type(code, kind)
        assert example is not None  # noqa: S101 - a test makes people in every country
        stem = str(example.national_number)[:-_DRAWN_DIGITS]
        while True:
            # Most wrong numbers are too short.
            digits = self._digits(_DRAWN_DIGITS if valid else _DRAWN_DIGITS // 2)
            number = phonenumbers.PhoneNumber(example.country_code, int(stem + digits))
            if phonenumbers.is_valid_number(number) is valid:
                return phonenumbers.format_number(number, self.draw.choice(_PHONE_STYLES))

    def national_id(self, code: str, *, valid: bool = True) -> str:
        """Return an identifier that a scheme of the country recognises, or one that none does."""
        country = self.data.countries[code]
        schemes = self.rules.countries[code].national_id
        while True:
            number = "".join(map(self._character, country.national_id or ""))
            if any(is_national_id(scheme, number) for scheme in schemes) is valid:
                return number

    def date_of_birth(self) -> str:
        """Return the date of birth of somebody who may vote on election day."""
        day, minimum = self.rules.election.date, self.rules.age_rule.minimum
        # Counting 366 days per year keeps the youngest clear of the boundary.
        age = timedelta(days=366 * minimum + self.draw.randrange(365 * (_OLDEST - minimum)))
        return (day - age).isoformat()

    def address(self, code: str, country: Country) -> Payload:
        """Return an address in a country."""
        place = self.draw.choice(country.cities)
        lines = [self.draw.choice(country.streets).format(n=self.draw.randint(1, 180))]
        if self.draw.random() < self.data.optional_fields.second_address_line:
            lines.append(country.second_line.format(n=self.draw.randint(1, 9)))
        address: Payload = {"lines": lines, "city": place.city}
        if place.region is not None:
            address["region"] = place.region
        return address | {"postcode": place.postcode, "country": code}

    def _character(self, pattern: str) -> str:
        drawn_from = {"#": string.digits, "?": string.ascii_uppercase}
        return self.draw.choice(drawn_from[pattern]) if pattern in drawn_from else pattern

    def _digits(self, count: int) -> str:
        return "".join(self.draw.choices(string.digits, k=count))

    def _name(self, country: Country) -> str:
        given = self.draw.choice(country.given)
        family, second = self.draw.choices(country.family, k=2)
        return country.name.format(given=given, family=family, family2=second)

    def _consent(self) -> Payload:
        times = self.data.consent
        seconds = self.draw.randrange(times.given_within_days * 24 * 60 * 60)
        given_at = times.given_from + timedelta(seconds=seconds)
        return {"text_version": times.text_version, "given_at": given_at.isoformat()}
