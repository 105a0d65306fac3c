"""The client of Civic's HTTP APIs: it retries, and turns problem details into errors."""

import time
from collections.abc import Mapping
from typing import Any

import httpx

from civic.client.connections import Connected
from civic.terminal.failures import CommandFailed

type Json = dict[str, Any]

_TRY_AGAIN = frozenset({429, 500, 502, 503, 504})
_ATTEMPTS = 6
_FIRST_PAUSE_SECONDS = 0.25
_CONNECTIONS = 64


class Refused(CommandFailed):
    """The API refused a request; the message says why, and never what was sent."""

    def __init__(
        self, status: int, code: str, fields: tuple[str, ...] = (), title: str = ""
    ) -> None:
        """Hold what the problem details say; ``fields`` are pairs of code and pointer."""
        named = f" ({', '.join(fields)})" if fields else ""
        told = f": {title}" if title else ""
        super().__init__(f"{status} {code}{named}{told}")
        self.status = status
        self.code = code


class ApiClient(Connected):
    """Calls one API; safe to share between threads."""

    def __init__(
        self, api_url: str, *, local: bool, transport: httpx.BaseTransport | None = None
    ) -> None:
        """Call the API at ``api_url``; a local one is called without the environment's proxy."""
        self._http = httpx.Client(
            base_url=api_url,
            timeout=30,
            limits=httpx.Limits(max_connections=_CONNECTIONS),
            trust_env=not local,
            transport=transport,
        )

    def call(
        self,
        method: str,
        path: str,
        token: str | None = None,
        *,
        json: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> dict[str, Any]:
        """Send a request and return the JSON object of the answer.

        Raises:
            Refused: The API refused it.
            CommandFailed: The API does not answer.
        """
        answer = self.answer(method, path, token, json=json, headers=headers)
        require_success(answer)
        return document_of(answer)

    def answer(
        self,
        method: str,
        path: str,
        token: str | None = None,
        *,
        json: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        """Send a request until it is answered; any operation may be repeated safely."""
        authorization = {"authorization": f"Bearer {token}"} if token else {}
        pause = _FIRST_PAUSE_SECONDS
        for attempt in range(1, _ATTEMPTS + 1):
            last = attempt == _ATTEMPTS
            try:
                answer = self._http.request(
                    method, path, json=json, headers={**(headers or {}), **authorization}
                )
            except httpx.TransportError:
                if last:
                    raise CommandFailed("the API does not answer") from None
            else:
                if last or not _may_be_repeated(answer):
                    return answer
            time.sleep(pause)
            pause *= 2
        raise AssertionError  # pragma: no cover - the last attempt returns or raises

    def once(self, path: str, headers: dict[str, str]) -> httpx.Response:
        """Send a GET request once, and return any answer.

        Raises:
            CommandFailed: There is no answer.
        """
        try:
            return self._http.get(path, headers=headers)
        except httpx.TransportError:
            raise CommandFailed("the API does not answer") from None


def _may_be_repeated(answer: httpx.Response) -> bool:
    # 409 with Retry-After means: try again later, for instance once the data is stored.
    return answer.status_code in _TRY_AGAIN or (
        answer.status_code == httpx.codes.CONFLICT and "retry-after" in answer.headers
    )


def require_success(answer: httpx.Response) -> None:
    """Check that a request was granted.

    Raises:
        Refused: It was refused.
    """
    if answer.is_success:
        return
    body = document_of(answer)
    fields = tuple(map(_fault, body.get("errors", ())))
    raise Refused(
        answer.status_code, body.get("code", "refused"), fields, str(body.get("title", ""))
    )


def _fault(item: Mapping[str, str]) -> str:
    character = f" ({item['character']})" if "character" in item else ""
    return f"{item['code']}{character} at {item['pointer']}"


def document_of(answer: httpx.Response) -> dict[str, Any]:
    """Return the JSON object in an answer.

    Raises:
        Refused: There is none in it.
    """
    try:
        body = answer.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise Refused(answer.status_code, "unreadable_answer")
    return body
