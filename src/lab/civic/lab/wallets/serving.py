"""What an issuer of person identification data serves over HTTP, on the loopback interface only."""

from collections.abc import Callable
from datetime import UTC, datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Self, override

from civic.lab.wallets.issuing import Issuer

_STATUS = "/status/1"


class IssuerServer(ThreadingHTTPServer):
    """Serves the status list of one issuer until it is closed."""

    daemon_threads = True
    issuer: Issuer

    def __init__(
        self, port: int = 0, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        """Listen on a port of the loopback interface, or on any that is free."""
        super().__init__(("127.0.0.1", port), _Handler)
        self.clock = clock
        self._thread = Thread(target=self.serve_forever, daemon=True)

    @property
    def address(self) -> str:
        """Its address, which is also its name."""
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def status_uri(self) -> str:
        """Where the status list is."""
        return self.address + _STATUS

    def __enter__(self) -> Self:
        """Begin to answer."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self.shutdown()
        self._thread.join()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: IssuerServer
    timeout = 5

    def do_GET(self) -> None:
        """Give the status list token."""
        if self.path != _STATUS:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        token = self.server.issuer.status_list(self.server.clock()).encode()
        self.send_response(HTTPStatus.OK)
        self.send_header("content-type", "application/statuslist+jwt")
        self.send_header("content-length", str(len(token)))
        self.end_headers()
        self.wfile.write(token)

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Log nothing."""
