"""Runs make targets in parallel: `side_by_side.py lint templates`.

The output of each is printed when it ends, so that outputs do not mix. All run to the end; the exit
code is that of the first failure in the given order.
"""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def run(target: str) -> tuple[int, str, float]:
    """Run one target; return its exit code, its output and its duration in seconds."""
    began = time.monotonic()
    done = subprocess.run(
        [os.environ.get("MAKE", "make"), "--no-print-directory", target],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, time.monotonic() - began


def main(targets: list[str]) -> int:
    """Run all targets."""
    codes: dict[str, int] = {}
    with ThreadPoolExecutor(len(targets)) as pool:
        running = {pool.submit(run, target): target for target in targets}
        for ended in as_completed(running):
            code, said, seconds = ended.result()
            codes[running[ended]] = code
            sys.stdout.write(said)
            verdict = f"failed ({code})" if code else "ok"
            sys.stdout.write(f"{running[ended]}: {verdict}, {seconds:.0f} s\n")
            sys.stdout.flush()
    return next((codes[target] for target in targets if codes[target]), 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
