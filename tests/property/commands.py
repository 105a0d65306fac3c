"""Every request of the HTTP APIs, and which answers to it are false."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from civic.identity.model.registration import Registration
from civic.identity.model.requests import RequestKind
from tests.property.citizens import Command, Receipt

NOBODY = "00000000-0000-4000-8000-000000000000"
_STAFF = "arn:aws:iam::123456789012:user/staff"
_REVISION_ATTEMPTS = 8
_RESTRICTION_ATTEMPTS = 4


class Register(Command):
    """Register; with an Idempotency-Key, as often as it takes."""

    route = "POST /registrations"

    def request(self) -> dict[str, Any]:
        assert self.body is not None
        body = self.body.registration.model_dump_json(exclude_none=True)
        headers = {"idempotency-key": self.citizen.key} if self.citizen.key else {}
        return {"body": body, "headers": headers}

    def promise(self) -> int:
        return int(self.status == 202)

    def judge(self) -> None:
        citizen = self.citizen
        if self.status == 409:
            assert self.said["code"] == "registration_erased"
            assert citizen.is_to_go()
        elif self.status == 422:
            assert any(other.body != self.body for other in citizen.of(Register))
        else:
            assert self.status == 202, self.answer
            receipt = Receipt(self.said["id"], self.said["access_token"])
            assert citizen.receipt in {None, receipt}, "another receipt for the same request"
            citizen.receipt = receipt
            assert receipt.id == citizen.id, "acknowledged, and never published"
            for other in citizen.answered(Register, 202):
                assert other.body == self.body, "two payloads under one key"


class Rectify(Command):
    """Correct the data."""

    route = "PUT /registrations/{id}"

    def promise(self) -> int:
        return int(self.said["revision"]) if self.status == 202 else 0

    def judge(self) -> None:
        citizen = self.citizen
        if self.status == 409 and self.said["code"] == "restricted":
            assert citizen.of(Restrict)
        elif self.status == 409:
            assert self.said["code"] == "conflict"
            assert len(citizen.of(Rectify)) > _REVISION_ATTEMPTS
        else:
            assert self.status == 202, self.answer
            assert self in citizen.revisions[self.promise()], "acknowledged, and never published"
            assert self.promise() > citizen.promised(before=self.begun)


class Erase(Command):
    """Be forgotten (GDPR Art. 17)."""

    route = "DELETE /registrations/{id}"
    erases = True

    @property
    def requested_at(self) -> datetime:
        return datetime.fromisoformat(self.said["requested_at"])

    def says_gone(self) -> bool:
        return False

    def judge(self) -> None:
        assert self.status == 202, self.answer
        assert self.requested_at in self.citizen.deletions
        for other in self.citizen.answered(Erase, 202, before=self.begun):
            assert self.requested_at <= other.requested_at


class Withdraw(Erase):
    """Withdraw consent (GDPR Art. 7(3)), which also means to be forgotten."""

    route = "DELETE /registrations/{id}/consent"


class ReadStatus(Command):
    """Ask for the status."""

    route = "GET /registrations/{id}"

    @property
    def revision(self) -> int:
        return int(self.said["revision"])

    def judge(self) -> None:
        citizen = self.citizen
        assert self.status == 200, self.answer
        assert self.revision >= citizen.promised(before=self.begun)
        assert self.said.get("decision") in {None, *citizen.decisions_on(self.revision)}
        for other in citizen.answered(ReadStatus, 200, before=self.begun):
            assert self.revision >= other.revision
            if other.revision == self.revision and other.said.get("decision"):
                assert self.said.get("decision"), "a decision was taken back"


class ReadData(Command):
    """See everything (GDPR Art. 15)."""

    route = "GET /registrations/{id}/data"

    @property
    def revision(self) -> int:
        return int(self.said["revision"])

    def judge(self) -> None:
        earlier = self.citizen.answered(ReadData, 200, before=self.begun)
        if self.status == 409:
            assert self.said["code"] == "not_yet_stored"
            assert not earlier
        else:
            assert self.status == 200, self.answer
            shown = Registration.model_validate_json(json.dumps(self.said["data"]))
            assert self.citizen.submitted(self.revision, shown)
            assert all(self.revision >= other.revision for other in earlier)


class Restrict(Command):
    """Stop all processing except keeping the data (GDPR Art. 18)."""

    route = "PUT /registrations/{id}/restriction"
    restricts = True

    def judge(self) -> None:
        if self.status == 409:
            assert self.said["code"] == "conflict"
            assert len(self.citizen.of(Restrict)) > _RESTRICTION_ATTEMPTS
        else:
            assert self.status == 200, self.answer
            assert self.said["restricted"] is self.restricts


class Lift(Restrict):
    """Let the processing continue (GDPR Art. 18(3))."""

    route = "DELETE /registrations/{id}/restriction"
    restricts = False


class Object(Command):
    """Be left out of statistics (GDPR Art. 21)."""

    route = "PUT /registrations/{id}/objection"

    def judge(self) -> None:
        assert self.status == 202, self.answer
        assert self.said["kind"] == "objection"
        assert self.citizen.objections, "acknowledged, and never published"


class AskReview(Command):
    """Have a person look at the decision (GDPR Art. 22(3))."""

    route = "POST /registrations/{id}/review"

    def judge(self) -> None:
        if self.status == 409:
            assert self.said["code"] in {"nothing_to_review", "restricted"}
        else:
            assert self.status == 202, self.answer


class ReadRequests(Command):
    """See the requests (GDPR Art. 12(3)), even after the erasure."""

    route = "GET /registrations/{id}/requests"

    def says_gone(self) -> bool:
        return False

    def check(self) -> None:
        if self.troubled and self.status in {500, 503}:
            return
        assert self.status == 200, self.answer
        listed = {one["kind"] for one in self.said["requests"]}
        for kind, command in ASKED_BY.items():
            # An erasure or a lifting may have found that it had been done already.
            if kind not in {RequestKind.ERASURE, RequestKind.WITHDRAWAL, RequestKind.LIFTING}:
                asked = [one for one in self.citizen.of(command) if type(one) is command]
                owed = [one for one in asked if one.acknowledged and one.was_over(self.begun)]
                assert kind in listed or not owed, kind


class ReadErasure(Command):
    """See the progress of the erasure, and its receipt."""

    route = "GET /registrations/{id}/erasure"

    def says_gone(self) -> bool:
        return False

    def check(self) -> None:
        if self.troubled and self.status in {500, 503}:
            return
        if self.status == 404:
            assert not self.citizen.answered(Erase, 202, before=self.begun)
        else:
            assert self.status == 200, self.answer
            assert self.citizen.is_to_go()
            for other in self.citizen.answered(ReadErasure, 200, before=self.begun):
                assert other.said.get("receipt") in (None, self.said.get("receipt"))


class DecideCase(Command):
    """Decide as a member of staff (GDPR Art. 22(3))."""

    route = "POST /reviews/{id}"

    def says_gone(self) -> bool:
        return False

    def request(self) -> dict[str, Any]:
        opinion = json.dumps({"revision": self.about, "decision": self.verdict})
        # By two in turn: to take somebody off the roll they have to agree.
        by = _STAFF + str(len(self.citizen.of(DecideCase)) % 2)
        return {"path": {"id": self.citizen.id}, "body": opinion, "staff": by}

    def judge(self) -> None:
        if self.status == 409:
            assert self.said["code"] in {"review_outdated", "restricted", "not_yet_stored"}
        elif self.status != 404:
            assert self.status == 200, self.answer
            if self.said["outcome"] == "awaiting_agreement":
                # Of somebody who is on the roll.
                assert self.verdict == "rejected"
                return
            assert self.said["outcome"] == "decided"
            published = {(one.revision, one.decision) for one in self.citizen.reviews}
            assert (self.about, self.verdict) in published, "acknowledged, and never published"


class ListCases(Command):
    """See who waits, as a member of staff; outdated cases are closed."""

    route = "GET /reviews"

    def request(self) -> dict[str, Any]:
        return {"staff": _STAFF}

    def judge(self) -> None:
        assert self.status == 200, self.answer


class ShowCase(Command):
    """Look at a case as a member of staff."""

    route = "GET /reviews/{id}"

    def says_gone(self) -> bool:
        return False

    def request(self) -> dict[str, Any]:
        return {"path": {"id": self.citizen.id}, "staff": _STAFF}

    def judge(self) -> None:
        if self.status == 200:
            shown = Registration.model_validate_json(json.dumps(self.said["data"]))
            assert self.citizen.submitted(self.said["revision"], shown)


ASKING: tuple[type[Command], ...] = (
    ReadStatus,
    ReadData,
    Erase,
    Withdraw,
    Restrict,
    Lift,
    Object,
    AskReview,
    ReadRequests,
    ReadErasure,
)
"""The requests about a registration that need no other parameters."""
FOLLOWING: tuple[type[Command], ...] = (Rectify, *ASKING)
"""The requests that need the token."""
ASKED_BY: dict[RequestKind, type[Command]] = {
    RequestKind.ACCESS: ReadData,
    RequestKind.RECTIFICATION: Rectify,
    RequestKind.ERASURE: Erase,
    RequestKind.WITHDRAWAL: Withdraw,
    RequestKind.RESTRICTION: Restrict,
    RequestKind.LIFTING: Lift,
    RequestKind.OBJECTION: Object,
    RequestKind.REVIEW: AskReview,
}


@dataclass(eq=False)
class Intrude(Command):
    """Ask about somebody's registration with somebody else's token."""

    as_if: type[Command] = ReadStatus
    token: str = "x" * 43
    known: bool = True

    def says_gone(self) -> bool:
        return False

    def request(self) -> dict[str, Any]:
        """Return the owner's request with another token."""
        parts = self.as_if(self.citizen, self.body).request() | {"token": self.token}
        return parts if self.known else parts | {"path": {"id": NOBODY}}

    def check(self) -> None:
        assert self.status == 404, self.answer
