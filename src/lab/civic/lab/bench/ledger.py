"""What was called: by function, service and operation."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Tally:
    """What one operation of one function did."""

    calls: int = 0
    request_bytes: int = 0
    response_bytes: int = 0
    write_units: float = 0
    read_units: float = 0

    def add(self, other: "Tally") -> None:
        """Add another tally to this one."""
        self.calls += other.calls
        self.request_bytes += other.request_bytes
        self.response_bytes += other.response_bytes
        self.write_units += other.write_units
        self.read_units += other.read_units

    def minus(self, other: "Tally") -> "Tally":
        """Return what this tally has beyond another."""
        return Tally(
            self.calls - other.calls,
            self.request_bytes - other.request_bytes,
            self.response_bytes - other.response_bytes,
            self.write_units - other.write_units,
            self.read_units - other.read_units,
        )


@dataclass(frozen=True, order=True, slots=True)
class Line:
    """Who called what."""

    function: str
    service: str
    operation: str


@dataclass(slots=True)
class Ledger:
    """Tallies of every line, and the size of every item written."""

    tallies: defaultdict[Line, Tally] = field(default_factory=lambda: defaultdict(Tally))
    written: defaultdict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    """Bytes of the items by table, in the order they were written."""

    def total(self, chosen: Callable[[Line], bool] = lambda _: True) -> Tally:
        """Return the sum of the chosen lines."""
        result = Tally()
        for line, tally in self.tallies.items():
            if chosen(line):
                result.add(tally)
        return result

    def beyond(self, other: "Ledger") -> "Ledger":
        """Return the lines that this ledger has more calls of, with what is more."""
        more = Ledger()
        for line, tally in self.tallies.items():
            less = other.tallies.get(line, Tally())
            if tally.calls > less.calls:
                more.tallies[line] = tally.minus(less)
        return more

    def calls(
        self, function: str | None = None, service: str | None = None, operation: str | None = None
    ) -> int:
        """Return how often something was called; what is None matches anything."""
        return self.total(
            lambda line: (
                function in {None, line.function}
                and service in {None, line.service}
                and operation in {None, line.operation}
            )
        ).calls
