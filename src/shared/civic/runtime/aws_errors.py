"""Translation of botocore's errors into a domain's; decided by type and code, never by text."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError


@contextmanager
def unavailable_as(error: type[Exception]) -> Iterator[None]:
    """Raise ``error`` for whatever AWS refuses or the network loses."""
    try:
        yield
    except (ClientError, BotoCoreError) as cause:
        message = "an AWS service refused or did not answer"
        raise error(message) from cause


def failed_condition(error: ClientError) -> bool:
    """Tell whether a conditional write found something in its way."""
    return code_of(error) == "ConditionalCheckFailedException"


def code_of(error: ClientError) -> str:
    """Return the code AWS gives an error."""
    return error.response.get("Error", {}).get("Code", "")
