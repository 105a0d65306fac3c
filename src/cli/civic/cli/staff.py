"""A member of staff's client of the staff API, which takes IAM-signed requests only."""

import json
import uuid
from types import TracebackType
from typing import Any, Self

import httpx

from civic.cli.failures import CommandFailed
from civic.cli.target import Target

_SERVICE = "execute-api"


class StaffRefused(CommandFailed):
    """The staff API refused a request; says what to do about it, never what it is about."""

    def __init__(self, status: int, code: str) -> None:
        """Explain an HTTP status and the code of its problem details."""
        super().__init__(
            f"{status} {code}: {_HINTS.get(code) or _HINTS.get(str(status), 'refused')}"
        )
        self.status = status
        self.code = code


_HINTS = {
    "403": "these AWS credentials may not call the staff API (execute-api:Invoke)",
    "404": "no such case waits; `civic review list` shows those that do",
    "restricted": "the person has restricted the processing; nobody may look or decide",
    "review_outdated": "the case was corrected, decided or erased meanwhile; look at it again",
    "not_yet_stored": "the corrected data is still being stored; try again in a moment",
    "invalid_fields": "the revision must be a number from 1",
    "429": "too many requests; try again in a moment",
    "503": "a service behind the API does not answer; try again",
}


class Staff:
    """Calls the staff API of one stack under the operator's own AWS credentials.

    Nothing is sent twice: each look is logged. After an error, ask for the list.
    """

    def __init__(self, target: Target, *, transport: httpx.BaseTransport | None = None) -> None:
        """Sign with the credentials of ``target``."""
        self._target = target
        self._http = httpx.Client(timeout=30, trust_env=not target.is_local, transport=transport)

    def __enter__(self) -> Self:
        """Keep the connection open until the block ends."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connection."""
        self._http.close()

    def cases(self) -> list[dict[str, Any]]:
        """Return the cases that wait, the oldest first; nothing of what anybody wrote."""
        cases: list[dict[str, Any]] = self._call("GET", "/reviews")["cases"]
        return cases

    def show(self, registration: str) -> dict[str, Any]:
        """Open a case: personal data. The look is logged and told to the person."""
        return self._call("GET", _path(registration))

    def decide(self, registration: str, revision: int, decision: str) -> dict[str, Any]:
        """Decide a case of the revision that was looked at: ``accepted`` or ``rejected``."""
        opinion = {"revision": revision, "decision": decision}
        return self._call("POST", _path(registration), opinion)

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        url = self._target.staff_api_url + path
        content = None if body is None else json.dumps(body).encode()
        try:
            answer = self._http.request(
                method, url, content=content, headers=self._signed(method, url, content)
            )
        except httpx.TransportError:
            raise CommandFailed("the staff API does not answer; see `civic review list`") from None
        document = _document(answer)
        if not answer.is_success:
            raise StaffRefused(answer.status_code, document.get("code", "refused"))
        return document

    def _signed(self, method: str, url: str, content: bytes | None) -> dict[str, str]:
        """Return the headers of a request, signed (AWS Signature Version 4)."""
        from botocore.auth import SigV4Auth  # noqa: PLC0415 - slow, as in `Target.session`
        from botocore.awsrequest import AWSRequest  # noqa: PLC0415
        from botocore.exceptions import NoCredentialsError, NoRegionError  # noqa: PLC0415

        session = self._target.session
        credentials = session.get_credentials()
        if credentials is None:
            raise NoCredentialsError
        if session.region_name is None:
            raise NoRegionError
        headers = {} if content is None else {"content-type": "application/json"}
        request = AWSRequest(method, url, data=content, headers=headers)
        SigV4Auth(credentials, _SERVICE, session.region_name).add_auth(request)
        return dict(request.headers.items())


def _path(registration: str) -> str:
    try:
        return f"/reviews/{uuid.UUID(registration)}"
    except ValueError:
        raise StaffRefused(404, "not_found") from None


def _document(answer: httpx.Response) -> dict[str, Any]:
    try:
        document = answer.json()
    except ValueError:
        document = None
    return document if isinstance(document, dict) else {}
