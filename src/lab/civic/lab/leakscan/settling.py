"""Waits until everything that was sent has been handled."""

import time
from collections.abc import Callable

from civic.lab.leakscan import local
from civic.stack.target import Target
from civic.terminal.failures import CommandFailed
from civic.terminal.waiting import PATIENCE_SECONDS

_PAUSE_SECONDS = 0.2


def settle(target: Target) -> None:
    """Wait until the queues that functions read are empty.

    Raises:
        CommandFailed: The number of messages did not fall for ``PATIENCE_SECONDS``.
    """
    urls = _read_by_functions(target)
    await_none(lambda: sum(len(local.messages(target, url)) for url in urls))


def await_none(
    count: Callable[[], int],
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Wait until there are no messages.

    Args:
        count: Counts them.
        clock: Returns seconds since some fixed moment.
        sleep: Waits for a number of seconds.

    Raises:
        CommandFailed: Their number did not fall for ``PATIENCE_SECONDS``.
    """
    fewest, since, empty = None, clock(), 0
    # Twice, as an event on its way from one queue to the next is on the bus, in neither of them.
    while empty < 2:  # noqa: PLR2004
        left = count()
        empty = empty + 1 if left == 0 else 0
        if fewest is None or left < fewest:
            fewest, since = left, clock()
        if left and clock() - since > PATIENCE_SECONDS:
            raise CommandFailed(f"{left} messages are not being handled; see `civic dlq list`")
        sleep(_PAUSE_SECONDS)


def _read_by_functions(target: Target) -> list[str]:
    pages = target.functions.get_paginator("list_event_source_mappings").paginate()
    sources = [one["EventSourceArn"] for page in pages for one in page["EventSourceMappings"]]
    queues = [arn.rpartition(":")[2] for arn in sources if ":sqs:" in arn]
    return [target.sqs.get_queue_url(QueueName=name)["QueueUrl"] for name in queues]
