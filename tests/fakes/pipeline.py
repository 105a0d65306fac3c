"""The functions of the registration pipeline on in-memory stores: real handlers, real use cases.

Nothing is delivered automatically: a test hands the published events to the consumers in any order,
and as often as it likes.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import shake_256
from importlib import resources
from types import ModuleType
from typing import Any

from civic.analytics.errors import StoreUnavailable as JoinsUnavailable
from civic.analytics.functions import collector
from civic.contracts.events import Event
from civic.contracts.ports import Clock
from civic.contracts.registry import EVENTS
from civic.contracts.trace import TraceContext
from civic.identity.adapters.retention_settings import RetentionSettings
from civic.identity.errors import KeyServiceUnavailable
from civic.identity.functions import (
    accountability,
    credential_issuer,
    credential_roll,
    deadlines,
    front_desk,
    gateway,
    matcher,
    pii_storage,
    proofing,
    reconciler,
    review,
    rights,
    subject_access,
    validator,
)
from civic.identity.model.likeness import Comparison
from civic.identity.model.receipt import Receipt
from civic.identity.model.registration import Registration
from civic.identity.model.requests import RequestKind
from civic.identity.model.rows import DecisionRow, Tombstone
from civic.identity.model.rules import RuleSet
from civic.identity.model.sweeping import Walk
from civic.identity.ports.issuing import People
from civic.identity.usecases.access import Access, Records
from civic.identity.usecases.accountability import Accountability
from civic.identity.usecases.deadlines import Deadlines
from civic.identity.usecases.ending import Endings
from civic.identity.usecases.intake import (
    Intake,
    read_status,
    rectify,
    register,
    request_erasure,
)
from civic.identity.usecases.issuing import Issuing
from civic.identity.usecases.matching import Matching
from civic.identity.usecases.proofing import Proofing
from civic.identity.usecases.proving import Proofs
from civic.identity.usecases.renewing import Agreeing, FrontDesk
from civic.identity.usecases.review import Review
from civic.identity.usecases.rights import Rights
from civic.identity.usecases.roll import RollKeeping
from civic.identity.usecases.storage import Storage
from civic.identity.usecases.sweeping import Sweeping
from civic.identity.usecases.validation import Validation
from civic.lab.memory.accountability import (
    MemoryReceiptSigner,
    MemoryRequestLog,
    MemoryReviewQueue,
)
from civic.lab.memory.analytics import MemoryCohorts
from civic.lab.memory.areas import MemoryAreas
from civic.lab.memory.bus import MemoryBus
from civic.lab.memory.credentials import (
    MemoryElectionCalendar,
    MemoryIssuedMarks,
    MemoryIssuerKeys,
    MemoryMarkKeys,
    MemoryPeople,
)
from civic.lab.memory.identity import MemoryDecisions, MemorySubjectKeys, MemoryVault
from civic.lab.memory.keys import MemoryKeyRing, MemoryKeyUnwrapper, MemoryKeyWrapper
from civic.lab.memory.likenesses import MemoryLikenesses, MemoryPeppers
from civic.lab.memory.pairs import MemoryCandidates, MemoryShards
from civic.lab.memory.proofs import (
    MemoryEvidence,
    MemoryProofSessions,
    MemoryStatusLists,
    MemoryTokenEndpoint,
    MemoryTokenSigner,
    MemoryTrust,
)
from civic.lab.memory.renewals import MemoryAccessRenewals, MemoryRegistrations
from civic.lab.memory.sweeping import MemoryOverview, MemoryProgress
from civic.lab.schemas.declared import subscribed
from civic.runtime import observability
from civic.runtime.publisher import PublishFailed
from tests.fakes.deployment import ROUTES, Handler
from tests.fakes.expiring import ExpiringJoins, ExpiringLedger, ExpiringRoll
from tests.fakes.faults import Crash, Faults, Guard
from tests.fakes.lambda_events import failed, http_event, sqs_event

NOW = datetime(2027, 1, 15, 12, tzinfo=UTC)
TRACE = TraceContext("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331")
RULES = RuleSet.parse(
    (resources.files("civic.identity.rules") / "national-2027.toml").read_text("utf-8")
)
RETENTION = timedelta(days=90)
RECEIVES = 5
"""How often a queue delivers a message before it gives up."""
_RETENTION_SETTINGS = RetentionSettings(rejected_retention_days=RETENTION.days)
NO_ANSWER: dict[str, Any] = {"statusCode": 500, "headers": {}, "body": "{}"}
"""What API Gateway answers if a function crashed."""


class Consumer(StrEnum):
    """A function that consumes a queue."""

    VALIDATOR = "validator"
    STORAGE = "pii_storage"
    ANALYTICS = "analytics"
    ACCOUNTABILITY = "accountability"
    CREDENTIAL_ROLL = "credential_roll"


MODULES = {
    Consumer.VALIDATOR: validator,
    Consumer.STORAGE: pii_storage,
    Consumer.ANALYTICS: collector,
    Consumer.ACCOUNTABILITY: accountability,
    Consumer.CREDENTIAL_ROLL: credential_roll,
}
HANDLERS: dict[StrEnum, Handler] = {name: one.handler for name, one in MODULES.items()}
SUBSCRIPTIONS: dict[type[Event], tuple[Consumer, ...]] = {
    event: tuple(name for name, module in MODULES.items() if event in subscribed(module))
    for event in EVENTS.values()
}


type Adapters = tuple[tuple[object, str, Callable[..., object]], ...]
"""A module, the name of what composes its adapters, and what is to be in its place."""


class Entropy:
    """Bytes that never repeat within a test and are the same in each of its runs."""

    def __init__(self, seed: str = "") -> None:
        self._seed = seed
        self._drawn = 0

    def __call__(self, size: int, /) -> bytes:
        self._drawn += 1
        return shake_256(f"{self._seed}/{self._drawn}".encode()).digest(size)


class Log:
    """The logger of the functions: keeps what each invocation says about itself."""

    def __init__(self) -> None:
        self.lines: list[Mapping[str, object]] = []

    def info(self, _message: str, *, extra: Mapping[str, object]) -> None:
        self.lines.append(extra)


class OwnQueue:
    """What a consumer put off comes back to its queue, like what it refused."""

    def __init__(self) -> None:
        self.put_off_now: list[str] = []

    def put_off(self, message: Mapping[str, Any]) -> None:
        self.put_off_now.append(message["messageId"])


class Decisions(MemoryDecisions):
    """Remembers every decision that was written."""

    def __init__(self, likenesses: MemoryLikenesses | None = None) -> None:
        super().__init__(likenesses)
        self.made: list[DecisionRow] = []

    def _write(
        self,
        row: DecisionRow,
        may: Callable[[DecisionRow | Tombstone, DecisionRow], bool],
        joining: Comparison | None = None,
        written: DecisionRow | None = None,
    ) -> DecisionRow | Tombstone | None:
        known = super()._write(row, may, joining, written)
        if known is None and row.verdict is not None:
            self.made.append(row)
        return known


class Pipeline:
    """All stores, and the functions composed with them."""

    handlers: Mapping[StrEnum, Handler] = HANDLERS
    subscriptions: Mapping[type[Event], Sequence[StrEnum]] = SUBSCRIPTIONS

    def __init__(self, faults: Faults | None = None) -> None:
        self.subject_keys = MemorySubjectKeys()
        self.likenesses = MemoryLikenesses()
        self.decisions = Decisions(self.likenesses)
        self.vault = MemoryVault()
        self.joins = ExpiringJoins()
        self.requests = MemoryRequestLog()
        self.reviews = MemoryReviewQueue()
        self.ledger = ExpiringLedger()
        self.areas = MemoryAreas()
        self.renewals = MemoryAccessRenewals()
        self.signer = MemoryReceiptSigner()
        self.marks = MemoryIssuedMarks()
        self.mark_keys = MemoryMarkKeys()
        self.seen_people: People = MemoryPeople(self.decisions)
        self.roll = ExpiringRoll(self.decisions, self.marks)
        self.calendar = MemoryElectionCalendar()
        self.issuer_keys = MemoryIssuerKeys()
        self.overview = MemoryOverview(
            self.decisions,
            self.vault,
            self.subject_keys,
            self.roll,
            self.joins,
            self.ledger,
            self.reviews,
            self.requests,
            self.areas,
        )
        self.progress = MemoryProgress()
        self.candidates = MemoryCandidates(self.decisions)
        self.shards = MemoryShards()
        self.bus = MemoryBus()
        self.ring = MemoryKeyRing()
        self.ring.add()
        self.evidence = MemoryEvidence(self.ring)
        self.trust = MemoryTrust()
        self.sessions = MemoryProofSessions(lambda: self.now)
        self.token_endpoint = MemoryTokenEndpoint()
        self.token_signer = MemoryTokenSigner()
        self.status_lists = MemoryStatusLists()
        self.now = NOW
        self.skews: dict[str, timedelta] = {}
        """How far the clock of a function is ahead, by its name."""
        self.log = Log()
        self.queue = OwnQueue()
        self._compose((faults or Faults()).guard)
        self._replaced: Adapters = ()
        self._running = 0

    def _compose(self, guard: Guard) -> None:
        self._joins = guard(self.joins, JoinsUnavailable)
        self._bus = bus = guard(self.bus, PublishFailed)
        subject_keys, decisions = guard(self.subject_keys), guard(self.decisions)
        unwrapper = guard(MemoryKeyUnwrapper(self.ring), KeyServiceUnavailable)
        wrapper = guard(MemoryKeyWrapper(self.ring))
        vault, ledger = guard(self.vault), guard(self.ledger)
        requests, reviews = guard(self.requests), guard(self.reviews)
        signer = guard(self.signer, KeyServiceUnavailable)
        records, clock = Records(subject_keys, unwrapper, vault), self._clock_of
        renewals = guard(self.renewals)
        self.intake = Intake(
            subject_keys, wrapper, decisions, requests, bus, clock(gateway), Entropy(), renewals
        )
        areas, likenesses = guard(self.areas), guard(self.likenesses)
        self.validation = Validation(
            subject_keys,
            unwrapper,
            decisions,
            reviews,
            RULES,
            clock(validator),
            areas,
            likenesses,
            guard(MemoryPeppers(), KeyServiceUnavailable),
            Proofs(
                guard(self.evidence, KeyServiceUnavailable),
                guard(self.trust),
                guard(self.status_lists),
            ),
        )
        self.proofing = Proofing(
            guard(self.sessions),
            guard(self.trust),
            guard(self.evidence, KeyServiceUnavailable),
            guard(self.token_signer, KeyServiceUnavailable),
            self.token_endpoint,
            clock(proofing),
            Entropy("proofing"),
        )
        self.endings = Endings(decisions, reviews, clock(validator), RETENTION, likenesses)
        self.storage = Storage(subject_keys, vault, clock(pii_storage))
        cohorts = guard(MemoryCohorts(self.joins))
        self.access = Access(records, decisions, cohorts, requests, clock(subject_access), renewals)
        self.rights = Rights(
            decisions, subject_keys, requests, reviews, ledger, bus, clock(rights), renewals
        )
        registrations = guard(MemoryRegistrations(self.decisions))
        self.front_desk = FrontDesk(registrations, renewals, requests, clock(front_desk))
        self.agreeing = Agreeing(decisions, renewals, records, requests, clock(review))
        self.review = Review(
            reviews, decisions, records, requests, bus, RULES, clock(review), 1, areas, likenesses
        )
        self.accountability = Accountability(
            requests, ledger, signer, clock(accountability), renewals
        )
        self.deadlines = Deadlines(
            decisions, requests, ledger, bus, clock(deadlines), Entropy(), RETENTION
        )
        self.sweeping = Sweeping(
            guard(self.overview),
            guard(self.progress),
            bus,
            clock(reconciler),
            Entropy("sweep"),
            page_size=2,
        )
        self.matching = Matching(
            guard(self.candidates),
            guard(self.shards),
            guard(self.progress),
            reviews,
            clock(matcher),
            page_size=2,
            slice_pages=2,
            shard_count=4,
            budget=timedelta(0),
        )
        roll, calendar = guard(self.roll), guard(self.calendar)
        issuer_keys = guard(self.issuer_keys, KeyServiceUnavailable)
        people, marks = guard(self.seen_people), guard(self.marks)
        mark_keys = guard(self.mark_keys, KeyServiceUnavailable)
        self.roll_keeping = RollKeeping(
            roll,
            calendar,
            issuer_keys,
            clock(credential_roll),
            people,
            marks,
            mark_keys,
            mark_keys,
        )
        self.issuing = Issuing(
            roll,
            calendar,
            issuer_keys,
            clock(credential_issuer),
            Entropy(),
            renewals,
            people,
            mark_keys,
        )

    def _clock_of(self, function: ModuleType) -> Clock:
        """Return the clock of a function, which may be wrong."""
        name = function.__name__.rpartition(".")[2]
        return lambda: self.now + self.skews.get(name, timedelta())

    def register(self, person: Registration, key: str | None = None) -> Receipt:
        return register(self.intake, person, key, TRACE)

    def status(self, receipt: Receipt) -> DecisionRow:
        return read_status(self.intake.known, receipt.id, receipt.access_token)

    def rectify(self, receipt: Receipt, corrected: Registration) -> DecisionRow:
        return rectify(self.intake, receipt.id, receipt.access_token, corrected, TRACE)

    def erase(self, receipt: Receipt) -> Tombstone:
        kind = RequestKind.ERASURE
        return request_erasure(self.intake, receipt.id, receipt.access_token, kind, TRACE)

    def http(
        self, route: str, body: str | None = None, staff: str | None = None, **parts: Any
    ) -> dict[str, Any]:
        """Send one HTTP request, signed by ``staff`` if given.

        If a function crashes, API Gateway answers.
        """
        event = http_event(route, body, **parts)
        if staff is not None:
            event["requestContext"] = {"authorizer": {"iam": {"userArn": staff}}}
        return self.invoke(ROUTES[route], event) or NO_ANSWER

    def invoke(self, handler: Handler, event: dict[str, Any]) -> dict[str, Any] | None:
        """Run a function; return None if it crashed."""
        try:
            with self._composed():
                return handler(event, None)
        except Crash:
            return None

    def handle(self, consumer: StrEnum, *bodies: str) -> list[int]:
        """Hand a batch of messages to a consumer; return the numbers of those that come back."""
        self.queue.put_off_now.clear()
        answer = self.invoke(self.handlers[consumer], sqs_event(*bodies))
        if answer is None:
            return list(range(len(bodies)))
        back = [*failed(answer), *self.queue.put_off_now]
        return [int(name.removeprefix("m")) for name in back]

    def deliver(self, consumer: StrEnum, event: Event) -> bool:
        """Hand one message to a consumer; return whether it may leave the queue."""
        return not self.handle(consumer, envelope(event))

    def drain(self, start: int = 0) -> None:
        """Deliver everything published since ``start``, in order, until nothing is left."""
        position = start
        while position < len(self.bus.events):
            event = self.bus.events[position]
            for consumer in self.subscriptions[type(event)]:
                assert any(self.deliver(consumer, event) for _ in range(RECEIVES)), consumer
            position += 1

    def sweep(self) -> Counter[str]:
        """Run the reconciler until it has been through every store; return what it found."""
        found: Counter[str] = Counter()
        left = list(Walk)
        event: dict[str, Any] = {"from_the_start": True}
        while left:
            answer = self.invoke(reconciler.handler, event | {"walks": left})
            assert answer is not None
            found.update(answer["found"])
            left = [walk for walk in left if walk not in answer["ended"]]
            event = {}
        return found

    def search(self) -> int:
        """Run the matcher until it has been through everybody; return how many pairs it found."""
        found, ended, event = 0, False, {"from_the_start": True}
        while not ended:
            answer = self.invoke(matcher.handler, event)
            assert answer is not None
            found, ended, event = found + answer["found"], answer["ended"], {}
        return found

    @contextmanager
    def _composed(self) -> Iterator[None]:
        """Make the entry points use these adapters; several of one pipeline may run at once."""
        if not self._running:
            # Not by MonkeyPatch, which takes longer for it than many a function runs.
            adapters = self._adapters()
            self._replaced = tuple((one, name, getattr(one, name)) for one, name, _ in adapters)
            _compose(adapters)
        self._running += 1
        try:
            yield
        finally:
            self._running -= 1
            if not self._running:
                _compose(self._replaced)

    def _adapters(self) -> Adapters:
        """Return by what each function finds its adapters, and what it is to find."""
        return (
            (gateway, "intake", lambda: self.intake),
            (gateway, "_settings", lambda: _RETENTION_SETTINGS),
            (subject_access, "access", lambda: self.access),
            (subject_access, "_settings", lambda: _RETENTION_SETTINGS),
            (rights, "rights", lambda: self.rights),
            (rights, "_settings", lambda: _RETENTION_SETTINGS),
            (rights, "_rules", lambda: RULES),
            (review, "review", lambda: self.review),
            (review, "agreeing", lambda: self.agreeing),
            (front_desk, "front_desk", lambda: self.front_desk),
            (proofing, "proofing", lambda: self.proofing),
            (validator, "validation", lambda: self.validation),
            (validator, "endings", lambda: self.endings),
            (validator, "publisher", lambda: self._bus),
            (pii_storage, "storage", lambda: self.storage),
            (pii_storage, "publisher", lambda: self._bus),
            (accountability, "accountability", lambda: self.accountability),
            (accountability, "publisher", lambda: self._bus),
            (deadlines, "deadlines", lambda: self.deadlines),
            (reconciler, "sweeping", lambda: self.sweeping),
            (matcher, "matching", lambda: self.matching),
            (credential_roll, "keeping", lambda: self.roll_keeping),
            (credential_roll, "publisher", lambda: self._bus),
            (credential_issuer, "issuing", lambda: self.issuing),
            (collector, "joins", lambda: self._joins),
            (collector, "publisher", lambda: self._bus),
            (observability, "_logger", lambda _service: self.log),
            *((one, "own_queue", lambda: self.queue) for one in MODULES.values()),
        )


def _compose(adapters: Adapters) -> None:
    for module, name, composed in adapters:
        setattr(module, name, composed)


def with_entropy(pipeline: Pipeline, seed: str) -> Intake:
    """Return the gateway in another execution environment with its own randomness."""
    return replace(pipeline.intake, entropy=Entropy(seed))


def envelope(event: Event) -> str:
    """Return an event as it arrives in an SQS message."""
    return json.dumps(
        {
            "source": event.sources()[0],
            "detail-type": event.detail_type(),
            "detail": json.loads(event.model_dump_json(exclude_none=True)),
        }
    )
