"""Reads the objects of a log over HTTPS without trusting the server.

No redirect is followed, and no more is read than is expected.
"""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import suppress
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from ipaddress import ip_address
from urllib.parse import SplitResult, quote, urlsplit

from civic.verifier.errors import Malformed, Missing, Unavailable

PIECE = 65536
"""How many bytes to read at a time."""

_SECONDS = 30
_TRIES = 3
_OK = 200
_NOT_FOUND = 404


class Web:
    """A server of a log. Several threads may use it, each over its own connection.

    Args:
        url: Where the log is; https, or http on this machine.
        budget: How many bytes may be read from it in all.

    Raises:
        Malformed: A log cannot be read from such a URL.
    """

    def __init__(self, url: str, budget: int) -> None:
        self._parts = parse_url(url)
        self._prefix = self._parts.path.rstrip("/")
        self._left = budget
        self._own = threading.local()
        self._lock = threading.Lock()
        self._all: set[HTTPConnection] = set()
        self._closed = False

    def get(self, path: str, limit: int) -> bytes:
        """Return an object of at most `limit` bytes.

        Raises:
            Missing: There is no such object.
            Unavailable: It could not be read, or is larger.
        """
        return b"".join(self.pieces(path, limit))

    def pieces(self, path: str, limit: int) -> Iterator[bytes]:
        """Yield an object piece by piece; raises as `get` does."""
        answer = self._ask(path)
        left = limit
        try:
            while piece := answer.read(min(PIECE, left + 1)):
                left -= len(piece)
                if left < 0:
                    raise Unavailable(f"{path}: more than {limit} bytes")
                self._spend(len(piece))
                yield piece
        except (OSError, HTTPException) as error:
            raise Unavailable(f"{path}: {type(error).__name__} while reading") from None
        finally:
            # A connection whose answer was not read to its end cannot be used again.
            if not answer.isclosed():
                self._drop()
        length = answer.getheader("Content-Length")
        if length is not None and length != str(limit - left):
            raise Unavailable(f"{path}: the connection ended before the object did")

    def close(self) -> None:
        """Close all connections, even those that other threads are reading from."""
        self._closed = True
        with self._lock:
            for connection in self._all:
                # Closing alone would not wake a thread that waits for a slow server.
                if connection.sock is not None:
                    with suppress(OSError):
                        connection.sock.shutdown(socket.SHUT_RDWR)
                connection.close()

    def _ask(self, path: str) -> HTTPResponse:
        for left in reversed(range(_TRIES)):
            connection = self._connection()
            try:
                connection.request(
                    "GET", f"{self._prefix}/{quote(path)}", headers={"Accept-Encoding": "identity"}
                )
                answer = connection.getresponse()
            except (OSError, HTTPException) as error:
                # The server may have closed an idle connection: ask again over a new one.
                self._drop()
                if not left or self._closed:
                    raise Unavailable(f"{path}: {type(error).__name__}") from None
                continue
            if self._closed:
                # `http.client` has connected again after `close`, which nobody else would end.
                self._drop()
                raise Unavailable(f"{path}: no longer wanted")
            return self._want_ok(path, answer)
        raise Unavailable(path)

    def _want_ok(self, path: str, answer: HTTPResponse) -> HTTPResponse:
        if answer.status == _OK and not answer.getheader("Content-Encoding"):
            return answer
        self._drop()
        if answer.status == _NOT_FOUND:
            raise Missing(path)
        raise Unavailable(f"{path}: the server answered {answer.status}")

    def _connection(self) -> HTTPConnection:
        connection: HTTPConnection | None = getattr(self._own, "connection", None)
        if connection is None:
            host = self._parts.hostname or ""
            if self._parts.scheme == "https":
                context = ssl.create_default_context()
                connection = HTTPSConnection(
                    host, self._parts.port, timeout=_SECONDS, context=context
                )
            else:
                connection = HTTPConnection(host, self._parts.port, timeout=_SECONDS)
            self._own.connection = connection
            with self._lock:
                self._all.add(connection)
        return connection

    def _drop(self) -> None:
        connection: HTTPConnection | None = getattr(self._own, "connection", None)
        if connection is not None:
            connection.close()
            self._own.connection = None
            with self._lock:
                self._all.discard(connection)

    def _spend(self, count: int) -> None:
        with self._lock:
            self._left -= count
        if self._left < 0:
            raise Unavailable(
                "the log is larger than the limit for reading; raise --max-gib to read more"
            )


def is_url(source: str) -> bool:
    """Return whether a source is meant to be a URL."""
    return "://" in source


def parse_url(url: str) -> SplitResult:
    """Return the parts of a URL that a log may be read from.

    Raises:
        Malformed: It is neither https without user, query and fragment, nor http on this machine.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise Malformed("not a URL") from None
    if not host or parts.query or parts.fragment or parts.username is not None:
        raise Malformed("the URL of a log has a host and a path, and nothing else")
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(host)):
        raise Malformed("a log is read over https; over http only from this machine")
    return parts


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
