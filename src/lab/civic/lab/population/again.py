"""Second registrations of the same person, and registrations of people who look alike.

Made from a registration of the population, so that it is known which two are of one person.
"""

import copy
import json
import re
import string
import tomllib
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date
from functools import cache
from importlib.resources import files

from civic.client.people_formats import Payload
from civic.identity.model.registration import Registration
from civic.lab.population.data import Country
from civic.lab.population.maker import Maker

type Change = Callable[[Maker, Payload], None]
"""Changes a registration in place, or leaves it as it is where it does not apply."""

_TRIES = 20
_ISO_DATE_LENGTH = 10
_INSEPARABLE = {ord("ł"): "l", ord("Ł"): "L", 0x131: "i", ord("ß"): "ss"}
"""Letters that people replace and Unicode does not take apart."""


def again(maker: Maker, first: Payload, change: Change, *, new_contact: bool) -> Payload | None:
    """Return a second registration of the same person, or None if the change does not apply.

    Args:
        maker: Draws what changes.
        first: The person's registration, which is left as it is.
        change: One of ``CHANGES``.
        new_contact: Whether telephone number and e-mail address are others.
    """
    plain = _as_read(first)
    second = copy.deepcopy(plain)
    change(maker, second)
    if second == plain and change is not _nothing:
        return None
    if new_contact:
        _new_contact(maker, second)
    return second


def look_alike(maker: Maker, first: Payload, change: Change) -> Payload | None:
    """Return a registration of another person, or None if there is none such.

    Args:
        maker: Draws what differs.
        first: The registration of the person whom the other one looks like.
        change: One of ``LOOK_ALIKES``.
    """
    second = again(maker, first, change, new_contact=True)
    if second is not None:
        second.pop("national_id", None)
    return second


def type_id(maker: Maker, payload: Payload, mistaken: float) -> None:
    """Have somebody type their national id once more, in another spelling.

    Args:
        maker: Draws the spelling.
        payload: Has a national id.
        mistaken: The share of people who mistype it.
    """
    written = payload["national_id"]
    if maker.draw.random() < mistaken:
        at = maker.draw.randrange(len(written))
        wrong = maker.draw.choice([digit for digit in string.digits if digit != written[at]])
        written = written[:at] + wrong + written[at + 1 :]
    middle = len(written) // 2
    separator = maker.draw.choice(("", " ", "-", "."))
    payload["national_id"] = written[:middle].lower() + separator + written[middle:]


def has_national_id(maker: Maker, payload: Payload) -> bool:
    """Return whether people of this country have an identifier that can be made up."""
    country = maker.data.countries.get(payload["address"]["country"])
    return country is not None and country.national_id is not None


def _as_read(payload: Payload) -> Payload:
    """Return a registration without what was pasted along with it."""
    read = Registration.model_validate_json(json.dumps(payload))
    plain: Payload = read.model_dump(mode="json", exclude_none=True)
    return plain


def _nothing(_maker: Maker, _payload: Payload) -> None:
    pass


def _name_typo(maker: Maker, payload: Payload) -> None:
    payload["full_name"] = typo(maker, payload["full_name"])


def _street_typo(maker: Maker, payload: Payload) -> None:
    lines = payload["address"].get("lines")
    if lines:
        lines[0] = typo(maker, lines[0])


def _postcode_typo(maker: Maker, payload: Payload) -> None:
    postcode = payload["address"].get("postcode", "")
    places = [at for at, mark in enumerate(postcode) if mark.isdigit()]
    if places:
        at = maker.draw.choice(places)
        digit = maker.draw.choice([one for one in string.digits if one != postcode[at]])
        payload["address"]["postcode"] = postcode[:at] + digit + postcode[at + 1 :]


def _birth_date_typo(maker: Maker, payload: Payload) -> None:
    born = payload["date_of_birth"]
    if len(born) < _ISO_DATE_LENGTH:
        return
    year, month, day = born.split("-")
    other_day = f"{maker.draw.randint(1, 28):02}"
    candidates = [(year, day, month), (str(int(year) - 10), month, day), (year, month, other_day)]
    maker.draw.shuffle(candidates)
    for candidate in candidates:
        if candidate != (year, month, day) and _is_date("-".join(candidate)):
            payload["date_of_birth"] = "-".join(candidate)
            return


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _names_swapped(_maker: Maker, payload: Payload) -> None:
    payload["full_name"] = " ".join(reversed(payload["full_name"].split()))


def _accents_dropped(_maker: Maker, payload: Payload) -> None:
    if not all(map(_is_latin, payload["full_name"])):
        return
    payload["full_name"] = _without_accents(payload["full_name"])
    address = payload["address"]
    if "lines" in address:
        address["lines"] = [_without_accents(line) for line in address["lines"]]


