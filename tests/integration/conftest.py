"""A stack for the tests: another engine, on a free port, with its state in pytest's directory.

It is built from this checkout and deployed as by `civic up`, with IAM enforced. The engine of
`make demo` is never touched.
"""

import shutil
import socket
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from civic.client.citizen import Citizen
from civic.operator.main import main
from civic.stack.deploy import deploy
from civic.stack.engine import Engine
from civic.stack.target import LOCAL_STACK, Target, choose
from civic.stack.workspace import Workspace, here
from civic.terminal.loopback import LOOPBACK
from civic.terminal.waiting import PATIENCE_SECONDS
from tests.integration.people import another_person

HERE = Path(__file__).parent

type Command = Callable[..., int]
"""Runs `civic` with the words given; returns its exit code."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests in this folder, which need the stack and may connect to loopback."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.engine)
            item.add_marker(pytest.mark.allow_hosts([LOOPBACK]))


@pytest.fixture(autouse=True)
def _another_person(request: pytest.FixtureRequest) -> None:
    another_person(request.node.nodeid)


@pytest.fixture(scope="session")
def engine(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Engine]:
    engine = Engine(Workspace(here().root, tmp_path_factory.mktemp("engine")), _free_port())
    try:
        with outliving():
            engine.start()
        yield engine
    finally:
        with outliving():
            engine.stop()
        if not request.session.testsfailed:
            # What it unpacked is being removed already.
            for left in ("state", "s3"):
                shutil.rmtree(engine.workspace.state / left, ignore_errors=True)


@pytest.fixture(scope="session")
def target(engine: Engine) -> Target:
    """The deployed stack, with an administrator's rights."""
    target = choose(LOCAL_STACK, None, None, engine)
    deploy(target, engine)
    return target


@pytest.fixture(scope="session")
def citizen(target: Target) -> Iterator[Citizen]:
    """The API, with retries."""
    with Citizen(target.api_url, local=True) as citizen:
        yield citizen


@pytest.fixture(scope="session")
def api(target: Target) -> Iterator[httpx.Client]:
    """The API, without retries."""
    with httpx.Client(base_url=target.api_url, trust_env=False, timeout=PATIENCE_SECONDS) as client:
        yield client


@pytest.fixture
def civic(engine: Engine, target: Target, monkeypatch: pytest.MonkeyPatch) -> Command:
    """The `civic` command of this process, pointed at the tests' stack."""
    assert not target.missing
    return pointed_at(engine, monkeypatch)


def pointed_at(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Return the `civic` command for an engine, which works while the patches last."""
    monkeypatch.setenv("CIVIC_STATE", str(engine.workspace.state))
    monkeypatch.setenv("CIVIC_PORT", str(engine.port))
    for name in ("CIVIC_STACK", "CIVIC_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    return lambda *words: main([str(word) for word in words])


@contextmanager
def outliving() -> Iterator[None]:
    """Allow what the engine leaves running on purpose: itself, and the removal of its scratch."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        yield


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port
