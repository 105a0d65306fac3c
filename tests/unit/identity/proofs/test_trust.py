"""Which signatures of an issuer are believed: its keys, and certificates of its own roots."""

from base64 import b64encode
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID
from joserfc.jwk import ECKey
from pydantic import ValidationError

from civic.identity.model.proof import ProofLevel, ProofRefused
from civic.identity.proofs.trust import TrustedIssuer
from civic.lab.wallets.issuing import PID_TYPE, PidIssuer
from tests.fakes.wallets import ISSUER, NOW, STATUS, Presenting


class Authority:
    """Somebody with a key and a certificate, who may give out certificates."""

    def __init__(
        self,
        name: str,
        by: "Authority | None" = None,
        *,
        ca: bool = True,
        until: datetime = NOW + timedelta(days=30),
        signs: bool = True,
    ) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        parent = by or self
        self.certificate = (
            x509.CertificateBuilder()
            .subject_name(self.name)
            .issuer_name(parent.name)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW - timedelta(days=30))
            .not_valid_after(until)
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(
                x509.KeyUsage(
                    digital_signature=signs and not ca,
                    content_commitment=False,
                    key_encipherment=False,
                    data_encipherment=False,
                    key_agreement=not signs,
                    key_cert_sign=ca,
                    crl_sign=ca,
                    encipher_only=False,
                    decipher_only=False,
                ),
                critical=True,
            )
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), critical=False
            )
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(parent.key.public_key()),
                critical=False,
            )
            .sign(parent.key, SHA256())
        )

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(Encoding.PEM).decode()

    @property
    def der(self) -> str:
        return b64encode(self.certificate.public_bytes(Encoding.DER)).decode()

    @property
    def jwk(self) -> ECKey:
        pem = self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return ECKey.import_key(pem)


ROOT = Authority("root")
SUB = Authority("sub", ROOT)
LEAF = Authority("leaf", SUB, ca=False)


def _trusted(root: Authority = ROOT, issuer: str = ISSUER) -> TrustedIssuer:
    return TrustedIssuer(issuer=issuer, level=ProofLevel.HIGH, types=(PID_TYPE,), roots=(root.pem,))


def _presenting(*chain: Authority) -> Presenting:
    certificates = tuple(each.der for each in chain)
    return Presenting(PidIssuer(ISSUER, STATUS, chain[0].jwk, certificates))


def test_certificate_of_a_trusted_root_is_believed() -> None:
    presenting = _presenting(LEAF, SUB)
    assert presenting.verify(presenting.present(), _trusted()).full_name == "Ada Lovelace"


def test_certificate_says_who_the_issuer_is_if_the_credential_does_not() -> None:
    presenting = _presenting(LEAF, SUB)
    presenting.issue(changes={"iss": None})
    other = _trusted(Authority("other root"), "https://other.example")
    assert presenting.verify(presenting.present(), other, _trusted()).issuer == ISSUER


def test_certificate_of_another_issuers_root_is_refused() -> None:
    presenting = _presenting(LEAF, SUB)
    theirs = _trusted(Authority("their root"))
    ours = _trusted(ROOT, "https://other.example")
    with pytest.raises(ProofRefused, match="not vouched for"):
        presenting.verify(presenting.present(), theirs, ours)


def test_certificates_are_refused_where_none_is_trusted() -> None:
    presenting = _presenting(LEAF, SUB)
    with pytest.raises(ProofRefused, match="nobody trusted"):
        presenting.verify(presenting.present())


def test_key_alone_is_refused_where_certificates_are_trusted() -> None:
    presenting = _presenting(LEAF, SUB)
    bare = Presenting(PidIssuer(ISSUER, STATUS, LEAF.jwk), presenting.wallet)
    with pytest.raises(ProofRefused, match="none of the keys"):
        presenting.verify(bare.present(), _trusted())


def test_signature_must_be_that_of_the_certificate() -> None:
    other = Authority("other leaf", SUB, ca=False)
    presenting = Presenting(PidIssuer(ISSUER, STATUS, other.jwk, (LEAF.der, SUB.der)))
    with pytest.raises(ProofRefused, match="none of the keys"):
        presenting.verify(presenting.present(), _trusted())


@pytest.mark.parametrize(
    "chain",
    [
        (LEAF,),
        (Authority("self-signed", ca=False),),
        (Authority("expired", SUB, ca=False, until=NOW - timedelta(seconds=1)), SUB),
        (Authority("for encryption", SUB, ca=False, signs=False), SUB),
        (SUB,),
        (ROOT,),
        (Authority("by a leaf", LEAF, ca=False), LEAF, SUB),
    ],
    ids=lambda chain: chain[0].name.rfc4514_string(),
)
def test_chain_that_does_not_hold_is_refused(chain: tuple[Authority, ...]) -> None:
    presenting = _presenting(*chain)
    with pytest.raises(ProofRefused, match="certificate"):
        presenting.verify(presenting.present(), _trusted())


def test_chain_is_bounded() -> None:
    chain = [Authority("0", ROOT)]
    for number in range(1, 6):
        chain.append(Authority(str(number), chain[-1]))
    assert all(child.certificate.issuer == parent.name for parent, child in pairwise(chain))
    leaf = Authority("leaf", chain[-1], ca=False)
    presenting = _presenting(leaf, *reversed(chain))
    with pytest.raises(ProofRefused, match="certificates"):
        presenting.verify(presenting.present(), _trusted())


@pytest.mark.parametrize("certificates", [(), ("!",), ("AAAA",), ("é",)])
def test_what_is_no_certificate_is_refused(certificates: tuple[str, ...]) -> None:
    issuer = PidIssuer(ISSUER, STATUS, LEAF.jwk, certificates or ("",))
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
        {"jwks": (), "roots": ()},
        {"jwks": ({"kty": "oct", "k": "AA"},)},
        {"jwks": ({"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"},)},
        {"jwks": (dict(LEAF.jwk.as_dict(private=True)),)},
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
        "jwks": (dict(LEAF.jwk.as_dict(private=False)),),
    }
    TrustedIssuer.model_validate(entry)
    with pytest.raises(ValidationError):
        TrustedIssuer.model_validate(entry | changes)
