"""Compiles what is shipped: Lambda's folders are read-only, so a function cannot keep bytecode."""

import subprocess
from pathlib import Path

from civic.terminal.failures import DeployFailed

_TAIL_LINES = 20


def compile_folder(interpreter: Path, folder: Path, deployed: str) -> None:
    """Put bytecode beside every module, which Python then loads without checking the source.

    The same sources give the same bytes, so what has not changed is not deployed again.

    Args:
        interpreter: A Python of the version that will run the code.
        folder: The folder that was built.
        deployed: Where it will be on Lambda; tracebacks name this instead of the folder.

    Raises:
        DeployFailed: A module does not compile.
    """
    done = subprocess.run(
        [
            interpreter,
            # A fresh process, as the bytes depend on what else is in memory; an isolated one, as it
            # needs nothing from this environment, and no library's warnings about its own syntax.
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
        raise DeployFailed(f"{folder.name} does not compile; the compiler's output ends:\n{tail}")
