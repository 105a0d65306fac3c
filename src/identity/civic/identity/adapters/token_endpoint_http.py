"""Token endpoints over HTTPS: one request, no redirect, a limited time and length.

The address comes from the trust document, which only operators write and which takes no other than
https, but on the loopback interface.
"""

from collections.abc import Mapping
from time import monotonic
from typing import override

import urllib3
from urllib3.exceptions import HTTPError

from civic.identity.errors import ProviderFailed
from civic.identity.ports.proofs import TokenEndpoint

SECONDS_MOST = 8.0
BYTES_MOST = 32 * 1024
_PIECE = 4096
_OK = 200


class HttpTokenEndpoint(TokenEndpoint):
    """Asks through one pool of connections."""

    def __init__(self, seconds: float = SECONDS_MOST) -> None:
        """Wait for at most so many seconds for a whole answer."""
        self._seconds = seconds
        self._pool = urllib3.PoolManager(num_pools=4)

    @override
    def redeem(self, url: str, form: Mapping[str, str]) -> bytes:
        until = monotonic() + self._seconds
        try:
            response = self._pool.request(
                "POST",
                url,
                fields=dict(form),
                encode_multipart=False,
                headers={"accept": "application/json", "accept-encoding": "identity"},
                timeout=urllib3.Timeout(connect=3, read=self._seconds),
                redirect=False,
                retries=False,
                preload_content=False,
            )
            try:
                if response.status != _OK:
                    raise ProviderFailed
                return _read(response, until)
            finally:
                response.close()
        except HTTPError:
            raise ProviderFailed from None


def _read(response: urllib3.BaseHTTPResponse, until: float) -> bytes:
    """Return the body of a response, unless it is too long or comes too slowly."""
    read = b""
    while piece := response.read1(_PIECE, decode_content=False):
        read += piece
        if len(read) > BYTES_MOST or monotonic() > until:
            raise ProviderFailed
    return read
