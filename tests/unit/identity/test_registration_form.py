"""The form of a registration: what is refused at the edge, and that a refusal repeats nothing."""

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from civic.identity.model.registration import PII_FIELDS, Address, Consent, Registration
from tests.strategies.registrations import person, registrations

VALID: dict[str, Any] = person(email="erika@example.org").model_dump(mode="json", exclude_none=True)
BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
HIDDEN = "\x00\t\n\x1b\x7f\x85\u2028\u2029\ue000\U000f0000"
TEXTS = ("username", "full_name", "email")
NUMBERS = ("phone_number", "national_id")
CANARY = "zq9canary"


def parse(**changes: object) -> Registration:
    return Registration.model_validate_json(json.dumps({**VALID, **changes}))


def errors(**changes: object) -> list[tuple[str, tuple[int | str, ...]]]:
    with pytest.raises(ValidationError) as caught:
        parse(**changes)
    return [(error["type"], error["loc"]) for error in caught.value.errors()]


def test_valid_registration_is_read_as_written() -> None:
    assert parse().model_dump(mode="json", exclude_none=True) == VALID


def test_optional_fields_may_be_left_out() -> None:
    registration = Registration.model_validate_json(json.dumps(without("email", "phone_number")))
    assert (registration.email, registration.phone_number) == (None, None)
    assert registration.national_id is None


