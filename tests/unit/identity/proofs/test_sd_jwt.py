"""Disclosures: known answers of the reference implementation, and forged ones."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from civic.contracts import base64url
from civic.identity.model.proof import ProofRefused
from civic.identity.proofs import sd_jwt, tokens
from civic.identity.proofs.tokens import Json
from civic.lab.wallets.issuing import digest
from tests.fakes.wallets import ASKED, Presenting

KNOWN: dict[str, Any] = json.loads(
    (Path(__file__).parents[3] / "known_answers" / "sd_jwt.json").read_text("utf-8")
)


@pytest.mark.parametrize("case", KNOWN["cases"])
def test_presentations_of_the_reference_implementation(case: str) -> None:
    presentation = sd_jwt.parse(KNOWN["cases"][case]["presentation"])
    tokens.verify_by(presentation.issued, tokens.key_of(KNOWN["issuer_key"]), "dc+sd-jwt")
    bound_at = tokens.moment(presentation.binding.claims, "iat")
    assert bound_at is not None
    sd_jwt.check_binding(
        presentation, nonce=KNOWN["nonce"], audience=KNOWN["audience"], at=bound_at
    )
    assert sd_jwt.disclosed(presentation) == KNOWN["cases"][case]["claims"]


def _disclosure(*parts: object) -> str:
    return base64url.encode(json.dumps(parts).encode())


def _presentation(payload: dict[str, Json], *disclosures: str) -> sd_jwt.Presentation:
    unsigned = tokens.Token("", {}, {})
    return sd_jwt.Presentation(tokens.Token("", {}, payload), disclosures, unsigned)


def _disclosed(payload: dict[str, Json], *disclosures: str) -> dict[str, Json]:
    return sd_jwt.disclosed(_presentation(payload, *disclosures))


def _digests(disclosures: Sequence[str]) -> list[Json]:
    return [digest(each) for each in disclosures]


NAME = _disclosure("salt", "name", "Ada")


def test_decoys_and_withheld_claims_are_left_out() -> None:
    decoy = digest("decoy")
    assert _disclosed({"a": 1, "_sd": [decoy, digest(NAME)]}, NAME) == {"a": 1, "name": "Ada"}
    assert _disclosed({"a": [{"...": decoy}, 2]}) == {"a": [2]}


def test_disclosures_inside_of_disclosures() -> None:
    inner = _disclosure("salt", "city", "Köln")
    outer = _disclosure("salt", "address", {"_sd": [digest(inner)], "country": "DE"})
    payload: dict[str, Json] = {"_sd": [digest(outer)]}
    assert _disclosed(payload, outer, inner) == {"address": {"country": "DE", "city": "Köln"}}
    with pytest.raises(ProofRefused, match="not one of the issuer's"):
        _disclosed(payload, inner)


def test_altered_disclosure_is_refused() -> None:
    forged = _disclosure("salt", "name", "Eve")
    with pytest.raises(ProofRefused, match="not one of the issuer's"):
        _disclosed({"_sd": [digest(NAME)]}, forged)


def test_added_disclosure_is_refused() -> None:
    added = _disclosure("salt", "level", "high")
    with pytest.raises(ProofRefused, match="not one of the issuer's"):
        _disclosed({"_sd": [digest(NAME)]}, NAME, added)


def test_disclosure_sent_twice_is_refused() -> None:
    with pytest.raises(ProofRefused, match="there twice"):
        _disclosed({"_sd": [digest(NAME)]}, NAME, NAME)


@pytest.mark.parametrize(
    "payload",
    [
        {"_sd": [digest(NAME), digest(NAME)]},
        {"_sd": [digest(NAME)], "other": {"_sd": [digest(NAME)]}},
        {"_sd": [digest("decoy"), digest("decoy")]},
        {"a": [{"...": digest("decoy")}, {"...": digest("decoy")}]},
    ],
)
def test_digest_that_is_there_twice_is_refused(payload: dict[str, Json]) -> None:
    with pytest.raises(ProofRefused, match="twice"):
        _disclosed(payload)


def test_two_disclosures_of_one_claim_are_refused() -> None:
    other = _disclosure("other salt", "name", "Eve")
    with pytest.raises(ProofRefused, match="that is there"):
        _disclosed({"_sd": _digests([NAME, other])}, NAME, other)


@pytest.mark.parametrize("name", ["a", "_sd", "..."])
def test_disclosure_of_what_is_there_or_may_not_be_is_refused(name: str) -> None:
    disclosure = _disclosure("salt", name, [])
    with pytest.raises(ProofRefused, match="may not be"):
        _disclosed({"a": 1, "_sd": [digest(disclosure)]}, disclosure)


@pytest.mark.parametrize(
    "disclosure",
    [
        _disclosure("salt", "value"),
        _disclosure("salt", "name", 1, 2),
        _disclosure(5, "name", 1),
        _disclosure("salt", 5, 1),
        base64url.encode(b'{"salt":"name"}'),
        base64url.encode(b'"salt"'),
        base64url.encode(b'["salt","name",{"a":1,"a":2}]'),
        base64url.encode(b"[\xff]"),
        "not base64url!",
        "",
    ],
)
def test_disclosure_of_another_form_is_refused(disclosure: str) -> None:
    with pytest.raises(ProofRefused):
        _disclosed({"_sd": [digest(disclosure)]}, disclosure)


def test_disclosure_of_a_member_is_none_of_an_element() -> None:
    with pytest.raises(ProofRefused, match="another form"):
        _disclosed({"a": [{"...": digest(NAME)}]}, NAME)


@pytest.mark.parametrize(
    "payload",
    [
        {"_sd": digest(NAME)},
        {"_sd": [5]},
        {"_sd": None},
        {"...": digest(NAME)},
        {"a": {"...": digest(NAME)}},
        {"a": [{"...": digest(NAME), "b": 1}]},
        {"a": [{"...": 5}]},
    ],
)
def test_digests_elsewhere_are_refused(payload: dict[str, Json]) -> None:
    with pytest.raises(ProofRefused):
        _disclosed(payload)


def test_depth_is_bounded() -> None:
    deep: Json = "end"
    for _ in range(100):
        deep = [deep]
    with pytest.raises(ProofRefused, match="deep"):
        _disclosed({"a": deep})
    disclosures: list[str] = []
    inner: dict[str, Json] = {"end": 1}
    for _ in range(40):
        disclosures.append(_disclosure("salt", "a", inner))
        inner = {"_sd": [digest(disclosures[-1])]}
    with pytest.raises(ProofRefused):
        _disclosed(inner, *disclosures)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "~",
        "~~",
        "a.b.c",
        "e30.e30.e30~",
        "e30.e30.e30~e30.e30",
        "e30.e30.e30.e30~e30.e30.e30",
        "e30.e30.e30~" + "YQ~" * 65 + "e30.e30.e30",
        "e30.W10.e30~e30.e30.e30",
        "é.e30.e30~e30.e30.e30",
        "e30.e30.e30~e30.e30." + "A" * sd_jwt.MAX_CHARACTERS,
    ],
)
def test_what_is_no_presentation_is_refused(text: str) -> None:
    with pytest.raises(ProofRefused):
        sd_jwt.parse(text)


def test_presentation_hides_what_it_says() -> None:
    shown = repr(sd_jwt.parse(Presenting().present(*ASKED)))
    assert len(shown) < 200
    assert "ey" not in shown


def test_times_are_of_whole_seconds_since_1970() -> None:
    assert tokens.moment({"iat": 1683000000}, "iat") == datetime(2023, 5, 2, 4, tzinfo=UTC)
