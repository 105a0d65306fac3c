"""The counts of one run of some people through a design, in one form for all designs."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from civic.lab.bench.report import Grid

BILLED_CHUNK_BYTES = 64 * 1024
"""EventBridge and SQS bill by the started 64 KB."""


@dataclass(slots=True)
class Tally:
    """What one operation of one function did."""

    calls: int = 0
    write_units: float = 0
    read_units: float = 0


@dataclass(frozen=True, order=True, slots=True)
class Line:
    """A function and the operation that it called."""

    function: str
    service: str
    operation: str


@dataclass(slots=True)
class Run:
    """Counts of one run."""

    people: int = 0
    """How many people registered or voted; every figure of a report is per person."""
    http: int = 0
    """HTTP requests."""
    tallies: defaultdict[Line, Tally] = field(default_factory=lambda: defaultdict(Tally))
    """AWS calls."""
    written: defaultdict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    """Bytes of every item that was written, by table."""
    invocations: Counter[str] = field(default_factory=Counter)
    messages: Counter[str] = field(default_factory=Counter)
    """Requests or messages handled, by function."""
    events: Counter[str] = field(default_factory=Counter)
    """Events on the bus by detail type."""
    event_bytes: int = 0
    events_billed: int = 0
    sqs_requests: int = 0
    log_bytes: Counter[str] = field(default_factory=Counter)
    """Bytes that the functions print, without what the platform adds to them."""

    def calls(
        self, function: str | None = None, service: str | None = None, operation: str | None = None
    ) -> int:
        """Return the number of calls; None matches anything."""
        return sum(
            tally.calls
            for line, tally in self.tallies.items()
            if function in {None, line.function}
            and service in {None, line.service}
            and operation in {None, line.operation}
        )

    @property
    def write_units(self) -> float:
        """Write units of all calls."""
        return sum(tally.write_units for tally in self.tallies.values())

    @property
    def read_units(self) -> float:
        """Read units of all calls."""
        return sum(tally.read_units for tally in self.tallies.values())

    def publish(self, detail_type: str, size: int) -> None:
        """Count an event of ``size`` bytes that was put on the bus."""
        self.events[detail_type] += 1
        self.event_bytes += size
        self.events_billed += chunks(size)

    def send(self, message: str) -> None:
        """Count a message sent to a queue."""
        self.sqs_requests += chunks(len(message.encode()))

    def receive(self, messages: Iterable[str]) -> None:
        """Count a batch that Lambda takes from a queue: one receive and one batch delete."""
        self.sqs_requests += chunks(sum(len(message.encode()) for message in messages)) + 1

    def grid(self) -> Grid:
        """Return the calls per person, one row for each operation of a function."""
        return {
            f"{line.function} {line.service}:{line.operation}": {
                name: value / (self.people or 1) for name, value in asdict(tally).items()
            }
            for line, tally in sorted(self.tallies.items())
        }

    def details(self) -> dict[str, Any]:
        """Return the run for the report: each count per person, and the largest items."""
        many = self.people or 1
        return {
            "calls": self.grid(),
            "write_units": self.write_units / many,
            "read_units": self.read_units / many,
            "invocations": {name: n / many for name, n in sorted(self.invocations.items())},
            "events": {name: n / many for name, n in sorted(self.events.items())},
            "sqs_requests": self.sqs_requests / many,
            "log_bytes": self.log_bytes.total() / many,
            "item_bytes": {table: max(sizes) for table, sizes in sorted(self.written.items())},
        }


def chunks(size: int) -> int:
    """Return how many times something of ``size`` bytes is billed."""
    return max(1, -(-size // BILLED_CHUNK_BYTES))
