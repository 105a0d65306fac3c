"""What a verification found, for people and as JSON."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Done:
    """A check that has passed, with what it counted."""

    check: str
    text: str
    numbers: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Report:
    """The checks of a log, in order, and what was left out."""

    done: list[Done] = field(default_factory=list)
    left_out: list[tuple[str, str]] = field(default_factory=list)
    """The name of each check that was left out, and the reason."""

    def add(self, check: str, text: str, **numbers: Any) -> None:
        """Record that a check has passed."""
        self.done.append(Done(check, text, numbers))

    def leave_out(self, check: str, why: str) -> None:
        """Record that something was not checked."""
        self.left_out.append((check, why))

    def of(self, check: str) -> list[Done]:
        """Return what has passed under the name of a check."""
        return [one for one in self.done if one.check == check]

    def lines(self) -> list[str]:
        """Return the report for people."""
        width = max(len(name) for name, _ in [*self._texts(), *self.left_out])
        passed = [f"ok           {name:<{width}}  {text}" for name, text in self._texts()]
        return passed + [f"not checked  {name:<{width}}  {why}" for name, why in self.left_out]

    def document(self) -> dict[str, Any]:
        """Return the report as a JSON object."""
        return {
            "verified": True,
            "checks": [{"check": one.check, "text": one.text} | one.numbers for one in self.done],
            "not_checked": [{"check": name, "why": why} for name, why in self.left_out],
        }

    def _texts(self) -> list[tuple[str, str]]:
        return [(one.check, one.text) for one in self.done]


def counted(count: int, one: str, many: str | None = None) -> str:
    """Return a number with its noun, such as 1 event or 1,200 events."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
