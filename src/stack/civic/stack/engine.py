"""Starts and stops the embedded AWS engine (ministack), which has its own environment.

The engine is a separate process: it outlives the terminal and holds a lock while it runs, so "is it
running?" need not be guessed from a process id that may have been given to another program.
"""

import json
import os
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from civic.stack.ports import require_free
from civic.stack.workspace import Workspace
from civic.terminal.failures import DiskFull, EngineFailed
from civic.terminal.locks import try_lock
from civic.terminal.loopback import LOOPBACK
from civic.terminal.waiting import PATIENCE_SECONDS

REGION = "eu-west-1"
"""The region that the engine pretends to be; its state is kept per region."""

CREDENTIALS = ("test", "test")
"""The engine's administrator. It listens on loopback only; the README says what it is for."""

_HOOK = Path(__file__).parent / "hook"
_LEAST_FREE_BYTES = 1 << 30
_POLL_SECONDS = 0.05
_LOG_TAIL_BYTES = 2000


@dataclass(frozen=True)
class Engine:
    """The engine of a workspace."""

    workspace: Workspace
    port: int

    @property
    def endpoint(self) -> str:
        """The base URL of every AWS service in the engine."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def log(self) -> Path:
        """What the engine printed since it was last started."""
        return self.workspace.state / "engine.log"

    def is_running(self) -> bool:
        """Return whether the engine's process is running."""
        lock = self.workspace.state / "engine.lock"
        if not lock.exists():
            return False
        with lock.open("ab") as held:
            return not try_lock(held)

    def start(self) -> bool:
        """Start the engine unless it is running, and wait until it answers.

        Returns:
            True if it was started, False if it was already running.

        Raises:
            PortTaken: Another program listens on the port.
            DiskFull: Less than 1 GiB is free.
            SetupMissing: The engine is not installed.
            EngineFailed: It ended or did not answer; the message ends with the end of its log.
        """
        if self.is_running():
            self._wait_until_it_answers(None)
            return False
        interpreter = self.workspace.engine_python
        self._make_room()
        forget_stream_positions(self.workspace.state / "state" / "lambda.json")
        require_free(self.port)
        with (self.workspace.state / "engine.lock").open("ab") as lock:
            if not try_lock(lock):
                raise EngineFailed("another command is starting the engine; try again")
            process = self._spawn(interpreter, lock)
        (self.workspace.state / "engine.pid").write_text(f"{process.pid}\n")
        self.port_record.write_text(f"{self.port}\n")
        self._wait_until_it_answers(process)
        return True

    def stop(self) -> bool:
        """Ask the engine to save its state and exit, and wait until it has.

        Returns:
            True if it was stopped, False if it was not running.

        Raises:
            EngineFailed: It did not exit in time; it is left alone, as killing it loses its state.
        """
        if not self.is_running():
            return False
        pid = int((self.workspace.state / "engine.pid").read_text())
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self.is_running():
            if time.monotonic() > deadline:
                raise EngineFailed(
                    f"the engine (process {pid}) is still saving its state; try again"
                )
            time.sleep(_POLL_SECONDS)
        (self.workspace.state / "engine.pid").unlink(missing_ok=True)
        self._discard_scratch()
        return True

    def erase(self) -> None:
        """Stop the engine and remove its state and the built artefacts."""
        self.stop()
        shutil.rmtree(self.workspace.state, ignore_errors=True)

    @property
    def port_record(self) -> Path:
        """The file that remembers which port the saved state belongs to."""
        return self.workspace.state / "engine.port"

    @property
    def _scratch(self) -> Path:
        """The directory in which the engine unpacks the functions."""
        return self.workspace.state / "tmp"

    def _make_room(self) -> None:
        self.workspace.state.mkdir(parents=True, exist_ok=True)
        require_room(self.workspace.state)
        self._discard_scratch()
        for directory in (self._scratch, *map(self.workspace.state.joinpath, ("state", "s3"))):
            # The state contains the engine's keys.
            directory.mkdir(mode=0o700, exist_ok=True)

    def _discard_scratch(self) -> None:
        """Remove the unpacked functions without waiting, as they are thousands of files."""
        if self._scratch.exists():
            self._scratch.rename(self.workspace.state / f"discarded.{time.time_ns()}")
        discarded = list(self.workspace.state.glob("discarded.*"))
        if discarded:
            subprocess.Popen(
                ["/bin/rm", "-rf", *discarded],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )

    def _spawn(self, interpreter: Path, lock: IO[bytes]) -> subprocess.Popen[bytes]:
        with self.log.open("wb") as log:
            return subprocess.Popen(
                [interpreter, "-m", "ministack"],
                cwd=self.workspace.state,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                # The lock belongs to the open file, so it is held until the engine itself ends.
                pass_fds=(lock.fileno(),),
            )

    def _environment(self) -> dict[str, str]:
        """Return the engine's environment; it inherits only what any program needs."""
        state = self.workspace.state
        inherited = {
            name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ
        }
        return inherited | {
            "HOME": str(state),
            "TMPDIR": str(self._scratch),
            # It unpacks code once, and not for each of its workers.
            "PYTHONPATH": str(_HOOK),
            "GATEWAY_PORT": str(self.port),
            "BIND_HOST": LOOPBACK,
            "MINISTACK_HOST": LOOPBACK,
            "MINISTACK_REGION": REGION,
            "AUTH": "true",
            "AWS_ACCESS_KEY_ID": CREDENTIALS[0],
            "AWS_SECRET_ACCESS_KEY": CREDENTIALS[1],
            "PERSIST_STATE": "1",
            "STATE_DIR": str(state / "state"),
            "S3_PERSIST": "1",
            "S3_DATA_DIR": str(state / "s3"),
            "SFTP_ENABLED": "0",
            "IOT_MTLS_ENABLED": "0",
            # A Docker daemon that happens to run here must not change how functions are run.
            "DOCKER_HOST": f"unix://{state / 'no-docker.sock'}",
            "LOG_LEVEL": "WARNING",
        }

    def _wait_until_it_answers(self, process: subprocess.Popen[bytes] | None) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not self._answers():
            if process is not None and process.poll() is not None:
                raise self._failure("the engine ended while starting")
            if time.monotonic() > deadline:
                raise self._failure(f"the engine does not answer on port {self.port}")
            time.sleep(_POLL_SECONDS)

    def _answers(self) -> bool:
        # Loopback is called without the proxy of the environment.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(f"{self.endpoint}/_ministack/health", timeout=2) as answer:
                return bool(answer.status == 200)  # noqa: PLR2004 - HTTP's own number
        except (urllib.error.URLError, OSError):
            return False

    def _failure(self, what: str) -> EngineFailed | DiskFull:
        tail = self.log.read_bytes()[-_LOG_TAIL_BYTES:].decode(errors="replace").strip()
        if "No space left on device" in tail:
            return no_room()
        return EngineFailed(f"{what}; its log ends:\n{tail}" if tail else what)


def forget_stream_positions(saved: Path) -> None:
    """Make the readers of streams start over after a restart.

    The engine saves how far each has read, but not the streams, which start at 0 again: a reader
    would skip as many records as it had read before.

    Args:
        saved: The file of the engine's functions; if there is none, nothing is done.
    """
    if not saved.exists():
        return
    state = json.loads(saved.read_text("utf-8"))
    if state.get("payload", {}).pop("dynamodb_stream_positions", None) is None:
        return
    unfinished = saved.with_suffix(".part")
    unfinished.touch(mode=0o600)
    unfinished.write_text(json.dumps(state), "utf-8")
    unfinished.replace(saved)


def require_room(place: Path) -> None:
    """Check that at least 1 GiB is free for a directory.

    Raises:
        DiskFull: Less is free.
    """
    if shutil.disk_usage(place).free < _LEAST_FREE_BYTES:
        raise no_room()


def no_room() -> DiskFull:
    """Return the error for a full disk."""
    return DiskFull("the disk is full; free at least 1 GiB, then run this again")
