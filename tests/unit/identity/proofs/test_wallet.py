"""What a wallet's answer proves, and every way in which it proves nothing."""

import hmac
import json
from datetime import date, timedelta
from hashlib import sha256

import pytest
from joserfc.jwk import ECKey

from civic.contracts import base64url
from civic.identity.model.proof import (
    Identifier,
    ProofLevel,
    ProofMethod,
    ProofRefused,
    Proven,
)
from civic.identity.proofs import wallet
from civic.identity.proofs.openid4vp import NAME_AND_BIRTH
from civic.lab.wallets.holding import Wallet
from civic.lab.wallets.issuing import PID_TYPE, Issuer, sign
from tests.fakes.wallets import (
    ASKED,
    CLIENT,
    ISSUER,
    NONCE,
    NOW,
    PERSON,
    STATUS,
    Presenting,
    answer,
)


def _no_lists(_: str) -> str | None:
    return None


@pytest.fixture
def presenting() -> Presenting:
    return Presenting()


def test_presentation_proves_name_birth_and_number(presenting: Presenting) -> None:
    assert presenting.verify(presenting.present()) == Proven(
        method=ProofMethod.WALLET,
        level=ProofLevel.HIGH,
        issuer=ISSUER,
        day=date(2027, 3, 1),
        full_name="Ada Lovelace",
        birth_date=date(1990, 12, 10),
        identifier=Identifier("DE", "12345678901"),
    )


def test_what_is_proven_is_not_shown(presenting: Presenting) -> None:
    shown = repr(presenting.verify(presenting.present()))
    assert not any(value in shown for value in ("Ada", "Lovelace", "1990", "12345678901"))


def test_number_is_optional(presenting: Presenting) -> None:
    proven = presenting.verify(presenting.present(*NAME_AND_BIRTH))
    assert proven.identifier is None
    assert proven.full_name == "Ada Lovelace"


def test_no_claim_identifies_unless_the_operator_says_so(presenting: Presenting) -> None:
    trusted = presenting.trusted.model_copy(update={"identifier": None})
    assert presenting.verify(presenting.present(), trusted).identifier is None


def test_other_claims_may_be_disclosed(presenting: Presenting) -> None:
    assert (
        presenting.verify(presenting.present(*ASKED, "nationalities")).full_name == "Ada Lovelace"
    )


@pytest.mark.parametrize("missing", NAME_AND_BIRTH)
def test_dropped_disclosure_is_refused(presenting: Presenting, missing: str) -> None:
    rest = [name for name in ASKED if name != missing]
    with pytest.raises(ProofRefused, match="not disclosed"):
        presenting.verify(presenting.present(*rest))


def test_disclosure_dropped_after_binding_is_refused(presenting: Presenting) -> None:
    token, *disclosures, binding = presenting.present(*ASKED, "nationalities").split("~")
    with pytest.raises(ProofRefused, match="of another presentation"):
        presenting.verify("~".join((token, *disclosures[:-1], binding)))


def test_nonce_of_another_request_is_refused(presenting: Presenting) -> None:
    presenting.nonce = "replayed"
    with pytest.raises(ProofRefused, match="another request"):
        presenting.verify(presenting.present())


@pytest.mark.parametrize("audience", ["x509_hash:other", CLIENT.removeprefix("x509_hash:"), ""])
def test_other_audience_is_refused(presenting: Presenting, audience: str) -> None:
    presenting.audience = audience
    with pytest.raises(ProofRefused, match="somebody else"):
        presenting.verify(presenting.present())


def test_several_audiences_are_refused(presenting: Presenting) -> None:
    unbound = presenting.issue().presenting(*ASKED)
    payload = {
        "iat": int(NOW.timestamp()),
        "aud": [CLIENT, "https://attacker.example"],
        "nonce": NONCE,
        "sd_hash": base64url.encode(sha256(unbound.encode()).digest()),
    }
    with pytest.raises(ProofRefused, match="somebody else"):
        presenting.verify(unbound + sign("kb+jwt", payload, presenting.wallet.key))


def test_issuer_that_is_not_trusted_is_refused(presenting: Presenting) -> None:
    stranger = Issuer("https://stranger.example", STATUS)
    other = Presenting(issuer=stranger, wallet=presenting.wallet)
    with pytest.raises(ProofRefused, match="not trusted"):
        presenting.verify(other.present())


