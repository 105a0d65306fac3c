"""Run under callgrind: parts of a vote's way, each warm and then once to be counted.

``python -m civic.lab.bench.counted_child path MATERIAL`` runs every part of `PARTS` on prepared
votes, with one prepared answer of AWS per operation and table, the same for both designs;
``growth SIZE...`` runs votes in memory, after so many voters each. A counted part begins at a call
of getppid and ends at one of getloadavg, by which callgrind knows it: nothing else calls either.
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
"""Votes that are counted after each number of earlier ones."""

_WARM_UP = 2

type Material = dict[str, Any]
type Handler = Callable[[Any, object], Any]
type Part = Callable[[int | None], list[Any]]
"""Handles some of its events, or all of them."""


def answer_with(canned: dict[str, str]) -> None:
    """Answer each operation with a prepared body, of the table if there is one for that."""
    bodies = {name: body.encode() for name, body in canned.items()}

    def answer(**hook: Any) -> Any:
        request, operation = hook["request"], hook["event_name"].rpartition(".")[2]
        table = json.loads(request.body).get("TableName")
        body = bodies.get(f"{operation} {table}") or bodies[operation]
        raw: Any = SimpleNamespace(stream=lambda **_: [body])
        return AWSResponse(request.url, 200, HTTPHeaders(), raw)

    clients.session().register("before-send", answer)


def parts(material: Material) -> dict[str, Part]:
    """Return the parts; each returns what its handler answers."""
    started = datetime.now(UTC)
    # Counting takes tens of times longer than executing, and by the clock the cached election would
    # expire tens of times as often.
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
    """Run a part where callgrind counts it, and before that what makes it warm."""
    warm()
    # Old rows stand for tables: a function's heap, which the collector walks, has none of them.
    gc.collect()
    gc.freeze()
    os.getppid()
    part()
    os.getloadavg()


def main(what: str, *arguments: str) -> None:
    """Run what is to be counted."""
    # The log line of an invocation is ours alone, and it stays: only its printing is left out.
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
