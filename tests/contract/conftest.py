from collections.abc import Iterator

import pytest

from tests.fakes.aws import Aws, running


@pytest.fixture
def aws() -> Iterator[Aws]:
    """Every service the functions use, empty, in this process."""
    with running() as started:
        yield started
