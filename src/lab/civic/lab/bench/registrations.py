"""`civic bench registrations`: what a registration costs, compared with the naive design."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import batched
from statistics import median
from typing import Any

from civic.identity.adapters.rule_set_files import load_rule_set
from civic.identity.model.registration import PII_FIELDS
from civic.lab.bench import naive
from civic.lab.bench.aws import Item
from civic.lab.bench.deployment import Deployment
from civic.lab.bench.functions import Functions, http_event
from civic.lab.bench.prices import Bill, Design, PriceTable, price
from civic.lab.bench.report import Begin, Section, Target, Tick
from civic.lab.bench.run import Run
from civic.lab.bench.sizes import item_bytes
from civic.lab.population.generator import generate

RULE_SET = "national-2027"
FILLS = (10, 5, 2, 1)
"""Messages that a consumer receives in a batch, with one run for each."""
_PER_PERSON = {
    *("SubjectKeysTable", "HighSecDataStore", "LowSecDataStore", "AnalyticsJoins", "IssuerRoll")
}
_IDEMPOTENCY_KEY = "0b5a5a0e-6f0b-4d0e-9d8e-3d1f6a4c2b17"
_OK, _ACCEPTED = 200, 202

type Payload = Mapping[str, Any]
type Accepted = Mapping[str, str]
"""The answer to a registration: ``id`` and ``access_token``."""


@dataclass(frozen=True, slots=True)
class ItemSizes:
    """Bytes of one table's items: the median for people who gave every field, and the largest."""

    complete_median: float
    largest: int


@dataclass(frozen=True, slots=True)
class Ours:
    """The real handlers, counted.

    Attributes:
        warm: The population in warm environments, by batch fill.
        cold: The first registration in new environments, whose calls they repeat whenever their
            cached keys expire.
        status: One request for the status by each person.
        posts: One POST of each kind.
        items: Sizes by table.
    """

    warm: Mapping[int, Run]
    cold: Run
    status: Run
    posts: Mapping[str, Run]
    items: Mapping[str, ItemSizes]


class Pipeline(Functions):
    """The functions of the registration pipeline, connected by bus and queues."""

    _queues: defaultdict[str, list[str]]

    def start(self) -> None:
        """Make the first wrapping key."""
        self._queues = defaultdict(list)
        self.invoke("key_custodian", {"action": "ensure"})

    def register(self, people: Sequence[Payload], fill: int, tick: Tick) -> list[Accepted]:
        """Register people, and let everything that follows happen.

        Args:
            people: What they send.
            fill: How many messages a consumer receives in a batch, if it takes that many.
            tick: Called after each person.
        """
        accepted = []
        for person in people:
            accepted.append(self.post(person))
            self.aws.run.people += 1
            tick()
        while any(self._queues.values()):
            for queue in [name for name, waiting in self._queues.items() if waiting]:
                waiting, self._queues[queue] = self._queues[queue], []
                consumer = self.deployment.consumer_of(queue)
                for batch in batched(waiting, min(fill, consumer.batch_size), strict=False):
                    self.aws.run.receive(batch)
                    self.consume(consumer.name, batch)
        return accepted

    def post(self, payload: Payload, idempotency_key: str | None = None) -> Accepted:
        """Register one person."""
        headers = {"idempotency-key": idempotency_key} if idempotency_key else {}
        body = json.dumps(payload, ensure_ascii=False)
        event = http_event("POST /registrations", body, headers)
        answer: Accepted = json.loads(self.request("gateway", event, _ACCEPTED)["body"])
        return answer

    def status(self, accepted: Accepted) -> None:
        """Ask for the status of one registration with the person's own token."""
        headers = {"authorization": f"Bearer {accepted['access_token']}"}
        event = http_event("GET /registrations/{id}", "", headers, accepted["id"])
        self.request("gateway", event, _OK)

    def invoke(self, name: str, event: dict[str, Any], messages: int = 1) -> Any:
        """Call a handler, count it, and put the events it publishes on the queues."""
        answer = super().invoke(name, event, messages)
        for published in self.aws.take_events():
            self.aws.run.publish(published.detail_type, published.size)
            for queue in self.deployment.queues.get(published.detail_type, ()):
                message = published.message()
                self.aws.run.send(message)
                self._queues[queue].append(message)
        return answer


def count_ours(
    deployment: Deployment, people: Sequence[Payload], fills: Sequence[int], tick: Tick
) -> Ours:
    """Run a population through the real handlers, once for each batch fill."""
    warm: dict[int, Run] = {}
    for fill in fills:
        with Pipeline.open(deployment) as pipeline:
            pipeline.start()
            with pipeline.aws.counting() as cold:
                # Somebody else: a second registration of the first one would wait for people.
                stranger = {**people[0], "full_name": "Cold Start"}
                pipeline.register([stranger], 1, lambda: None)
            with pipeline.aws.counting() as warm[fill]:
                accepted = pipeline.register(people, fill, tick)
            with pipeline.aws.counting() as status:
                status.people = len(people)
                for one in accepted:
                    pipeline.status(one)
            complete = {
                one["id"]
                for one, person in zip(accepted, people, strict=True)
                if PII_FIELDS.keys() <= person.keys()
            }
            tables = _PER_PERSON & deployment.tables.keys()
            items = {table: sizes(pipeline.aws.items(table), complete) for table in sorted(tables)}
            posts = _posts(pipeline, people[0])
    return Ours(warm, cold, status, posts, items)


