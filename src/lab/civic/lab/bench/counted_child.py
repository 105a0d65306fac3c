"""What runs under callgrind: each part of a vote's path, first to warm up and then to be counted.

``python -m civic.lab.bench.counted_child path MATERIAL`` runs every part of `PARTS` on prepared
votes, with one prepared AWS answer per operation and table, the same for both designs.
``growth SIZE...`` runs votes in memory, each time after that many earlier voters. A counted part
begins with a call of getppid and ends with one of getloadavg, by which callgrind recognises it, as
nothing else calls either.
"""

import gc
import json
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from civic.lab.bench import naive_functions
from civic.runtime import clients
from civic.voting.functions import enqueuer, processor, tally

BEGIN, END = "getppid", "getloadavg"
PARTS = (
    "ours_enqueuer",
    "ours_enqueuer_by_code",
    "ours_processor",
    "ours_tally",
    "seed_enqueuer",
    "seed_processor",
)
GROWN_VOTES = 100
"""Votes that are counted at each size."""

_WARM_UP = 2

type Material = dict[str, Any]
type Handler = Callable[[Any, object], Any]
type Part = Callable[[int | None], list[Any]]
"""Handles its first few events, or all of them."""


def answer_with(canned: dict[str, str]) -> None:
    """Answer each operation with a prepared body, for its table if there is one."""
    bodies = {name: body.encode() for name, body in canned.items()}

    def answer(**hook: Any) -> Any:
        request, operation = hook["request"], hook["event_name"].rpartition(".")[2]
        table = json.loads(request.body).get("TableName")
        body = bodies.get(f"{operation} {table}") or bodies[operation]
        raw: Any = SimpleNamespace(stream=lambda **_: [body])
        return AWSResponse(request.url, 200, HTTPHeaders(), raw)

    clients.session().register("before-send", answer)


def parts(material: Material) -> dict[str, Part]:
    """Return the parts, each of which returns its handler's answers."""
    started = datetime.now(UTC)
    # Counted code runs tens of times slower, so by the real clock the cached election would expire
    # tens of times as often.
    clients.now = lambda: started
    answer_with(material["canned"])
    sequence = 0

    def stream(_few: int | None) -> list[Any]:
        nonlocal sequence
        for record in material["stream"]["Records"]:
            sequence += 1
            record["dynamodb"]["SequenceNumber"] = str(sequence)
        return [tally.handler(material["stream"], None)]

    def each(handler: Handler, events: str) -> Part:
        return lambda few: [handler(event, None) for event in material[events][:few]]

    return {
        "ours_enqueuer": each(enqueuer.handler, "posts"),
        "ours_enqueuer_by_code": each(enqueuer.handler, "code_posts"),
        "ours_processor": each(processor.handler, "batches"),
        "ours_tally": stream,
        "seed_enqueuer": each(naive_functions.enqueuer, "seed_posts"),
        "seed_processor": each(naive_functions.processor, "seed_batches"),
    }


def counted(warm: Callable[[], object], part: Callable[[], object]) -> None:
    """Run the warm-up, and then a part where callgrind counts it."""
    warm()
    # Old rows play the part of tables, so the collector must not walk them as a function's heap.
    gc.collect()
    gc.freeze()
    os.getppid()
    part()
    os.getloadavg()


def main(what: str, *arguments: str) -> None:
    """Run the parts that are to be counted."""
    # Only our design logs a line per invocation. It is still made, but not printed.
    sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - until the end
    if what == "path":
        made = parts(json.loads(Path(arguments[0]).read_text(encoding="utf-8")))
        for name in PARTS:
            counted(partial(made[name], _WARM_UP), partial(made[name], None))
        return
    from civic.lab.bench.grown import GrownElection  # noqa: PLC0415 - slow where it is counted

    election = GrownElection(datetime.now(UTC))
    with election.entered():
        for size in map(int, arguments):
            election.fill(size)
            counted(partial(election.vote, _WARM_UP), partial(election.vote, GROWN_VOTES))


if __name__ == "__main__":
    main(*sys.argv[1:])
