"""Made-up people: the same for the same seed, and realistic enough to exercise every rule."""

import copy
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from civic.client.people_formats import Payload
from civic.identity.model.rules import RuleSet
from civic.identity.model.spellings import name_words
from civic.lab.population.data import Country, PeopleData, people_data
from civic.lab.population.maker import Maker

TYPICAL = "typical"
_TRIES = 20
"""How often somebody is made anew who would have the name and birth date of somebody else."""
_FULL_WIDTH = 0xFEE0
"""From an ASCII character to its full-width form."""


@dataclass(frozen=True, slots=True)
class Person:
    """A made-up registration in the API's form, the kind of person it is for, and the truth.

    Attributes:
        payload: The registration.
        kind: The name of the kind in ``people.toml``.
        areas: The electoral areas that the roll has of the person in the end; none if they are not
            on it. They come from the data, and from nothing that looks addresses up.
        correction: What the person sends once the registration is decided.
        staff_settle: The areas that staff settle when they accept the person.
    """

    payload: Payload
    kind: str
    areas: tuple[str, ...] = ()
    correction: Payload | None = None
    staff_settle: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Recipe:
    """Which countries a kind of person can live in, and what sets it apart."""

    change: Callable[[Maker, Payload], None]
    lives_in: Callable[[Country], bool] = lambda _: True
    elsewhere: bool = False
    correct: Callable[[Maker, Payload], None] | None = None
    """What is wrong with the correction that they send."""


def generate(count: int, seed: int, rules: RuleSet) -> Iterator[Person]:
    """Yield made-up people one by one.

    Two of one name and birth date are made only where the lists of names are at an end: among tens
    of thousands, of whom many have the same birthday.

    Args:
        count: How many. Among 500 or more there is every kind; their shares are in ``people.toml``.
        seed: The same count, seed and rules make the same people on any machine.
        rules: Give the election, for the ages that matter, and the countries to live in.
    """
    data = people_data()
    draw = random.Random(seed)  # noqa: S311 - repeatable, not secret
    maker = Maker(draw, rules, data)
    known = set()
    for number, kind in enumerate(_kinds(count, draw, data, rules), start=1):
        for _ in range(_TRIES):
            person = _made(maker, kind, number)
            if _who(person) not in known:
                break
        known.add(_who(person))
        yield person


def _who(person: Person) -> tuple[str, ...]:
    """Return by what somebody is taken for somebody else."""
    name, born = person.payload["full_name"], person.payload["date_of_birth"]
    return (born, *sorted(name_words(name)))


def _made(maker: Maker, kind: str, number: int) -> Person:
    recipe, data = RECIPES[kind], maker.data
    if data.kinds[kind].homes:
        return _by_the_table(maker, kind, number)
    countries = data.elsewhere if recipe.elsewhere else maker.countries
    fitting = {code: home for code, home in countries.items() if recipe.lives_in(home)}
    payload = maker.typical(number, fitting)
    recipe.change(maker, payload)
    areas = _areas_of(payload, fitting) if data.kinds[kind].on_the_roll else ()
    return Person(payload, kind, areas)


def _areas_of(payload: Payload, countries: Mapping[str, Country]) -> tuple[str, ...]:
    """Return what the data says of a city; no recipe moves anybody to another one."""
    address = payload["address"]
    places = countries[address["country"]].cities
    return next(place.areas for place in places if place.city == address["city"])


def _by_the_table(maker: Maker, name: str, number: int) -> Person:
    """Make somebody who lives in the divided country, with their correction if they send one."""
    kind, recipe = maker.data.kinds[name], RECIPES[name]
    payload = maker.typical(number, maker.data.divided)
    home = new_home = maker.draw.choice(kind.homes)
    maker.settle(payload, home)
    recipe.change(maker, payload)
    correction = None
    if recipe.correct is not None or kind.new_homes:
        correction = copy.deepcopy(payload)
        if kind.new_homes:
            new_home = maker.draw.choice(kind.new_homes)
            maker.settle(correction, new_home)
        if recipe.correct is not None:
            recipe.correct(maker, correction)
    areas = new_home.areas if kind.on_the_roll else ()
    return Person(payload, name, areas, correction, kind.staff_settle)


