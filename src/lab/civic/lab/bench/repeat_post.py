"""Run under an instruction counter: POST the same person a number of times, and nothing else.

``python -m civic.lab.bench.repeat_post DESIGN COUNT MATERIAL``. AWS is the least it can be here:
one prepared answer per operation, so that what is counted is the handler and the SDK.
"""

import base64
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import botocore.session
from botocore.awsrequest import AWSResponse

from civic.lab.bench.wire import Body

type Post = Callable[[dict[str, Any]], object]
type Material = dict[str, Any]

_NO_HEADERS: Any = {}


def attach(session: botocore.session.Session, canned: dict[str, Any]) -> None:
    """Answer each operation with its prepared body."""
    bodies = {name: json.dumps(body).encode() for name, body in canned.items()}

    def answer(**hook: Any) -> Any:
        operation = hook["event_name"].rpartition(".")[2]
        return AWSResponse(hook["request"].url, 200, _NO_HEADERS, Body(bodies[operation]))

    session.register("before-send", answer)


def ours(material: Material) -> Post:
    """Return the real gateway."""
    from civic.identity.functions import gateway  # noqa: PLC0415 - one design per process
    from civic.runtime import clients  # noqa: PLC0415

    attach(clients.session(), material["canned"])
    return lambda event: gateway.handler(event, None)


def naive(material: Material) -> Post:
    """Return the naive gateway."""
    from civic.lab.bench import naive_functions  # noqa: PLC0415

    attach(naive_functions.session()._session, material["canned"])  # noqa: SLF001
    return lambda event: naive_functions.gateway(event, None)


def bare(material: Material) -> Post:
    """Return the bare handler."""
    from civic.lab.bench.bare import BareHandler  # noqa: PLC0415

    return BareHandler(base64.b64decode(material["public_key"]))


def bare_with_calls(material: Material) -> Post:
    """Return the bare handler with the real one's three AWS calls, of the same size."""
    from civic.runtime import clients  # noqa: PLC0415

    attach(clients.session(), material["canned"])
    handler, dynamodb, events = bare(material), clients.dynamodb(), clients.events()
    row: Any = {"id": {"S": "0" * 36}, "w": {"B": bytes(640)}}
    entry: Any = {"EventBusName": "Bus", "Source": "civic", "DetailType": "V", "Detail": "x" * 1400}

    def post(event: dict[str, Any]) -> None:
        handler(event)
        dynamodb.put_item(TableName="SubjectKeysTable", Item=row)
        events.put_events(Entries=[entry])
        dynamodb.put_item(TableName="LowSecDataStore", Item=row)

    return post


DESIGNS: dict[str, Callable[[Material], Post]] = {
    "bare": bare,
    "bare_with_calls": bare_with_calls,
    "ours": ours,
    "naive": naive,
}


def main(design: str, count: str, material: str) -> None:
    """Post the design's person ``count`` times."""
    prepared = json.loads(Path(material).read_text(encoding="utf-8"))
    post = DESIGNS[design](prepared)
    event = prepared["naive_event" if design == "naive" else "event"]
    for _ in range(int(count)):
        post(event)


if __name__ == "__main__":
    main(*sys.argv[1:])
