"""The reasons for a decision in words (GDPR Art. 15(1)(h) and 22)."""

from civic.contracts.events import Reason
from civic.identity.http.bodies import ExplainedReason
from civic.identity.model.eligibility import REJECTED_BY_PEOPLE
from civic.identity.model.review import DECIDED_BY_PEOPLE
from civic.identity.model.rows import Verdict
from civic.identity.model.rules import Rule, RuleSet

_BY_PEOPLE = {
    DECIDED_BY_PEOPLE: "The election office's staff looked at the registration and decided.",
    REJECTED_BY_PEOPLE: "The election office's staff rejected an earlier version, so they look at"
    " this one too.",
}
_EARLIER = (
    "An earlier version of the rules had this reason, and the current version does not; send the"
    " registration again to have it decided by that."
)


def explain(verdict: Verdict, rules: RuleSet) -> tuple[ExplainedReason, ...]:
    """Return what each reason of a decision means.

    What a reason did to the decision is said only where the rules are still those of the decision.
    """
    known: dict[str, Rule] = {code.value: rule for code, rule in rules.rules.items()}
    same = verdict.rule_set == rules.version

    def explained(reason: Reason) -> ExplainedReason:
        rule = known.get(reason.code)
        return ExplainedReason(
            code=reason.code,
            pointer=reason.pointer,
            explanation=rule.text if rule else _BY_PEOPLE.get(reason.code, _EARLIER),
            # Where it depends on what the person was before, a decision does not say which it was.
            effect=rule.severity if rule and same and rule.once_accepted is None else None,
        )

    return tuple(map(explained, verdict.reasons))
