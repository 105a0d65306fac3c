"""The trace context that follows a request through HTTP, events and log lines.

Source: W3C Trace Context Level 1, section 3.2 (``traceparent``).
"""

import re
from dataclasses import dataclass
from typing import Self

from civic.contracts.ports import RandomBytes

_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")


@dataclass(frozen=True, slots=True)
class TraceContext:
    """One hop of a trace: a 16-byte trace id and an 8-byte span id in lower-case hex."""

    trace_id: str
    span_id: str

    @classmethod
    def parse(cls, header: str | None, entropy: RandomBytes) -> Self:
        """Continue the trace of a ``traceparent`` value, or start a new one.

        Args:
            header: The received value; a malformed one starts a new trace, as section 3.2.2
            demands.
            entropy: Source of the new span id, and of the trace id when one is started.
        """
        match = _TRACEPARENT.fullmatch(header) if header else None
        if match and set(match[1]) != {"0"} and set(match[2]) != {"0"}:
            return cls(match[1], entropy(8).hex())
        return cls(entropy(16).hex(), entropy(8).hex())

    @property
    def traceparent(self) -> str:
        """The value for the next hop, always marked as sampled."""
        return f"00-{self.trace_id}-{self.span_id}-01"