@pytest.mark.parametrize("name", ["username", "full_name", "date_of_birth", "address", "consent"])
def test_required_field_is_missed(name: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Registration.model_validate_json(json.dumps(without(name)))
    assert [(error["type"], error["loc"]) for error in caught.value.errors()] == [
        ("missing", (name,))
    ]


@pytest.mark.parametrize(
    "value",
    ["0", "1700000000", "12.5", "1984-8-12", "19840812", "84-08-12", "1984-8", "84", "-984"],
)
def test_digits_are_not_a_date(value: str) -> None:
    assert errors(date_of_birth=value) == [("not_a_date", ("date_of_birth",))]


@pytest.mark.parametrize(
    "value",
    [
        "2023-02-29",
        "2023-13-01",
        "1984-08-12T00:00:00",
        "1984-08-12 ",
        "\u0661984-08-12",
        "2023-13",
        "2023-00",
        "0000",
        "0000-01",
        "1984-",
        "\u0661984",
    ],
)
def test_what_no_calendar_has_is_not_a_date(value: str) -> None:
    assert errors(date_of_birth=value) == [("not_a_date", ("date_of_birth",))]


@pytest.mark.parametrize("value", [0, 1700000000, 1.5, True, None, [], {}])
def test_what_is_no_string_is_not_a_date(value: object) -> None:
    assert [place for _, place in errors(date_of_birth=value)] == [("date_of_birth",)]


def test_leap_day_is_a_date() -> None:
    assert parse(date_of_birth="2004-02-29").date_of_birth == date(2004, 2, 29)


@pytest.mark.parametrize("value", ["1984", "1984-08", "0001", "9999-12"])
def test_date_of_birth_may_be_known_in_part_and_is_kept_so(value: str) -> None:
    registration = parse(date_of_birth=value)
    assert registration.date_of_birth == value
    assert registration.to_fields()["date_of_birth"] == f'"{value}"'.encode()
    assert Registration.from_fields(registration.to_fields()) == registration


@pytest.mark.parametrize(
    "value",
    [
        "1984-08-12",
        "1984-08",
        "1984",
        "0001",
        "0000",
        "1984-13",
        "1984-00",
        "1984-8",
        "984",
        "",
        1984,
    ],
)
def test_description_of_a_date_of_birth_says_the_same(value: object) -> None:
    schema = Registration.model_json_schema()["properties"]["date_of_birth"]
    checker = Draft202012Validator.FORMAT_CHECKER
    described = Draft202012Validator(schema, format_checker=checker).is_valid(value)
    try:
        taken = bool(parse(date_of_birth=value))
    except ValidationError:
        taken = False
    assert described == taken


@pytest.mark.parametrize(
    "value",
    [
        "0",
        "1700000000",
        "2027-01-01",
        "2027-01-01T00:00:00",
        "2027-01-01 00:00:00Z",
        "2027-02-30T00:00:00Z",
        "2027-01-01T25:00:00Z",
        "2027-01-01T00:00:00+25:00",
        0,
        None,
    ],
)
def test_what_is_no_moment_with_a_zone_is_refused(value: object) -> None:
    consent = {"text_version": "2027-1", "given_at": value}
    assert [place for _, place in errors(consent=consent)] == [("consent", "given_at")]


@pytest.mark.parametrize(
    "value", ["2027-01-01T00:00:00Z", "2027-01-01T00:00:00.123+05:45", "2027-01-01T00:00:00-11:00"]
)
def test_moment_is_kept_as_written_and_read_with_its_zone(value: str) -> None:
    consent = parse(consent={"text_version": "2027-1", "given_at": value}).consent
    assert consent.given_at == value
    assert consent.given.tzinfo is not None


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("character", BIDI + HIDDEN)
def test_characters_that_hide_or_reorder_are_refused(name: str, character: str) -> None:
    assert errors(**{name: f"a{character}b"}) == [("forbidden_character", (name,))]
    with pytest.raises(ValidationError, match=f"U\\+{ord(character):04X}"):
        parse(**{name: f"a{character}b"})


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("character", HIDDEN)
def test_characters_that_hide_are_refused_in_numbers(name: str, character: str) -> None:
    assert errors(**{name: f"1{character}2"}) == [("forbidden_character", (name,))]


@pytest.mark.parametrize("mark", BIDI)
def test_marks_pasted_with_a_number_or_around_a_text_are_not_kept(mark: str) -> None:
    address = {**VALID["address"], "postcode": f"{mark}511{mark}47", "city": f"{mark}Köln{mark}"}
    pasted = parse(phone_number=f"{mark}+49 30{mark} 901820{mark}", address=address)
    assert pasted == parse(phone_number="+49 30 901820")


@pytest.mark.parametrize("name", ["city", "region", "described_location"])
@pytest.mark.parametrize("character", ["\u202e", "\x00"])
def test_characters_that_hide_are_refused_in_addresses(name: str, character: str) -> None:
    address = {**VALID["address"], name: f"a{character}b"}
    assert errors(address=address) == [("forbidden_character", ("address", name))]


def test_characters_that_hide_are_refused_in_address_lines() -> None:
    address = {**VALID["address"], "lines": ["fine", "a\u202eb"]}
    assert errors(address=address) == [("forbidden_character", ("address", "lines", 1))]


@pytest.mark.parametrize(
    "name",
    ["می\u200cخواهم", "ක්\u200dෂ", "O'Brien-Smith", "X Æ A-12", "张伟", "Nguyễn Văn A", "李", "Ⅻ"],  # noqa: RUF001 - they are meant
)
def test_names_of_any_shape_are_taken(name: str) -> None:
    assert parse(full_name=name).full_name == name


@pytest.mark.parametrize("blank", [" ", "\u00a0", "\u3000\u2003"])
def test_blank_text_is_refused(blank: str) -> None:
    assert errors(username=blank) == [("blank", ("username",))]


def test_lone_surrogate_is_refused() -> None:
    assert errors(username="\ud800")[0][0] == "json_invalid"


@pytest.mark.parametrize(
    ("name", "longest"),
    [("username", 64), ("full_name", 200), ("phone_number", 32), ("email", 254)],
)
def test_text_has_a_greatest_length(name: str, longest: int) -> None:
    assert parse(**{name: "x" * longest}).username
    assert errors(**{name: "x" * (longest + 1)}) == [("string_too_long", (name,))]


@pytest.mark.parametrize("lines", [[], ["a"] * 5])
def test_address_has_one_to_four_lines(lines: list[str]) -> None:
    assert errors(address={**VALID["address"], "lines": lines})[0][1] == ("address", "lines")


CROSSING = "under the bridge where Main Street meets 1st Street"


def test_location_may_be_described_in_place_of_lines_and_postcode() -> None:
    described = {"described_location": CROSSING, "city": "Sacramento", "country": "US"}
    registration = parse(address=described)
    assert registration.address.lines is None
    assert registration.model_dump(mode="json", exclude_none=True)["address"] == described
    assert Registration.from_fields(registration.to_fields()) == registration


@pytest.mark.parametrize(
    ("location", "faults"),
    [
        ({}, [("missing", ("address", "lines"))]),
        ({"lines": None}, [("missing", ("address", "lines"))]),
        ({"described_location": None}, [("missing", ("address", "lines"))]),
        ({"described_location": " "}, [("blank", ("address", "described_location"))]),
        (
            {"described_location": "x" * 501},
            [("string_too_long", ("address", "described_location"))],
        ),
        ({"described_location": CROSSING, "lines": []}, [("too_short", ("address", "lines"))]),
        ({"described_location": CROSSING}, []),
        ({"described_location": CROSSING, "lines": None}, []),
        ({"described_location": CROSSING, "lines": ["1 Main St"]}, []),
        ({"lines": ["1 Main St"]}, []),
    ],
)
def test_address_has_lines_or_a_description(
    location: dict[str, Any], faults: list[tuple[str, tuple[str, ...]]]
) -> None:
    address = {"city": "Sacramento", "country": "US", **location}
    assert (errors(address=address) if faults else []) == faults
    schema = Registration.model_json_schema()
    described = Draft202012Validator({"$ref": "#/$defs/Address", "$defs": schema["$defs"]})
    assert described.is_valid(address) == (not faults)
    if not faults:
        assert parse(address=address).address.city == "Sacramento"


@pytest.mark.parametrize("country", ["de", "DEU", "D", "", "\uff24\uff25", "DE\n"])
def test_country_is_two_capital_letters(country: str) -> None:
    address = {**VALID["address"], "country": country}
    assert errors(address=address) == [("string_pattern_mismatch", ("address", "country"))]


@pytest.mark.parametrize("value", ["true", 1, "yes", None])
def test_attestation_is_a_boolean_and_nothing_like_it(value: object) -> None:
    assert errors(citizenship_attestation=value) == [("bool_type", ("citizenship_attestation",))]


@pytest.mark.parametrize("value", [1, True, [], {}, None])
def test_text_is_a_string_and_nothing_like_it(value: object) -> None:
    assert errors(username=value) == [("string_type", ("username",))]


def test_unknown_fields_are_refused_at_every_level() -> None:
    found = errors(
        nickname="x",
        address={**VALID["address"], "planet": "x"},
        consent={**VALID["consent"], "ip": "x"},
    )
    assert found == [
        ("extra_forbidden", ("address", "planet")),
        ("extra_forbidden", ("consent", "ip")),
        ("extra_forbidden", ("nickname",)),
    ]


def test_nothing_of_a_registration_is_shown() -> None:
    registration = parse(username=CANARY, address={**VALID["address"], "city": CANARY})
    shown = [f"{one!r} {one}" for one in (registration, registration.address)]
    assert all(CANARY not in text for text in shown)
    assert "username=<redacted>" in shown[0]


def test_errors_hide_what_was_sent() -> None:
    with pytest.raises(ValidationError) as caught:
        parse(username=f"{CANARY}\x00", date_of_birth=CANARY, address=CANARY)
    assert CANARY not in str(caught.value)
    assert CANARY not in repr(caught.value)


def test_every_field_is_marked_as_personal_data_with_a_purpose() -> None:
    assert set(PII_FIELDS) == set(Registration.model_fields)
    assert all(marker.purpose for marker in PII_FIELDS.values())


def test_absent_fields_are_not_sealed() -> None:
    fields = person().to_fields()
    assert set(fields) == set(Registration.model_fields) - {"email", "evidence", "national_id"}


@given(registrations())
def test_any_registration_survives_its_fields(registration: Registration) -> None:
    assert Registration.from_fields(registration.to_fields()) == registration


def test_opened_fields_that_are_no_registration_are_refused_without_showing_them() -> None:
    fields = {**person().to_fields(), "username": json.dumps([CANARY]).encode()}
    with pytest.raises(ValidationError) as caught:
        Registration.from_fields(fields)
    assert CANARY not in str(caught.value)


def test_models_are_frozen() -> None:
    for model in (Registration, Address, Consent):
        assert model.model_config["frozen"]
        assert model.model_config["strict"]


def without(*names: str) -> dict[str, Any]:
    return {key: value for key, value in VALID.items() if key not in names}


@pytest.mark.parametrize("full_name", ["Ma\u00adra Sol", "Mara\u200b", "\u3164", "Mara\ufeff"])
def test_record_of_a_release_that_took_other_texts_opens_as_it_was_sealed(full_name: str) -> None:
    sealed = parse().to_fields() | {"full_name": json.dumps(full_name).encode()}
    sealed["phone_number"] = json.dumps(" +49 30 901820\u00a0").encode()
    opened = Registration.from_fields(sealed)
    assert (opened.full_name, opened.phone_number) == (full_name, " +49 30 901820\u00a0")
    assert opened.to_fields() == Registration.from_fields(opened.to_fields()).to_fields()
    with pytest.raises(ValidationError):
        parse(full_name=full_name)
