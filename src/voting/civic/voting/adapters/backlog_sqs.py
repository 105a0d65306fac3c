"""What waits to be counted, as SQS counts it.

The numbers are approximate until about a minute after the last message was sent (SQS API
reference, GetQueueAttributes); anyone who relies on them waits longer than that.
"""

from typing import TYPE_CHECKING, override

from civic.runtime.aws_errors import unavailable_as
from civic.voting.errors import StoreUnavailable
from civic.voting.ports import Backlog

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


class SqsBacklog(Backlog):
    """The messages of some queues."""

    def __init__(self, client: "SQSClient", *queues: str) -> None:
        """Look at the queues of these URLs."""
        self._client = client
        self._queues = queues

    @override
    def waiting(self) -> int:
        """Add up what is visible, in flight and delayed."""
        return sum(map(self._waiting, self._queues))

    def _waiting(self, queue: str) -> int:
        with unavailable_as(StoreUnavailable):
            answer = self._client.get_queue_attributes(
                QueueUrl=queue,
                AttributeNames=[
                    "ApproximateNumberOfMessages",
                    "ApproximateNumberOfMessagesNotVisible",
                    "ApproximateNumberOfMessagesDelayed",
                ],
            )
        return sum(map(int, answer["Attributes"].values()))
