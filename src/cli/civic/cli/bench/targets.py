"""What was asked for, and whether it was met."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Target:
    """An upper bound on one figure."""

    key: str
    label: str
    at_most: float
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Judged:
    """A target with its figure; None where the figure could not be measured."""

    target: Target
    measured: float | None

    @property
    def met(self) -> bool | None:
        """Whether the figure is within the bound."""
        return None if self.measured is None else self.measured <= self.target.at_most

    @property
    def missed_by(self) -> float | None:
        """How much the figure is above the bound; None where it is not."""
        if self.measured is None or self.met:
            return None
        return self.measured - self.target.at_most


TARGETS = (
    Target("kms_calls_warm", "KMS calls per warm registration", 0.01),
    Target("aws_calls_on_post", "AWS calls on POST, idempotency included", 3),
    Target("max_item_bytes", "largest stored item of a typical person", 1024, "B"),
    Target("cold_import_ratio", "cold import of the slowest handler / boto3 + one client", 1.3),
    Target("dollars_per_million", "dollars per million registrations", 10, "$"),
)


def judge(figures: Mapping[str, float | None], targets: Sequence[Target] = TARGETS) -> list[Judged]:
    """Compare figures with their targets."""
    return [Judged(target, figures[target.key]) for target in targets]
