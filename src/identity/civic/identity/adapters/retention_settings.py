"""How long rejected registrations are kept, from the environment."""

from datetime import timedelta

from civic.runtime.settings import Settings


class RetentionSettings(Settings):
    """How long rejected registrations are kept."""

    rejected_retention_days: int

    @property
    def rejected(self) -> timedelta:
        """How long a rejected registration is kept."""
        return timedelta(days=self.rejected_retention_days)