def _posts(pipeline: Pipeline, person: Payload) -> dict[str, Run]:
    kinds = {"without_idempotency_key": None, "with_idempotency_key": _IDEMPOTENCY_KEY}
    posts = {}
    for kind, key in {**kinds, "repeated": _IDEMPOTENCY_KEY}.items():
        with pipeline.aws.counting() as posts[kind]:
            pipeline.post(person, key)
    return posts


def sizes(items: Sequence[Item], complete: set[str]) -> ItemSizes:
    """Return the sizes of a table's items.

    Args:
        items: The items, each with the person's ``id``.
        complete: The ids of the people who gave every field; if empty, everybody counts.
    """
    every = {item["id"]["S"]: item_bytes(item) for item in items}
    of_complete = [size for name, size in every.items() if name in complete]
    return ItemSizes(median(of_complete or every.values()), max(every.values()))


def measure_registrations(deployment: Deployment, count: int, seed: int, begin: Begin) -> Section:
    """Measure everything in this section.

    Args:
        deployment: The templates.
        count: How many people register in each run.
        seed: For generating the people.
        begin: Called at the start of each part.
    """
    prices = PriceTable.load()
    people = [person.payload for person in generate(count, seed, load_rule_set(RULE_SET))]
    tick = begin("counting calls of ours", len(FILLS) * count)
    ours = count_ours(deployment, people, FILLS, tick)
    tick = begin("counting calls of the naive design", count)
    theirs, stored = naive.register(people, tick)
    their_items = {table: sizes(items, set()) for table, items in stored.items()}
    bills = price_all(deployment, ours, theirs, prices)
    loaded = ours.warm[prices.loads["loaded"].fill]
    figures = {
        **_by_person(loaded, ours.items, bills["loaded"]),
        "aws_calls_on_post": max(run.calls() for run in ours.posts.values()),
        "kms_calls_warm": bills["low"].units["kms"],
        "dollars_with_status_per_million": bills["loaded"].total + bills["status"].total,
    }
    on_post = {"aws_calls_on_post": theirs.calls("gateway") / theirs.people}
    return Section(
        name="registrations",
        figures=figures,
        baseline=_by_person(theirs, their_items, bills["naive"]) | on_post,
        targets=_TARGETS,
        tables={
            "AWS calls per registration, loaded": loaded.grid(),
            f"Dollars per million registrations ({prices.region}, {prices.as_of})": prices.grid(
                bills
            ),
        },
        details={
            "population": count,
            "seed": seed,
            "prices": {"region": prices.region, "as_of": prices.as_of},
            "runs": {f"fill_{fill}": run.details() for fill, run in ours.warm.items()},
            "cold": ours.cold.details(),
            "naive_run": theirs.details(),
            "post": {name: run.details()["calls"] for name, run in ours.posts.items()},
            "items": {name: asdict(one) for name, one in ours.items.items()},
            "naive_items": {name: asdict(one) for name, one in their_items.items()},
            "bills": {name: one.details() for name, one in bills.items()},
        },
    )


_TARGETS = (
    Target("kms_calls_warm", "KMS calls per warm registration", 0.01),
    Target("aws_calls_on_post", "AWS calls on POST, idempotency included", 4),
    Target("max_item_bytes", "largest stored item of a typical person", 1024, "B"),
    Target("dollars_per_million", "dollars per million registrations", 10, "$"),
)


def price_all(
    deployment: Deployment, ours: Ours, theirs: Run, prices: PriceTable
) -> dict[str, Bill]:
    """Return the bills: by load, by batch fill, of status requests, and of the naive design."""
    log = deployment.access_log_format
    design = Design(deployment.functions, archived=True, access_log_format=log, renewal=ours.cold)
    loads, loaded = prices.loads, prices.loads["loaded"]
    fills = {f"fill_{fill}": run for fill, run in ours.warm.items() if fill != loaded.fill}
    return {
        **{name: price(ours.warm[load.fill], design, load, prices) for name, load in loads.items()},
        **{name: price(run, design, loaded, prices) for name, run in fills.items()},
        # One GET per person, to be added to the others.
        "status": price(ours.status, replace(design, renewal=None), loaded, prices),
        # In its favour, it has no archive, no tracing, no access log and no log lines of its own.
        "naive": price(theirs, Design({}), loaded, prices),
    }


def _by_person(run: Run, items: Mapping[str, ItemSizes], bill: Bill) -> dict[str, float]:
    return {
        "aws_calls": run.calls() / run.people,
        "kms_calls_warm": run.calls(service="kms") / run.people,
        "write_units": run.write_units / run.people,
        "max_item_bytes": max(one.complete_median for one in items.values()),
        "dollars_per_million": bill.total,
    }
