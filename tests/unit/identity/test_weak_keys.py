"""The keys that registrations of one person share, and those of other people do not."""

import hashlib
import hmac
from datetime import date

import pytest

from civic.identity.model.age import PartialDate
from civic.identity.model.likeness import (
    KEY_BYTES,
    Kind,
    LikenessKey,
    kinds,
    likeness_of,
    packed,
    unpacked,
)
from civic.identity.model.registration import Address, Registration
from civic.identity.model.weak_keys import _Traits, weak_keys
from tests.strategies.registrations import address, person

PEPPER = bytes(range(32))
ERIKA = person(email="erika@example.org", national_id="12345678Z")
ELSEWHERE = address(lines=("Am Markt 3",), city="Leipzig", postcode="04109")
NEW_CONTACT = {"phone_number": "+49 341 123450", "email": "other@example.org"}
EVERY = frozenset(Kind) - {Kind.NAME_AND_BIRTH}
BIRTH = {Kind.HOUSE, Kind.PHONE_AND_BIRTH, Kind.EMAIL_AND_BIRTH}
NAME = {Kind.NAME_AND_HOUSE, Kind.PHONE_AND_NAME}
HOME = {Kind.HOUSE, Kind.NAME_AND_HOUSE}


def keys(registration: Registration) -> frozenset[LikenessKey]:
    return weak_keys(registration, PEPPER)


def shared(one: Registration, **changes: object) -> frozenset[Kind]:
    """Return by what the same registration with some changes is recognised."""
    return kinds(keys(one) & keys(one.model_copy(update=changes)))


def test_key_is_the_kind_and_an_hmac_of_the_parts_with_their_lengths() -> None:
    parts = [b"1984-08-12", b"erika", b"mustermann".replace(b"nn", b"n")]
    message = b"civic/likeness" + b"\x01\x01"
    for part in parts:
        message += bytes([0, 0, 0, len(part)]) + part
    digest = hmac.new(PEPPER, message, hashlib.sha256).digest()
    assert b"\x01" + digest[:15] == likeness_of(ERIKA, PEPPER)


def test_known_answers() -> None:
    """Any change of these needs another VERSION: stored keys are compared with new ones."""
    digest = hashlib.sha256(packed(keys(ERIKA))).hexdigest()
    assert digest == "57298c65d42f8ce4d755bffbedf057cd5fcf13bed7475fda25959d8c71107edb"


def test_a_full_registration_has_keys_of_every_kind() -> None:
    found = keys(ERIKA)
    assert kinds(found) == EVERY
    # The house with its street and with initials, and with the name and most of a date four times.
    assert len(found) == 2 + 4 + 4
    assert {len(key) for key in found} == {KEY_BYTES}


def test_another_pepper_makes_other_keys() -> None:
    assert not keys(ERIKA) & weak_keys(ERIKA, bytes(32))


@pytest.mark.parametrize("pepper", [b"", bytes(31)])
def test_a_short_pepper_is_refused(pepper: bytes) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        weak_keys(ERIKA, pepper)


@pytest.mark.parametrize(
    "spelling",
    [
        {"full_name": "MUSTERMANN, Erika"},
        {"full_name": "Erika E. Mustermann"},
        {"full_name": "Еріка Мустерманн"},
        {"address": address(postcode="D-51147")},
        {"address": address(lines=("Heidestr. 17",))},
        {"address": address(lines=("Hinterhaus", "Heidestraße 17a"))},
        {"phone_number": "0049 30 90 18 20"},
        {"phone_number": "030/901820"},
        {"email": "Erika@Example.org"},
        {"national_id": "12 345 678-z"},
        {"national_id": "１２３４５６７８Z"},  # noqa: RUF001 - as a Japanese keyboard types it
    ],
    ids=str,
)
def test_another_spelling_changes_no_key(spelling: dict[str, object]) -> None:
    assert keys(ERIKA.model_copy(update=spelling)) == keys(ERIKA)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, EVERY),
        ({"username": "other"}, EVERY),
        ({"full_name": "Erika Musterfrau"}, EVERY),
        ({"full_name": "Erika Schmidt"}, EVERY - NAME),
        ({"date_of_birth": date(1984, 12, 8)}, EVERY - BIRTH),
        ({"date_of_birth": date(1984, 8, 21)}, EVERY - BIRTH),
        ({"date_of_birth": date(1974, 8, 12)}, EVERY - BIRTH),
        ({"date_of_birth": date(1984, 3, 12)}, EVERY - BIRTH),
        ({"date_of_birth": date(1974, 8, 13)}, EVERY - BIRTH - {Kind.NAME_AND_HOUSE}),
        ({"phone_number": None}, EVERY - {Kind.PHONE_AND_BIRTH, Kind.PHONE_AND_NAME}),
        ({"phone_number": "call me"}, EVERY - {Kind.PHONE_AND_BIRTH, Kind.PHONE_AND_NAME}),
        ({"email": None}, EVERY - {Kind.EMAIL_AND_BIRTH}),
        ({"national_id": None}, EVERY - {Kind.NATIONAL_ID}),
        ({"address": address(postcode="51149")}, EVERY - HOME),
        ({"address": address(lines=("Heidestraße 18",))}, EVERY - HOME),
        ({"address": address(lines=("Rheinallee 17",))}, EVERY),
        ({"address": address(lines=("Rheinallee 17",)), "full_name": "Erika Schmidt"},
         EVERY - HOME - NAME),
        ({"address": ELSEWHERE} | NEW_CONTACT, {Kind.NATIONAL_ID}),
        ({"address": ELSEWHERE, "full_name": "Erika Schmidt"},
         {Kind.PHONE_AND_BIRTH, Kind.EMAIL_AND_BIRTH, Kind.NATIONAL_ID}),
    ],
    ids=str,
)  # fmt: skip
def test_each_change_leaves_the_kinds_that_do_not_hold_it(
    changes: dict[str, object], expected: set[Kind]
) -> None:
    assert shared(ERIKA, **changes) == expected


