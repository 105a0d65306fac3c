"""A citizen's client of the HTTP API: what anyone could do with curl, with retries."""

import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import httpx

from civic.cli.failures import CommandFailed

_TRY_AGAIN = frozenset({429, 500, 502, 503, 504})
_ATTEMPTS = 6
_FIRST_PAUSE_SECONDS = 0.25
_CONNECTIONS = 64


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a registration is known by; the token is a secret."""

    id: str
    access_token: str = field(repr=False)

    @property
    def path(self) -> str:
        """The registration in the API; whatever the id holds, it stays one part of a path."""
        return f"/registrations/{quote(self.id, safe='')}"


class Refused(CommandFailed):
    """The API refused a request; says why, never what was sent."""

    def __init__(
        self, status: int, code: str, fields: tuple[str, ...] = (), title: str = ""
    ) -> None:
        """Take the problem details apart: ``fields`` are pairs of code and pointer."""
        named = f" ({', '.join(fields)})" if fields else ""
        told = f": {title}" if title else ""
        super().__init__(f"{status} {code}{named}{told}")
        self.status = status
        self.code = code


class Citizen:
    """Calls the API of one stack; safe to share between threads."""

    def __init__(
        self, api_url: str, *, local: bool, transport: httpx.BaseTransport | None = None
    ) -> None:
        """Talk to ``api_url``; a local one without the environment's proxy."""
        self._http = httpx.Client(
            base_url=api_url,
            timeout=30,
            limits=httpx.Limits(max_connections=_CONNECTIONS),
            trust_env=not local,
            transport=transport,
        )

    def __enter__(self) -> Self:
        """Keep connections open until the block ends."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connections."""
        self._http.close()

    def register(self, payload: dict[str, Any], idempotency_key: str) -> Receipt:
        """Register; sent again after a failure, the key keeps it one registration."""
        body = self._call(
            "POST", "/registrations", json=payload, headers={"idempotency-key": idempotency_key}
        )
        return Receipt(body["id"], body["access_token"])

    def status(self, receipt: Receipt) -> dict[str, Any]:
        """Return status and decision."""
        return self._call("GET", receipt.path, receipt)

    def data(self, receipt: Receipt) -> dict[str, Any]:
        """Return everything that is held (GDPR Art. 15)."""
        return self._call("GET", receipt.path + "/data", receipt)

    def rectify(self, receipt: Receipt, payload: dict[str, Any]) -> dict[str, Any]:
        """Replace the data (GDPR Art. 16)."""
        return self._call("PUT", receipt.path, receipt, json=payload)

    def erase(self, receipt: Receipt) -> dict[str, Any]:
        """Ask for erasure (GDPR Art. 17)."""
        return self._call("DELETE", receipt.path, receipt)

    def withdraw(self, receipt: Receipt) -> dict[str, Any]:
        """Withdraw consent, which erases (GDPR Art. 7(3))."""
        return self._call("DELETE", receipt.path + "/consent", receipt)

    def erasure(self, receipt: Receipt) -> dict[str, Any]:
        """Return how far an erasure has come, with its receipt once it is complete."""
        return self._call("GET", receipt.path + "/erasure", receipt)

    def restrict(self, receipt: Receipt) -> dict[str, Any]:
        """Have nothing done with the data but keeping it (GDPR Art. 18)."""
        return self._call("PUT", receipt.path + "/restriction", receipt)

    def lift(self, receipt: Receipt) -> dict[str, Any]:
        """Lift a restriction (GDPR Art. 18(3))."""
        return self._call("DELETE", receipt.path + "/restriction", receipt)

    def object(self, receipt: Receipt) -> dict[str, Any]:
        """Object to being counted (GDPR Art. 21)."""
        return self._call("PUT", receipt.path + "/objection", receipt)

    def contest(self, receipt: Receipt) -> dict[str, Any]:
        """Have a person decide (GDPR Art. 22(3))."""
        return self._call("POST", receipt.path + "/review", receipt)

    def explanation(self, receipt: Receipt) -> dict[str, Any]:
        """Return how the decision came about (GDPR Art. 15(1)(h), 22)."""
        return self._call("GET", receipt.path + "/explanation", receipt)

    def requests(self, receipt: Receipt) -> dict[str, Any]:
        """Return what was asked for, and when it is due (GDPR Art. 12(3))."""
        return self._call("GET", receipt.path + "/requests", receipt)

    def elections(self, receipt: Receipt) -> dict[str, Any]:
        """Return the elections this person may vote in."""
        return self._call("GET", receipt.path + "/credentials", receipt)

    def credential(self, receipt: Receipt, election: str, blinded_message: str) -> dict[str, Any]:
        """Have a blinded message signed; the same one again gets the same signature."""
        body = {"election": election, "blinded_message": blinded_message}
        return self._call("POST", receipt.path + "/credentials", receipt, json=body)

    def notice(self) -> dict[str, Any]:
        """Return the privacy notice (GDPR Art. 13)."""
        return self._call("GET", "/privacy-notice")

    def data_as_csv(self, receipt: Receipt) -> str:
        """Return the fields as CSV, to take elsewhere (GDPR Art. 20)."""
        answer = self._answer(
            "GET", receipt.path + "/data", receipt, headers={"accept": "text/csv"}
        )
        _require_success(answer)
        return answer.text

    def _call(
        self,
        method: str,
        path: str,
        receipt: Receipt | None = None,
        *,
        json: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> dict[str, Any]:
        answer = self._answer(method, path, receipt, json=json, headers=headers)
        _require_success(answer)
        return _document(answer)

    def _answer(
        self,
        method: str,
        path: str,
        receipt: Receipt | None = None,
        *,
        json: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        """Send a request until it is answered; every operation may be repeated."""
        token = {"authorization": f"Bearer {receipt.access_token}"} if receipt else {}
        pause = _FIRST_PAUSE_SECONDS
        for attempt in range(1, _ATTEMPTS + 1):
            last = attempt == _ATTEMPTS
            try:
                answer = self._http.request(
                    method, path, json=json, headers={**(headers or {}), **token}
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


def _may_be_repeated(answer: httpx.Response) -> bool:
    # 409 with Retry-After: the API asks for patience, for instance until the data is stored.
    return answer.status_code in _TRY_AGAIN or (
        answer.status_code == httpx.codes.CONFLICT and "retry-after" in answer.headers
    )


def _require_success(answer: httpx.Response) -> None:
    if answer.is_success:
        return
    body = _document(answer)
    fields = tuple(f"{item['code']} at {item['pointer']}" for item in body.get("errors", ()))
    raise Refused(
        answer.status_code, body.get("code", "refused"), fields, str(body.get("title", ""))
    )


def _document(answer: httpx.Response) -> dict[str, Any]:
    try:
        body = answer.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise Refused(answer.status_code, "unreadable_answer")
    return body
