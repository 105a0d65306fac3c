"""C2SP tlog-witness on loopback: a log sends its checkpoints and gets them back signed."""

import errno
import sys
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock
from typing import Any, override

from civic.monitor.witness.requests import MOST_BYTES, Answer, answer
from civic.monitor.witness.witness import Witness
from civic.terminal.console import err
from civic.terminal.failures import PortTaken, SettingInvalid
from civic.terminal.loopback import LOOPBACK

_PATH = "/add-checkpoint"
_STUCK_SECONDS = 10.0


class WitnessServer(ThreadingHTTPServer):
    """Answers requests one at a time, however many are open."""

    daemon_threads = True  # an idle connection must not delay the exit

    def __init__(self, port: int, witness: Witness, tell: Callable[[str], None]) -> None:
        """Listen on loopback.

        Args:
            port: The port; 0 for any free one.
            witness: The witness that signs.
            tell: Reports to the operator of the witness.

        Raises:
            PortTaken: Another program listens there.
            SettingInvalid: Listening there needs more rights.
        """
        self._witness = witness
        self._tell = tell
        self._one_at_a_time = Lock()
        try:
            super().__init__((LOOPBACK, port), _Request)
        except PermissionError:
            raise SettingInvalid(f"port {port} needs more rights; choose one from 1024") from None
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            raise PortTaken(f"port {port} is taken by another program; choose another") from error

    def add(self, body: bytes) -> Answer:
        """Answer a request; no other can come between looking, remembering and signing."""
        with self._one_at_a_time:
            answered = answer(self._witness, body)
        if answered.notice:
            self._tell(answered.notice)
        return answered

    @override
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Report nothing if a client disconnects midway: that is not an error."""
        if not isinstance(sys.exception(), (ConnectionError, TimeoutError)):
            super().handle_error(request, client_address)


class _Request(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "civic", ""
    timeout = _STUCK_SECONDS
    server: WitnessServer

    def do_POST(self) -> None:
        """Answer one request."""
        length = self.headers.get("content-length", "")
        if not length.isdecimal() or not length.isascii():
            self._refuse(HTTPStatus.LENGTH_REQUIRED)
        elif len(length) > len(str(MOST_BYTES)) or int(length) > MOST_BYTES:
            self._refuse(HTTPStatus.CONTENT_TOO_LARGE)
        elif self.path != _PATH:
            self._refuse(HTTPStatus.NOT_FOUND)
        else:
            self._send(self.server.add(self.rfile.read(int(length))))

    def do_GET(self) -> None:
        """Refuse: there is nothing to get here, because the witness's folder is what to publish."""
        self._refuse(HTTPStatus.METHOD_NOT_ALLOWED if self.path == _PATH else HTTPStatus.NOT_FOUND)

    @override
    def log_message(self, format: str, *args: Any) -> None:
        """Keep no record of requests."""

    def _refuse(self, status: HTTPStatus) -> None:
        # The rest of what the client sends is not read, so this connection cannot be used again.
        self.close_connection = True
        self._send(Answer(status, f"{status.phrase.lower()}\n"))

    def _send(self, answered: Answer) -> None:
        content = answered.body.encode()
        self.send_response(answered.status)
        self.send_header("Content-Type", answered.kind)
        self.send_header("Content-Length", str(len(content)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(content)


def serve(port: int, witness: Witness, tell: Callable[[str], None]) -> None:
    """Serve until Ctrl-C."""
    with WitnessServer(port, witness, tell) as server:
        err.print(f"http://{LOOPBACK}:{server.server_port}{_PATH} signs; Ctrl-C ends it")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            err.print("ended")
