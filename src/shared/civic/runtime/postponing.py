"""Messages that an outage kept from being handled are put off, so that waiting costs them no try.

SQS counts how often a message is received and then gives it up, whatever the reason. So a message
that failed because a dependency was unavailable is sent to its own queue once more, with a delay,
before the one that was delivered is acknowledged. A crash in between leaves two of them, and
handlers are idempotent. The copy has the same body, a count of its own deliveries, and the queue's
retention from the start.
"""

import secrets
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError, ParamValidationError

from civic.contracts.errors import Unavailable
from civic.runtime import clients
from civic.runtime.aws_errors import code_of, unavailable_as
from civic.runtime.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

LONGEST_SECONDS = 900
"""The longest delay that SQS allows."""

MOST = 1350
"""How often a message is put off: about ten days, as delays are drawn at random.

After that its failures count as anybody's, so that nothing circulates for ever.
"""

_FIRST_SECONDS = 30
_COUNT = "Postponed"
_REFUSES_WHAT_WAS_SENT = {
    "IncorrectKeyException",
    "InvalidCiphertextException",
    "ItemCollectionSizeLimitExceededException",
    "SerializationException",
    "ValidationException",
}
"""Codes of AWS that say the request is wrong, not the service: trying again changes nothing."""


class OwnQueue:
    """The queue that a consumer takes from, for putting messages off."""

    def __init__(self, client: "SQSClient", url: str, below: Callable[[int], int]) -> None:
        """Send to the queue at ``url``; ``below`` returns a random number below its argument."""
        self._client = client
        self._url = url
        self._below = below

    def put_off(self, message: Mapping[str, Any]) -> None:
        """Send a message again, to be delivered later.

        Args:
            message: As Lambda delivers it.

        Raises:
            Unavailable: The queue did not take it.
        """
        before = times_put_off(message)
        with unavailable_as(Unavailable):
            self._client.send_message(
                QueueUrl=self._url,
                MessageBody=message["body"],
                DelaySeconds=self._delay(before),
                MessageAttributes={_COUNT: {"DataType": "Number", "StringValue": str(before + 1)}},
            )

    def _delay(self, before: int) -> int:
        """Return between half and all of a delay that doubles each time, so that no two meet."""
        longest = min(LONGEST_SECONDS, _FIRST_SECONDS << min(before, 10))
        return longest - self._below(longest // 2)


class QueueSettings(Settings):
    """Base of the settings of a function that puts messages off."""

    queue_url: str


def own_queue() -> OwnQueue:
    """Return the queue of this function."""
    url = QueueSettings.from_environment().queue_url
    return OwnQueue(clients.sqs(), url, secrets.randbelow)


def may_be_put_off(message: Mapping[str, Any], error: Exception) -> bool:
    """Tell whether an outage kept a message from being handled, and it has not waited too long."""
    return is_outage(error) and times_put_off(message) < MOST


def is_outage(error: Exception) -> bool:
    """Tell whether an error is of a dependency, and not of what was asked of it."""
    if not isinstance(error, Unavailable) or isinstance(error.__cause__, ParamValidationError):
        return False
    cause = error.__cause__
    return not (isinstance(cause, ClientError) and code_of(cause) in _REFUSES_WHAT_WAS_SENT)


def times_put_off(message: Mapping[str, Any]) -> int:
    """Return how often a message was put off before."""
    count = message.get("messageAttributes", {}).get(_COUNT, {}).get("stringValue", "")
    return int(count) if count.isdecimal() else 0
