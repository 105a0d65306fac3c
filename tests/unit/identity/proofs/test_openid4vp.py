"""Requests to a wallet, and how encrypted answers open."""

import json
from secrets import token_bytes

import pytest
from joserfc.jwk import ECKey

from civic.contracts import base64url
from civic.identity.model.proof import ProofRefused
from civic.identity.proofs import openid4vp, wallet
from civic.lab.wallets.holding import NotHeld, encrypt
from tests.fakes.wallets import CLIENT, NONCE, NOW, PERSON, STATUS, Presenting

KEY = openid4vp.new_key(token_bytes)
RESPONSE_URI = "https://civic.example/proofs/1/response"


@pytest.fixture
def presenting() -> Presenting:
    return Presenting()


def _request(presenting: Presenting) -> dict[str, object]:
    asking = openid4vp.Asking(CLIENT, NONCE, RESPONSE_URI, KEY.public)
    return dict(openid4vp.request_object(asking, [presenting.trusted]))


def test_wallet_answers_the_request_and_the_answer_proves(presenting: Presenting) -> None:
    encrypted = presenting.wallet.answer(_request(presenting), NOW)
    opened = openid4vp.open_answer(encrypted, KEY.private)
    lists = {STATUS: presenting.issuer.status_list(NOW)}
    expected = wallet.Expected(NONCE, CLIENT, NOW)
    proven = wallet.verify(opened, expected, [presenting.trusted], lists.get)
    assert proven.full_name == "Ada Lovelace"
    assert proven.identifier is not None


def test_wallet_without_a_number_answers_too(presenting: Presenting) -> None:
    claims = {name: PERSON[name] for name in openid4vp.NAME_AND_BIRTH}
    presenting.issue(claims=claims)
    opened = openid4vp.open_answer(presenting.wallet.answer(_request(presenting), NOW), KEY.private)
    lists = {STATUS: presenting.issuer.status_list(NOW)}
    expected = wallet.Expected(NONCE, CLIENT, NOW)
    assert wallet.verify(opened, expected, [presenting.trusted], lists.get).identifier is None


def test_wallet_without_a_name_has_no_answer(presenting: Presenting) -> None:
    presenting.issue(claims={"given_name": "Ada"})
    with pytest.raises(NotHeld):
        presenting.wallet.answer(_request(presenting), NOW)


def test_request_asks_for_as_little_as_it_needs(presenting: Presenting) -> None:
    query = openid4vp.query([presenting.trusted])
    assert query == {
        "credentials": [
            {
                "id": "pid",
                "format": "dc+sd-jwt",
                "meta": {"vct_values": ["urn:eudi:pid:1"]},
                "claims": [
                    {"id": name, "path": [name]}
                    for name in (
                        "family_name",
                        "given_name",
                        "birthdate",
                        "personal_administrative_number",
                    )
                ],
                "claim_sets": [
                    ["family_name", "given_name", "birthdate", "personal_administrative_number"],
                    ["family_name", "given_name", "birthdate"],
                ],
            }
        ]
    }


def test_request_does_not_ask_for_a_number_that_identifies_nobody(presenting: Presenting) -> None:
    trusted = presenting.trusted.model_copy(update={"identifier": None})
    assert "administrative" not in json.dumps(openid4vp.query([trusted]))


def test_request_has_no_private_key(presenting: Presenting) -> None:
    request = _request(presenting)
    private = json.loads(KEY.private)["d"]
    assert private not in json.dumps(request)
    assert "d" not in json.loads(json.dumps(request))["client_metadata"]["jwks"]["keys"][0]
    assert private not in repr(KEY)


def test_client_identifier_is_the_hash_of_the_certificate() -> None:
    assert openid4vp.client_id_of([""]) == ("x509_hash:47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU")


def _encrypted(
    key: openid4vp.EncryptionKey, cipher: str = "A128GCM", kid: str | None = None
) -> str:
    jwk = {**key.public, "kid": key.public["kid"] if kid is None else kid}
    return encrypt({"vp_token": {}}, jwk, cipher)


@pytest.mark.parametrize("cipher", ["A128GCM", "A256GCM"])
def test_both_ciphers_that_are_offered_open(cipher: str) -> None:
    assert openid4vp.open_answer(_encrypted(KEY, cipher), KEY.private) == b'{"vp_token": {}}'


