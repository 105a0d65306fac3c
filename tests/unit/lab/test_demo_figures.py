from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from civic.lab.demo.figures import Judged, decisions, latency, rightly_decided
from civic.lab.demo.report import Report
from civic.operator.operations import QueueDepth

BEGUN = datetime(2027, 1, 1, tzinfo=UTC)


def status(milliseconds: int, decision: str = "accepted", *codes: str) -> dict[str, Any]:
    return {
        "created": BEGUN.isoformat(),
        "updated": (BEGUN + timedelta(milliseconds=milliseconds)).isoformat(),
        "decision": decision,
        "reasons": [{"code": code, "pointer": ""} for code in codes],
    }


def test_latency_is_the_quantiles_of_created_to_updated() -> None:
    measured = latency([status(number) for number in range(101)])
    assert measured is not None
    assert (measured.p50, measured.p95) == (50.0, 95.0)


def test_latency_of_one_is_not_told() -> None:
    assert latency([status(5)]) is None


def test_decisions_count_a_reason_once_per_registration() -> None:
    counted = decisions([status(1, "rejected", "phone_invalid", "phone_invalid"), status(1)])
    assert counted == (
        Counter({"rejected": 1, "accepted": 1}),
        Counter({("rejected", "phone_invalid"): 1}),
    )


def complete() -> Report:
    report = Report(registered=3, decided=3, stored=3)
    report.life.check("something holds", holds=True)
    report.life.check("unreadable: a copy", holds=True)
    return report


def test_report_reconciles_when_everything_agrees() -> None:
    report = complete()
    assert report.reconciled
    assert report.figures()["erased_unreadable"] == 1


def test_report_does_not_reconcile_when_one_is_not_stored() -> None:
    report = complete()
    report.stored = 2
    assert not report.reconciled


def test_report_does_not_reconcile_with_a_dead_letter() -> None:
    report = complete()
    report.queues = [QueueDepth("Validator", 0, 0, 1)]
    assert report.dlq_depth == 1
    assert not report.reconciled


def test_report_does_not_reconcile_when_a_check_fails() -> None:
    report = complete()
    report.life.check("the decision is gone", holds=False)
    assert not report.reconciled


def test_report_of_nothing_does_not_reconcile() -> None:
    assert not Report().reconciled


def test_person_is_decided_rightly_with_the_decision_and_reasons_of_their_kind() -> None:
    statuses = [
        status(1, "rejected", "attestation_missing") | {"id": "1"},
        status(1, "rejected", "attestation_missing", "postcode_invalid") | {"id": "2"},
        status(1, "accepted") | {"id": "3"},
        status(1, "review", "national_id_invalid") | {"id": "4"},
        status(1, "rejected") | {"id": "somebody else"},
    ]
    kinds = dict.fromkeys(("1", "2", "3", "undecided"), "missing_attestation")
    assert rightly_decided(statuses, {**kinds, "4": "wrong_national_id"}) == {
        "missing_attestation": Judged(people=3, rightly=1),
        "wrong_national_id": Judged(people=1, rightly=1),
    }


def test_report_does_not_reconcile_with_a_person_who_is_decided_wrongly() -> None:
    report = complete()
    report.judged = {"typical": Judged(2, 2), "long_name": Judged(1, 1)}
    assert report.reconciled
    assert report.figures()["decided_rightly"] == 3
    report.judged["long_name"].rightly = 0
    assert not report.reconciled