def _kinds(count: int, draw: random.Random, data: PeopleData, rules: RuleSet) -> list[str]:
    """Return whom to make; where the rules do not accept the divided country, nobody of it."""
    divided = data.divided.keys() <= rules.countries.keys()
    possible = {name: kind for name, kind in data.kinds.items() if divided or not kind.homes}
    kinds = [name for name, kind in possible.items() for _ in range(int(kind.share * count))]
    kinds += [TYPICAL] * (count - len(kinds))
    draw.shuffle(kinds)
    return kinds


def _as_is(_maker: Maker, _payload: Payload) -> None:
    pass


def _long_name(maker: Maker, payload: Payload) -> None:
    payload["full_name"] = maker.long_name(payload["address"]["country"])


def _single_name(maker: Maker, payload: Payload) -> None:
    payload["full_name"] = maker.draw.choice(maker.data.single_names)


def _old_enough_by(days: int) -> Callable[[Maker, Payload], None]:
    def change(maker: Maker, payload: Payload) -> None:
        born = _youngest(maker.rules, maker.rules.age_rule.minimum) - timedelta(days=days)
        payload["date_of_birth"] = born.isoformat()

    return change


def _youngest(rules: RuleSet, age: int) -> date:
    """Return the latest date of birth of a person who is of an age on election day."""
    day = rules.election.date
    born = date(day.year - age, day.month, 1) + timedelta(days=31)
    while rules.age(born) < age:
        born -= timedelta(days=1)
    return born


def _too_young(maker: Maker, payload: Payload) -> None:
    rule = maker.rules.age_rule
    youngest = _youngest(maker.rules, rule.pre_registration_from or rule.minimum)
    payload["date_of_birth"] = (youngest + timedelta(days=maker.draw.randint(30, 3000))).isoformat()


def _leap_day_birth(maker: Maker, payload: Payload) -> None:
    last = maker.rules.election.date.year - maker.rules.age_rule.minimum - 1
    last -= last % 4
    # From 1904 to 2096, every fourth year is a leap year without exception.
    payload["date_of_birth"] = f"{last - 4 * maker.draw.randrange(17)}-02-29"


def _wrong_phone(maker: Maker, payload: Payload) -> None:
    payload["phone_number"] = maker.phone_number(payload["address"]["country"], valid=False)


def _impossible_postcode(_maker: Maker, payload: Payload) -> None:
    payload["address"]["postcode"] = payload["address"]["postcode"][:-1]


def _missing_attestation(_maker: Maker, payload: Payload) -> None:
    payload["citizenship_attestation"] = False


def _wrong_email(maker: Maker, payload: Payload) -> None:
    name, domain = payload["username"], maker.draw.choice(maker.data.mail_domains)
    wrong = (f"{name}@localhost", f"{name}.@{domain}", f"{name}@@{domain}", domain)
    payload["email"] = maker.draw.choice(wrong)


def _wrong_national_id(maker: Maker, payload: Payload) -> None:
    payload["national_id"] = maker.national_id(payload["address"]["country"], valid=False)


def _misspelt_region(_maker: Maker, payload: Payload) -> None:
    payload["address"]["region"] += "x"


def _implausibly_old(maker: Maker, payload: Payload) -> None:
    years = maker.rules.age_rule.implausible_above + maker.draw.randint(2, 8)
    payload["date_of_birth"] = f"{maker.rules.election.date.year - years}-06-15"


def _several_mistakes(maker: Maker, payload: Payload) -> None:
    _too_young(maker, payload)
    _missing_attestation(maker, payload)
    _wrong_phone(maker, payload)


