"""No test is timed, and none depends on luck.

A slow machine makes tests slow and not fail. Hypothesis tries the same examples in every run, so
that a failure is due to the tested change. `make test-deep` sets CIVIC_DEEP, searches at random,
and prints what repeats a failure.
"""

import os

import pytest
from hypothesis import HealthCheck, settings

# A console takes its width from here when it is made, and not from the terminal of the tests.
os.environ.pop("COLUMNS", None)

DEEP = bool(os.environ.get("CIVIC_DEEP"))

settings.register_profile(
    "untimed",
    deadline=None,
    derandomize=not DEEP,
    print_blob=DEEP,
    suppress_health_check=[HealthCheck.too_slow],
)
# A profile that was set for this run of the tests is kept.
if settings.get_current_profile_name() in {"default", "ci"}:
    settings.load_profile("untimed")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, exitstatus: int) -> None:
    """Print what repeats a failure that may depend on the order of sets and string keys."""
    seed = os.environ.get("PYTHONHASHSEED")
    if exitstatus == pytest.ExitCode.TESTS_FAILED and seed:
        terminalreporter.write_line(f"the same order of sets again: PYTHONHASHSEED={seed}")
