"""What one run of a population through a design did; the same form for every design."""

from collections import Counter
from dataclasses import dataclass, field

from civic.lab.bench.counted_aws import BusEvent
from civic.lab.bench.ledger import Ledger
from civic.lab.bench.sizes import chunks

BILLED_CHUNK_BYTES = 64 * 1024
"""EventBridge and SQS bill by the started 64 KB."""


@dataclass(slots=True)
class Run:
    """Counts of one run."""

    ledger: Ledger = field(default_factory=Ledger)
    requests: int = 0
    """HTTP requests."""
    invocations: Counter[str] = field(default_factory=Counter)
    """Invocations by function."""
    messages: Counter[str] = field(default_factory=Counter)
    """Requests or messages handled, by function."""
    events: Counter[str] = field(default_factory=Counter)
    """Events on the bus by detail type."""
    event_bytes: int = 0
    events_billed: int = 0
    sqs_requests: int = 0
    log_bytes: Counter[str] = field(default_factory=Counter)
    """Bytes that the functions print, without what the platform adds."""
    log_lines: int = 0

    def publish(self, event: BusEvent) -> None:
        """Count an event that was put on the bus."""
        self.events[event.detail_type] += 1
        self.event_bytes += event.size
        self.events_billed += chunks(event.size, BILLED_CHUNK_BYTES)

    def send(self, message: str) -> None:
        """Count a message that a rule sends to a queue."""
        self.sqs_requests += chunks(len(message.encode()), BILLED_CHUNK_BYTES)

    def receive(self, messages: list[str]) -> None:
        """Count a batch that Lambda takes from a queue: one receive and one batch delete."""
        size = sum(len(message.encode()) for message in messages)
        self.sqs_requests += chunks(size, BILLED_CHUNK_BYTES) + 1
