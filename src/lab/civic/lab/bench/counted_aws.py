"""AWS in memory, behind botocore's ``before-send`` hook: everything real but the network.

The SDK serialises and signs each request and parses each answer as it always does; what would go
to the network comes here instead, is carried out on dictionaries and counted. Nothing is timed,
throttled or denied.
"""

import hashlib
import json
import uuid
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import Any

import botocore.session
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from civic.lab.bench import wire
from civic.lab.bench.counted_dynamodb import Outcome, Tables
from civic.lab.bench.counted_kms import Kms
from civic.lab.bench.ledger import Ledger, Line, Tally

ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",  # pragma: allowlist secret
    # Lambda's credentials are temporary: their token is most of a request's head.
    "AWS_SESSION_TOKEN": "t" * 900,
    "AWS_REGION": wire.REGION,
    "AWS_DEFAULT_REGION": wire.REGION,
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": "/nonexistent",
    "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
}
"""What the SDK needs to sign with; AWS's own documentation example, so no secret."""

_SERVICES = {"dynamodb": "dynamodb", "eventbridge": "events", "kms": "kms"}


class NotCounted(Exception):
    """A handler called something that this stand-in does not know."""


@dataclass(frozen=True, slots=True)
class BusEvent:
    """One event that was put on the bus."""

    source: str
    detail_type: str
    detail: str

    @property
    def size(self) -> int:
        """Bytes that EventBridge bills (user guide, "Calculating PutEvents event entry size")."""
        return len(self.source) + len(self.detail_type) + len(self.detail.encode())

    def envelope(self) -> str:
        """Return the event as a rule hands it to a queue."""
        return json.dumps(
            {
                "version": "0",
                "id": str(uuid.uuid4()),
                "detail-type": self.detail_type,
                "source": self.source,
                "account": "123456789012",
                "time": "2027-01-15T12:00:00Z",
                "region": wire.REGION,
                "resources": [],
                "detail": json.loads(self.detail),
            },
            separators=(",", ":"),
            ensure_ascii=False,
        )


class CountedAws:
    """DynamoDB, EventBridge, KMS and SQS, counted by function and operation."""

    def __init__(self, keys: Mapping[str, tuple[str, ...]]) -> None:
        """Start empty.

        Args:
            keys: The key attributes of every table.
        """
        self.ledger = Ledger()
        self.tables = Tables(keys)
        self.bus: list[BusEvent] = []
        self.queues: defaultdict[str, list[str]] = defaultdict(list)
        self._kms = Kms()
        self._function = ""
        self._turn = Lock()

    def attach(self, session: botocore.session.Session) -> None:
        """Answer every client made from a session after this."""
        session.register("before-send", self._answer)

    @contextmanager
    def function(self, name: str) -> Iterator[None]:
        """Count to this function what is called within."""
        outside, self._function = self._function, name
        try:
            yield
        finally:
            self._function = outside

    @contextmanager
    def counting(self) -> Iterator[Ledger]:
        """Count to a ledger of its own what is called within."""
        outside, self.ledger = self.ledger, Ledger()
        try:
            yield self.ledger
        finally:
            self.ledger = outside

    def take_events(self) -> list[BusEvent]:
        """Return what is on the bus, and clear it."""
        taken, self.bus = self.bus, []
        return taken

    def _answer(self, **hook: Any) -> Any:
        # Whatever but None is returned is the answer, though botocore's type stubs say otherwise.
        request: AWSPreparedRequest = hook["request"]
        _, service_id, operation = hook["event_name"].split(".")
        service = _SERVICES.get(service_id, service_id)
        # The box is called from several threads, and neither tables nor ledger are made for that.
        with self._turn:
            return self._counted(service, operation, request)

    def _counted(self, service: str, operation: str, request: AWSPreparedRequest) -> AWSResponse:
        outcome = self._outcome(service, operation, json.loads(wire.body_of(request)))
        body = json.dumps(outcome.body, separators=(",", ":")).encode()
        answer, answer_bytes = wire.response(request.url, outcome.status, body)
        self.ledger.tallies[Line(self._function, service, operation)].add(
            Tally(
                calls=1,
                request_bytes=wire.request_bytes(request),
                response_bytes=answer_bytes,
                write_units=outcome.write_units,
                read_units=outcome.read_units,
            )
        )
        for table, size in outcome.written:
            self.ledger.written[table].append(size)
        return answer

    def _outcome(self, service: str, operation: str, request: dict[str, Any]) -> Outcome:
        try:
            match service:
                case "dynamodb":
                    return self.tables.answer(operation, request)
                case "kms":
                    return Outcome(self._kms.answer(operation, request))
                case "events" if operation == "PutEvents":
                    return Outcome(self._put_events(request))
                case "sqs" if operation == "SendMessage":
                    return Outcome(self._send_message(request))
        except KeyError as error:
            raise NotCounted(f"{service}:{operation} cannot be answered: {error}") from error
        raise NotCounted(f"{service}:{operation}")

    def _send_message(self, request: dict[str, Any]) -> dict[str, Any]:
        body: str = request["MessageBody"]
        self.queues[request["QueueUrl"]].append(body)
        # Not for security: the SDK compares it with what it sent.
        digest = hashlib.md5(body.encode(), usedforsecurity=False).hexdigest()
        return {"MessageId": str(uuid.uuid4()), "MD5OfMessageBody": digest}

    def _put_events(self, request: dict[str, Any]) -> dict[str, Any]:
        entries = request["Entries"]
        self.bus += [
            BusEvent(entry["Source"], entry["DetailType"], entry["Detail"]) for entry in entries
        ]
        return {
            "FailedEntryCount": 0,
            "Entries": [{"EventId": str(uuid.uuid4())} for _ in entries],
        }
