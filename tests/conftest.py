"""No test is timed: a slow machine makes slow tests, not failing ones."""

from hypothesis import HealthCheck, settings

settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
# Whoever runs the tests with a profile of their own keeps it.
if settings.get_current_profile_name() in {"default", "ci"}:
    settings.load_profile("untimed")
