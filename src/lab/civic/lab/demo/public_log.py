"""The demo's election from outside: anyone can check its log, and no byte can be altered."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from civic.audit.adapters.bucket_s3 import LOG
from civic.audit.model.tiles import ENTRIES, WIDTH, tile_path
from civic.client.api_client import Refused
from civic.client.submission import in_parallel
from civic.contracts.identifiers import ElectionId
from civic.lab.demo.life import Life
from civic.operator.operations import queue_depths
from civic.operator.public_log import LogCopy, LogReader, leaf_of, log_key
from civic.stack.target import Target
from civic.terminal.waiting import until

_CIVIC_VERIFY = Path(sys.executable).parent / "civic-verify"


@dataclass(frozen=True, slots=True)
class PublicCheck:
    """Checks an election from outside.

    Attributes:
        target: The system.
        election: The election, certified.
        receipts: The receipts that the voters were given.
        output: A folder only for the copy of the log and the voters' proofs.
        workers: Number of simultaneous requests.
    """

    target: Target
    election: ElectionId
    receipts: Sequence[str]
    output: Path
    workers: int

    def run(self, life: Life) -> None:
        """Copy the log and all voters' proofs, verify them, and show that no byte can change."""
        life.chapter("The public log, checked from outside by civic-verify")
        self._await_openings()
        shutil.rmtree(self.output, ignore_errors=True)
        self._receipts.mkdir(parents=True)
        for _ in LogCopy(self.target, LOG).into(self._log):
            pass
        self._fetch_proofs()
        checked, refused = self._verify()
        if checked is None:
            life.check(f"the log verifies; {refused}", holds=False)
            return
        _tell(checked, self.election, life)
        proven = len(_of(checked, "receipts"))
        life.check(f"{proven} voters' receipts are in it", proven == len(self.receipts))
        for path in self._kinds():
            _, refused = _with_one_byte_altered(path, self._verify)
            # civic-verify names objects of the log by their path in it, and other files in full.
            inside = path.is_relative_to(self._log)
            name = path.relative_to(self._log) if inside else path
            named = refused.startswith(f"refused: {name}: ")
            life.check(f"refused with one byte altered: {_short(name)}", named)

    @property
    def _log(self) -> Path:
        return self.output / "log"

    @property
    def _receipts(self) -> Path:
        return self.output / "receipts"

    def _await_openings(self) -> None:
        """Wait until the openings of the ballots are published and logged."""
        path = f"openings/{self.election}/index.json"
        with LogReader(self.target.log_api_url, local=self.target.is_local) as reader:
            until("the openings are published", lambda: reader.has(path))
        until("everything is logged", self._nothing_waits)

    def _nothing_waits(self) -> bool:
        return not any(depth.left for depth in queue_depths(self.target, ["audit"]))

    def _fetch_proofs(self) -> None:
        with LogReader(self.target.log_api_url, local=self.target.is_local) as reader:

            def fetch(receipt: str) -> None:
                leaf = leaf_of(receipt)
                file = self._receipts / f"{leaf.hex()}.tlog-proof"
                file.write_bytes(until("a ballot is in the log", lambda: _proof(reader, leaf)))

            for _ in in_parallel(fetch, self.receipts, self.workers):
                pass

    def _verify(self) -> tuple[dict[str, Any] | None, str]:
        """Return what civic-verify has checked, or else its reason for refusing."""
        proofs = sorted(self._receipts.iterdir())
        done = subprocess.run(
            [
                _CIVIC_VERIFY,
                "log",
                self._log,
                "--json",
                "--key",
                log_key(self.target),
                *(f"--receipt={proof}" for proof in proofs),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        return (None, done.stderr) if done.returncode else (json.loads(done.stdout), "")

    def _kinds(self) -> Iterator[Path]:
        """Yield one published object of every kind, and a voter's proof."""
        size = max(int(file.name) for file in (self._log / "checkpoints").iterdir())
        yield self._log / "checkpoint"
        yield self._log / "checkpoints" / str(size)
        for level in (0, 1, ENTRIES):
            hashes = size >> 8 if level == 1 else size
            if hashes:
                index, width = divmod(hashes - 1, WIDTH)
                yield self._log / tile_path(level, index, width + 1)
        openings = self._log / "openings" / self.election
        yield openings / "index.json"
        yield next(openings.glob("*.jsonl"))
        yield next(self._receipts.iterdir())


def _with_one_byte_altered[R](path: Path, look: Callable[[], R]) -> R:
    """Flip a bit in the middle of a file, look, and flip it back."""
    content = path.read_bytes()
    middle = len(content) // 2
    path.write_bytes(content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :])
    try:
        return look()
    finally:
        path.write_bytes(content)


def _proof(reader: LogReader, leaf: bytes) -> bytes | None:
    try:
        return reader.prove(leaf)
    except Refused:
        return None


def _of(checked: dict[str, Any], check: str) -> list[dict[str, Any]]:
    return [one for one in checked["checks"] if one["check"] == check]


def _tell(checked: dict[str, Any], election: str, life: Life) -> None:
    (heads,), (tree,) = _of(checked, "checkpoints"), _of(checked, "tree")
    life.tell("tree heads signed by the log's key", str(heads["signed"]))
    life.tell("entries that hash to the root of each", str(tree["size"]))
    counted = [one for one in _of(checked, "openings") if one["election"] == election]
    life.check("an independent count of the ballots equals the certified count", bool(counted))


def _short(path: Path) -> str:
    """Return the end of a path, with hashes shortened."""
    return "/".join(re.sub("([0-9a-f]{8})[0-9a-f]{56}", r"\1…", part) for part in path.parts[-3:])
