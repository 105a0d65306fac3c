"""Translation of botocore's errors into the domain's; decided by type and code, never by text."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError

from civic.voting.errors import StoreUnavailable


@contextmanager
def unavailable() -> Iterator[None]:
    """Raise ``StoreUnavailable`` for whatever AWS refuses or the network loses."""
    try:
        yield
    except (ClientError, BotoCoreError) as cause:
        raise StoreUnavailable("an AWS service refused or did not answer") from cause


def failed_condition(error: ClientError) -> bool:
    """Tell whether a conditional write found something in its way."""
    return error.response.get("Error", {}).get("Code") == "ConditionalCheckFailedException"
