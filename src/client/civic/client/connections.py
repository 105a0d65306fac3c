"""An HTTP client that is open for one block."""

from types import TracebackType
from typing import Self

import httpx


class Connected:
    """Base of what calls an API through a client of its own."""

    _http: httpx.Client

    def __enter__(self) -> Self:
        """Keep connections open until the end of the block."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connections."""
        self._http.close()
