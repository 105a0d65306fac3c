"""Clients of the staff APIs, which accept IAM-signed requests only."""

import json
import uuid
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

import httpx

from civic.client.connections import Connected
from civic.stack.target import Target
from civic.terminal.failures import CommandFailed

_SERVICE = "execute-api"


class Fault(NamedTuple):
    """What is wrong with a body: the API's code, what it says, and where (a JSON Pointer)."""

    code: str
    text: str
    pointer: str


class StaffRefused(CommandFailed):
    """A staff API refused a request; the message says what to do, and never whom it is about."""

    def __init__(
        self, status: int, code: str, hint: str | None, faults: Sequence[Fault] = ()
    ) -> None:
        """Explain an HTTP status and the code of its problem details."""
        lines = [f"{status} {code}: {hint or 'refused'}"]
        lines += [f"  {one.pointer or 'the whole document'}: {one.text}" for one in faults]
        super().__init__("\n".join(lines))
        self.status = status
        self.code = code
        self.fault_codes = frozenset(one.code for one in faults)


_COMMON_HINTS = {
    "403": "these AWS credentials may not call the staff API (execute-api:Invoke)",
    "429": "too many requests; try again in a moment",
    "503": "a service behind the API does not answer; try again",
}
_REVIEW_HINTS = {
    "404": "there is no such open case; `civic review list` shows the open ones",
    "restricted": "the person has restricted the processing; nobody may look or decide",
    "review_outdated": "the case was corrected, decided or erased since; look at it again",
    "not_yet_stored": "the corrected data is still being stored; try again in a moment",
    "invalid_fields": "the revision must be a number from 1, an area up to 16 letters and digits",
    "reason_needed": "the office has brought this case up; say why with --reason",
    "another_person_needed": "you have brought this up, so another person has to look at it",
    "no_such_renewal": (
        "nobody has asked for it with `civic desk renew`, the code is another one, or a week has"
        " passed since; `civic review renewals` shows those that wait"
    ),
    "area_needed": (
        "the address does not say which area's ballots the person gets; accept with --area, such"
        " as --area DE-BE (`civic areas show` lists the office's own)"
    ),
    "area_unknown": (
        "there is no such area: it must be an ISO 3166 code or in the office's table; see"
        " `civic areas show`"
    ),
}


class SignedApi(Connected, ABC):
    """Calls one of the staff APIs under the operator's own AWS credentials.

    Nothing is sent twice, as each look may be logged. After an error, ask for the list.
    """

    hints: ClassVar[Mapping[str, str]] = {}
    """What to do about a refusal, by the code of the problem or by its HTTP status."""
    fault_texts: ClassVar[Mapping[str, str]] = {}
    """What is wrong with a field, by the code that the API gives; otherwise that code is shown."""
    list_command: ClassVar[str]
    """The command that shows the current state if no answer came."""

    def __init__(self, target: Target, *, transport: httpx.BaseTransport | None = None) -> None:
        """Call an API of ``target``, signing with its credentials."""
        self._target = target
        self._http = httpx.Client(timeout=30, trust_env=not target.is_local, transport=transport)

    def call(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Send one request and return the JSON object of the answer, empty if there is none.

        Raises:
            StaffRefused: The API refused it.
        """
        url = self.base_url(self._target) + path
        content = None if body is None else json.dumps(body).encode()
        try:
            answer = self._http.request(
                method, url, content=content, headers=self._signed(method, url, content)
            )
        except httpx.TransportError:
            message = f"the staff API does not answer; see `{self.list_command}`"
            raise CommandFailed(message) from None
        document = _document(answer)
        if not answer.is_success:
            raise self.refused(answer.status_code, document.get("code", "refused"), document)
        return document

    @staticmethod
    @abstractmethod
    def base_url(target: Target) -> str:
        """Return the URL of the API, without a slash at its end."""

    @classmethod
    def refused(
        cls, status: int, code: str, problem: Mapping[str, Any] | None = None
    ) -> StaffRefused:
        """Return the refusal, with what to do about it."""
        hints = _COMMON_HINTS | dict(cls.hints)
        faults = [
            Fault(one["code"], _said(one, cls.fault_texts), one["pointer"])
            for one in (problem or {}).get("errors", ())
        ]
        return StaffRefused(status, code, hints.get(code) or hints.get(str(status)), faults)

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


class Staff(SignedApi):
    """Calls the API of reviews, where a person decides cases."""

    hints = _REVIEW_HINTS
    list_command = "civic review list"

    @staticmethod
    def base_url(target: Target) -> str:
        """Return the URL of the API of reviews."""
        return target.review_api_url

    def cases(self) -> list[dict[str, Any]]:
        """Return the open cases, the oldest first, without anything that a person wrote."""
        cases: list[dict[str, Any]] = self.call("GET", "/reviews")["cases"]
        return cases

    def show(self, registration: str) -> dict[str, Any]:
        """Open a case, which is personal data. The look is logged, and shown to the person."""
        return self.call("GET", f"/reviews/{_uuid(registration)}")

    def decide(
        self, registration: str, revision: int, judgement: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Decide a case, for the revision that was looked at; see ``judgement``."""
        return self.call(
            "POST", f"/reviews/{_uuid(registration)}", {"revision": revision, **judgement}
        )

    def renewals(self, registration: str) -> dict[str, Any]:
        """Open the record for the renewals that wait. The look is logged, and shown to the person.

        Raises:
            StaffRefused: None waits, or only some that the same person asked for.
        """
        return self._about_anybody("GET", registration, "/reviews/{}/renewals")

    def agree_to_renewal(self, registration: str, code: str) -> dict[str, Any]:
        """Agree to the renewal with a code, which ends every earlier token."""
        return self._about_anybody("POST", registration, "/reviews/{}/renewals", {"code": code})

    def ask_for_renewal(self, registration: str, digest: str) -> dict[str, Any]:
        """Ask for a new access token, by its digest; another person agrees."""
        return self._about_anybody("PUT", registration, "/renewals/{}", {"digest": digest})

    def propose(self, registration: str, judgement: Mapping[str, Any]) -> dict[str, Any]:
        """Bring up a case of the office, which another person decides; see ``judgement``."""
        return self._about_anybody("PUT", registration, "/reviews/{}", judgement)

    def _about_anybody(
        self,
        method: str,
        registration: str,
        path: str,
        body: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Send a request about a registration, of which there need be no case."""
        try:
            return self.call(method, path.format(_uuid(registration)), body)
        except StaffRefused as refusal:
            if refusal.code != "not_found":
                raise
            message = "there is no such registration, or it was erased"
            raise StaffRefused(refusal.status, refusal.code, message) from None


def judgement(
    decision: str,
    areas: Sequence[str] = (),
    reason: str | None = None,
    *,
    erase: bool = False,
    beside: Sequence[str] = (),
) -> dict[str, Any]:
    """Return what is to be decided, as the API takes it: ``accepted`` or ``rejected``."""
    optional = {"areas": list(areas), "reason": reason, "erase": erase, "beside": list(beside)}
    return {"decision": decision, **{name: value for name, value in optional.items() if value}}


def _uuid(registration: str) -> uuid.UUID:
    try:
        return uuid.UUID(registration)
    except ValueError:
        raise Staff.refused(404, "not_found") from None


def _document(answer: httpx.Response) -> dict[str, Any]:
    try:
        document = answer.json()
    except ValueError:
        document = None
    return document if isinstance(document, dict) else {}


def _said(fault: Mapping[str, str], texts: Mapping[str, str]) -> str:
    text = texts.get(fault["code"], fault["code"])
    return f"{text} ({fault['character']})" if "character" in fault else text
