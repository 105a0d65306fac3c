"""What the embedded engine reports about itself, besides the AWS services it provides."""

from typing import Any

from civic.stack.target import Target
from civic.terminal.failures import CommandFailed

_OK = 200


def services(target: Target) -> frozenset[str]:
    """Return the names of the AWS services that the engine provides."""
    return frozenset(_ask(target, "/_ministack/health")["services"])


def messages(target: Target, url: str) -> list[Any]:
    """Return every message of a queue, including those in flight, without changing it.

    Receiving a message, however briefly, would count as an attempt to handle it: a few scans would
    turn waiting messages into dead letters.
    """
    answer = _ask(target, "/_ministack/sqs/messages", QueueUrl=url)
    return [
        message
        for regions in answer["messages"].values()
        for queues in regions.values()
        for found in queues.values()
        for message in found
    ]


def _ask(target: Target, path: str, **query: str) -> Any:
    import httpx  # noqa: PLC0415 - slow, and `civic --help` needs none of it

    # A proxy from the environment must not be used for loopback.
    answer = httpx.get(f"{target.endpoint}{path}", params=query, trust_env=False, timeout=60)
    if answer.status_code != _OK:
        raise CommandFailed(f"the engine answered {answer.status_code} to {path}")
    return answer.json()
