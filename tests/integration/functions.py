"""The functions themselves: called directly, or given new execution environments."""

import json
from collections.abc import Container
from typing import Any
from uuid import uuid4

from civic.stack.target import Target
from tests.integration.log_lines import streams
from tests.integration.resources import physical_id
from tests.integration.waiting import eventually


def renew(target: Target, function: str) -> None:
    """Give a function, by its logical id, new execution environments with empty caches."""
    name = physical_id(target, function)
    size = target.functions.get_function_configuration(FunctionName=name)["MemorySize"]
    # The engine renews them for this setting, even unchanged; AWS for any change.
    target.functions.update_function_configuration(
        FunctionName=name, MemorySize=size, Description=uuid4().hex
    )
    eventually(
        f"{function} is renewed",
        lambda: (
            target.functions.get_function_configuration(FunctionName=name)["LastUpdateStatus"]
            == "Successful"
        ),
    )


def call_every(
    target: Target, event: dict[str, Any], but: Container[str]
) -> dict[str, tuple[bool, bytes]]:
    """Call every function except some; return by name whether it raised, and its answer."""
    pages = target.functions.get_paginator("list_functions").paginate()
    names = [function["FunctionName"] for page in pages for function in page["Functions"]]
    answers = {}
    for name in names:
        if name not in but:
            answer = target.functions.invoke(FunctionName=name, Payload=json.dumps(event).encode())
            answers[name] = ("FunctionError" in answer, answer["Payload"].read())
    return answers


def forget_tracebacks(target: Target) -> None:
    """Delete the log streams with Lambda's lines about an exception, as all others are JSON."""
    for (group, stream), messages in streams(target).items():
        if any(message.startswith("Traceback") for message in messages):
            target.logs.delete_log_stream(logGroupName=group, logStreamName=stream)
