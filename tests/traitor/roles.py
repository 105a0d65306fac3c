"""What a role may write to tables, asked of its policies in the templates."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from tests.fakes.conditions import context_of, holds
from tests.templates import TEMPLATES, listed, logical_id, name_of, on_aws

OPERATIONS = ("DeleteItem", "PutItem", "UpdateItem")
_READS = {"BatchGetItem", "DescribeStream", "GetItem", "GetRecords", "GetShardIterator"} | {
    "ConditionCheckItem",
    "ListStreams",
    "Query",
    "Scan",
}


@dataclass(frozen=True)
class Role:
    """The role of a function."""

    function: str
    statements: tuple[dict[str, Any], ...]

    def written(self) -> dict[str, set[str]]:
        """Return the tables that it may write to, by their logical ids, and by which calls.

        Raises:
            NotImplementedError: It may make a call that nobody here knows how to misuse.
        """
        found: dict[str, set[str]] = {}
        for _, operation, table in self._allowed:
            if operation not in OPERATIONS:
                raise NotImplementedError(operation)
            found.setdefault(table, set()).add(operation)
        return found

    def may(self, operation: str, table: str, request: dict[str, Any]) -> bool:
        """Return whether IAM lets a request pass."""
        context = context_of(operation, request)
        return any(
            holds(on_aws(statement.get("Condition", {})), context)
            for statement, allowed, where in self._allowed
            if (allowed, where) == (operation, table)
        )

    @cached_property
    def _allowed(self) -> list[tuple[dict[str, Any], str, str]]:
        return list(self._every())

    def _every(self) -> Iterator[tuple[dict[str, Any], str, str]]:
        for statement in self.statements:
            for action in listed(statement["Action"]):
                service, _, operation = action.partition(":")
                if service == "dynamodb" and operation not in _READS:
                    for resource in listed(statement["Resource"]):
                        yield statement, operation, logical_id(resource)


@cache
def roles() -> tuple[Role, ...]:
    """Return the roles of all functions, in the order of the templates."""
    return tuple(
        Role(name_of(function), tuple(template.statements(logical_id(function["Role"]))))
        for template in TEMPLATES.values()
        for function in template.of_type("AWS::Lambda::Function").values()
    )
