"""Instructions per vote of both designs, and of ours as the electorate grows."""

import base64
import json
import math
import os
import tempfile
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import batched
from pathlib import Path
from typing import Any

from civic.lab.bench.counted_aws import ENVIRONMENT
from civic.lab.bench.imports import python_path
from civic.lab.bench.instructions import counter, run_counted
from civic.lab.bench.naive_votes import RESULTS, VOTERS
from civic.lab.bench.pipeline import http_event, sqs_event
from civic.lab.bench.repeat_vote import DESIGNS, VOTES_PER_UNIT
from civic.lab.bench.votes_pipeline import (
    BALLOT_QUEUE,
    BALLOTS,
    CODES,
    ELECTIONS,
    FUNCTION_ENVIRONMENT,
    TALLIES,
    VotePipeline,
    stream_event,
    vote_event,
)

FEW, MANY = 1, 3
"""Units of a hundred votes: what start-up executes falls out of the difference."""

SIZES = (1_000, 10_000, 100_000, 1_000_000)
"""Voters who have voted before, where the growth is measured."""

_WORKERS = 2
_MODULE = "civic.lab.bench.repeat_vote"
_OUR_BATCH, _SEED_BATCH = 25, 10


@dataclass(frozen=True, slots=True)
class VoteInstructions:
    """Instructions per vote by design; None with the reason where they cannot be counted."""

    per_vote: Mapping[str, float] | None
    growth: Mapping[int, float] | None
    """Per vote through the real handlers in memory, by how many have voted before."""
    method: str

    def ratio(self, part: str, kind: str = "") -> float | None:
        """Return how many votes ours counts for each vote of the other design, per instruction.

        Args:
            part: ``processor`` or ``path``.
            kind: Empty for credentials, `BY_CODE` for posted codes.
        """
        if self.per_vote is None:
            return None
        return self.per_vote[f"seed_{part}"] / self.per_vote[f"ours_{part}{kind}"]

    @property
    def exponent(self) -> float | None:
        """The slope of a line through the sizes and their instructions, both logarithmic."""
        if self.growth is None:
            return None
        points = [(math.log(size), math.log(count)) for size, count in self.growth.items()]
        across = sum(x for x, _ in points) / len(points)
        up = sum(y for _, y in points) / len(points)
        spread = sum((x - across) ** 2 for x, _ in points)
        return sum((x - across) * (y - up) for x, y in points) / spread


def runs() -> int:
    """Return how many runs a count takes."""
    return 2 * (len(DESIGNS) + len(SIZES))


def count_vote_instructions(tick: Callable[[], None]) -> VoteInstructions:
    """Count everything; ``tick`` is called after each of ``runs()`` runs."""
    chosen = counter()
    if chosen is None:
        reason = "not counted: neither valgrind nor working perf counters here"
        return VoteInstructions(None, None, reason)
    designs = [*DESIGNS, *(f"growth:{size}" for size in SIZES)]
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(_WORKERS) as pool:
        material = Path(folder) / "material.json"
        material.write_text(json.dumps(_material()), encoding="utf-8")

        def one(job: tuple[str, int]) -> float:
            arguments = [job[0], str(job[1]), str(material)]
            counted = run_counted(chosen, _environment(), _MODULE, arguments)
            tick()
            return counted

        jobs = [(design, units) for design in designs for units in (FEW, MANY)]
        counts = dict(zip(jobs, pool.map(one, jobs), strict=True))
    votes = (MANY - FEW) * VOTES_PER_UNIT
    each = {design: (counts[design, MANY] - counts[design, FEW]) / votes for design in designs}
    return VoteInstructions(
        {design: each[design] for design in DESIGNS},
        {size: each[f"growth:{size}"] for size in SIZES},
        f"{chosen.name}, ({MANY * VOTES_PER_UNIT} votes - {FEW * VOTES_PER_UNIT} votes) / {votes}",
    )


def _environment() -> dict[str, str]:
    python = {"PYTHONHASHSEED": "0", "PYTHONPATH": python_path()}
    return {"PATH": os.environ["PATH"]} | ENVIRONMENT | FUNCTION_ENVIRONMENT | python


def _material() -> dict[str, Any]:
    """Return a hundred votes of either design at each of its steps, and AWS's answers to them."""
    with VotePipeline.open() as pipeline:
        codes = pipeline.letters(VOTES_PER_UNIT)
        credentials = pipeline.credentials(VOTES_PER_UNIT)
        for number, credential in enumerate(credentials):
            pipeline.post(credential, number % 5)
        messages = list(pipeline.aws.queues[BALLOT_QUEUE])
        pipeline.drain(_OUR_BATCH)
        tables = pipeline.aws.tables.items
        parts = list(tables[ELECTIONS].values())
        rows = list(tables[BALLOTS].values())
        code_row = next(iter(tables[CODES].values()))
        sealed = next(one["sealed"]["B"] for one in parts if "sealed" in one)
        secret = pipeline.secret_of(sealed)
    voters = [f"voter-{number:08d}" for number in range(VOTES_PER_UNIT)]
    votes = [json.dumps({"id": voter, "candidate": "Hillary Clinton"}) for voter in voters]
    voter = {"id": {"S": voters[0]}, "state": {"S": "CA"}, "first_name": {"S": "Maria"}}
    ok: dict[str, Any] = {}
    answers: dict[str, Any] = {
        f"Query {ELECTIONS}": {"Items": parts, "Count": len(parts), "ScannedCount": len(parts)},
        f"GetItem {CODES}": {"Item": code_row},
        f"GetItem {BALLOTS}": ok,
        f"PutItem {BALLOTS}": ok,
        f"GetItem {TALLIES}": ok,
        f"PutItem {TALLIES}": ok,
        f"GetItem {VOTERS}": {"Item": voter},
        f"UpdateItem {VOTERS}": ok,
        f"UpdateItem {RESULTS}": ok,
        "Decrypt": {"Plaintext": base64.b64encode(secret).decode(), "KeyId": "key"},
        "SendMessage": {"MessageId": "0" * 36},
    }
    return {
        "canned": {name: json.dumps(answer) for name, answer in answers.items()},
        "posts": [vote_event(one, number % 5) for number, one in enumerate(credentials)],
        "code_posts": [vote_event(one, number % 5) for number, one in enumerate(codes)],
        "batches": [sqs_event(some) for some in batched(messages, _OUR_BATCH, strict=True)],
        "stream": stream_event(rows, 0),
        "seed_posts": [http_event("POST /votes", vote, {}) for vote in votes],
        "seed_batches": [sqs_event(some) for some in batched(votes, _SEED_BATCH, strict=True)],
    }
