"""What a data subject is told of the reasons for a decision."""

from dataclasses import replace

import pytest

from civic.contracts.events import Decision, Reason
from civic.identity.adapters.rule_set_files import load_rule_set
from civic.identity.http.explaining import explain
from civic.identity.model.codes import Code, Severity
from civic.identity.model.rows import Verdict

RULES = load_rule_set("national-2027")


def verdict(code: str, rule_set: str = RULES.version, by: int = 0) -> Verdict:
    return Verdict(Decision.REJECTED, (Reason(code=code, pointer="/somewhere"),), rule_set, by)


def test_every_code_of_the_rules_is_explained_with_what_it_did() -> None:
    for code, rule in RULES.rules.items():
        (reason,) = explain(verdict(code), None, RULES)
        assert (reason.code, reason.pointer) == (code, "/somewhere")
        assert (reason.explanation, reason.effect) == (rule.text, rule.severity)


def test_effect_under_an_earlier_version_is_left_out() -> None:
    (reason,) = explain(verdict(Code.PHONE_INVALID, "national-2027.1"), None, RULES)
    assert reason.explanation == RULES.rules[Code.PHONE_INVALID].text
    assert reason.effect is None


def test_code_of_an_earlier_version_is_said_to_be_one() -> None:
    (reason,) = explain(verdict("consent_text_withdrawn", "national-2027.1"), None, RULES)
    assert "earlier version" in reason.explanation
    assert reason.effect is None


@pytest.mark.parametrize("code", ["decided_by_people", "rejected_by_people_before"])
def test_decision_of_people_is_explained_as_theirs(code: str) -> None:
    (reason,) = explain(verdict(code, by=1), None, RULES)
    assert "staff" in reason.explanation
    assert reason.effect is None


def test_remark_is_one_of_the_effects() -> None:
    (reason,) = explain(verdict(Code.EMAIL_INVALID), None, RULES)
    assert reason.effect is Severity.REMARK


def test_effect_on_somebody_whose_acceptance_is_in_force_is_that_of_the_rules() -> None:
    for standing, effect in ((None, Severity.REJECT), (Decision.ACCEPTED, Severity.REVIEW)):
        (reason,) = explain(verdict(Code.AGE_BELOW_MINIMUM), standing, RULES)
        assert reason.effect is effect


def test_reason_of_an_acceptance_is_a_remark_whatever_the_rules_would_say() -> None:
    accepted = replace(verdict(Code.AGE_BELOW_MINIMUM), decision=Decision.ACCEPTED)
    (reason,) = explain(accepted, None, RULES)
    assert reason.effect is Severity.REMARK
