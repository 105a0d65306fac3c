"""The tables in dictionaries answer what moto's answer to the same calls."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from civic.runtime import clients
from tests.fakes.aws import Aws
from tests.fakes.rows import Rows
from tests.traitor.poll import Poll
from tests.traitor.town import Town

_WRITES = ("put_item", "update_item", "delete_item")


def answered(client: Any, operation: str, request: dict[str, Any]) -> Any:
    """Return what an adapter uses of an answer."""
    try:
        answer = getattr(client, operation)(**request)
    except ClientError as error:
        return error.response["Error"]["Code"], error.response.get("Item")
    kept = {name: answer.get(name) for name in ("Item", "Items", "Count")}
    if "ReturnValues" in request:
        kept["Attributes"] = answer.get("Attributes")
    if isinstance(kept["Items"], list):
        kept["Items"] = sorted(kept["Items"], key=str)
        kept["Count"] = None
    return kept


def test_calls_of_the_whole_pipeline_are_answered_as_by_moto(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert aws.items("decisions") == []
    made: list[tuple[str, dict[str, Any]]] = []
    for operation in ("get_item", "query", "scan", *_WRITES):
        real = getattr(Rows, operation)

        def record(rows: Rows, real: Any = real, name: str = operation, **request: Any) -> Any:
            made.append((name, request))
            return real(rows, **request)

        monkeypatch.setattr(Rows, operation, record)
    town = Town()
    town.sweep()
    town.served(town.people["accepted"])
    poll = Poll()
    with poll._composed():
        poll.cast_the_rest()
        poll.announced()
    monkeypatch.undo()
    rows = Rows()
    assert {name for name, _ in made} >= {"get_item", "query", "scan", "put_item", "update_item"}
    for name, request in made:
        # Which rows are in a segment differs.
        if not {"Limit", "Segment"} & request.keys():
            found = answered(rows, name, request)
            assert found == answered(clients.dynamodb(), name, request), (name, request)
    for table in rows.tables:
        assert sorted(rows.items(table), key=str) == sorted(aws.items(table), key=str)


def test_segments_of_a_scan_are_all_rows_each_once() -> None:
    rows = Rows()
    for number in range(50):
        rows.put_item(TableName="ballots", Item={"nullifier": {"B": bytes([number])}})
    scans = [rows.scan(TableName="ballots", Segment=one, TotalSegments=8) for one in range(8)]
    found = [row["nullifier"]["B"] for scan in scans for row in scan["Items"]]
    assert sorted(found) == [bytes([number]) for number in range(50)]
    assert all(scan["Items"] for scan in scans)
