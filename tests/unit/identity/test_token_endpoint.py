"""A token endpoint is asked once, and may be neither slow, long-winded nor somewhere else."""

import gzip
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from time import monotonic, sleep
from typing import Any, override

import pytest

from civic.identity.adapters.token_endpoint_http import BYTES_MOST, HttpTokenEndpoint
from civic.identity.errors import ProviderFailed

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
_PATIENCE = 5

type Reply = Callable[[BaseHTTPRequestHandler], None]


@contextmanager
def endpoint(reply: Reply) -> Iterator[tuple[str, list[str]]]:
    """Serve a token endpoint that answers like this; give its address and what it was sent."""
    sent: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["content-length"])
            sent.append(self.rfile.read(length).decode())
            reply(self)

        def do_GET(self) -> None:
            sent.append("followed")
            reply(self)

        @override
        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/token", sent
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def answering(body: bytes, status: int = 200, **headers: Any) -> Reply:
    def reply(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("content-length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return reply


def test_what_a_token_endpoint_answers_is_returned() -> None:
    with endpoint(answering(b'{"id_token": "x"}')) as (url, sent):
        assert HttpTokenEndpoint().redeem(url, {"code": "a b&c"}) == b'{"id_token": "x"}'
    assert sent == ["code=a+b%26c"]


@pytest.mark.parametrize("status", [400, 401, 404, 500, 503])
def test_a_token_endpoint_that_refuses_has_failed(status: int) -> None:
    with (
        endpoint(answering(b'{"error": "invalid_grant"}', status)) as (url, _),
        pytest.raises(ProviderFailed),
    ):
        HttpTokenEndpoint().redeem(url, {})


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_nobody_is_followed_elsewhere(status: int) -> None:
    with (
        endpoint(answering(b"", status, location="/elsewhere")) as (url, sent),
        pytest.raises(ProviderFailed),
    ):
        HttpTokenEndpoint().redeem(url, {"code": "x"})
    assert sent == ["code=x"]


def test_an_answer_that_is_too_long_has_failed() -> None:
    with endpoint(answering(b"x" * (BYTES_MOST + 1))) as (url, _), pytest.raises(ProviderFailed):
        HttpTokenEndpoint().redeem(url, {})


def test_a_small_answer_that_would_unfold_to_a_long_one_is_not_unfolded() -> None:
    packed = gzip.compress(b"x" * 10_000_000)
    with endpoint(answering(packed, content_encoding="gzip")) as (url, _):
        assert HttpTokenEndpoint().redeem(url, {}) == packed


def test_an_answer_that_comes_too_slowly_has_failed() -> None:
    def dripping(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("content-length", "1000")
        handler.end_headers()
        for _ in range(40):
            try:
                handler.wfile.write(b"x")
            except OSError:
                return
            sleep(0.05)

    began = monotonic()
    with endpoint(dripping) as (url, _), pytest.raises(ProviderFailed):
        HttpTokenEndpoint(seconds=0.3).redeem(url, {})
    assert monotonic() - began < _PATIENCE


def test_a_token_endpoint_that_is_not_there_has_failed() -> None:
    with endpoint(answering(b"")) as (url, _):
        pass
    with pytest.raises(ProviderFailed):
        HttpTokenEndpoint().redeem(url, {})
