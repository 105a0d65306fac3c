"""`civic down` and `civic up`: the engine's state outlives the engine."""

import pytest

from civic.client.citizen import Citizen, Receipt
from civic.stack.engine import Engine
from civic.stack.target import Target
from tests.integration.conftest import Command, outliving
from tests.integration.people import Payload, idempotency_key, person, renamed, stranger
from tests.integration.rows import everything_about
from tests.integration.waiting import decided, settled, stored


def test_down_and_up_keep_everything(
    civic: Command,
    engine: Engine,
    target: Target,
    citizen: Citizen,
    capsys: pytest.CaptureFixture[str],
) -> None:
    receipt = _register(citizen, person())
    settled(target)
    before = everything_about(target, receipt)
    with outliving():
        assert civic("down") == 0
        assert not engine.is_running()
        assert civic("status") == 1
        assert civic("down") == 0
        capsys.readouterr()
        assert civic("up") == 0
    assert "every stack is up to date" in capsys.readouterr().err
    assert everything_about(target, receipt) == before
    assert citizen.data(receipt)["data"] == person()
    citizen.rectify(receipt, renamed())
    assert decided(citizen, receipt, revision=2)["decision"] == "accepted"
    _register(citizen, stranger())


def test_up_of_a_running_stack_changes_nothing(
    civic: Command, target: Target, capsys: pytest.CaptureFixture[str]
) -> None:
    before = target.find_stacks()
    assert civic("up") == 0
    assert "every stack is up to date" in capsys.readouterr().err
    assert target.find_stacks() == before


def _register(citizen: Citizen, payload: Payload) -> Receipt:
    receipt = citizen.register(payload, idempotency_key())
    assert decided(citizen, receipt)["decision"] == "accepted"
    stored(citizen, receipt)
    return receipt