def test_cipher_that_was_not_offered_is_refused() -> None:
    with pytest.raises(ProofRefused, match="not offered"):
        openid4vp.open_answer(_encrypted(KEY, "A128CBC-HS256"), KEY.private)


def test_answer_to_another_key_is_refused() -> None:
    other = openid4vp.new_key(token_bytes)
    with pytest.raises(ProofRefused, match="another key"):
        openid4vp.open_answer(_encrypted(other), KEY.private)
    with pytest.raises(ProofRefused, match="does not decrypt"):
        openid4vp.open_answer(_encrypted(other, kid=KEY.public["kid"]), KEY.private)


def _altered(text: str, **changes: object) -> str:
    header, rest = text.split(".", 1)
    members = json.loads(base64url.decode(header)) | changes
    return f"{base64url.encode(json.dumps(members).encode())}.{rest}"


@pytest.mark.parametrize(
    "changes",
    [
        {"alg": "dir"},
        {"alg": "ECDH-ES+A128KW"},
        {"alg": "none"},
        {"zip": "DEF"},
        {"crit": ["exp"]},
        {"enc": "none"},
        {"epk": None},
        {"epk": 5},
        {"epk": {}},
        {"epk": {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}},
        {"epk": {"kty": "oct", "k": "AA"}},
        {"epk": ECKey.generate_key("P-384").as_dict(private=False)},
        {"apu": 5},
    ],
)
def test_altered_header_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ProofRefused):
        openid4vp.open_answer(_altered(_encrypted(KEY), **changes), KEY.private)


@pytest.mark.parametrize(
    "text", ["", ".", "....", "e30", "e30....", "é....", "A" * 40_000, "W10...."]
)
def test_what_is_no_answer_is_refused(text: str) -> None:
    with pytest.raises(ProofRefused):
        openid4vp.open_answer(text, KEY.private)


def test_example_of_the_specification_opens() -> None:
    # OpenID4VP 1.0, section 8.3.
    example = (
        "eyJhbGciOiJFQ0RILUVTIiwiZW5jIjoiQTEyOEdDTSIsImtpZCI6ImFjIiwiZXBrIjp7Imt"
        "0eSI6IkVDIiwieCI6Im5ubVZwbTNWM2piaGNhZlFhUkJrU1ZOSGx3Wkh3dC05ck9wSnVmeVlJdWsiLCJ5I"
        "joicjRmakRxd0p5czlxVU9QLV9iM21SNVNaRy0tQ3dPMm1pYzVWU05UWU45ZyIsImNydiI6IlAtMjU2In1"
        "9..uAYcHRUSSn2X0WPX.yVzlGSYG4qbg0bq18JcUiDRw56yVnbKR8E7S7YlEtzT00RqE3Pw5oTpUG3hdLN"
        "4taHZ9gC1kwak8JOnJgQ.1wR024_3-qtAlx1oFIUpQQ"
    )
    key = json.dumps(
        {
            "kty": "EC",
            "kid": "ac",
            "crv": "P-256",
            "x": "YO4epjifD-KWeq1sL2tNmm36BhXnkJ0He-WqMYrp9Fk",
            "y": "Hekpm0zfK7C-YccH5iBjcIXgf6YdUvNUac_0At55Okk",
            "d": "Et-3ce0omz8_TuZ96Df9lp0GAaaDoUnDe6X-CRO7Aww",
        }
    )
    opened = json.loads(openid4vp.open_answer(example, key.encode()))
    assert opened == {"vp_token": {"example_credential_id": ["eyJhb...YMetA"]}}


def test_key_of_a_request_is_on_its_curve_and_new() -> None:
    first, second = (openid4vp.new_key(token_bytes) for _ in range(2))
    assert first.public["kid"] != second.public["kid"]
    both = ECKey.import_key(json.loads(first.private))
    assert both.as_dict(private=False)["x"] == first.public["x"]


@pytest.mark.parametrize("octets", [bytes(48), b"\xff" * 48])
def test_any_random_bytes_make_a_key(octets: bytes) -> None:
    key = openid4vp.new_key(lambda _: octets)
    assert openid4vp.open_answer(_encrypted(key), key.private) == b'{"vp_token": {}}'
