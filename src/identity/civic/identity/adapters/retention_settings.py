"""How long registrations are kept that lead to nothing, as the environment says."""

from datetime import timedelta

from civic.runtime.settings import Settings


class RetentionSettings(Settings):
    """How long registrations are kept that lead to nothing."""

    rejected_retention_days: int
    abandoned_retention_days: int

    @property
    def rejected(self) -> timedelta:
        """How long a rejected registration is kept."""
        return timedelta(days=self.rejected_retention_days)

    @property
    def abandoned(self) -> timedelta:
        """How long a registration is kept that nobody decides."""
        return timedelta(days=self.abandoned_retention_days)
