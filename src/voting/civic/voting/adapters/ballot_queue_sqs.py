"""The queue of sealed ballots in SQS, which encrypts them once more."""

import json
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING, override

from civic.contracts.identifiers import ElectionId
from civic.runtime.aws_errors import unavailable_as
from civic.voting.errors import SealBroken, StoreUnavailable
from civic.voting.ports import BallotQueue

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


class SqsBallots(BallotQueue):
    """The queue between enqueuer and processor."""

    def __init__(self, client: "SQSClient", url: str) -> None:
        """Use the queue at ``url`` through ``client``."""
        self._client = client
        self._url = url

    @override
    def send(self, election: ElectionId, sealed: bytes) -> None:
        with unavailable_as(StoreUnavailable):
            self._client.send_message(QueueUrl=self._url, MessageBody=body_of(election, sealed))

    def check(self) -> None:
        """Check that the queue responds."""
        with unavailable_as(StoreUnavailable):
            self._client.get_queue_attributes(
                QueueUrl=self._url, AttributeNames=["ApproximateNumberOfMessages"]
            )


def body_of(election: ElectionId, sealed: bytes) -> str:
    """Return the message of a sealed ballot."""
    return json.dumps({"election": election, "sealed": b64encode(sealed).decode()})


def read_body(body: str) -> tuple[ElectionId, bytes]:
    """Return what `body_of` wrote.

    Raises:
        SealBroken: It is not such a message.
    """
    try:
        document = json.loads(body)
        election, sealed = document["election"], b64decode(document["sealed"], validate=True)
    except (ValueError, KeyError, TypeError, RecursionError):
        raise SealBroken("not a sealed ballot") from None
    if not isinstance(election, str):
        raise SealBroken("not a sealed ballot")
    return ElectionId(election), sealed
