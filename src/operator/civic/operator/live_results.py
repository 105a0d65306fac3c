"""Results in a browser as they come in: a page on loopback that listens to server-sent events.

One thread asks the vote API, at most once a second and only while somebody watches, and all
viewers get what it found. The format is that of the HTML standard, section 9.2.
"""

import errno
import json
import sys
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from http import HTTPStatus
from http.client import HTTP_PORT
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from threading import Condition, Thread
from typing import Any, override

from civic.client.api_client import Json
from civic.runtime.pages import content_security_policy
from civic.terminal.console import err
from civic.terminal.failures import CommandFailed, PortTaken, SettingInvalid
from civic.terminal.loopback import LOOPBACK

HEARTBEAT_SECONDS = 15.0
"""After this long without news a comment is sent, so that both sides notice a dead connection."""

_PAUSE_SECONDS = 1.0
_RETRY = b"retry: 2000\n\n"
_HEARTBEAT = b": nothing new\n\n"
_STUCK_SECONDS = 10.0

type Read = Callable[[str | None], tuple[Json, str] | None]
"""Returns the results and their entity tag; None if the given tag is still current."""


class Board:
    """What viewers see: the latest results, and why there are no newer ones."""

    def __init__(self, heartbeat: float = HEARTBEAT_SECONDS) -> None:
        """Send viewers a comment after ``heartbeat`` seconds without news."""
        self._heartbeat = heartbeat
        self._changed = Condition()
        self._results = b""
        self._notice = b""
        self._viewers = 0
        self._closed = False

    def show(self, results: Json) -> None:
        """Show the results to every viewer."""
        data = json.dumps(results, ensure_ascii=False)
        with self._changed:
            self._results = f"id: {results['version']}\ndata: {data}\n\n".encode()
            self._changed.notify_all()

    def say(self, notice: str) -> None:
        """Show every viewer what is wrong; an empty text takes that back."""
        with self._changed:
            # If nothing has been wrong yet, there is nothing to take back.
            if notice or self._notice:
                self._notice = f"event: notice\ndata: {json.dumps(notice)}\n\n".encode()
                self._changed.notify_all()

    def events(self) -> Generator[bytes]:
        """Yield the stream of one viewer, from the latest results on, until the board closes."""
        told = (b"", b"")
        with self._watched():
            # Last-Event-ID is ignored: the latest results may be another election's by now.
            yield _RETRY
            while (latest := self._wait_for_other_than(told)) is not None:
                news = [one for one, before in zip(latest, told, strict=True) if one != before]
                told = latest
                yield b"".join(news) or _HEARTBEAT

    def wait_for_viewers(self) -> bool:
        """Wait, and return True once somebody watches, or False once the board is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._viewers > 0)
            return not self._closed

    def pause(self, seconds: float) -> None:
        """Wait, but no longer than until the board closes."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed, seconds)

    def close(self) -> None:
        """End every stream and every wait."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _wait_for_other_than(self, told: tuple[bytes, bytes]) -> tuple[bytes, bytes] | None:
        """Wait for news, at most until the next heartbeat, and return it; None at the end."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._closed or (self._results, self._notice) != told, self._heartbeat
            )
            return None if self._closed else (self._results, self._notice)

    @contextmanager
    def _watched(self) -> Iterator[None]:
        self._count(1)
        try:
            yield
        finally:
            self._count(-1)

    def _count(self, more: int) -> None:
        with self._changed:
            self._viewers += more
            self._changed.notify_all()


def follow(board: Board, read: Read, clock: Callable[[], float] = time.monotonic) -> None:
    """Keep a board current until it closes, reading at most once a second."""
    tag: str | None = None
    while board.wait_for_viewers():
        begun = clock()
        try:
            found = read(tag)
        except CommandFailed as failure:
            board.say(f"No newer results: {failure}")
        else:
            board.say("")
            if found is not None:
                results, tag = found
                board.show(results)
        board.pause(max(0.0, begun + _PAUSE_SECONDS - clock()))


class LiveResults(ThreadingHTTPServer):
    """Serves the page and its events on loopback."""

    daemon_threads = True  # a browser's idle connection must not delay the exit

    def __init__(self, port: int, board: Board) -> None:
        """Listen on loopback.

        Args:
            port: The port; 0 for any free one.
            board: What viewers see.

        Raises:
            PortTaken: Another program listens there.
            SettingInvalid: Listening there needs more rights.
        """
        self.board = board
        self.page = resources.files("civic.operator").joinpath("live_results.html").read_bytes()
        self.policy = content_security_policy(self.page.decode())
        try:
            super().__init__((LOOPBACK, port), _Viewer)
        except PermissionError:
            raise SettingInvalid(f"port {port} needs more rights; choose one from 1024") from None
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            raise PortTaken(
                f"port {port} is taken by another program; choose another with --serve"
            ) from error

    @property
    def hosts(self) -> set[str]:
        """The hosts that a browser may ask for; any other is a rebound name (DNS rebinding)."""
        # Browsers leave out the port that HTTP has by default.
        port = "" if self.server_port == HTTP_PORT else f":{self.server_port}"
        return {f"{name}{port}" for name in (LOOPBACK, "localhost")}

    @override
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Report nothing if a viewer disconnects midway: that is not an error."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Viewer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "civic", ""
    timeout = _STUCK_SECONDS
    server: LiveResults

    def do_GET(self) -> None:
        """Answer one request."""
        if self.headers.get("host", "") not in self.server.hosts:
            self._send(HTTPStatus.MISDIRECTED_REQUEST, "text/plain", b"not here\n")
        elif self.path == "/":
            self._send(HTTPStatus.OK, "text/html; charset=utf-8", self.server.page)
        elif self.path == "/events":
            self._stream()
        else:
            self._send(HTTPStatus.NOT_FOUND, "text/plain", b"nothing here\n")

    @override
    def log_message(self, format: str, *args: Any) -> None:
        """Keep no record of requests."""

    def _send(self, status: HTTPStatus, kind: str, body: bytes) -> None:
        self._head(status, kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _stream(self) -> None:
        self._head(HTTPStatus.OK, "text/event-stream; charset=utf-8")
        self.end_headers()
        with closing(self.server.board.events()) as events:
            for event in events:
                self.wfile.write(event)

    def _head(self, status: HTTPStatus, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Security-Policy", self.server.policy)
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Cross-Origin-Resource-Policy", "same-origin")
        # Without a length a stream ends with its connection.
        self.send_header("Connection", "close")


@contextmanager
def live_results(port: int, read: Read) -> Iterator[LiveResults]:
    """Run a server whose board is kept current, until the end of the block."""
    board = Board()
    with LiveResults(port, board) as server:
        follower = Thread(target=follow, args=(board, read), daemon=True)
        follower.start()
        try:
            yield server
        finally:
            board.close()


def serve(port: int, read: Read) -> None:
    """Serve live results until Ctrl-C."""
    with live_results(port, read) as server:
        err.print(f"http://{LOOPBACK}:{server.server_port}/ shows the results; Ctrl-C ends it")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            err.print("ended")