def _no_phone(_maker: Maker, payload: Payload) -> None:
    del payload["phone_number"]


def _pasted_marks(_maker: Maker, payload: Payload) -> None:
    # As contacts and right-to-left pages give them.
    payload["full_name"] = f"\u202a{payload['full_name']}\u202c\u200e"
    payload["phone_number"] = f"\u202d{payload['phone_number']}\u202c"
    payload["address"]["postcode"] += "\u200f"


def _postcode_spelling(maker: Maker, payload: Payload) -> None:
    address = payload["address"]
    bare = address["postcode"].replace("-", "").replace(" ", "")
    spellings = (
        bare,
        bare.lower(),
        f"{address['country']}-{address['postcode']}",
        address["postcode"].replace("-", "\u2011").replace(" ", "  "),
        "".join(chr(ord(one) + _FULL_WIDTH) for one in bare),
    )
    address["postcode"] = maker.draw.choice(spellings)


def _mail_from_next_state(maker: Maker, payload: Payload) -> None:
    address = payload["address"]
    places = maker.countries[address["country"]].cities
    elsewhere = [place.postcode for place in places if place.region != address["region"]]
    address["postcode"] = maker.draw.choice(elsewhere)


def _birth_year_only(_maker: Maker, payload: Payload) -> None:
    payload["date_of_birth"] = payload["date_of_birth"][:4]


def _no_street(_maker: Maker, payload: Payload) -> None:
    address = payload["address"]
    del address["lines"], address["postcode"]
    address["described_location"] = "under the railway bridge"


def _unknown_consent_text(_maker: Maker, payload: Payload) -> None:
    payload["consent"]["text_version"] = "banana"


RECIPES: dict[str, _Recipe] = {
    TYPICAL: _Recipe(_as_is),
    "non_latin_name": _Recipe(_as_is, lives_in=lambda country: country.script == "other"),
    "long_name": _Recipe(_long_name),
    "single_name": _Recipe(_single_name),
    "turns_18_on_election_day": _Recipe(_old_enough_by(0)),
    "turns_18_day_after": _Recipe(_old_enough_by(-1)),
    "too_young": _Recipe(_too_young),
    "leap_day_birth": _Recipe(_leap_day_birth),
    "wrong_phone": _Recipe(_wrong_phone),
    "impossible_postcode": _Recipe(_impossible_postcode),
    "missing_attestation": _Recipe(_missing_attestation),
    "wrong_email": _Recipe(_wrong_email),
    "wrong_national_id": _Recipe(
        _wrong_national_id, lives_in=lambda country: country.national_id is not None
    ),
    "misspelt_region": _Recipe(
        _misspelt_region, lives_in=lambda country: country.cities[0].region is not None
    ),
    "implausibly_old": _Recipe(_implausibly_old),
    "lives_elsewhere": _Recipe(_as_is, elsewhere=True),
    "several_mistakes": _Recipe(_several_mistakes),
    "no_phone": _Recipe(_no_phone),
    "pasted_marks": _Recipe(_pasted_marks),
    "postcode_spelling": _Recipe(_postcode_spelling),
    "mail_from_next_state": _Recipe(
        _mail_from_next_state, lives_in=lambda country: country.cities[0].region is not None
    ),
    "birth_year_only": _Recipe(_birth_year_only),
    "no_street": _Recipe(_no_street),
    "unknown_consent_text": _Recipe(_unknown_consent_text),
    "area_by_postcode": _Recipe(_as_is),
    "area_by_house_number": _Recipe(_as_is),
    "area_by_region": _Recipe(_as_is),
    "area_left_open": _Recipe(_as_is),
    "area_settled_by_staff": _Recipe(_as_is),
    "moved": _Recipe(_as_is),
    "failed_correction": _Recipe(_as_is, correct=_unknown_consent_text),
}
"""How each kind in ``people.toml`` is made."""
