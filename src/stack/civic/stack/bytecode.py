"""Compiles what is shipped: Lambda's folders are read-only, so a function cannot keep bytecode."""

import subprocess
from pathlib import Path

from civic.terminal.failures import DeployFailed

_TAIL_LINES = 20


def compile_folder(interpreter: Path, folder: Path, deployed: str) -> None:
    """Put beside every module its bytecode, which Python then takes without a look at the source.

    The same sources give the same bytes, so what did not change is not deployed again.

    Args:
        interpreter: Of the version that will run the code.
        folder: What was built.
        deployed: Where it will be on Lambda; tracebacks name this instead of the folder.

    Raises:
        DeployFailed: A module does not compile.
    """
    done = subprocess.run(
        [
            interpreter,
            # A fresh process, for what else is in memory shows in the bytes; an isolated one, for
            # it needs nothing of this environment, nor libraries' warnings about their own syntax.
            *("-I", "-S", "-W", "ignore"),
            *("-m", "compileall", "-q", "-f"),
            *("--invalidation-mode", "unchecked-hash"),
            *("-s", folder, "-p", deployed, folder),
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        tail = "\n".join(done.stdout.strip().splitlines()[-_TAIL_LINES:])
        raise DeployFailed(f"{folder.name} does not compile; the compiler's last words:\n{tail}")