def test_stranger_who_takes_the_name_of_the_issuer_is_refused(presenting: Presenting) -> None:
    other = Presenting(issuer=Issuer(ISSUER, STATUS), wallet=presenting.wallet)
    with pytest.raises(ProofRefused, match="does not verify"):
        presenting.verify(other.present())


def test_one_trusted_issuer_cannot_speak_for_another(presenting: Presenting) -> None:
    other = Presenting(issuer=Issuer("https://other.example", STATUS))
    presenting.issue(changes={"iss": "https://other.example"})
    with pytest.raises(ProofRefused, match="does not verify"):
        presenting.verify(presenting.present(), presenting.trusted, other.trusted)


def test_issuer_is_trusted_for_some_types_only(presenting: Presenting) -> None:
    presenting.issue(changes={"vct": "https://pid.example/library-card"})
    with pytest.raises(ProofRefused, match="credentials of this type"):
        presenting.verify(presenting.present())


@pytest.mark.parametrize("absent", ["iss", "vct"])
def test_credential_without_issuer_or_type_is_refused(presenting: Presenting, absent: str) -> None:
    presenting.issue(changes={absent: None})
    with pytest.raises(ProofRefused, match="not trusted"):
        presenting.verify(presenting.present())


def test_token_of_another_type_is_no_credential(presenting: Presenting) -> None:
    issued = presenting.issue()
    payload = json.loads(base64url.decode(issued.token.split(".")[1]))
    token = presenting.issuer.sign("JWT", payload)
    unbound = "~".join((token, *(issued.disclosures[name] for name in ASKED), ""))
    with pytest.raises(ProofRefused, match="another type"):
        presenting.verify(presenting.bind(unbound))


def test_missing_key_binding_is_refused(presenting: Presenting) -> None:
    with pytest.raises(ProofRefused, match="no key binding"):
        presenting.verify(presenting.issue().presenting(*ASKED))


def test_key_binding_by_another_key_is_refused(presenting: Presenting) -> None:
    unbound = presenting.issue().presenting(*ASKED)
    thief = Wallet()
    presented = thief.bind(unbound, nonce=NONCE, audience=CLIENT, at=presenting.bound_at)
    with pytest.raises(ProofRefused, match="does not verify"):
        presenting.verify(presented)


def test_key_that_the_key_binding_brings_along_is_not_used(presenting: Presenting) -> None:
    unbound = presenting.issue().presenting(*ASKED)
    thief = ECKey.generate_key("P-256")
    payload = {
        "iat": int(NOW.timestamp()),
        "aud": CLIENT,
        "nonce": NONCE,
        "sd_hash": base64url.encode(sha256(unbound.encode()).digest()),
    }
    token = sign("kb+jwt", payload, thief, {"jwk": thief.as_dict(private=False)})
    with pytest.raises(ProofRefused, match="does not verify"):
        presenting.verify(unbound + token)


def test_key_binding_of_another_presentation_is_refused(presenting: Presenting) -> None:
    first = presenting.present(*NAME_AND_BIRTH)
    other = presenting.present()
    with pytest.raises(ProofRefused, match="of another presentation"):
        presenting.verify(other.rpartition("~")[0] + "~" + first.rpartition("~")[2])


@pytest.mark.parametrize("absent", ["aud", "nonce", "sd_hash", "iat"])
def test_key_binding_says_everything(presenting: Presenting, absent: str) -> None:
    unbound = presenting.issue().presenting(*ASKED)
    payload = {
        "iat": int(NOW.timestamp()),
        "aud": CLIENT,
        "nonce": NONCE,
        "sd_hash": base64url.encode(sha256(unbound.encode()).digest()),
    }
    whole = unbound + sign("kb+jwt", payload, presenting.wallet.key)
    assert presenting.verify(whole).full_name == "Ada Lovelace"
    del payload[absent]
    with pytest.raises(ProofRefused):
        presenting.verify(unbound + sign("kb+jwt", payload, presenting.wallet.key))


def test_credential_that_is_bound_to_no_key_is_refused(presenting: Presenting) -> None:
    presenting.issue(changes={"cnf": None})
    with pytest.raises(ProofRefused, match="no key of the holder"):
        presenting.verify(presenting.present())


