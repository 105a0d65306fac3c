"""What the embedded engine tells of itself, beside the AWS services it stands in for."""

from typing import Any

from civic.stack.target import Target
from civic.terminal.failures import CommandFailed

_OK = 200


def services(target: Target) -> frozenset[str]:
    """Return the names of the AWS services that the engine has."""
    return frozenset(_ask(target, "/_ministack/health")["services"])


def messages(target: Target, url: str) -> list[Any]:
    """Return every message of a queue and leave it as it is: those in flight as well.

    To receive a message, if only for a moment, counts as a try to handle it: a scan repeated a few
    times would make dead letters of what was merely waiting.
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

    # A proxy of the environment has no business on loopback.
    answer = httpx.get(f"{target.endpoint}{path}", params=query, trust_env=False, timeout=60)
    if answer.status_code != _OK:
        raise CommandFailed(f"the engine answers {answer.status_code} to {path}")
    return answer.json()
