"""Rule sets as files of this package."""

from importlib import resources

from civic.identity.model.rules import RuleSet, RuleSetBroken


def load_rule_set(name: str) -> RuleSet:
    """Return the rule set of ``rules/<name>.toml``.

    Raises:
        RuleSetBroken: There is no such file, or it is not a complete and valid rule set.
    """
    file = resources.files("civic.identity.rules").joinpath(f"{name}.toml")
    if not file.is_file():
        raise RuleSetBroken("there is no rule set of that name")
    return RuleSet.parse(file.read_text(encoding="utf-8"))
