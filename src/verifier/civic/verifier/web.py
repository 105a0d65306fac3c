"""The objects of a log over HTTPS, read as what anybody may have sent.

Nothing is followed elsewhere, and nothing is read beyond what is expected.
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
"""Bytes that are read at a time."""

_SECONDS = 30
_TRIES = 3
_OK = 200
_NOT_FOUND = 404


class Web:
    """A place that serves a log; may be used by several threads, each with its own connection.

    Args:
        url: Where the log is; https, or http on this machine.
        budget: How many bytes may be read of it in all.

    Raises:
        Malformed: The URL is not one that a log is read from.
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
            Missing: It is not there.
            Unavailable: It could not be read, or is larger.
        """
        return b"".join(self.pieces(path, limit))

    def pieces(self, path: str, limit: int) -> Iterator[bytes]:
        """Give an object piece by piece; raises as `get` does."""
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
            # What is not read to its end leaves a connection that nobody can use.
            if not answer.isclosed():
                self._drop()
        length = answer.getheader("Content-Length")
        if length is not None and length != str(limit - left):
            raise Unavailable(f"{path}: ended before its end")

    def close(self) -> None:
        """End all connections, also those that others are reading from."""
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
                # A server may end a connection that has been idle; a new one is asked again.
                self._drop()
                if not left or self._closed:
                    raise Unavailable(f"{path}: {type(error).__name__}") from None
            else:
                return self._want_ok(path, answer)
        raise Unavailable(path)

    def _want_ok(self, path: str, answer: HTTPResponse) -> HTTPResponse:
        if answer.status == _OK and not answer.getheader("Content-Encoding"):
            return answer
        self._drop()
        if answer.status == _NOT_FOUND:
            raise Missing(path)
        raise Unavailable(f"{path}: the server answers {answer.status}")

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
            raise Unavailable("the log is larger than may be read of it (--max-gib)")


def is_url(source: str) -> bool:
    """Return whether a source is meant to be a URL."""
    return "://" in source


def parse_url(url: str) -> SplitResult:
    """Return the parts of a URL that a log may be read from.

    Raises:
        Malformed: It is none: https without a user, query or fragment, or http on this machine.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise Malformed("not a URL") from None
    if not host or parts.query or parts.fragment or parts.username is not None:
        raise Malformed("a URL of a log has a host and a path, and nothing else")
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(host)):
        raise Malformed("a log is read over https; over http only from this machine")
    return parts


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
