"""A log's folder over HTTP on this machine, and what a bad server does instead."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

type Answer = tuple[int, dict[str, str], bytes]
type Instead = Callable[[str], Answer | None]


class LogServer(ThreadingHTTPServer):
    """Serves a folder under ``/log``, with the list of signed sizes.

    Attributes:
        asked: The paths that were requested.
        instead: The answers that replace the objects at some paths.
    """

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.folder = folder
        self.asked: list[str] = []
        self.instead: Instead = lambda _: None

    def handle_error(self, *_: object) -> None:
        """Do not report clients that have disconnected."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/log"

    def answer(self, path: str) -> Answer:
        self.asked.append(path)
        instead = self.instead(path)
        if instead is not None:
            return instead
        place = self.folder / path
        if path == "checkpoints":
            sizes = sorted(int(one.name) for one in place.iterdir())
            return 200, {}, "".join(f"{size}\n" for size in sizes).encode()
        return (200, {}, place.read_bytes()) if place.is_file() else (404, {}, b"")


class _Handler(BaseHTTPRequestHandler):
    server: LogServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        status, headers, body = self.server.answer(self.path.removeprefix("/log/"))
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(body))} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        if "Content-Length" in headers:
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@contextmanager
def serving(folder: Path) -> Iterator[LogServer]:
    with LogServer(folder) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()
