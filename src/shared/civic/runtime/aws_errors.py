"""Translates botocore's errors into a domain's, by type and code and never by text."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError


@contextmanager
def unavailable_as(error: type[Exception]) -> Iterator[None]:
    """Raise ``error`` if AWS refuses a call or does not answer it."""
    try:
        yield
    except (ClientError, BotoCoreError) as cause:
        message = "an AWS service refused or did not answer"
        raise error(message) from cause


def failed_condition(error: ClientError) -> bool:
    """Return whether a write failed because its condition was not met."""
    return code_of(error) == "ConditionalCheckFailedException"


def code_of(error: ClientError) -> str:
    """Return the code that AWS gives an error."""
    return error.response.get("Error", {}).get("Code", "")
