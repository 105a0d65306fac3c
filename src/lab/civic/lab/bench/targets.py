"""What was asked for, and whether it was met."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Target:
    """A bound on one figure, an upper one unless it says otherwise."""

    key: str
    label: str
    bound: float
    unit: str = ""
    at_least: bool = False

    def __str__(self) -> str:
        """Return the bound in words."""
        return f"at {'least' if self.at_least else 'most'} {self.bound:g} {self.unit}".strip()


@dataclass(frozen=True, slots=True)
class Judged:
    """A target with its figure; None where the figure could not be measured."""

    target: Target
    measured: float | None

    @property
    def met(self) -> bool | None:
        """Whether the figure is within the bound."""
        if self.measured is None:
            return None
        bound = self.target.bound
        return self.measured >= bound if self.target.at_least else self.measured <= bound

    @property
    def missed_by(self) -> float | None:
        """How much the figure is beyond the bound; None where it is not."""
        if self.measured is None or self.met:
            return None
        return abs(self.measured - self.target.bound)


TARGETS = (
    Target("kms_calls_warm", "KMS calls per warm registration", 0.01),
    Target("aws_calls_on_post", "AWS calls on POST, idempotency included", 3),
    Target("max_item_bytes", "largest stored item of a typical person", 1024, "B"),
    Target("cold_import_ratio", "cold import of the slowest handler / boto3 + one client", 1.3),
    Target("dollars_per_million", "dollars per million registrations", 10, "$"),
)

VOTE_TARGETS = (
    Target("write_units_per_vote", "write units per vote", 1.15),
    Target("transactional_writes", "transactional writes", 0),
    Target("dollars_per_million", "dollars per million votes", 2.80, "$"),
    Target("dollars_with_log_per_million", "dollars per million votes, with the log", 2.80, "$"),
    Target("processor_ratio_vs_seed", "votes per instruction, processor / seed", 10, at_least=True),
    Target("path_ratio_vs_seed", "votes per instruction, whole path / seed", 1.5, at_least=True),
    Target("growth_exponent", "growth of instructions per vote with voters", 0.05),
)

AUDIT_TARGETS = (Target("puts_per_vote", "objects put per vote, batches of 10,000", 0.01),)


def judge(figures: Mapping[str, float | None], targets: Sequence[Target] = TARGETS) -> list[Judged]:
    """Compare figures with their targets."""
    return [Judged(target, figures[target.key]) for target in targets]
