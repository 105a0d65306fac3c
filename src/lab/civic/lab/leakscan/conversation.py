"""Requests to the stack's APIs, of which every answer is kept for the scan."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from civic.client.connections import Connected
from civic.lab.leakscan.places import Piece, Place
from civic.terminal.failures import CommandFailed
from civic.terminal.waiting import PATIENCE_SECONDS

_PAUSE_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Registered:
    """A registration that was made, and the header that authorises access to it."""

    id: str
    token: Mapping[str, str] = field(repr=False)

    @property
    def path(self) -> str:
        """Its path in the API."""
        return f"/registrations/{self.id}"


@dataclass(slots=True)
class Walked:
    """What was sent and answered; filled during a walk.

    Attributes:
        markers: What must not be found anywhere, by name: people's fields, what was sent where it
            does not belong, access tokens and idempotency keys.
        answers: Every answer, without its body if that rightly shows somebody's data.
        rightful: Those bodies: people's own data, and cases that the office has to decide.
        shown: The names of the markers that those bodies must hold.
        registered: The registrations to erase.
    """

    markers: dict[str, str] = field(default_factory=dict, repr=False)
    answers: list[Piece] = field(default_factory=list, repr=False)
    rightful: list[bytes] = field(default_factory=list, repr=False)
    shown: set[str] = field(default_factory=set)
    registered: list[Registered] = field(default_factory=list)

    def place(self) -> Place:
        """Return the answers as a place to scan."""
        return Place("answers", "HTTP APIs", lambda: iter(self.answers))


class Conversation(Connected):
    """Sends requests, and keeps every answer."""

    def __init__(self, api_url: str, walked: Walked) -> None:
        """Use the API at ``api_url``, or any other by its full URL."""
        self._walked = walked
        self._http = httpx.Client(base_url=api_url, trust_env=False, timeout=30)

    def send(
        self, method: str, url: str, *, rightful: bool = False, **request: Any
    ) -> httpx.Response:
        """Send a request, and accept any answer; a rightful one may show somebody's data."""
        answer = self._http.request(method, url, **request)
        self._keep(answer, rightful=rightful)
        return answer

    def ask(self, status: int, method: str, url: str, **request: Any) -> httpx.Response:
        """Send a request that must be answered with this status.

        Raises:
            CommandFailed: It was answered with another.
        """
        answer = self.send(method, url, **request)
        _require(answer, status)
        return answer

    def until(
        self,
        status: int,
        method: str,
        url: str,
        holds: Callable[[Any], bool] = lambda _: True,
        **request: Any,
    ) -> httpx.Response:
        """Repeat a request until the answer has this status and a body for which ``holds``.

        Raises:
            CommandFailed: It did not in ``PATIENCE_SECONDS``.
        """
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            answer = self.send(method, url, **request)
            if answer.status_code == status and holds(answer.json()):
                return answer
            if time.monotonic() > deadline:
                _require(answer, status)
                raise CommandFailed("the pipeline has stopped; see `civic dlq list`")
            time.sleep(_PAUSE_SECONDS)

    def register(self, payload: dict[str, Any], key: str) -> tuple[Registered, str]:
        """Register somebody; return the registration, to be erased later, and its access token."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        headers = {"idempotency-key": key}
        while True:
            answer = self._http.post("/registrations", json=payload, headers=headers)
            if answer.status_code == httpx.codes.ACCEPTED:
                break
            self._keep(answer, rightful=False)
            if not answer.is_server_error or time.monotonic() > deadline:
                _require(answer, httpx.codes.ACCEPTED)
            time.sleep(_PAUSE_SECONDS)
        body = answer.json()
        # The token is rightly shown here; the rest of the answer is scanned like any other.
        token = body.pop("access_token")
        self._walked.answers.append(_piece(answer, json.dumps(body).encode()))
        registered = Registered(body["id"], {"authorization": f"Bearer {token}"})
        self._walked.registered.append(registered)
        return registered, token

    def erase(self, registered: Registered) -> bool:
        """Request an erasure; return whether it was accepted, or there was nothing to erase."""
        try:
            answer = self.send("DELETE", registered.path, headers=registered.token)
        except httpx.TransportError:
            return False
        return answer.status_code in {httpx.codes.ACCEPTED, httpx.codes.NOT_FOUND}

    def _keep(self, answer: httpx.Response, *, rightful: bool) -> None:
        body = answer.content
        if rightful and answer.is_success:
            self._walked.rightful.append(body)
            body = b""
        self._walked.answers.append(_piece(answer, body))


def _piece(answer: httpx.Response, body: bytes) -> Piece:
    about = json.dumps([answer.reason_phrase, *answer.headers.multi_items()])
    return Piece(body + b"\0" + about.encode(), f"{answer.request.method} {answer.status_code}")


def _require(answer: httpx.Response, status: int) -> None:
    if answer.status_code != status:
        raise CommandFailed(
            f"{answer.request.method} was answered {answer.status_code} instead of {status}"
        )
