"""Run under an instruction counter: a design's votes a number of times, and nothing else.

``python -m civic.lab.bench.repeat_vote DESIGN COUNT MATERIAL``, where a unit of COUNT is
`VOTES_PER_UNIT` votes. AWS is one prepared answer per operation and table, the same for both
designs; of ``growth:N``, which has no AWS, N voters have voted before.
"""

import gc
import json
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import botocore.session
from botocore.awsrequest import AWSResponse

from civic.lab.bench.wire import Body, body_of

type Unit = Callable[[], object]
type Material = dict[str, Any]

VOTES_PER_UNIT = 100
BY_CODE = "_by_code"
"""Ends the name of what votes with posted codes instead of credentials."""

_NO_HEADERS: Any = {}


def attach(session: botocore.session.Session, canned: dict[str, str]) -> None:
    """Answer each operation, of a table if there is an answer for that, with a prepared body."""
    bodies = {name: body.encode() for name, body in canned.items()}

    def answer(**hook: Any) -> Any:
        request = hook["request"]
        operation = hook["event_name"].rpartition(".")[2]
        body = bodies.get(operation)
        if body is None:
            table = json.loads(body_of(request))["TableName"]
            body = bodies[f"{operation} {table}"]
        return AWSResponse(request.url, 200, _NO_HEADERS, Body(body))

    session.register("before-send", answer)


def ours_processor(material: Material) -> Unit:
    """Return the real processor, on batches of 25."""
    from civic.runtime import clients  # noqa: PLC0415 - one design per process
    from civic.voting.functions import processor  # noqa: PLC0415

    # Counting instructions takes tens of times longer than executing them, and by the clock the
    # cached election would expire tens of times as often.
    started = datetime.now(UTC)
    clients.now = lambda: started
    attach(clients.session(), material["canned"])
    return lambda: [processor.handler(event, None) for event in material["batches"]]


def ours_path(material: Material, posts: str = "posts") -> Unit:
    """Return the real enqueuer, processor and tally, for votes with credentials."""
    from civic.voting.functions import enqueuer, tally  # noqa: PLC0415 - one design per process

    process = ours_processor(material)
    sequence = 0

    def unit() -> None:
        nonlocal sequence
        for event in material[posts]:
            enqueuer.handler(event, None)
        process()
        for record in material["stream"]["Records"]:
            sequence += 1
            record["dynamodb"]["SequenceNumber"] = str(sequence)
        tally.handler(material["stream"], None)

    return unit


def ours_path_by_code(material: Material) -> Unit:
    """Return the same for votes with posted codes."""
    return ours_path(material, "code_posts")


def seed_processor(material: Material) -> Unit:
    """Return the other design's processor, on batches of 10."""
    from civic.lab.bench import naive_votes  # noqa: PLC0415 - one design per process

    attach(naive_votes.session()._session, material["canned"])  # noqa: SLF001

    def unit() -> None:
        for event in material["seed_batches"]:
            naive_votes.processor(event, None)

    return unit


def seed_path(material: Material) -> Unit:
    """Return the other design's enqueuer and processor."""
    from civic.lab.bench import naive_votes  # noqa: PLC0415 - one design per process

    process = seed_processor(material)

    def unit() -> None:
        for event in material["seed_posts"]:
            naive_votes.enqueuer(event, None)
        process()

    return unit


DESIGNS: dict[str, Callable[[Material], Unit]] = {
    "ours_processor": ours_processor,
    "ours_path": ours_path,
    f"ours_path{BY_CODE}": ours_path_by_code,
    "seed_processor": seed_processor,
    "seed_path": seed_path,
}


def main(design: str, count: str, material: str) -> None:
    """Run so many units of a design."""
    # The log line of an invocation is ours alone, and it stays: only its printing is left out.
    sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - until the end
    name, _, before = design.partition(":")
    if before:
        from civic.lab.bench.grown import GrownElection  # noqa: PLC0415 - as a design

        election = GrownElection(int(before), datetime.now(UTC))
        # Its rows stand for tables: a function's heap, which the collector walks, has none of them.
        gc.freeze()
        with election.entered():
            _repeat(election.vote, int(count))
    else:
        unit = DESIGNS[name](json.loads(Path(material).read_text(encoding="utf-8")))
        _repeat(unit, int(count))


def _repeat(unit: Unit, count: int) -> None:
    for _ in range(count):
        unit()


if __name__ == "__main__":
    main(*sys.argv[1:])
