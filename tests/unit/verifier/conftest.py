import pytest

from tests.unit.verifier.commands import Verifier


@pytest.fixture
def verifier(capsys: pytest.CaptureFixture[str]) -> Verifier:
    return Verifier(capsys)
