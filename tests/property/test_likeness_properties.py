"""Keys of any registration, and of the same one in another spelling."""

import unicodedata
from collections.abc import Callable
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from civic.identity.model.likeness import KEY_BYTES, packed
from civic.identity.model.registration import Registration
from civic.identity.model.sounds import sound
from civic.identity.model.weak_keys import weak_keys
from tests.strategies.registrations import address, person, registrations

PEPPER = bytes(range(32))
NAMES = st.sampled_from(
    (
        *("Jürgen", "Zoë", "François", "Łukasz", "Núria", "Íñigo", "Ελένη", "Соломія", "O'Brien"),
        *("Ng", "Müller", "Weiß", "García", "Wiśniewska", "Παπαδόπουλος", "Шевченко", "N'Diaye"),
    )
)
SPELLINGS: tuple[Callable[[str], str], ...] = (
    str.upper,
    str.lower,
    lambda text: unicodedata.normalize("NFD", text),
    lambda text: text.replace("'", "\u2019"),
    lambda text: text.replace(" ", ", "),
    lambda text: "  ".join(text.split()),
)


@given(registrations())
def test_any_registration_has_keys_that_fit_into_a_row(registration: Registration) -> None:
    found = weak_keys(registration, PEPPER)
    assert len(packed(found)) == KEY_BYTES * len(found) <= 10 * KEY_BYTES
    assert {len(key) for key in found} <= {KEY_BYTES}


@given(st.lists(NAMES, min_size=2, max_size=4), st.sampled_from(SPELLINGS), st.randoms())
def test_order_and_spelling_of_a_name_change_no_key(
    names: list[str], spelled: Callable[[str], str], draw: Random
) -> None:
    written = person(full_name=" ".join(names))
    draw.shuffle(names)
    other = person(full_name=spelled(" ".join(names)))
    assert weak_keys(written, PEPPER) == weak_keys(other, PEPPER)


@given(
    st.integers(1, 999),
    st.sampled_from(
        ("{n} High Street", "{n}, High St.", "Flat 2, {n} HIGH STREET", "{n}A High St")
    ),
    st.sampled_from(("SW1A 2AA", "sw1a2aa", "SW1A-2AA", "GB-SW1A 2AA")),
)
def test_spelling_of_an_address_changes_no_key(number: int, line: str, postcode: str) -> None:
    place = {"city": "London", "country": "GB"}
    plain = address(lines=(f"{number} High Street",), postcode="SW1A 2AA", **place)
    other = address(lines=(line.format(n=number),), postcode=postcode, **place)
    one, same = person(address=plain), person(address=other)
    assert weak_keys(one, PEPPER) == weak_keys(same, PEPPER)


@given(st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=20))
def test_a_sound_is_a_letter_and_three_digits(word: str) -> None:
    found = sound(word)
    assert len(found) == 4
    assert found[0] == word[0].upper()
    assert set(found[1:]) <= set("0123456")
    assert "0" not in found[1:].rstrip("0")
