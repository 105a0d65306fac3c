"""How long registrations that lead to nothing are kept, from the environment."""

from datetime import timedelta

from civic.runtime.settings import Settings


class RetentionSettings(Settings):
    """How long registrations that lead to nothing are kept."""

    rejected_retention_days: int
    abandoned_retention_days: int

    @property
    def rejected(self) -> timedelta:
        """How long a rejected registration is kept."""
        return timedelta(days=self.rejected_retention_days)

    @property
    def abandoned(self) -> timedelta:
        """How long a registration that nobody decides on is kept."""
        return timedelta(days=self.abandoned_retention_days)
