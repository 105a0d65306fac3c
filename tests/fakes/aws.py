"""AWS in this process: moto's services, with hooks for what moto lacks.

The clients are those of the functions, so that their settings and counters are used.
"""

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, cached_property
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from moto import mock_aws
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.dynamo_type import Item
from moto.kms import models as kms_models
from moto.kms.utils import AbstractPrivateKey, ECDSAPrivateKey, generate_private_key

from civic.lab.memory.rsa_pairs import private_key, public_key
from civic.runtime import clients

TABLES: dict[str, tuple[str, ...]] = {
    "subject-keys": ("id:S", "revision:N"),
    "wrapping-keys": ("wk:S",),
    "decisions": ("id:S",),
    "vault": ("id:S",),
    "joins": ("id:S",),
    "request-log": ("id:S", "entry:S"),
    "erasure-ledger": ("id:S",),
    "review-queue": ("id:S",),
    "sweep-progress": ("walk:S",),
    "office-areas": ("place:S", "version:N"),
    "trusted-providers": ("trust:S",),
    "proof-sessions": ("id:S",),
    "access-renewals": ("id:S", "digest:B"),
    "likenesses": ("likeness:B",),
    "elections": ("id:S", "part:S"),
    "voter-codes": ("code:B",),
    "ballots": ("nullifier:B",),
    "tallies": ("election:S", "shard:S"),
    "issuer-roll": ("id:S",),
    "issuer-elections": ("area:S", "election:S"),
    "issuer-keys": ("election:S", "style:S"),
    "issued-marks": ("place:B",),
    "mark-keys": ("election:S",),
}
BUS = "civic-bus"
BUCKET = "civic-releases"
LOG_BUCKET = "civic-log"
PAIRS_BUCKET = "civic-pairs"
LOG_KEY = "arn:aws:kms:eu-central-1:123456789012:key/log"
"""An Ed25519 key, which moto lacks."""
_LONGEST_MESSAGE = 4096
_LOG_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))

# The encryption SDK parses a key in every new environment; checking its primes takes 100 ms.
_parsed = cache(serialization.load_pem_private_key)

SERVICES = ("dynamodb", "events", "kms", "s3", "sqs")
"""The clients, which outlive a test, since botocore takes long to make one."""


@dataclass
class Aws:
    """The running services, and the requests they received."""

    requests: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    published: list[dict[str, Any]] = field(default_factory=list)
    pairs: int = 0
    _hooks: list[tuple[str, str, Callable[..., Any]]] = field(default_factory=list)
    _broken: dict[str, list[Callable[..., Any]]] = field(default_factory=dict)

    @cached_property
    def key_id(self) -> str:
        """The KMS key; made on first use."""
        return str(clients.kms().create_key()["KeyMetadata"]["KeyId"])

    @cached_property
    def credential_key_id(self) -> str:
        """The KMS key of the keys that credentials are signed with."""
        return str(clients.kms().create_key()["KeyMetadata"]["KeyId"])

    @cached_property
    def receipt_key_id(self) -> str:
        """The KMS key that signs receipts."""
        made = clients.kms().create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
        return str(made["KeyMetadata"]["KeyId"])

    @cached_property
    def proof_key_id(self) -> str:
        """The KMS key that signs tokens, by its ARN."""
        made = clients.kms().create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
        return str(made["KeyMetadata"]["Arn"])

    def asked(self, operation: str) -> list[dict[str, Any]]:
        """Return the parameters of every request of one operation, such as ``GetItem``."""
        return [parameters for name, parameters in self.requests if name == operation]

    def fail(self, service: str, operation: str, code: str) -> None:
        """Let an operation answer with an error code from now on."""
        error = {"Error": {"Code": code, "Message": ""}, "ResponseMetadata": {}}
        self.answer(service, operation, error, status=400)

    def answer(
        self, service: str, operation: str, parsed: dict[str, Any], status: int = 200
    ) -> None:
        """Let an operation give this answer from now on."""

        def answering(**_call: Any) -> Any:
            return SimpleNamespace(status_code=status), parsed

        self._break(service, operation, answering)

    def lose(self, service: str, operation: str, error: Exception) -> None:
        """Let the network fail with this error for an operation from now on."""

        def losing(**_call: Any) -> None:
            raise error

        self._break(service, operation, losing)

    def mend(self, service: str, operation: str) -> None:
        """Let an operation work again."""
        event = f"before-call.{service}.{operation}"
        for hook in self._broken.pop(event, []):
            _client(service).meta.events.unregister(event, hook)

    def _break(self, service: str, operation: str, hook: Callable[..., Any]) -> None:
        event = f"before-call.{service}.{operation}"
        self.hook(service, event, hook)
        self._broken.setdefault(event, []).append(hook)

    def items(self, table: str) -> list[dict[str, Any]]:
        """Return every row of a table."""
        return list(clients.dynamodb().scan(TableName=table)["Items"])

    def hook(self, service: str, event: str, hook: Callable[..., Any]) -> None:
        """Register a hook of botocore with one of the clients until the end of the test."""
        _client(service).meta.events.register(event, hook)
        self._hooks.append((service, event, hook))

    def start(self) -> None:
        """Make the resources of the stack, and start recording requests."""
        for name, key in TABLES.items():
            _make_table(name, key)
        clients.events().create_event_bus(Name=BUS)
        for bucket in (BUCKET, LOG_BUCKET, PAIRS_BUCKET):
            clients.s3().create_bucket(
                Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
            )
        for service in SERVICES:
            self.hook(service, "provide-client-params", self._note)
        self._stand_in("GenerateDataKeyPairWithoutPlaintext", self._make_pair)
        self._stand_in("Sign", _sign)
        self._stand_in("GetPublicKey", _public_key)

    def stop(self) -> None:
        """Remove every hook."""
        for service, event, hook in self._hooks:
            _client(service).meta.events.unregister(event, hook)

    def _stand_in(self, operation: str, hook: Callable[..., Any]) -> None:
        """Answer for moto's KMS; registered last, so that a test's own hook comes first."""
        event = f"before-call.kms.{operation}"
        _client("kms").meta.events.register_last(event, hook)
        self._hooks.append(("kms", event, hook))

    def _note(self, **call: Any) -> None:
        operation = call["event_name"].rpartition(".")[2]
        self.requests.append((operation, dict(call["params"])))
        if operation == "PutEvents":
            self.published += call["params"]["Entries"]

    def _make_pair(self, **call: Any) -> Any:
        # moto's KMS makes no key pairs.
        asked = json.loads(call["params"]["body"])
        assert asked["KeyPairSpec"] == "RSA_3072"
        self.pairs += 1
        number = (self.pairs - 1) % 3 + 1
        sealed = clients.kms().encrypt(
            KeyId=asked["KeyId"],
            Plaintext=private_key(number, Encoding.DER),
            EncryptionContext=asked["EncryptionContext"],
        )
        parsed = {
            "PublicKey": public_key(number, Encoding.DER),
            "PrivateKeyCiphertextBlob": sealed["CiphertextBlob"],
            "KeyId": asked["KeyId"],
        }
        return SimpleNamespace(status_code=200), parsed


