"""Translation of botocore's errors into the domain's; decided by type and code, never by text."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError

from civic.identity.errors import IdentityError


@contextmanager
def unavailable_as(error: type[IdentityError]) -> Iterator[None]:
    """Raise ``error`` for whatever AWS refuses or the network loses."""
    try:
        yield
    except (ClientError, BotoCoreError) as cause:
        message = "an AWS service refused or did not answer"
        raise error(message) from cause


def failed_condition(error: ClientError) -> bool:
    """Tell whether a conditional write found something in its way."""
    return error.response.get("Error", {}).get("Code") == "ConditionalCheckFailedException"
