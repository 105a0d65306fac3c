"""The reasons for a decision in words (GDPR Art. 15(1)(h) and 22)."""

from civic.contracts.events import Decision, Reason
from civic.identity.http.bodies import ExplainedReason
from civic.identity.model.codes import Code, Severity
from civic.identity.model.eligibility import REJECTED_BY_PEOPLE
from civic.identity.model.review import DECIDED_BY_PEOPLE, OfficeReason
from civic.identity.model.rows import Verdict
from civic.identity.model.rules import RuleSet

_BY_PEOPLE = {
    DECIDED_BY_PEOPLE: "The election office's staff looked at the registration and decided.",
    REJECTED_BY_PEOPLE: "The election office's staff rejected an earlier version, so they look at"
    " this one too.",
    OfficeReason.DIED: "The office has been told that the person has died.",
    OfficeReason.MOVED_AWAY: "The office has been told that the person has moved away.",
    OfficeReason.NOT_ELIGIBLE: "The office has found that the person may not vote.",
    OfficeReason.REGISTERED_TWICE: "The person is registered a second time.",
    OfficeReason.PUT_BACK: "The office has put the person back on the roll.",
}
_EARLIER = (
    "An earlier version of the rules had this reason, and the current version does not; send the"
    " registration again to have it decided by that."
)


def explain(
    verdict: Verdict, standing: Decision | None, rules: RuleSet
) -> tuple[ExplainedReason, ...]:
    """Return what each reason of a decision means.

    What a reason did to the decision is said only where the rules are still those of the decision.

    Args:
        verdict: The decision.
        standing: The decision in force, where it is not this one.
        rules: The rule set of now.
    """
    known = {code.value: code for code in Code}

    def explained(reason: Reason) -> ExplainedReason:
        code = known.get(reason.code)
        text = rules.rules[code].text if code else _BY_PEOPLE.get(reason.code, _EARLIER)
        effect = None
        if code and verdict.rule_set == rules.version:
            effect = rules.severity(code, accepted=standing is not None)
            if verdict.decision is Decision.ACCEPTED:
                effect = Severity.REMARK
        return ExplainedReason(
            code=reason.code, pointer=reason.pointer, explanation=text, effect=effect
        )

    return tuple(map(explained, verdict.reasons))