@pytest.mark.parametrize(
    "at", [NOW - timedelta(minutes=16), NOW + timedelta(minutes=2)], ids=["old", "ahead"]
)
def test_key_binding_of_another_time_is_refused(presenting: Presenting, at: object) -> None:
    assert isinstance(at, type(NOW))
    presenting.bound_at = at
    with pytest.raises(ProofRefused, match=r"too old|in the future"):
        presenting.verify(presenting.present())


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"exp": int(NOW.timestamp())}, "expired"),
        ({"exp": int(NOW.timestamp()) - 1}, "expired"),
        ({"nbf": int(NOW.timestamp()) + 61}, "not yet valid"),
        ({"iat": int(NOW.timestamp()) + 61}, "in the future"),
        ({"exp": None}, "does not say when it expires"),
        ({"exp": "2027-04-01"}, "not a number"),
        ({"exp": True}, "not a number"),
        ({"exp": 1e30}, "out of range"),
    ],
)
def test_credential_out_of_its_time_is_refused(
    presenting: Presenting, changes: dict[str, object], reason: str
) -> None:
    presenting.issue(changes=changes)
    with pytest.raises(ProofRefused, match=reason):
        presenting.verify(presenting.present())


def test_expiry_that_is_disclosed_counts_for_nothing(presenting: Presenting) -> None:
    later = int((NOW + timedelta(hours=1)).timestamp())
    presenting.issue(changes={"exp": None}, status=None, claims={**PERSON, "exp": later})
    with pytest.raises(ProofRefused, match="does not say when it expires"):
        presenting.verify(presenting.present(*ASKED, "exp"))


def test_status_may_not_be_disclosed_selectively(presenting: Presenting) -> None:
    soon = {"exp": int((NOW + timedelta(hours=1)).timestamp())}
    listed = {"status_list": {"idx": 0, "uri": STATUS}}
    presenting.issue(changes=soon, status=None, claims={**PERSON, "status": listed})
    assert presenting.verify(presenting.present()).full_name == "Ada Lovelace"
    with pytest.raises(ProofRefused, match="may not be"):
        presenting.verify(presenting.present(*ASKED, "status"))


def test_revoked_credential_is_refused(presenting: Presenting) -> None:
    presented = presenting.present()
    presenting.issuer.revoked.add(6)
    assert presenting.verify(presented).full_name == "Ada Lovelace"
    presenting.issuer.revoked.add(7)
    with pytest.raises(ProofRefused, match="revoked"):
        presenting.verify(presented)


def test_status_list_must_be_at_hand(presenting: Presenting) -> None:
    with pytest.raises(ProofRefused, match="not at hand"):
        presenting.verify(presenting.present(), status_lists={})


@pytest.mark.parametrize(
    ("hours", "changes"), [(13, {}), (25, {"exp": None}), (1, {"exp": int(NOW.timestamp())})]
)
def test_status_list_of_yesterday_is_refused(
    presenting: Presenting, hours: int, changes: dict[str, object]
) -> None:
    lists = {STATUS: presenting.issuer.status_list(NOW - timedelta(hours=hours), **changes)}
    with pytest.raises(ProofRefused, match="too old"):
        presenting.verify(presenting.present(), status_lists=lists)


def test_another_status_list_is_refused(presenting: Presenting) -> None:
    presenting.issuer.revoked.add(7)
    clean = Issuer(ISSUER, "https://pid.example/status/2", presenting.issuer.key)
    lists = {STATUS: clean.status_list(NOW)}
    with pytest.raises(ProofRefused, match="another one"):
        presenting.verify(presenting.present(), status_lists=lists)


def test_status_list_of_a_stranger_is_refused(presenting: Presenting) -> None:
    lists = {STATUS: Issuer(ISSUER, STATUS).status_list(NOW)}
    with pytest.raises(ProofRefused, match="does not verify"):
        presenting.verify(presenting.present(), status_lists=lists)


def test_credential_is_no_status_list(presenting: Presenting) -> None:
    lists = {STATUS: presenting.issue().token}
    with pytest.raises(ProofRefused, match="another type"):
        presenting.verify(presenting.present(), status_lists=lists)


