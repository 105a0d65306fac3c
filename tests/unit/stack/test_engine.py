import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from civic.stack.engine import Engine, forget_stream_positions
from civic.stack.workspace import Workspace
from civic.terminal.failures import DiskFull, EngineFailed, PortTaken, SetupMissing

pytestmark = [
    pytest.mark.enable_socket,
    # The engine is meant to outlive the object that started it.
    pytest.mark.filterwarnings("ignore:.*is still running:ResourceWarning"),
    pytest.mark.filterwarnings("ignore:.*subprocess:pytest.PytestUnraisableExceptionWarning"),
]

STAND_IN = """
    import http.server, os, signal, sys, threading

    class Health(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
        def log_message(self, *_):
            pass

    place = (os.environ["BIND_HOST"], int(os.environ["GATEWAY_PORT"]))
    server = http.server.HTTPServer(place, Health)

    def stop(*_):
        open(os.path.join(os.environ["STATE_DIR"], "saved"), "w").close()
        threading.Thread(target=server.shutdown).start()

    signal.signal(signal.SIGTERM, stop)
    server.serve_forever()
"""


def stand_in(root: Path, program: str) -> None:
    """Put a program where the workspace expects the interpreter of the engine."""
    interpreter = root / ".venvs" / "engine" / "bin" / "python"
    interpreter.parent.mkdir(parents=True)
    script = root / "stand_in.py"
    script.write_text(textwrap.dedent(program))
    interpreter.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{script}"\n')
    interpreter.chmod(0o755)


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
        return number


@pytest.fixture
def engine(tmp_path: Path, port: int) -> Iterator[Engine]:
    stand_in(tmp_path, STAND_IN)
    engine = Engine(Workspace(tmp_path), port)
    yield engine
    engine.stop()


def pid_of(engine: Engine) -> int:
    return int((engine.workspace.state / "engine.pid").read_text())


def test_start_leaves_a_running_engine(engine: Engine) -> None:
    assert engine.start()
    assert engine.is_running()


def test_start_reuses_the_running_engine(engine: Engine) -> None:
    engine.start()
    first = pid_of(engine)
    assert not engine.start()
    assert pid_of(engine) == first


def test_engine_leads_a_session_of_its_own(engine: Engine) -> None:
    engine.start()
    assert os.getsid(pid_of(engine)) == pid_of(engine)


def test_stop_lets_the_engine_save_its_state(engine: Engine) -> None:
    engine.start()
    assert engine.stop()
    assert not engine.is_running()
    assert (engine.workspace.state / "state" / "saved").exists()


def test_stop_of_a_stopped_engine_does_nothing(engine: Engine) -> None:
    assert not engine.stop()


def test_start_after_a_kill_starts_anew(engine: Engine) -> None:
    engine.start()
    killed = pid_of(engine)
    os.kill(killed, signal.SIGKILL)
    os.waitpid(killed, 0)
    assert engine.start()
    assert pid_of(engine) != killed


def test_erase_leaves_nothing(engine: Engine) -> None:
    engine.start()
    engine.erase()
    assert not engine.workspace.state.exists()


def test_state_is_readable_by_its_owner_only(engine: Engine) -> None:
    engine.start()
    modes = {(engine.workspace.state / name).stat().st_mode & 0o777 for name in ("state", "s3")}
    assert modes == {0o700}


def test_engine_does_not_see_the_operators_credentials(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAREAL")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "real")
    given: list[dict[str, str]] = []
    start = subprocess.Popen

    def watched(*words: Any, **options: Any) -> subprocess.Popen[bytes]:
        given.append(options["env"])
        return start(*words, **options)

    monkeypatch.setattr("civic.stack.engine.subprocess.Popen", watched)
    engine.start()
    (environment,) = given
    assert "AKIAREAL" not in environment.values()
    assert "AWS_SESSION_TOKEN" not in environment


def test_start_refuses_a_port_that_is_taken(engine: Engine) -> None:
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", engine.port))
        other.listen()
        with pytest.raises(PortTaken, match=f"port {engine.port} is taken by another program"):
            engine.start()


def test_start_refuses_a_full_disk(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = type("Usage", (), {"free": (1 << 30) - 1})
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)
    with pytest.raises(DiskFull, match="free at least 1 GiB"):
        engine.start()


def test_start_shows_the_last_words_of_an_engine_that_ended(tmp_path: Path, port: int) -> None:
    stand_in(tmp_path, 'raise SystemExit("no such setting")')
    with pytest.raises(EngineFailed, match="no such setting"):
        Engine(Workspace(tmp_path), port).start()


def test_engine_that_ran_out_of_room_says_so(tmp_path: Path, port: int) -> None:
    stand_in(tmp_path, 'raise SystemExit("OSError: [Errno 28] No space left on device")')
    with pytest.raises(DiskFull):
        Engine(Workspace(tmp_path), port).start()


def test_start_without_setup_says_what_to_run(tmp_path: Path, port: int) -> None:
    with pytest.raises(SetupMissing, match="make setup"):
        Engine(Workspace(tmp_path), port).start()


def test_readers_of_streams_begin_anew_as_the_streams_do(tmp_path: Path) -> None:
    saved = tmp_path / "lambda.json"
    kept = {"functions": {"one": 1}, "kinesis_positions": {"a": 2}}
    state = {"__ministack_format__": 2, "payload": {**kept, "dynamodb_stream_positions": {"b": 40}}}
    saved.write_text(json.dumps(state))
    forget_stream_positions(saved)
    assert json.loads(saved.read_text()) == {"__ministack_format__": 2, "payload": kept}
    assert list(tmp_path.iterdir()) == [saved]


def test_nothing_is_saved_where_nothing_was(tmp_path: Path) -> None:
    forget_stream_positions(tmp_path / "lambda.json")
    assert not list(tmp_path.iterdir())
