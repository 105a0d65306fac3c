"""Which signatures of an issuer are believed: its keys, and certificates of its own roots."""

from datetime import UTC, timedelta
from itertools import pairwise

import pytest
from pydantic import ValidationError

from civic.identity.model.proof import ProofLevel, ProofRefused
from civic.identity.model.trust import PidIssuer
from civic.lab.wallets.authority import Authority
from civic.lab.wallets.issuing import PID_TYPE, Issuer
from tests.fakes.wallets import ISSUER, NOW, STATUS, Presenting

LATER = NOW + timedelta(days=30)
ROOT = Authority("root", until=LATER)
SUB = Authority("sub", ROOT, until=LATER)
LEAF = Authority("leaf", SUB, ca=False, until=LATER)


def _trusted(root: Authority = ROOT, issuer: str = ISSUER) -> PidIssuer:
    return PidIssuer(issuer=issuer, level=ProofLevel.HIGH, types=(PID_TYPE,), roots=(root.pem,))


def _presenting(*chain: Authority) -> Presenting:
    certificates = tuple(each.der for each in chain)
    return Presenting(Issuer(ISSUER, STATUS, chain[0].jwk, certificates))


def test_certificate_of_a_trusted_root_is_believed() -> None:
    presenting = _presenting(LEAF, SUB)
    assert presenting.verify(presenting.present(), _trusted()).full_name == "Ada Lovelace"


def test_certificate_says_who_the_issuer_is_if_the_credential_does_not() -> None:
    presenting = _presenting(LEAF, SUB)
    presenting.issue(changes={"iss": None})
    other = _trusted(Authority("other root", until=LATER), "https://other.example")
    assert presenting.verify(presenting.present(), other, _trusted()).issuer == ISSUER


def test_certificate_of_another_issuers_root_is_refused() -> None:
    presenting = _presenting(LEAF, SUB)
    theirs = _trusted(Authority("their root", until=LATER))
    ours = _trusted(ROOT, "https://other.example")
    with pytest.raises(ProofRefused, match="not vouched for"):
        presenting.verify(presenting.present(), theirs, ours)


def test_certificates_are_refused_where_none_is_trusted() -> None:
    presenting = _presenting(LEAF, SUB)
    with pytest.raises(ProofRefused, match="nobody trusted"):
        presenting.verify(presenting.present())


def test_key_alone_is_refused_where_certificates_are_trusted() -> None:
    presenting = _presenting(LEAF, SUB)
    bare = Presenting(Issuer(ISSUER, STATUS, LEAF.jwk), presenting.wallet)
    with pytest.raises(ProofRefused, match="not known"):
        presenting.verify(bare.present(), _trusted())


def test_signature_must_be_that_of_the_certificate() -> None:
    other = Authority("other leaf", SUB, ca=False, until=LATER)
    presenting = Presenting(Issuer(ISSUER, STATUS, other.jwk, (LEAF.der, SUB.der)))
    with pytest.raises(ProofRefused, match="does not verify"):
        presenting.verify(presenting.present(), _trusted())


@pytest.mark.parametrize(
    "chain",
    [
        (LEAF,),
        (Authority("self-signed", ca=False, until=LATER),),
        (Authority("expired", SUB, ca=False, until=NOW - timedelta(seconds=1)), SUB),
        (Authority("for encryption", SUB, ca=False, signs=False, until=LATER), SUB),
        (SUB,),
        (ROOT,),
        (Authority("by a leaf", LEAF, ca=False, until=LATER), LEAF, SUB),
    ],
    ids=lambda chain: chain[0].name.rfc4514_string(),
)
def test_chain_that_does_not_hold_is_refused(chain: tuple[Authority, ...]) -> None:
    presenting = _presenting(*chain)
    with pytest.raises(ProofRefused, match="certificate"):
        presenting.verify(presenting.present(), _trusted())


def test_chain_is_bounded() -> None:
    chain = [Authority("0", ROOT, until=LATER)]
    for number in range(1, 6):
        chain.append(Authority(str(number), chain[-1], until=LATER))
    assert all(child.certificate.issuer == parent.name for parent, child in pairwise(chain))
    leaf = Authority("leaf", chain[-1], ca=False, until=LATER)
    presenting = _presenting(leaf, *reversed(chain))
    with pytest.raises(ProofRefused, match="certificates"):
        presenting.verify(presenting.present(), _trusted())


@pytest.mark.parametrize("certificates", [(), ("!",), ("AAAA",), ("é",)])
def test_what_is_no_certificate_is_refused(certificates: tuple[str, ...]) -> None:
    issuer = Issuer(ISSUER, STATUS, LEAF.jwk, certificates or ("",))
    presenting = Presenting(issuer)
    with pytest.raises(ProofRefused, match="certificate"):
        presenting.verify(presenting.present(), _trusted())


def test_certificate_must_be_valid_when_the_answer_arrives() -> None:
    presenting = _presenting(LEAF, SUB)
    late = NOW + timedelta(days=31)
    presenting.bound_at = presenting.answered_at = late
    lists = {STATUS: presenting.issuer.status_list(late)}
    with pytest.raises(ProofRefused, match="not vouched for"):
        presenting.verify(presenting.present(), _trusted(), status_lists=lists)
    assert late.tzinfo is UTC


@pytest.mark.parametrize(
    "changes",
    [
        {"keys": (), "roots": ()},
        {"keys": ({"kty": "oct", "k": "AA"},)},
        {"keys": (dict(LEAF.jwk.as_dict(private=True)),)},
        {"roots": ("no certificate",)},
        {"types": ()},
        {"level": "certain"},
        {"issuer": ""},
        {"unknown": 1},
    ],
)
def test_entry_that_verifies_nothing_is_refused(changes: dict[str, object]) -> None:
    entry: dict[str, object] = {
        "issuer": ISSUER,
        "level": "high",
        "types": (PID_TYPE,),
        "keys": (dict(LEAF.jwk.as_dict(private=False)),),
    }
    PidIssuer.model_validate(entry)
    with pytest.raises(ValidationError):
        PidIssuer.model_validate(entry | changes)
