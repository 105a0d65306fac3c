import pytest

from civic.runtime import clients
from tests.fail_closed.office import Office
from tests.fakes.deployment import Deployment
from tests.fakes.fixtures import aws, deployment, log_lines

__all__ = ["aws", "deployment", "log_lines"]


@pytest.fixture
def office(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> Office:
    """Give the functions, their queues, and a clock that stands still."""
    made = Office(deployment)
    monkeypatch.setattr(clients, "now", made.clock)
    made.cold()
    return made
