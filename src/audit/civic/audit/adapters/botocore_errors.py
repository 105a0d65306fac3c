"""Translation of botocore's errors into the domain's; decided by type and code, never by text."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError

from civic.audit.errors import StoreUnavailable


@contextmanager
def unavailable() -> Iterator[None]:
    """Raise ``StoreUnavailable`` for whatever AWS refuses or the network loses."""
    try:
        yield
    except (ClientError, BotoCoreError) as cause:
        raise StoreUnavailable("an AWS service refused or did not answer") from cause


def code_of(error: ClientError) -> str:
    """Return the code AWS gives an error."""
    return error.response.get("Error", {}).get("Code", "")
