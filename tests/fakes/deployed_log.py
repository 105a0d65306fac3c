"""A log as in the audit stack, with bucket, key and API, for the commands that read them."""

import io
import json
from collections.abc import Iterator
from typing import Any

import httpx
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from civic.audit.errors import NotLogged
from civic.audit.model.notes import verifier_key
from civic.audit.usecases.opening import open_ballots
from civic.audit.usecases.recording import record_ballots, record_events
from civic.contracts.voting import Audience
from civic.operator.public_log import LogReader
from civic.stack.target import LOCAL_STACK, Target
from tests.fakes.log import ORIGIN, Log, arrivals, certified, opening

BUCKET, KEY, API = "the-log", "the-key", "log-api"
_PAGE = 100


class Objects:
    """A bucket that records what was read, in order."""

    def __init__(self, objects: dict[str, bytes]) -> None:
        self.objects = objects
        self.read: list[str] = []

    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803 - boto3's
        assert Bucket == BUCKET
        self.read.append(Key)
        if Key not in self.objects:
            raise ClientError({"Error": {"Code": "NoSuchKey"}}, "GetObject")
        return {"Body": io.BytesIO(self.objects[Key])}

    def get_paginator(self, operation: str) -> "Objects":
        assert operation == "list_objects_v2"
        return self

    def paginate(self, Bucket: str, Prefix: str) -> Iterator[dict[str, Any]]:  # noqa: N803
        assert Bucket == BUCKET
        keys = sorted(key for key in self.objects if key.startswith(Prefix))
        for first in range(0, len(keys), _PAGE):
            yield {"Contents": [{"Key": key} for key in keys[first : first + _PAGE]]}
        if not keys:
            yield {}


class Keys:
    """The log's key."""

    def __init__(self, public: bytes) -> None:
        self._public = Ed25519PublicKey.from_public_bytes(public)

    def get_public_key(self, KeyId: str) -> dict[str, bytes]:  # noqa: N803 - boto3's
        assert KeyId == KEY
        encoding = Encoding.DER, PublicFormat.SubjectPublicKeyInfo
        return {"PublicKey": self._public.public_bytes(*encoding)}


class Drained:
    """Queues that are empty."""

    def get_queue_attributes(self, **_: Any) -> dict[str, Any]:
        states = ("", "NotVisible", "Delayed")
        names = [f"ApproximateNumberOfMessages{one}" for one in states]
        return {"Attributes": dict.fromkeys(names, "0")}


class DeployedLog:
    """A log of the real writer, with one election, certified and opened."""

    def __init__(self, ballots: int, audience: Audience = Audience.PUBLIC) -> None:
        self.log = Log()
        recorder = self.log.recorder()
        record_ballots(recorder, "shard", arrivals(0, ballots))
        certification = certified(ballots, audience)
        record_events(recorder, [certification])
        open_ballots(self.log.opener([opening(number) for number in range(ballots)]), certification)
        told = [one for one in self.log.bus.events if "Openings" in type(one).__name__]
        record_events(recorder, told)
        self.vkey = verifier_key(ORIGIN, self.log.signer.public_key())
        self.s3 = Objects(self.stored())
        self.target = Target(LOCAL_STACK, region="eu-west-1", endpoint="http://127.0.0.1:4566")
        ends = ("EventQueueUrl", "EventDlqUrl", "CertifiedQueueUrl", "CertifiedDlqUrl")
        vars(self.target).update(
            deployed={
                self.target.stacks["audit"]: {
                    "LogApiId": API,
                    "LogBucketName": BUCKET,
                    "LogKeyArn": KEY,
                    "LogOrigin": ORIGIN,
                    **{name: name for name in ends},
                }
            },
            s3=self.s3,
            kms=Keys(self.log.signer.public_key()),
            sqs=Drained(),
        )

    def stored(self) -> dict[str, bytes]:
        """Return the current content of the bucket."""
        return {
            **{f"log/{path}": content for path, content in self.log.shelf.objects.items()},
            **{f"auditors/{path}": content for path, content in self.log.auditors.objects.items()},
            "log/checkpoint": self.log.heads.newest().note,
        }

    def reader(self, api_url: str, *, local: bool) -> LogReader:
        """Return a client whose requests are answered as by the log's API."""
        assert api_url == f"http://127.0.0.1:4566/_aws/execute-api/{API}"
        return LogReader(api_url, local=local, transport=httpx.MockTransport(self._answer))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.partition(f"{API}/")[2]
        kind, _, name = path.partition("/")
        try:
            if kind == "receipts":
                found = self.log.lookup().prove(bytes.fromhex(name))
            else:
                found = self.s3.objects[f"log/{name}"]
        except (NotLogged, KeyError):
            problem = {"code": "not_logged", "title": "That is not in the log, or not yet"}
            return httpx.Response(404, content=json.dumps(problem))
        return httpx.Response(200, content=found)
