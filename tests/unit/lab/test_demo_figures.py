from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from civic.lab.demo.afterwards import Standing
from civic.lab.demo.figures import Judged, decisions, latency, rightly_decided
from civic.lab.demo.report import Report
from civic.lab.population.generator import Person
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
    standings = {
        "1": Standing(status(1, "rejected", "attestation_missing"), ()),
        "2": Standing(status(1, "rejected", "attestation_missing", "postcode_invalid"), ()),
        "3": Standing(status(1, "accepted"), ()),
        "4": Standing(status(1, "review", "national_id_invalid"), ()),
        "undecided": Standing({"status": "pending"}, ()),
    }
    people = dict.fromkeys(("1", "2", "3", "undecided"), Person({}, "missing_attestation"))
    assert rightly_decided(standings, people | {"4": Person({}, "wrong_national_id")}) == {
        "missing_attestation": Judged(people=4, decided=1, placed=4, rightly=1),
        "wrong_national_id": Judged(people=1, decided=1, placed=1, rightly=1),
    }


def test_person_with_the_areas_of_another_is_not_decided_rightly() -> None:
    truth = Person({}, "typical", areas=("PT-13-W", "PT-13", "PT"))
    right, wrong = status(1), status(1, "rejected")
    standings = {
        "right": Standing(right, truth.areas),
        "other": Standing(right, ("PT-13-E", "PT-13", "PT")),
        "wide": Standing(right, ("PT",)),
        "off the roll": Standing(right, ()),
        "decided wrongly": Standing(wrong, truth.areas),
    }
    assert rightly_decided(standings, dict.fromkeys(standings, truth)) == {
        "typical": Judged(people=5, decided=4, placed=2, rightly=1)
    }


def test_truth_of_who_is_decided_again_is_what_comes_in_the_end() -> None:
    kept = Person({}, "failed_correction", areas=("PT",))
    standings = {
        "kept": Standing(status(1, "rejected", "consent_text_unknown"), ("PT",)),
        "lost": Standing(status(1, "rejected", "consent_text_unknown"), ()),
        "as at first": Standing(status(1), ("PT",)),
    }
    assert rightly_decided(standings, dict.fromkeys(standings, kept)) == {
        "failed_correction": Judged(people=3, decided=2, placed=2, rightly=1)
    }


def test_report_does_not_reconcile_with_a_person_who_is_decided_wrongly() -> None:
    report = complete()
    report.judged = {"typical": Judged(2, 2, 2, 2), "long_name": Judged(1, 1, 1, 1)}
    assert report.reconciled
    assert report.figures()["decided_rightly"] == 3
    report.judged["long_name"].rightly = 0
    assert not report.reconciled