def test_credential_without_status_lives_for_a_day(presenting: Presenting) -> None:
    soon = int((NOW + timedelta(days=1)).timestamp())
    presenting.issue(status=None, changes={"exp": soon})
    assert presenting.verify(presenting.present(), status_lists={}).full_name == "Ada Lovelace"
    presenting.issue(status=None, changes={"exp": soon + 1})
    with pytest.raises(ProofRefused, match="neither be revoked"):
        presenting.verify(presenting.present(), status_lists={})


@pytest.mark.parametrize(
    "status",
    [
        {},
        None,
        [],
        {"other": {}},
        {"status_list": {"idx": -1, "uri": STATUS}},
        {"status_list": {"idx": True, "uri": STATUS}},
        {"status_list": {"idx": "7", "uri": STATUS}},
        {"status_list": {"idx": 7}},
    ],
)
def test_unknown_kind_of_status_is_refused(presenting: Presenting, status: object) -> None:
    soon = int((NOW + timedelta(hours=1)).timestamp())
    issued = presenting.issue()
    payload = json.loads(base64url.decode(issued.token.split(".")[1]))
    token = presenting.issuer.sign("dc+sd-jwt", payload | {"status": status, "exp": soon})
    unbound = "~".join((token, *(issued.disclosures[name] for name in ASKED), ""))
    with pytest.raises(ProofRefused, match="status"):
        presenting.verify(presenting.bind(unbound))


def _with_header(presenting: Presenting, header: dict[str, object], signature: str) -> str:
    """Return a presentation whose credential has that header and signature."""
    issued = presenting.issue()
    payload = issued.token.split(".")[1]
    encoded = base64url.encode(json.dumps(header).encode())
    token = f"{encoded}.{payload}.{signature}"
    unbound = "~".join((token, *(issued.disclosures[name] for name in ASKED), ""))
    return presenting.bind(unbound)


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "HS256", "RS256", "", 5, None])
def test_unsigned_and_other_algorithms_are_refused(
    presenting: Presenting, algorithm: object
) -> None:
    presented = _with_header(presenting, {"alg": algorithm, "typ": "dc+sd-jwt"}, "")
    with pytest.raises(ProofRefused, match="algorithm"):
        presenting.verify(presented)


def test_public_key_is_no_secret_of_an_hmac(presenting: Presenting) -> None:
    issued = presenting.issue()
    header = base64url.encode(b'{"alg":"HS256","typ":"dc+sd-jwt"}')
    signed = f"{header}.{issued.token.split('.')[1]}"
    signature = hmac.digest(presenting.issuer.key.as_pem(private=False), signed.encode(), sha256)
    token = f"{signed}.{base64url.encode(signature)}"
    unbound = "~".join((token, *(issued.disclosures[name] for name in ASKED), ""))
    with pytest.raises(ProofRefused, match="algorithm"):
        presenting.verify(presenting.bind(unbound))


def test_unsigned_key_binding_is_refused(presenting: Presenting) -> None:
    token, payload, _ = presenting.present().rpartition("~")[2].split(".")
    assert token
    header = base64url.encode(b'{"alg":"none","typ":"kb+jwt"}')
    presented = presenting.present().rpartition("~")[0] + f"~{header}.{payload}."
    with pytest.raises(ProofRefused, match="algorithm"):
        presenting.verify(presented)


@pytest.mark.parametrize("header", [{"crit": ["exp"]}, {"crit": []}, {"b64": False}])
def test_critical_headers_are_refused(presenting: Presenting, header: dict[str, object]) -> None:
    issued = presenting.issue()
    payload = json.loads(base64url.decode(issued.token.split(".")[1]))
    payload_text = base64url.encode(json.dumps(payload).encode())
    protected = {"alg": "ES256", "typ": "dc+sd-jwt", "exp": 1, **header}
    encoded = base64url.encode(json.dumps(protected).encode())
    token = f"{encoded}.{payload_text}.{issued.token.split('.')[2]}"
    unbound = "~".join((token, *(issued.disclosures[name] for name in ASKED), ""))
    with pytest.raises(ProofRefused, match=r"extension|does not verify"):
        presenting.verify(presenting.bind(unbound))


