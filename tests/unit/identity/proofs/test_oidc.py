"""An ID token proves who somebody is, and nothing that was altered, replayed or borrowed does."""

import hashlib
import hmac
import json
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws
from joserfc.jwk import ECKey, RSAKey

from civic.contracts.base64url import decode, encode
from civic.identity.model.proof import Identifier, ProofLevel, ProofMethod, ProofRefused, Proven
from civic.identity.model.trust import OidcProvider
from civic.identity.proofs.oidc import verify_id_token
from tests.fakes.proving import (
    ANSWERED,
    CLIENT,
    HIGH,
    ISSUER,
    KIND,
    STATEMENT,
    SUBSTANTIAL,
    claims,
    key,
    provider,
    public,
    seconds,
    signed,
)

LATER = timedelta(minutes=30)


def verify(token: str, trusted: OidcProvider | None = None) -> Proven:
    return verify_id_token(token, STATEMENT, trusted or provider())


def test_a_token_of_the_session_proves_who_somebody_is() -> None:
    proven = verify(signed(claims()))
    assert proven == Proven(
        ProofMethod.OIDC,
        ProofLevel.HIGH,
        ISSUER,
        ANSWERED.date(),
        "Erika Mustermann",
        date(1984, 8, 12),
        Identifier(KIND, "4711"),
    )


def test_nothing_of_the_person_is_in_the_repr() -> None:
    shown = repr(verify(signed(claims())))
    assert not any(value in shown for value in ("Erika", "Mustermann", "1984", "4711"))
    assert "oidc" in shown
    assert "4711" not in repr(Identifier(KIND, "4711"))


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"iss": "https://id.example.evil"}, "another issuer"),
        ({"iss": None}, "another issuer"),
        ({"iss": [ISSUER]}, "another issuer"),
        ({"aud": "another-client"}, "somebody else"),
        ({"aud": [CLIENT, "another-client"]}, "somebody else"),
        ({"aud": None}, "somebody else"),
        ({"azp": "another-client"}, "asked for by somebody else"),
        ({"nonce": "nonce-of-another-session"}, "another session"),
        ({"nonce": None}, "another session"),
        ({"exp": seconds(ANSWERED - LATER)}, "expired"),
        ({"exp": None}, "lacks a time"),
        ({"exp": "2999-01-01"}, "lacks a time"),
        ({"exp": True}, "lacks a time"),
        ({"exp": 1e300}, "impossible time"),
        ({"iat": seconds(ANSWERED - LATER)}, "not issued for this session"),
        ({"iat": seconds(ANSWERED + LATER)}, "not issued for this session"),
        ({"nbf": seconds(ANSWERED + LATER)}, "not valid yet"),
        ({"auth_time": seconds(ANSWERED - LATER)}, "too long ago"),
        ({"auth_time": None}, "lacks a time"),
        ({"sub": None}, "about nobody"),
        ({"given_name": None, "family_name": None}, "names nobody"),
        ({"birthdate": None}, "no date of birth"),
        ({"birthdate": "1984"}, "no date of birth"),
        ({"birthdate": "0000-08-12"}, "no date of birth"),
    ],
)
def test_a_token_that_is_not_of_this_session_is_refused(changes: dict[str, Any], why: str) -> None:
    with pytest.raises(ProofRefused, match=why):
        verify(signed(claims(**changes)))


@pytest.mark.parametrize("acr", [None, "", "https://id.example/loa/low", "HIGH", ["x"], [HIGH], 4])
def test_a_level_that_is_not_in_the_token_does_not_count(acr: object) -> None:
    proven = verify(signed(claims(acr=acr)))
    assert proven.level is ProofLevel.NONE
    assert proven.identifier is None


def test_the_level_is_the_one_in_the_token() -> None:
    assert verify(signed(claims(acr=SUBSTANTIAL))).level is ProofLevel.SUBSTANTIAL


def test_a_token_without_the_identifying_attribute_identifies_nobody() -> None:
    assert verify(signed(claims(national_number=None))).identifier is None
    assert verify(signed(claims()), provider(identifier=None)).identifier is None


