"""Instructions per vote, of both designs and of ours as the electorate grows.

Nothing is timed: callgrind counts. On one binary its counts repeat to the instruction except for
hashing, whose seed is fixed, and threads, which take turns.
"""

import base64
import json
import math
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import batched
from pathlib import Path
from typing import Any

import civic
from civic.lab.bench import naive
from civic.lab.bench.aws import ENVIRONMENT
from civic.lab.bench.counted_child import BEGIN, END, GROWN_VOTES, PARTS
from civic.lab.bench.deployment import Deployment
from civic.lab.bench.functions import sqs_event
from civic.lab.bench.naive_functions import VOTERS
from civic.lab.bench.report import Begin, MeasurementFailed
from civic.lab.bench.vote_path import VotePipeline, stream_event, vote_event

SIZES = (1_000, 10_000, 100_000, 1_000_000)
"""The numbers of earlier voters at which the growth is measured."""
VOTES = 50
"""Votes that are counted for each part of the path."""

_BATCH = 25
_CHILD = "civic.lab.bench.counted_child"
_SUMMARY = re.compile(r"^summary: (\d+)$", re.MULTILINE)
_PATHS = {
    "ours_path": ("ours_enqueuer", "ours_processor", "ours_tally"),
    "ours_path_by_code": ("ours_enqueuer_by_code", "ours_processor", "ours_tally"),
    "seed_path": ("seed_enqueuer", "seed_processor"),
}


@dataclass(frozen=True, slots=True)
class VoteInstructions:
    """Instructions per vote, by part and path, and by earlier votes; empty if not counted."""

    per_vote: Mapping[str, float]
    growth: Mapping[int, float]
    method: str

    def ratio(self, theirs: str, ours: str) -> float | None:
        """Return how many votes ours handles in the instructions that theirs needs for one."""
        return self.per_vote[theirs] / self.per_vote[ours] if self.per_vote else None

    @property
    def exponent(self) -> float | None:
        """The slope of the line through sizes and instructions, both on logarithmic scales."""
        if not self.growth:
            return None
        points = [(math.log(size), math.log(count)) for size, count in self.growth.items()]
        across = sum(x for x, _ in points) / len(points)
        up = sum(y for _, y in points) / len(points)
        spread = sum((x - across) ** 2 for x, _ in points)
        return sum((x - across) * (y - up) for x, y in points) / spread


def count_vote_instructions(deployment: Deployment, begin: Begin) -> VoteInstructions:
    """Count every part of a vote's path, in two processes at the same time."""
    valgrind = shutil.which("valgrind")
    if valgrind is None:
        return VoteInstructions({}, {}, "not counted: valgrind is not installed")
    tick = begin("counting instructions", 2)
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(2) as pool:
        material = Path(folder) / "material.json"
        material.write_text(json.dumps(prepared(deployment)), encoding="utf-8")

        def count(name: str, *arguments: str) -> list[int]:
            out = Path(folder) / name
            command = [
                *(valgrind, "--tool=callgrind", f"--callgrind-out-file={out}"),
                *(f"--dump-before={BEGIN}", f"--dump-before={END}"),
                *(sys.executable, "-m", _CHILD, name, *arguments),
            ]
            _run(command, deployment)
            tick()
            return _dumped(out)

        # Run once without counting, so that no counted run compiles a module.
        _run([sys.executable, "-m", _CHILD, "growth"], deployment)
        jobs = [("path", str(material)), ("growth", *map(str, SIZES))]
        path, growth = pool.map(lambda job: count(*job), jobs)
    each = {part: found / VOTES for part, found in zip(PARTS, path, strict=True)}
    paths = {name: sum(each[part] for part in some) for name, some in _PATHS.items()}
    return VoteInstructions(
        each | paths,
        {size: found / GROWN_VOTES for size, found in zip(SIZES, growth, strict=True)},
        f"callgrind, {VOTES} votes of each part, warm",
    )


def prepared(deployment: Deployment) -> dict[str, Any]:
    """Return the votes of both designs at each of their steps, and AWS's answers."""
    with VotePipeline.open(deployment) as pipeline:
        pipeline.start()
        codes, credentials = pipeline.letters(VOTES), pipeline.credentials(VOTES)
        for number, credential in enumerate(credentials):
            pipeline.post(credential, number)
        messages = list(pipeline.aws.queues[pipeline.named("BALLOT_QUEUE_URL")])
        pipeline.drain(_BATCH)
        elections, code_table = map(pipeline.named, ("ELECTIONS_TABLE", "VOTER_CODES_TABLE"))
        parts, code_row = pipeline.aws.items(elections), pipeline.aws.items(code_table)[0]
        rows, secret = pipeline.ballots(), pipeline.secret
    voter = {"id": {"S": "voter-00000000"}, "state": {"S": "CA"}, "first_name": {"S": "Maria"}}
    answers: dict[str, Any] = {
        f"Query {elections}": {"Items": parts, "Count": len(parts)},
        f"GetItem {code_table}": {"Item": code_row},
        f"GetItem {VOTERS}": {"Item": voter},
        "GetItem": {},
        "PutItem": {},
        "UpdateItem": {},
        "Decrypt": {"Plaintext": base64.b64encode(secret).decode(), "KeyId": "key"},
        "SendMessage": {"MessageId": "0" * 36},
    }
    seed_posts = naive.vote_events(VOTES)
    seed_votes = [event["body"] for event in seed_posts]
    return {
        "canned": {name: json.dumps(answer) for name, answer in answers.items()},
        "posts": [vote_event(one, number) for number, one in enumerate(credentials)],
        "code_posts": [vote_event(one, number) for number, one in enumerate(codes)],
        "batches": [sqs_event(some) for some in batched(messages, _BATCH, strict=True)],
        "stream": stream_event(rows, 0),
        "seed_posts": seed_posts,
        "seed_batches": [sqs_event(some) for some in batched(seed_votes, naive.BATCH, strict=True)],
    }


def _run(command: Sequence[str], deployment: Deployment) -> None:
    functions = (deployment.functions[name] for name in ("enqueuer", "processor", "tally"))
    environment = {"PATH": os.environ["PATH"], **ENVIRONMENT}
    for function in functions:
        environment |= function.environment
    python = os.pathsep.join(str(Path(folder).parent) for folder in civic.__path__)
    environment |= {"PYTHONHASHSEED": "0", "PYTHONPATH": python}
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, cwd="/"
    )
    if done.returncode:
        raise MeasurementFailed(f"{command[0]} failed: {done.stderr[-500:]}")


def _dumped(out: Path) -> list[int]:
    """Return the instructions of each counted part: every second dump, from one call to the next.

    Zeroing the counts at the first call would leave less to read, but it does not clear those of
    threads that have ended.
    """
    files = sorted(out.parent.glob(f"{out.name}.*"), key=lambda file: int(file.suffix[1:]))
    found = [_SUMMARY.search(file.read_text(encoding="utf-8")) for file in files]
    return [int(match[1]) for match in found[1::2] if match]
