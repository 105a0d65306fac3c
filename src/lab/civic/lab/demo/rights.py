"""What a citizen may request besides access and erasure, and what staff do about it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from civic.client.citizen import Citizen, Receipt
from civic.client.erasing import receipt_file
from civic.identity.errors import ReceiptRefused
from civic.identity.model.erasure_receipt import read_receipt, verify_receipt
from civic.lab.demo import copies
from civic.lab.demo.life import Life, await_decision, await_stored, is_tombstone, refused
from civic.operator.staff import Staff, judgement
from civic.stack.target import Target
from civic.terminal.waiting import until

_CONFLICT = 409


def restrict_and_lift(
    life: Life, citizen: Citizen, receipt: Receipt, payload: dict[str, Any]
) -> None:
    """Restrict the processing, check that this takes effect, and lift it (GDPR Art. 18)."""
    life.chapter("Restriction (GDPR Art. 18)")
    life.check("restricted", citizen.restrict(receipt)["restricted"])
    life.check(
        "a correction is refused meanwhile",
        refused(lambda: citizen.rectify(receipt, payload), _CONFLICT),
    )
    life.check("lifted", not citizen.lift(receipt)["restricted"])


def be_reviewed(
    life: Life, target: Target, citizen: Citizen, receipt: Receipt, payload: dict[str, Any]
) -> None:
    """Submit a case that the rules refer to people, and have staff decide it (GDPR Art. 22(3))."""
    life.chapter("A person decides (GDPR Art. 22)")
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    given_at = tomorrow.isoformat(timespec="seconds").replace("+00:00", "Z")
    doubtful = payload | {"consent": payload["consent"] | {"given_at": given_at}}
    revision = citizen.rectify(receipt, doubtful)["revision"]
    decided = await_decision(citizen, receipt, revision)
    codes = ", ".join(reason["code"] for reason in decided["reasons"])
    life.tell("correct the consent to a future time", f"{decided['decision']}: {codes}")
    await_stored(citizen, receipt, revision)
    life.check("an unsigned staff request is refused", _is_refused_unsigned(target))
    with Staff(target) as staff:
        until(
            "the case waits for staff",
            lambda: any(case["id"] == receipt.id for case in staff.cases()),
        )
        shown = staff.show(receipt.id)
        life.check("staff see what the citizen wrote", shown["data"] == doubtful)
        outcome = staff.decide(receipt.id, shown["revision"], judgement("accepted"))
    life.tell("staff decide", f"{outcome['outcome']}: {outcome['decision']}")
    explained = citizen.explanation(receipt)
    life.tell("explanation", f"{explained['decision']}, decided by {explained['decided_by']}")
    looks = [one["purpose"] for one in citizen.data(receipt)["accesses"] if one["by"] == "staff"]
    life.check("the citizen can see both accesses by staff", looks == ["review", "decision"])


def object_to_analytics(life: Life, target: Target, citizen: Citizen, receipt: Receipt) -> None:
    """Object to being counted (GDPR Art. 21)."""
    life.chapter("Objection (GDPR Art. 21)")
    citizen.object(receipt)
    until(
        "analytics has forgotten the citizen",
        lambda: is_tombstone(copies.join_item(target, receipt)),
    )
    life.check("analytics has forgotten the citizen", holds=True)


def keep_receipt(life: Life, citizen: Citizen, receipt: Receipt, status: dict[str, Any]) -> None:
    """Verify the receipt of an erasure offline, and check that it never changes."""
    confirmed = sum(bool(one.get("erased_at")) for one in status["stores"])
    life.tell("stores that confirmed the erasure", f"{confirmed} of {len(status['stores'])}")
    life.check("receipt verified", _verifies(status, receipt))
    again = receipt_file(citizen.erasure(receipt))
    life.check("the receipt is always the same", again == receipt_file(status))


def _verifies(status: dict[str, Any], receipt: Receipt) -> bool:
    document = receipt_file(status)
    if document is None:
        return False
    try:
        statement = verify_receipt(read_receipt(document.encode()))
    except ReceiptRefused:
        return False
    return statement.registration == receipt.id


def _is_refused_unsigned(target: Target) -> bool:
    answer = httpx.get(f"{target.review_api_url}/reviews", trust_env=not target.is_local)
    return answer.status_code in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}
