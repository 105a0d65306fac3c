"""The price table, and what it makes of a quantity; every number stands in ``prices.toml``."""

import tomllib
from collections.abc import Mapping
from importlib import resources

from pydantic import BaseModel, ConfigDict, Field

MILLION = 1_000_000


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Price(_Part):
    """One line of a bill: so many dollars for so many units."""

    label: str
    dollars: float
    per: int


class Standing(_Part):
    """What a month costs whatever the traffic, in dollars; and a stored item's overhead."""

    kms_key: float
    storage_gb: float
    point_in_time_recovery_gb: float
    item_overhead_bytes: int


class Load(_Part):
    """A level of traffic."""

    fill: int
    registrations_per_second: float
    environments: int


class VoteLoad(_Part):
    """The traffic of an election, and what publishing its results takes each second."""

    votes_per_second: float
    environments: int
    fill: int
    stream_fill: int
    memory_mb: int
    snapshot: Mapping[str, float]

    @property
    def load(self) -> Load:
        """The same as a level of traffic."""
        return Load(
            fill=self.fill,
            registrations_per_second=self.votes_per_second,
            environments=self.environments,
        )


class LogLoad(_Part):
    """How the public log is written, what is assumed of its time, and of its baseline's."""

    window_seconds: float
    shards: int
    memory_mb: int
    invocation_ms: float
    entry_ms: float
    chain_round_trip_ms: float


class Duration(_Part):
    """What is assumed of time: milliseconds, and the share of invocations that start cold."""

    call_ms: Mapping[str, float]
    at_once: Mapping[str, int]
    message_ms: Mapping[str, float]
    invocation_ms: float
    cold_share: float
    cold_ms: float


class Tracing(_Part):
    """How much is traced beyond the first request of each second."""

    share: float


class Platform(_Part):
    """What Lambda and API Gateway write to the logs, as samples."""

    lines: tuple[str, ...]
    traced_line: str
    access_log: Mapping[str, str]


class Reckoned(_Part):
    """The naive design: its fields, and the dollars per million given for it elsewhere."""

    fields: tuple[str, ...]
    reckoned_dollars: float
    reckoned_kms_dollars: float
    rest_api_more_dollars: float
    traces_dollars: float


class PriceTable(_Part):
    """All of ``prices.toml``."""

    region: str
    as_of: str
    lines: Mapping[str, Price]
    standing: Standing
    loads: Mapping[str, Load]
    votes: VoteLoad
    log: LogLoad
    duration: Duration
    tracing: Tracing
    platform: Platform
    naive: Reckoned = Field(description="What the figures are compared with")

    @classmethod
    def load(cls) -> "PriceTable":
        """Read the table that is shipped."""
        file = resources.files("civic.lab.bench").joinpath("prices.toml")
        return cls.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))

    def dollars_per_million(self, quantities: Mapping[str, float]) -> dict[str, float]:
        """Return each line's dollars per million registrations, dearest first.

        Args:
            quantities: Units per registration, by line; a line without a price is a KeyError.
        """
        dollars = {
            name: quantity * MILLION * self.lines[name].dollars / self.lines[name].per
            for name, quantity in quantities.items()
        }
        return dict(sorted(dollars.items(), key=lambda line: -line[1]))


def dominant(lines: Mapping[str, float], share: float = 0.75) -> list[str]:
    """Return the dearest lines that together make up at least a share of the bill."""
    wanted, named, total = share * sum(lines.values()), [], 0.0
    for name, dollars in sorted(lines.items(), key=lambda line: -line[1]):
        if total >= wanted:
            break
        named.append(name)
        total += dollars
    return named
