"""The least that a registration's handler can be: parse, validate with pydantic, seal, wrap.

It makes no AWS call, logs nothing and checks no more than types, with the domain's own sealing and
wrapping. What the real handler executes beyond this is what its guarantees and its AWS calls take.
"""

import json
import secrets
import uuid
from datetime import datetime
from typing import Any, cast

from aws_encryption_sdk.identifiers import EncryptionKeyType, WrappingAlgorithm
from aws_encryption_sdk.internal.crypto.wrapping_keys import WrappingKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
)
from pydantic import BaseModel

from civic.contracts.identifiers import RegistrationId, Revision
from civic.identity.adapters.subject_key_wrapping_esdk import EsdkKeyWrapper
from civic.identity.adapters.wrapping_keys_kms import PublicKeys
from civic.identity.model.keys import RecordId, SubjectKey, WrappingKeyVersion
from civic.identity.model.sealing import seal


class Address(BaseModel):
    """A postal address."""

    lines: list[str]
    city: str
    region: str | None = None
    postcode: str | None = None
    country: str


class Consent(BaseModel):
    """A consent."""

    text_version: str
    given_at: datetime


class Person(BaseModel):
    """The fields of a registration, of any content."""

    username: str
    full_name: str
    date_of_birth: str
    address: Address
    phone_number: str
    email: str | None = None
    national_id: str | None = None
    citizenship_attestation: bool = False
    consent: Consent


class BareHandler:
    """The handler, with a wrapping key that is already there."""

    def __init__(self, public_key: bytes) -> None:
        """Wrap under a public key, DER."""
        self._wrapper = EsdkKeyWrapper(cast("PublicKeys", _OneKey(public_key)))

    def __call__(self, event: dict[str, Any]) -> dict[str, Any]:
        """Answer one POST."""
        person = Person.model_validate(json.loads(event["body"]))
        registration = RegistrationId(str(uuid.uuid4()))
        fields = {
            name: json.dumps(value).encode()
            for name, value in person.model_dump(mode="json", exclude_none=True).items()
        }
        key = SubjectKey(secrets.token_bytes(32))
        wrapped = self._wrapper.wrap(key, registration)
        record = RecordId(registration, Revision(1))
        sealed = seal(key, record, fields, secrets.token_bytes)
        body = {"id": registration, "sealed": len(sealed.fields), "wrapped": len(wrapped.blob)}
        return {"statusCode": 202, "body": json.dumps(body)}


class _OneKey:
    def __init__(self, public_key: bytes) -> None:
        pem = load_der_public_key(public_key).public_bytes(
            Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
        )
        self._key = WrappingKey(
            wrapping_algorithm=WrappingAlgorithm.RSA_OAEP_SHA256_MGF1,
            wrapping_key=pem,
            wrapping_key_type=EncryptionKeyType.PUBLIC,
        )

    def current(self) -> tuple[WrappingKeyVersion, WrappingKey]:
        return WrappingKeyVersion("wk-0001"), self._key