@pytest.mark.parametrize("kind", ["sha-512", "md5", "SHA-256", 256, None])
def test_unknown_digests_are_refused(presenting: Presenting, kind: object) -> None:
    issued = presenting.issue()
    payload = json.loads(base64url.decode(issued.token.split(".")[1]))
    token = presenting.issuer.sign("dc+sd-jwt", payload | {"_sd_alg": kind})
    unbound = "~".join((token, *(issued.disclosures[name] for name in ASKED), ""))
    with pytest.raises(ProofRefused, match="unknown kind"):
        presenting.verify(presenting.bind(unbound))


def test_key_of_the_holder_is_public(presenting: Presenting) -> None:
    private = presenting.wallet.key.as_dict(private=True)
    presenting.issue(changes={"cnf": {"jwk": private}})
    with pytest.raises(ProofRefused, match="not a public key"):
        presenting.verify(presenting.present())


@pytest.mark.parametrize(
    "jwk",
    [
        {"kty": "oct", "k": "c2VjcmV0"},
        {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"},
        {"kty": "EC", "crv": "P-256"},
        {"kty": "EC", "crv": "secp256k1", "x": "AA", "y": "AA"},
        {"kty": "EC", "crv": ["P-256"], "x": "AA", "y": "AA"},
        {},
    ],
)
def test_holder_has_a_key_of_a_known_curve(presenting: Presenting, jwk: object) -> None:
    presenting.issue(changes={"cnf": {"jwk": jwk}})
    with pytest.raises(ProofRefused, match=r"key|does not verify"):
        presenting.verify(presenting.present())


@pytest.mark.parametrize(
    ("claim", "value"),
    [
        ("family_name", ""),
        ("family_name", "  "),
        ("given_name", ["Ada"]),
        ("given_name", "A" * 513),
        ("birthdate", "1990"),
        ("birthdate", "1990-12"),
        ("birthdate", "10.12.1990"),
        ("birthdate", "19901210"),
        ("birthdate", 19901210),
        ("personal_administrative_number", 12345678901),
    ],
)
def test_claims_are_what_the_rulebook_says(
    presenting: Presenting, claim: str, value: object
) -> None:
    presenting.issue(claims={**PERSON, claim: value})
    with pytest.raises(ProofRefused, match=r"claim|birth date"):
        presenting.verify(presenting.present())


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"vp_token": "eyJ"},
        {"vp_token": {}},
        {"vp_token": {"pid": []}},
        {"vp_token": {"pid": "eyJ"}},
        {"vp_token": {"pid": [{}]}},
        {"vp_token": {"other": ["eyJ"]}},
        [],
        None,
    ],
)
def test_answer_is_of_the_form_that_was_asked_for(presenting: Presenting, document: object) -> None:
    with pytest.raises(ProofRefused):
        wallet.verify(
            json.dumps(document).encode(),
            wallet.Expected(NONCE, CLIENT, NOW),
            [presenting.trusted],
            _no_lists,
        )


def test_answer_has_one_presentation(presenting: Presenting) -> None:
    presented = presenting.present()
    twice = json.dumps({"vp_token": {"pid": [presented, presented]}}).encode()
    with pytest.raises(ProofRefused, match="one presentation"):
        wallet.verify(twice, wallet.Expected(NONCE, CLIENT, NOW), [presenting.trusted], _no_lists)


@pytest.mark.parametrize("octets", [b"", b"\xff", b"{", b"[" * 200_000, b'{"a":NaN}'])
def test_answer_that_is_not_json_is_refused(presenting: Presenting, octets: bytes) -> None:
    with pytest.raises(ProofRefused):
        wallet.verify(octets, wallet.Expected(NONCE, CLIENT, NOW), [presenting.trusted], _no_lists)


def test_answer_with_a_member_twice_is_refused(presenting: Presenting) -> None:
    whole = answer(presenting.present())
    twice = b'{"vp_token":{},' + whole[1:]
    with pytest.raises(ProofRefused, match="twice"):
        wallet.verify(twice, wallet.Expected(NONCE, CLIENT, NOW), [presenting.trusted], _no_lists)


def test_refusals_say_nothing_of_the_person(presenting: Presenting) -> None:
    presenting.nonce = "replayed"
    with pytest.raises(ProofRefused) as refused:
        presenting.verify(presenting.present())
    assert not any(str(value) in str(refused.value) for value in PERSON.values())
    assert PID_TYPE not in str(refused.value)
