"""The mutants that no test notices and that need not be noticed: `survivors.toml`."""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_LISTED = Path(__file__).with_name("survivors.toml")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a run says about the list."""

    unexplained: list[str]
    """Survived, and nobody said why that is right."""
    outdated: list[str]
    """Listed, but noticed by now, or gone."""

    @property
    def good(self) -> bool:
        """Tell whether list and run agree."""
        return not self.unexplained and not self.outdated


def accepted() -> dict[str, str]:
    """Read the list: the reason by the name of the mutant.

    Raises:
        ValueError: A mutant is listed twice.
    """
    reasons: dict[str, str] = {}
    for group in tomllib.loads(_LISTED.read_text())["survivors"]:
        for name in group["mutants"]:
            if name in reasons:
                raise ValueError(f"listed twice: {name}")
            reasons[name] = group["reason"]
    return reasons


def judge(survived: Iterable[str], files: Iterable[str], reasons: dict[str, str]) -> Verdict:
    """Compare the survivors of a run with the list.

    Args:
        survived: The names of the survivors.
        files: The files whose every mutant was run; what is listed of others is left alone.
        reasons: The list.
    """
    found, ran = set(survived), set(files)
    listed = {name for name in reasons if name.partition(" | ")[0] in ran}
    return Verdict(sorted(found - listed), sorted(listed - found))
