"""Subject keys and access tokens."""

import hashlib
import hmac

import pytest

from civic.identity.model import keys
from civic.identity.model.keys import (
    WRAPPED_BYTES_MOST,
    AccessDigest,
    SubjectKey,
    digest_of,
    may_access,
)

TOKEN = "3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"


@pytest.mark.parametrize("size", [0, 16, 31, 33])
def test_subject_key_of_another_size_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        SubjectKey(bytes(size))


@pytest.mark.parametrize("size", [1, 31, 33, 64])
def test_key_to_compare_with_of_another_size_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match="32 more"):
        SubjectKey(bytes(32), bytes(size))


@pytest.mark.parametrize("key", [SubjectKey(b"K" * 32), SubjectKey(b"K" * 32, b"c" * 32)])
def test_both_keys_are_wrapped_one_after_the_other(key: SubjectKey) -> None:
    assert key.to_bytes() == key.secret + key.comparison
    assert SubjectKey.from_bytes(key.to_bytes()) == key
    assert len(key.to_bytes()) <= WRAPPED_BYTES_MOST == 64


@pytest.mark.parametrize("size", [0, 31, 33, 63, 65])
def test_what_was_wrapped_is_one_key_or_two(size: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        SubjectKey.from_bytes(bytes(size))


def test_subject_key_is_not_shown() -> None:
    key = SubjectKey(b"K" * 32)
    assert repr(key) == str(key) == "SubjectKey(<redacted>)"


def test_digest_is_sha_256() -> None:
    assert digest_of("abc") == hashlib.sha256(b"abc").digest()


def test_right_token_may_access() -> None:
    assert may_access(TOKEN, digest_of(TOKEN))


@pytest.mark.parametrize("token", ["", "x", TOKEN[:-1], TOKEN + "A", TOKEN.lower(), "tokén"])
def test_any_other_token_may_not(token: str) -> None:
    assert not may_access(token, digest_of(TOKEN))


@pytest.mark.parametrize("token", ["", TOKEN])
def test_nobody_may_access_what_is_absent(token: str) -> None:
    assert not may_access(token, None)


def test_nobody_has_a_token_for_an_all_zero_digest() -> None:
    assert not may_access(TOKEN, AccessDigest(bytes(32)))


@pytest.mark.parametrize("stored", [digest_of(TOKEN), digest_of("other"), None])
def test_comparison_is_made_in_constant_time_also_when_absent(
    monkeypatch: pytest.MonkeyPatch, stored: AccessDigest | None
) -> None:
    compared: list[int] = []

    def compare(one: bytes, other: bytes) -> bool:
        compared.append(len(one) + len(other))
        return hmac.compare_digest(one, other)

    class Hmac:
        compare_digest = staticmethod(compare)

    monkeypatch.setattr(keys, "hmac", Hmac)
    may_access(TOKEN, stored)
    assert compared == [64]