def test_twins_share_what_they_live_in_and_not_their_name() -> None:
    twin = {"full_name": "Hans Mustermann", "national_id": None} | NEW_CONTACT
    assert shared(ERIKA, **twin) == {Kind.HOUSE}


def test_parent_and_child_of_one_name_share_nothing() -> None:
    child = {"date_of_birth": date(2008, 1, 2), "national_id": None} | NEW_CONTACT
    assert not shared(ERIKA, **child)


def test_others_of_one_name_or_of_one_household_share_nothing() -> None:
    namesake = {"date_of_birth": date(2008, 1, 2), "address": ELSEWHERE} | NEW_CONTACT
    sibling = {"date_of_birth": date(2008, 1, 2), "full_name": "Hans Mustermann"} | NEW_CONTACT
    for other in (namesake, sibling):
        assert not shared(ERIKA, **other, national_id=None)


def test_the_same_number_in_another_country_is_no_likeness() -> None:
    abroad = address(country="FR", city="Lyon")
    assert shared(ERIKA, address=abroad, phone_number=None) == {Kind.EMAIL_AND_BIRTH}


@pytest.mark.parametrize("partial", ["1984", "1984-08"])
def test_a_partial_birth_date_counts_only_beside_who_somebody_is(partial: str) -> None:
    known = keys(ERIKA.model_copy(update={"date_of_birth": PartialDate(partial)}))
    assert kinds(known) == EVERY - HOME
    assert not kinds(known & keys(ERIKA)) & BIRTH


def test_whoever_describes_where_they_live_has_no_house() -> None:
    described = Address(described_location="Brücke 17, Südseite", city="Köln", country="DE")
    found = kinds(keys(ERIKA.model_copy(update={"address": described})))
    assert found == EVERY - HOME


@pytest.mark.parametrize("number", ["1234", "00000000", "-----", "x"])
def test_what_anybody_types_for_an_id_is_none(number: str) -> None:
    assert Kind.NATIONAL_ID not in kinds(keys(ERIKA.model_copy(update={"national_id": number})))


def test_a_long_name_has_no_more_keys() -> None:
    name = " ".join(f"{letter}arolus" for letter in "bcdfghjklmnpqrstvwxz")
    found = keys(ERIKA.model_copy(update={"full_name": name}))
    assert len(found) == len(keys(ERIKA))
    shorter = ERIKA.model_copy(update={"full_name": name.rpartition(" ")[0]})
    assert Kind.NAME_AND_HOUSE not in kinds(found & keys(shorter))


def test_packed_keys_are_in_order_and_each_is_there_once() -> None:
    value = packed([*keys(ERIKA), *keys(ERIKA)])
    assert len(value) == KEY_BYTES * len(keys(ERIKA))
    assert value == packed(sorted(keys(ERIKA), reverse=True))
    cut = [value[at : at + KEY_BYTES] for at in range(0, len(value), KEY_BYTES)]
    assert cut == sorted(keys(ERIKA))
    assert unpacked(value) == keys(ERIKA)


def test_what_is_compared_shows_nothing() -> None:
    assert "mustermann" not in repr(_Traits.of(ERIKA)).lower()
