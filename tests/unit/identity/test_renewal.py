"""Which token stands for the digest of a registration, and the code that people compare."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest

from civic.identity.model.keys import AccessDigest, digest_of
from civic.identity.model.renewal import (
    AGREED_WITHIN,
    CODE_CHARACTERS,
    Half,
    Renewal,
    comparison_code,
    in_force,
    read_code,
)
from tests.fakes.people import ADA

NOW = datetime(2027, 1, 15, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
JANE, JOHN = "arn:aws:iam::123456789012:user/jane", "arn:aws:iam::123456789012:user/john"


def valid(known: Iterable[Renewal]) -> Renewal | None:
    """Return the renewal whose token opens the registration."""
    found = in_force(known)
    return found.renewal if found else None


def renewal(
    name: str = "new",
    asked: datetime | None = NOW,
    agreed: datetime | None = NOW + SECOND,
    by: tuple[str, str] = (JANE, JOHN),
) -> Renewal:
    return Renewal(
        ADA,
        digest_of(name),
        Half(by[0], asked) if asked else None,
        Half(by[1], agreed) if agreed else None,
    )


@pytest.mark.parametrize("after", [timedelta(0), SECOND, AGREED_WITHIN])
def test_renewal_is_in_force_from_when_another_person_agreed(after: timedelta) -> None:
    made = renewal(agreed=NOW + after)
    assert made.renewed_at == NOW + after
    assert valid([made]) == made


@pytest.mark.parametrize(
    "made",
    [
        renewal(agreed=None),
        renewal(asked=None),
        renewal(asked=None, agreed=None),
        renewal(by=(JANE, JANE)),
        renewal(agreed=NOW - SECOND),
        renewal(agreed=NOW + AGREED_WITHIN + SECOND),
    ],
    ids=["not agreed", "not asked", "neither", "one person", "agreed before", "too late"],
)
def test_anything_else_is_not(made: Renewal) -> None:
    assert made.renewed_at is None
    assert valid([made]) is None


def test_newest_agreement_counts_whatever_was_asked_for_first() -> None:
    first = renewal("first", agreed=NOW + 3 * SECOND)
    second = renewal("second", asked=NOW + SECOND, agreed=NOW + 2 * SECOND)
    for known in ([first, second], [second, first]):
        assert valid(known) == first


def test_of_two_agreements_at_once_the_higher_digest_counts() -> None:
    known = [renewal("one"), renewal("other")]
    assert valid(known) == valid(known[::-1]) == max(known, key=lambda one: one.digest)


def test_renewal_that_is_not_in_force_does_not_hide_one_that_is() -> None:
    made = renewal("made")
    later = renewal("later", asked=NOW + SECOND, agreed=NOW + 2 * SECOND, by=(JANE, JANE))
    assert valid([made, later, renewal("waiting", agreed=None)]) == made


def test_renewal_waits_for_a_week() -> None:
    waiting = renewal(agreed=None)
    assert waiting.waits(NOW)
    assert waiting.waits(NOW + AGREED_WITHIN)
    assert not waiting.waits(NOW + AGREED_WITHIN + SECOND)
    # What is asked for in the future could not be agreed to in time.
    assert not waiting.waits(NOW - SECOND)
    assert not renewal().waits(NOW)
    assert not renewal(asked=None).waits(NOW)


def test_code_is_the_beginning_of_the_digest_in_base_32() -> None:
    # 00000 00001 00010 and so on: every value from 0 to 15 in turn.
    digest = AccessDigest(bytes.fromhex("00443214c74254b635cf") + bytes(22))
    assert comparison_code(digest) == "0123-4567-89AB-CDEF"
    assert comparison_code(AccessDigest(b"\xff" * 32)) == "ZZZZ-ZZZZ-ZZZZ-ZZZZ"
    assert renewal("a").code == comparison_code(digest_of("a")) != renewal("b").code


def test_code_has_80_bits() -> None:
    # With fewer, whoever controls the front desk could look for a token with the same code.
    digest = bytearray(32)
    for bit in range(80):
        digest[bit // 8] = 1 << (7 - bit % 8)
        assert comparison_code(AccessDigest(bytes(digest))) != comparison_code(
            AccessDigest(bytes(32))
        )
        digest[bit // 8] = 0
    assert len(CODE_CHARACTERS) == len(set(CODE_CHARACTERS)) == 32


@pytest.mark.parametrize(
    "typed",
    ["0123-4567-89AB-CDEF", "0123456789abcdef", "o123 4567 89ab cdef", "OI23-4567-89AB-CDEF"],
)
def test_code_is_read_as_people_type_it(typed: str) -> None:
    assert read_code(typed) == "0123-4567-89AB-CDEF"
