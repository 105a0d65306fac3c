"""Certificates of an issuer, of whoever asks wallets, and of those who vouch for them."""

from base64 import b64encode
from datetime import datetime, timedelta

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

_LIFE = timedelta(days=365)


class Authority:
    """Somebody with a key and a certificate, who may give out certificates if ``ca``."""

    def __init__(
        self,
        name: str,
        by: "Authority | None" = None,
        *,
        until: datetime,
        ca: bool = True,
        signs: bool = True,
    ) -> None:
        """Make a key, and have it certified by somebody else, or by itself."""
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.certificate = (by or self).certify(
            self.name, self.key.public_key(), until=until, ca=ca, signs=signs
        )

    def certify(
        self,
        name: x509.Name,
        public: ec.EllipticCurvePublicKey,
        *,
        until: datetime,
        ca: bool = False,
        signs: bool = True,
    ) -> x509.Certificate:
        """Return a certificate for somebody's key."""
        usage = x509.KeyUsage(
            digital_signature=signs and not ca,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=not signs,
            key_cert_sign=ca,
            crl_sign=ca,
            encipher_only=False,
            decipher_only=False,
        )
        above = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self.name)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(until - _LIFE)
            .not_valid_after(until)
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(above, critical=False)
            .sign(self.key, SHA256())
        )

    def certify_asker(self, key: ECKey, until: datetime) -> str:
        """Return a certificate, in PEM, for the key of whoever asks wallets."""
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "election office")])
        public = key.get_op_key("verify")
        assert isinstance(public, ec.EllipticCurvePublicKey)  # noqa: S101 - of an ECKey
        return self.certify(name, public, until=until).public_bytes(Encoding.PEM).decode()

    @property
    def pem(self) -> str:
        """Its certificate."""
        return self.certificate.public_bytes(Encoding.PEM).decode()

    @property
    def der(self) -> str:
        """Its certificate as ``x5c`` has it: base64 of DER."""
        return b64encode(self.certificate.public_bytes(Encoding.DER)).decode()

    @property
    def jwk(self) -> ECKey:
        """Its key pair."""
        pem = self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return ECKey.import_key(pem)