def _is_latin(mark: str) -> bool:
    return not mark.isalpha() or "LATIN" in unicodedata.name(mark, "")


def _without_accents(text: str) -> str:
    base = text.translate(_INSEPARABLE)
    return "".join(
        mark for mark in unicodedata.normalize("NFD", base) if not unicodedata.combining(mark)
    )


def _other_script(_maker: Maker, payload: Payload) -> None:
    payload["full_name"] = _romanised(payload["full_name"])
    address = payload["address"]
    address["city"] = _romanised(address["city"])
    if "lines" in address:
        address["lines"] = [_romanised(line) for line in address["lines"]]


def _romanised(text: str) -> str:
    for written, latin in _words().items():
        text = text.replace(written, latin)
    return text.strip()


@cache
def _words() -> Mapping[str, str]:
    document = (files("civic.lab.population") / "romanised.toml").read_text("utf-8")
    found: dict[str, str] = tomllib.loads(document)["words"]
    return dict(sorted(found.items(), key=lambda one: -len(one[0])))


def _surname_changed(maker: Maker, payload: Payload) -> None:
    _other_word(maker, payload, _country(maker, payload).family)


def _moved(maker: Maker, payload: Payload) -> None:
    country, code = _country(maker, payload), payload["address"]["country"]
    for _ in range(_TRIES):
        address = maker.address(code, country)
        if address["city"] != payload["address"]["city"]:
            payload["address"] = address
            return


def _both(one: Change, other: Change) -> Change:
    def change(maker: Maker, payload: Payload) -> None:
        before = copy.deepcopy(payload)
        one(maker, payload)
        between = copy.deepcopy(payload)
        other(maker, payload)
        if between in (before, payload):
            payload.clear()
            payload.update(before)

    return change


def _new_contact(maker: Maker, payload: Payload) -> None:
    payload["phone_number"] = maker.phone_number(payload["address"]["country"])
    mailbox = maker.draw.randrange(10**9)
    payload["email"] = f"{mailbox:09}@{maker.draw.choice(maker.data.mail_domains)}"


def typo(maker: Maker, text: str) -> str:
    """Return a text with one letter left out, doubled, mistaken or swapped with the next."""
    places = [at for at, mark in enumerate(text) if mark.isalpha()]
    if len(places) <= 1:
        return text
    at = maker.draw.choice(places)
    before, letter, behind = text[:at], text[at], text[at + 1 :]
    others = string.ascii_lowercase if _is_latin(letter) else [text[place] for place in places]
    return maker.draw.choice(
        (
            f"{before}{behind}",
            f"{before}{letter}{letter}{behind}",
            f"{before}{maker.draw.choice(others)}{behind}",
            f"{before}{behind[:1]}{letter}{behind[1:]}",
        )
    ).strip()


def _twin(maker: Maker, payload: Payload) -> None:
    _other_word(maker, payload, _country(maker, payload).given)


def _parent(maker: Maker, payload: Payload) -> None:
    payload["date_of_birth"] = maker.date_of_birth()


def _country(maker: Maker, payload: Payload) -> Country:
    data = maker.data
    everywhere = data.countries | data.divided | data.elsewhere
    return everywhere[payload["address"]["country"]]


def _other_word(maker: Maker, payload: Payload, known: tuple[str, ...]) -> None:
    """Put another name of a country in the place of one that somebody has."""
    name = payload["full_name"]
    for word in sorted(known, key=len, reverse=True):
        found = re.search(rf"(?<!\w){re.escape(word)}(?!\w)", name)
        if found:
            other = maker.draw.choice([one for one in known if one != word])
            payload["full_name"] = name[: found.start()] + other + name[found.end() :]
            return


CHANGES: Mapping[str, Change] = {
    "nothing": _nothing,
    "typo in the name": _name_typo,
    "typo in the street": _street_typo,
    "typo in the postcode": _postcode_typo,
    "another birth date": _birth_date_typo,
    "names swapped": _names_swapped,
    "accents dropped": _accents_dropped,
    "another script": _other_script,
    "another surname": _surname_changed,
    "moved": _moved,
    "moved, typo in the name": _both(_moved, _name_typo),
    "moved, another surname": _both(_moved, _surname_changed),
}
"""What differs between two registrations of one person."""

LOOK_ALIKES: Mapping[str, Change] = {
    "twins": _twin,
    "parent and child": _parent,
    "siblings": _both(_twin, _parent),
    "strangers of one name": _both(_moved, _parent),
}
"""Two people: at one address with one surname and birth date, with one name, with one surname
alone, and elsewhere with one name."""
