"""AWS in this process, counted by function and operation: what is called, written and read.

DynamoDB is moto's; EventBridge, KMS and SQS only have to accept what they are given, and KMS
returns blobs of real length, since they are stored. Nothing is timed, throttled or denied.
"""

import base64
import json
import os
import re
import uuid
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import botocore.session
from cryptography.hazmat.primitives.serialization import Encoding
from moto import mock_aws
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends

from civic.lab.bench.run import Line, Run, Tally
from civic.lab.bench.sizes import item_bytes, read_units, write_units
from civic.lab.memory.rsa_pairs import private_key, public_key
from civic.runtime import clients

REGION = "us-east-1"
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",  # pragma: allowlist secret
    # Lambda's credentials are temporary: their token makes up most of a request's headers.
    "AWS_SESSION_TOKEN": "t" * 900,
    "AWS_REGION": REGION,
    "AWS_DEFAULT_REGION": REGION,
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": "/nonexistent",
    "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
}
"""What the SDK needs to sign requests; it is AWS's documentation example, so not a secret."""

_BLOB_OVERHEAD_BYTES = 152
"""How much longer than its plaintext a KMS blob is: 184 bytes for a 32-byte data key."""
_PARTITION = re.compile(r"(#?\w+) = (:\w+)")
_TRANSACTION = "TransactWriteItems"
_WRITES = {"DeleteItem", "PutItem", "UpdateItem", _TRANSACTION}

type Request = Mapping[str, Any]
type Item = dict[str, Any]
"""A table's item, or an answer, an event or anything else in JSON."""


class NotCounted(Exception):
    """A function called an operation that is not counted here."""


@dataclass(frozen=True, slots=True)
class BusEvent:
    """One event that was put on the bus."""

    source: str
    detail_type: str
    detail: str

    @property
    def size(self) -> int:
        """The bytes EventBridge bills (user guide, "Calculating PutEvents event entry size")."""
        return len(self.source) + len(self.detail_type) + len(self.detail.encode())

    def envelope(self) -> Item:
        """Return the event as a rule hands it to its targets."""
        return {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": self.detail_type,
            "source": self.source,
            "account": "123456789012",
            "time": "2027-01-15T12:00:00Z",
            "region": REGION,
            "resources": [],
            "detail": json.loads(self.detail),
        }

    def message(self) -> str:
        """Return the event as a rule sends it to a queue."""
        return json.dumps(self.envelope(), separators=(",", ":"), ensure_ascii=False)


