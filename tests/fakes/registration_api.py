"""The part of the registration API that loads of people use, with the gateway's own receipts."""

import json
import re
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import httpx
from pydantic_core import to_json

from civic.client.citizen import Citizen
from civic.identity.model.receipt import issue_receipt


def problem(status: HTTPStatus, code: str, title: str = "It is refused") -> httpx.Response:
    return httpx.Response(status, json={"code": code, "title": title})


@dataclass(slots=True)
class RegistrationApi:
    """Registers and corrects people as the gateway does, and keeps what it was sent.

    Attributes:
        versions: What was sent about each registration, by its id; the last one is in force.
        requests: How many requests came.
        lose: How many answers get lost after what they answer was done.
        refuse: A text; requests that contain it are refused.
        title: What those are told.
    """

    versions: dict[str, list[Any]] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    requests: int = 0
    lose: int = 0
    refuse: str | None = None
    title: str = "It is refused"

    def citizen(self) -> Citizen:
        """Return a client of this API."""
        return Citizen("http://api.test", local=True, transport=httpx.MockTransport(self.answer))

    def erase(self, registration: str) -> None:
        """Erase somebody."""
        self.versions[registration].clear()

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        self.requests += 1
        payload = json.loads(request.content)
        if self.refuse and self.refuse in request.content.decode():
            return problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_fields", self.title)
        done = {"POST": self._registered, "PUT": self._corrected}[request.method]
        answer = done(request, payload)
        if self.lose:
            self.lose -= 1
            raise KeyboardInterrupt
        return answer

    def _registered(self, request: httpx.Request, payload: Any) -> httpx.Response:
        receipt = issue_receipt(request.headers["idempotency-key"], to_json(payload), bytes)
        known = self.versions.setdefault(receipt.id, [payload])
        if not known:
            return problem(HTTPStatus.CONFLICT, "registration_erased")
        if self.tokens.setdefault(receipt.id, receipt.access_token) != receipt.access_token:
            return problem(HTTPStatus.UNPROCESSABLE_ENTITY, "idempotency_key_reused")
        body = {"id": receipt.id, "access_token": receipt.access_token, "status": "pending"}
        return httpx.Response(HTTPStatus.ACCEPTED, json=body)

    def _corrected(self, request: httpx.Request, payload: Any) -> httpx.Response:
        match = re.fullmatch(r"/registrations/([^/]+)", request.url.path)
        registration = match[1] if match else ""
        bearer = f"Bearer {self.tokens.get(registration)}"
        if not self.versions.get(registration) or request.headers["authorization"] != bearer:
            return problem(HTTPStatus.NOT_FOUND, "not_found")
        self.versions[registration].append(payload)
        return httpx.Response(HTTPStatus.ACCEPTED, json={"id": registration, "status": "pending"})