def _sign(**call: Any) -> Any:
    # moto's KMS takes a digest for a message and hashes it again.
    asked = json.loads(call["params"]["body"])
    if asked["KeyId"] == LOG_KEY:
        return _sign_for_the_log(asked)
    assert asked["MessageType"] == "DIGEST"
    account = kms_models.kms_backends[DEFAULT_ACCOUNT_ID][clients.kms().meta.region_name]
    key = account.describe_key(asked["KeyId"]).private_key
    assert isinstance(key, ECDSAPrivateKey)
    digest = base64.b64decode(asked["Message"])
    signature = key.private_key.sign(digest, ec.ECDSA(Prehashed(SHA256())))
    return SimpleNamespace(status_code=200), {"KeyId": asked["KeyId"], "Signature": signature}


def _sign_for_the_log(asked: dict[str, Any]) -> Any:
    # AWS KMS developer guide, "Key spec reference": this algorithm takes no digest.
    assert (asked["SigningAlgorithm"], asked["MessageType"]) == ("ED25519_SHA_512", "RAW")
    message = base64.b64decode(asked["Message"])
    assert len(message) <= _LONGEST_MESSAGE
    signature = _LOG_KEY.sign(message)
    return SimpleNamespace(status_code=200), {"KeyId": LOG_KEY, "Signature": signature}


def _public_key(**call: Any) -> Any:
    if json.loads(call["params"]["body"])["KeyId"] != LOG_KEY:
        return None
    encoded = _LOG_KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return SimpleNamespace(status_code=200), {"KeyId": LOG_KEY, "PublicKey": encoded}


@contextmanager
def running() -> Iterator[Aws]:
    """Start the services with the tables, the bus, the bucket and the key of the stack."""
    with pytest.MonkeyPatch.context() as environment:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            environment.setenv(name, "test")
        environment.setenv("AWS_DEFAULT_REGION", "eu-central-1")
        environment.delenv("AWS_ENDPOINT_URL", raising=False)
        environment.delenv("AWS_PROFILE", raising=False)
        environment.setattr(Item, "is_within_segment", _is_within_segment)
        environment.setattr(kms_models, "generate_private_key", _private_key_of)
        environment.setattr(serialization, "load_pem_private_key", _parsed)
        with mock_aws():
            aws = Aws()
            try:
                aws.start()
                yield aws
            finally:
                aws.stop()


def _is_within_segment(item: Item, segments: tuple[None, None] | tuple[int, int]) -> bool:
    # moto's takes no key for anything but text.
    segment, total = segments
    return total is None or sum(str(item.hash_key.value).encode()) % total == segment


def _private_key_of(key_spec: str) -> AbstractPrivateKey | None:
    # moto makes an RSA key for a symmetric one too and never uses it, which takes long.
    return None if key_spec == "SYMMETRIC_DEFAULT" else generate_private_key(key_spec)


def _make_table(name: str, key: tuple[str, ...]) -> None:
    # Not by a request: eighteen of them take longer than most tests.
    parts = [part.split(":") for part in key]
    dynamodb_backends[DEFAULT_ACCOUNT_ID][clients.dynamodb().meta.region_name].create_table(
        name,
        schema=[
            {"AttributeName": part, "KeyType": role}
            for role, (part, _) in zip(("HASH", "RANGE"), parts, strict=False)
        ],
        attr=[{"AttributeName": part, "AttributeType": kind} for part, kind in parts],
        billing_mode="PAY_PER_REQUEST",
        throughput=None,
        global_indexes=[],
        indexes=[],
        streams=None,
        sse_specification=None,
        tags=[],
        deletion_protection_enabled=False,
        warm_throughput=None,
    )


def _client(service: str) -> Any:
    return getattr(clients, service)()