def unsigned(header: dict[str, Any]) -> str:
    parts = (json.dumps(header), json.dumps(claims()))
    return ".".join(encode(one.encode()) for one in parts) + "."


def with_shared_secret() -> str:
    """Return a token whose secret is the provider's public key, as text."""
    secret = key("national").as_pem(private=False)
    header = json.dumps({"alg": "HS256", "kid": "id-1"}).encode()
    signed_part = f"{encode(header)}.{encode(json.dumps(claims()).encode())}"
    return f"{signed_part}.{encode(hmac.digest(secret, signed_part.encode(), hashlib.sha256))}"


def altered() -> str:
    header, payload, signature = signed(claims()).split(".")
    better = decode(payload).replace(b"Erika", b"Karla")
    return ".".join((header, encode(better), signature))


def twice() -> str:
    text = json.dumps(claims())[:-1] + ', "acr": "x"}'
    return jws.serialize_compact({"alg": "ES256", "kid": "id-1"}, text, key("national"))


def with_own_key() -> str:
    """Return a token that brings its own key."""
    return signed(claims(), "attacker", jwk=public("attacker"), kid="id-1")


@pytest.mark.parametrize(
    "token",
    [
        altered(),
        twice(),
        unsigned({"alg": "none"}),
        unsigned({"alg": "None"}),
        unsigned({"alg": ["ES256"], "kid": "id-1"}),
        unsigned({"alg": "ES256", "kid": "id-1"}),
        unsigned({"kid": "id-1"}),
        with_shared_secret(),
        with_own_key(),
        signed(claims(), "attacker"),
        signed(claims(), "attacker", kid=None),
        signed(claims(), kid="another"),
        signed(claims(), crit=["b64"], b64=True),
        signed({"iss": "\ud800"}),
        "",
        "..",
        "a.b.c",
        "é.b.c",
        "x" * 20_000,
        signed(claims()) + ".",
        signed(claims(note="x" * 20_000)),
    ],
)
def test_a_token_that_the_provider_has_not_signed_is_refused(token: str) -> None:
    with pytest.raises(ProofRefused):
        verify(token)


def test_an_algorithm_that_the_provider_does_not_use_is_refused() -> None:
    with pytest.raises(ProofRefused, match="algorithm"):
        verify(signed(claims()), provider(algorithms=("RS256",)))


def test_a_key_of_another_kind_or_use_does_not_verify() -> None:
    for made in ({"use": "enc"}, {"alg": "ES384"}):
        with pytest.raises(ProofRefused):
            verify(signed(claims()), provider(keys=(public("national") | made,)))
    other = ECKey.generate_key("P-384", {"kid": "id-1"}).as_dict(private=False)
    with pytest.raises(ProofRefused):
        verify(signed(claims()), provider(keys=(dict(other),)))


def test_a_token_without_a_key_id_needs_a_single_key() -> None:
    token = signed(claims(), kid=None)
    assert verify(token).level is ProofLevel.HIGH
    with pytest.raises(ProofRefused, match="not known"):
        verify(token, provider(keys=(public("national"), public("another"))))


def test_rsa_and_ed25519_are_understood() -> None:
    rsa = RSAKey.generate_key(2048, {"kid": "rsa"})
    trusted = provider(keys=(dict(rsa.as_dict(private=False)),))
    for algorithm in ("RS256", "PS256"):
        text = json.dumps(claims())
        token = jws.serialize_compact(
            {"alg": algorithm, "kid": "rsa"}, text, rsa, algorithms=[algorithm]
        )
        assert verify(token, trusted).level is ProofLevel.HIGH


@given(st.integers(0), st.integers(1, 255))
def test_a_token_with_any_byte_altered_proves_nothing_else(place: int, difference: int) -> None:
    token = bytearray(TOKEN.encode())
    position = place % len(token)
    token[position] ^= difference
    try:
        proven = verify(bytes(token).decode("latin-1"))
    except ProofRefused:
        return
    # What is signed is the text; only the signature's own has a bit that belongs to no byte.
    assert proven == verify(TOKEN)
    assert position > TOKEN.rindex(".")


TOKEN = signed(claims())


@given(st.text() | st.binary().map(lambda one: one.decode("latin-1")))
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ProofRefused):
        verify(text)
