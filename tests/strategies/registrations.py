"""Hypothesis strategies for registrations: any of valid form, and those of accepted people."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

from hypothesis import strategies as st

from civic.contracts.text import plain_text, refused_character, shows
from civic.identity.model.registration import Address, Consent, Registration

SUBMITTED_AT = datetime(2027, 1, 15, 12, tzinfo=UTC)

_CHARACTERS = st.characters(exclude_categories=("Cc", "Cs", "Co", "Zl", "Zp")).filter(
    lambda one: refused_character(one) is None
)


ACCEPTED_COUNTRIES = (
    "BR",
    "DE",
    "EG",
    "ES",
    "FR",
    "GB",
    "GR",
    "IE",
    "IN",
    "IT",
    "JP",
    "NL",
    "PL",
    "PT",
    "UA",
    "US",
)
_REGIONS = ("CA", "California", "東京都", "Tokyo", "São Paulo", "SP", "Київ", "القاهرة", "Madrid")
_NUMBERS = ("+49 30 901820", "030 901820", "(201) 555-0123", "12345678Z", "52998224725", "110001")


def plain(max_size: int) -> st.SearchStrategy[str]:
    """Any text that ``plain_text`` accepts."""
    return st.text(_CHARACTERS, min_size=1, max_size=max_size).filter(_is_plain)


def countries() -> st.SearchStrategy[str]:
    """Usually an accepted country, otherwise any two letters."""
    letters = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=2, max_size=2)
    return st.sampled_from(ACCEPTED_COUNTRIES) | letters


def moments() -> st.SearchStrategy[datetime]:
    """Any aware time, with any offset."""
    offsets = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timedelta(minutes=minutes))
    return st.datetimes(timezones=offsets.map(timezone))


def partial_dates() -> st.SearchStrategy[str]:
    """Any year, and any month of any year."""
    drawn = st.tuples(st.dates(), st.sampled_from((4, 7)))
    return drawn.map(lambda one: one[0].isoformat()[: one[1]])


def addresses() -> st.SearchStrategy[Address]:
    """Any address of valid form."""
    lines = st.lists(plain(120), min_size=1, max_size=4).map(tuple)
    ways: list[dict[str, st.SearchStrategy[Any]]] = [
        {"lines": lines, "described_location": st.none() | plain(500)},
        {"lines": st.none(), "described_location": plain(500)},
    ]
    return st.sampled_from(ways).flatmap(_addresses)


def _addresses(location: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[Address]:
    return st.builds(
        Address,
        **location,
        city=plain(120),
        region=st.none() | st.sampled_from(_REGIONS) | plain(120),
        postcode=st.none() | st.sampled_from(_NUMBERS) | plain(32),
        country=countries(),
    )


def registrations() -> st.SearchStrategy[Registration]:
    """Any registration of valid form."""
    return st.builds(
        Registration,
        username=plain(64),
        full_name=plain(200),
        date_of_birth=st.dates() | partial_dates(),
        address=addresses(),
        phone_number=st.none() | st.sampled_from(_NUMBERS) | plain(32),
        email=st.none() | st.emails().filter(_fits_mailbox) | plain(254),
        national_id=st.none() | st.sampled_from(_NUMBERS) | plain(32),
        citizenship_attestation=st.booleans(),
        consent=st.builds(
            Consent,
            text_version=st.sampled_from(("2027-1", "2026-draft", "banana")),
            given_at=moments().map(datetime.isoformat),
        ),
    )


def person(**changes: object) -> Registration:
    """A made-up person whom the shipped rule set accepts, with some fields changed."""
    fields: dict[str, object] = {
        "username": "erika",
        "full_name": "Erika Mustermann",
        "date_of_birth": date(1984, 8, 12),
        "address": address(),
        "phone_number": "+49 30 901820",
        "citizenship_attestation": True,
        "consent": Consent(text_version="2027-1", given_at="2027-01-14T12:00:00Z"),
    }
    return Registration.model_validate(fields | changes)


def address(**changes: object) -> Address:
    """A German address, with some fields changed."""
    fields: dict[str, object] = {
        "lines": ("Heidestraße 17",),
        "city": "Köln",
        "postcode": "51147",
        "country": "DE",
    }
    return Address.model_validate(fields | changes)


def _is_plain(value: str) -> bool:
    return shows(value) and plain_text(value) == value


def _fits_mailbox(value: str) -> bool:
    return len(value) <= 254