class CountedAws:
    """The services, and the run to which calls are currently counted."""

    def __init__(self) -> None:
        """Use `open` instead."""
        self.run = Run()
        self.queues: defaultdict[str, list[str]] = defaultdict(list)
        """Messages by the URL of their queue."""
        self._bus: list[BusEvent] = []
        self._blobs: dict[str, tuple[str, Mapping[str, str]]] = {}
        self._function = ""
        # A function may make several calls at once.
        self._turn = Lock()

    @classmethod
    @contextmanager
    def open(cls, tables: Mapping[str, Sequence[str]]) -> "Iterator[CountedAws]":
        """Start with empty tables, which all clients made in the meantime use.

        Args:
            tables: The attributes of each table's key, each with its type: ``id:S``.
        """
        with patch.dict(os.environ, ENVIRONMENT), mock_aws():
            clients.forget()
            aws = cls()
            _create(tables)
            hooks: Any = clients.session()
            hooks.register("before-call", aws._before)
            hooks.register("after-call", aws._after)
            try:
                yield aws
            finally:
                # Nothing made here may outlive it.
                clients.forget()

    @contextmanager
    def function(self, name: str) -> Iterator[None]:
        """Attribute the calls made within to this function."""
        outside, self._function = self._function, name
        try:
            yield
        finally:
            self._function = outside

    @contextmanager
    def counting(self) -> Iterator[Run]:
        """Count what happens within to a separate run."""
        outside, self.run = self.run, Run()
        try:
            yield self.run
        finally:
            self.run = outside

    def take_events(self) -> list[BusEvent]:
        """Return the events on the bus, and clear it."""
        taken, self._bus = self._bus, []
        return taken

    @staticmethod
    def items(table: str) -> list[Item]:
        """Return all items of a table."""
        every = [one.to_json()["Attributes"] for one in _tables().get_table(table).all_items()]
        # In the form of the API, in which binary values are base64.
        return list(json.loads(json.dumps(every, default=_text)))

    def _before(self, *, model: Any, params: Any, context: Item, **_: object) -> Any:
        """Remember a request, and answer it if moto does not."""
        service = model.service_model.service_name
        asked = context["asked"] = json.loads(params["body"], object_hook=_binary)
        if service == "dynamodb":
            context["before"] = _bytes_before(model.name, asked)
            return None
        with self._turn:
            return SimpleNamespace(status_code=200), self._answer(f"{service}:{model.name}", asked)

    def _after(self, *, model: Any, parsed: Any, context: Item, **_: object) -> None:
        """Count an answered request."""
        service, operation = model.service_model.service_name, model.name
        with self._turn:
            tally = self.run.tallies[Line(self._function, service, operation)]
            tally.calls += 1
            if service == "dynamodb":
                self._count(tally, operation, context, refused="Error" in parsed)

    def _count(self, tally: Tally, operation: str, context: Item, *, refused: bool) -> None:
        asked, before = context["asked"], context["before"]
        if operation not in _WRITES:
            consistent = asked.get("ConsistentRead", False)
            tally.read_units += read_units(sum(before), consistent=consistent)
            return
        # A transaction writes each item twice: to prepare it, and to commit it.
        times = 2 if operation == _TRANSACTION else 1
        for part, there in zip(_parts(operation, asked), before, strict=True):
            item = {} if refused else _stored(part["TableName"], part.get("Item") or part["Key"])
            after = item_bytes(item)
            tally.write_units += times * write_units(there, after)
            if item:
                self.run.written[part["TableName"]].append(after)

    def _answer(self, operation: str, asked: Request) -> Item:
        match operation:
            case "events:PutEvents":
                entries = asked["Entries"]
                self._bus += [BusEvent(*map(one.get, _EVENT)) for one in entries]
                return {"FailedEntryCount": 0, "Entries": [{"EventId": "0" * 36}] * len(entries)}
            case "sqs:SendMessage":
                self.queues[asked["QueueUrl"]].append(asked["MessageBody"])
                return {"MessageId": str(uuid.uuid4())}
            case "kms:Encrypt":
                return {"CiphertextBlob": self._sealed(asked["Plaintext"], asked)}
            case "kms:Decrypt":
                plaintext, sealed_for = self._blobs[asked["CiphertextBlob"]]
                if sealed_for == asked.get("EncryptionContext", {}):
                    return {"Plaintext": base64.b64decode(plaintext), "KeyId": _KEY}
            case "kms:GenerateDataKeyWithoutPlaintext":
                key = _text(os.urandom(32))
                return {"CiphertextBlob": self._sealed(key, asked), "KeyId": _KEY}
            case "kms:GenerateDataKeyPairWithoutPlaintext":
                private = _text(private_key(1, Encoding.DER))
                return {
                    "PrivateKeyCiphertextBlob": self._sealed(private, asked),
                    "PublicKey": public_key(1, Encoding.DER),
                    "KeyId": _KEY,
                }
        raise NotCounted(operation)

    def _sealed(self, plaintext: str, asked: Request) -> bytes:
        """Return a blob of the same length as a real one."""
        blob = os.urandom(len(base64.b64decode(plaintext)) + _BLOB_OVERHEAD_BYTES)
        self._blobs[_text(blob)] = plaintext, asked.get("EncryptionContext", {})
        return blob


_EVENT = ("Source", "DetailType", "Detail")
_KEY = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"


def _create(tables: Mapping[str, Sequence[str]]) -> None:
    # In a separate session, as creating tables is not counted.
    dynamodb: Any = botocore.session.get_session().create_client("dynamodb")
    for table, attributes in tables.items():
        key = [one.split(":") for one in attributes]
        kinds = ("HASH", "RANGE")
        dynamodb.create_table(
            TableName=table,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": n, "AttributeType": t} for n, t in key],
            KeySchema=[
                {"AttributeName": name, "KeyType": kind}
                for (name, _), kind in zip(key, kinds, strict=False)
            ],
        )


def _tables() -> Any:
    return dynamodb_backends[DEFAULT_ACCOUNT_ID][REGION]


def _stored(table: str, key: Item) -> Item:
    """Return an item, or an empty one; ``key`` may have other attributes too."""
    found = _tables().get_item(table, key)
    return found.to_json()["Attributes"] if found else {}


def _parts(operation: str, asked: Request) -> list[Request]:
    """Return the requests that a transaction is made of; another request is one by itself."""
    if operation != _TRANSACTION:
        return [asked]
    return [part for one in asked["TransactItems"] for part in one.values()]


def _bytes_before(operation: str, asked: Request) -> list[int]:
    """Return the bytes that a request reads, or those of each item that it overwrites.

    Raises:
        NotCounted: It is not known here what the operation reads.
    """
    if operation == "GetItem" or operation in _WRITES:
        return [
            item_bytes(_stored(one["TableName"], one.get("Item") or one["Key"]))
            for one in _parts(operation, asked)
        ]
    if operation != "Query":
        raise NotCounted(operation)
    # The whole partition, as a projection reads no less. No figure depends on a condition on the
    # sort key, so that is ignored.
    match = _PARTITION.search(asked["KeyConditionExpression"])
    if match is None:
        raise NotCounted(asked["KeyConditionExpression"])
    name = asked.get("ExpressionAttributeNames", {}).get(match[1], match[1])
    value = asked["ExpressionAttributeValues"][match[2]]
    every = CountedAws.items(asked["TableName"])
    return [item_bytes(one) for one in every if one[name] == value]


def _binary(value: Item) -> Item:
    """Return an attribute as moto keeps it, with binary values as bytes."""
    return {"B": base64.b64decode(value["B"])} if value.keys() == {"B"} else value


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
