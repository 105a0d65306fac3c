"""No test is timed, and none depends on luck.

A slow machine makes slow tests, not failing ones. Hypothesis tries the same examples in every run,
so that a failure is of the change that is tested; `make test-deep` sets CIVIC_DEEP and searches at
random, and prints what repeats a failure.
"""

import os

import pytest
from hypothesis import HealthCheck, settings

# A console takes its width from here when it is made: not that of whoever runs the tests.
os.environ.pop("COLUMNS", None)

DEEP = bool(os.environ.get("CIVIC_DEEP"))

settings.register_profile(
    "untimed",
    deadline=None,
    derandomize=not DEEP,
    print_blob=DEEP,
    suppress_health_check=[HealthCheck.too_slow],
)
# Whoever runs the tests with a profile of their own keeps it.
if settings.get_current_profile_name() in {"default", "ci"}:
    settings.load_profile("untimed")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, exitstatus: int) -> None:
    """Print what repeats a failure, as far as the order of sets and keys of strings had a part."""
    seed = os.environ.get("PYTHONHASHSEED")
    if exitstatus == pytest.ExitCode.TESTS_FAILED and seed:
        terminalreporter.write_line(f"the same order of sets again: PYTHONHASHSEED={seed}")
