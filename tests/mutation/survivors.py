"""The mutants that no test notices and none need notice, from `survivors.toml`."""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_LISTED = Path(__file__).with_name("survivors.toml")


@dataclass(frozen=True, slots=True)
class Verdict:
    """The differences between a run and the list."""

    unexplained: list[str]
    """Survived without a reason in the list."""
    outdated: list[str]
    """Listed, but now noticed or gone."""

    @property
    def good(self) -> bool:
        """Return whether the list and the run agree."""
        return not self.unexplained and not self.outdated


def accepted() -> dict[str, str]:
    """Read the list: the reasons by the names of the mutants.

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
        files: The files all of whose mutants were run; entries for others are left alone.
        reasons: The list.
    """
    found, ran = set(survived), set(files)
    listed = {name for name in reasons if name.partition(" | ")[0] in ran}
    return Verdict(sorted(found - listed), sorted(listed - found))
