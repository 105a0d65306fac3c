"""The identity provider over HTTP, on the loopback interface only."""

import json
from collections.abc import Mapping
from html import escape
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Self, override
from urllib.parse import parse_qsl, urlsplit

from civic.lab.provider.provider import Holder, IdentityProvider, SignInRefused

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Identity provider of the laboratory</title>
<main>
<h1>Sign in</h1>
<p>This provider believes everybody.</p>
<form method="post" action="/sign-in">
<input type="hidden" name="ticket" value="{ticket}">
<p><label>Given name <input name="given_name" required></label></p>
<p><label>Family name <input name="family_name" required></label></p>
<p><label>Date of birth <input name="birthdate" type="date" required></label></p>
<p><label>National number <input name="number"></label></p>
<p><button>Sign in</button></p>
</form>
</main>
</html>
"""
_MOST = 65_536


class ProviderServer(ThreadingHTTPServer):
    """Serves one provider until it is closed."""

    daemon_threads = True
    provider: IdentityProvider

    def __init__(self, port: int = 0) -> None:
        """Listen on a port of the loopback interface, or on any that is free."""
        super().__init__(("127.0.0.1", port), _Handler)
        self._thread = Thread(target=self.serve_forever, daemon=True)

    @property
    def issuer(self) -> str:
        """The issuer, which is also the address."""
        return f"http://127.0.0.1:{self.server_port}"

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
    server: ProviderServer
    timeout = 5

    def do_GET(self) -> None:
        """Show the page to sign in."""
        parts = urlsplit(self.path)
        if parts.path != "/authorize":
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        try:
            ticket = self.server.provider.authorize(dict(parse_qsl(parts.query)))
        except SignInRefused as refused:
            self._say(HTTPStatus.BAD_REQUEST, {"error": str(refused)})
            return
        page = _PAGE.format(ticket=escape(ticket)).encode()
        self._answer(HTTPStatus.OK, "text/html; charset=utf-8", page)

    def do_POST(self) -> None:
        """Take a sign-in, or redeem a code."""
        length = min(int(self.headers.get("content-length", "0")), _MOST)
        form = dict(parse_qsl(self.rfile.read(length).decode()))
        try:
            if self.path == "/sign-in":
                self._lead_back(form)
            elif self.path == "/token":
                self._say(HTTPStatus.OK, self.server.provider.redeem(form))
            else:
                self.send_error(HTTPStatus.NOT_FOUND)
        except SignInRefused as refused:
            self._say(HTTPStatus.BAD_REQUEST, {"error": str(refused)})

    def _lead_back(self, form: Mapping[str, str]) -> None:
        given, family, born = (
            form.get(name, "") for name in ("given_name", "family_name", "birthdate")
        )
        holder = Holder(given, family, born, form.get("number"))
        where = self.server.provider.sign_in(form.get("ticket", ""), holder)
        self.send_response(HTTPStatus.SEE_OTHER)
        self.send_header("location", where)
        self.send_header("content-length", "0")
        self.end_headers()

    def _say(self, status: HTTPStatus, body: Mapping[str, Any]) -> None:
        self._answer(status, "application/json", json.dumps(body).encode())

    def _answer(self, status: HTTPStatus, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.send_header("cache-control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Log nothing: addresses have codes in them."""
