"""Copies of whole tables, put back as restoring a backup would."""

from typing import Any

from civic.stack.target import Target
from tests.integration.resources import physical_id
from tests.templates import IDENTITY

type Item = dict[str, Any]
type Snapshot = dict[str, list[Item]]
"""The rows of each table, by the table's logical id."""


def snapshot(target: Target) -> Snapshot:
    """Return every row of every table of identity."""
    return {name: _rows(target, table) for name, table in _tables(target).items()}


def restore(target: Target, taken: Snapshot, *names: str) -> None:
    """Restore tables to their earlier content, row by row."""
    tables = _tables(target)
    for name in names:
        table = tables[name]
        schema = target.dynamodb.describe_table(TableName=table)["Table"]["KeySchema"]
        key = [one["AttributeName"] for one in schema]
        for item in _rows(target, table):
            target.dynamodb.delete_item(TableName=table, Key={one: item[one] for one in key})
        for item in taken[name]:
            target.dynamodb.put_item(TableName=table, Item=item)


def _tables(target: Target) -> dict[str, str]:
    return {
        table: physical_id(target, table)
        for template in IDENTITY
        for table in template.of_type("AWS::DynamoDB::Table")
    }


def _rows(target: Target, table: str) -> list[Item]:
    pages = target.dynamodb.get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
    return [item for page in pages for item in page["Items"]]
