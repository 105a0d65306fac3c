"""DynamoDB as dictionaries: the calls and expressions that the adapters use, and nothing else.

A call takes a hundredth of what it takes through moto, so that a test can make a million.
`tests/unit/test_rows.py` compares the two.
"""

import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import cache
from types import SimpleNamespace
from typing import Any
from zlib import crc32

from botocore.exceptions import ClientError

from tests.fakes.aws import TABLES

type Item = dict[str, Any]
type Request = dict[str, Any]
type Operand = Callable[[Item, Request], Any]
"""Returns a value of an item or a request, None if there is none."""
type Table = dict[tuple[Any, ...], Item]

_WORDS = re.compile(r"[(),]|<>|[<>]=?|=|[:#]?\w+")
_COMPARED: dict[str, Callable[[Any, Any], bool]] = {
    "<": lambda one, other: one < other,
    "<=": lambda one, other: one <= other,
    ">": lambda one, other: one > other,
    ">=": lambda one, other: one >= other,
}


class Rows:
    """A client with the tables of the stacks, all of them empty."""

    def __init__(self) -> None:
        self.tables: dict[str, Table] = {name: {} for name in TABLES}

    def get_item(self, **request: Any) -> dict[str, Any]:
        row = self.tables[request["TableName"]].get(_key(request))
        return {} if row is None else {"Item": _projected(row, request)}

    def query(self, **request: Any) -> dict[str, Any]:
        return self._page(request, request["KeyConditionExpression"])

    def scan(self, **request: Any) -> dict[str, Any]:
        return self._page(request, None)

    def put_item(self, **request: Any) -> dict[str, Any]:
        self._demand(request, "PutItem")
        self.tables[request["TableName"]][_key(request)] = dict(request["Item"])
        return {}

    def delete_item(self, **request: Any) -> dict[str, Any]:
        self._demand(request, "DeleteItem")
        self.tables[request["TableName"]].pop(_key(request), None)
        return {}

    def update_item(self, **request: Any) -> dict[str, Any]:
        known = self._demand(request, "UpdateItem")
        row = dict(request["Key"]) | known
        for change in _changes(request["UpdateExpression"]):
            change(row, known, request)
        self.tables[request["TableName"]][_key(request)] = row
        return {"Attributes": dict(row)}

    def transact_write_items(self, **request: Any) -> dict[str, Any]:
        parts = [(kind, part) for one in request["TransactItems"] for kind, part in one.items()]
        reasons = [self._reason(part, kind) for kind, part in parts]
        if any(reason["Code"] != "None" for reason in reasons):
            refusal: Any = {"Error": {"Code": "TransactionCanceledException", "Message": ""}}
            raise ClientError(refusal | {"CancellationReasons": reasons}, "TransactWriteItems")
        for kind, part in parts:
            if kind != "ConditionCheck":
                {"Put": self.put_item, "Update": self.update_item}[kind](**part)
        return {}

    def _reason(self, request: Request, kind: str) -> dict[str, Any]:
        try:
            self._demand(request, kind)
        except ClientError as error:
            known: Any = error.response
            there = {"Item": known["Item"]} if "Item" in known else {}
            return {"Code": "ConditionalCheckFailed", **there}
        return {"Code": "None"}

    def get_paginator(self, operation: str) -> SimpleNamespace:
        """Return what yields the pages of an operation: there is one."""
        return SimpleNamespace(paginate=lambda **request: [getattr(self, operation)(**request)])

    def items(self, table: str) -> list[Item]:
        """Return all rows of a table."""
        return list(self.tables[table].values())

    def held(self) -> dict[str, Table]:
        """Return what all tables hold, as long as nothing else is written."""
        # No row is ever changed; another takes its place.
        return {name: dict(rows) for name, rows in self.tables.items()}

    def back(self, held: dict[str, Table]) -> None:
        """Return to what all tables held."""
        self.tables = {name: dict(rows) for name, rows in held.items()}

    def _demand(self, request: Request, operation: str) -> Item:
        """Return the row that a request is about; raise if its condition does not hold."""
        known = self.tables[request["TableName"]].get(_key(request), {})
        condition = request.get("ConditionExpression")
        if condition is None or _condition(condition)(known, request):
            return known
        error: Any = {"Error": {"Code": "ConditionalCheckFailedException", "Message": ""}}
        if "ReturnValuesOnConditionCheckFailure" in request and known:
            error |= {"Item": dict(known)}
        raise ClientError(error, operation)

    def _page(self, request: Request, condition: str | None) -> dict[str, Any]:
        table = self.tables[request["TableName"]]
        start = request.get("ExclusiveStartKey")
        after = None if start is None else _key(request | {"Key": start})
        rows = [
            table[key]
            for key in sorted(table)
            if _is_within_segment(key, request)
            and (after is None or key > after)
            and (condition is None or _condition(condition)(table[key], request))
        ][: request.get("Limit")]
        answer: dict[str, Any] = {}
        if len(rows) == request.get("Limit"):
            names = key_names(request["TableName"])
            answer["LastEvaluatedKey"] = {name: rows[-1][name] for name in names}
        kept = request.get("FilterExpression")
        found = [row for row in rows if kept is None or _condition(kept)(row, request)]
        if request.get("Select") == "COUNT":
            return answer | {"Count": len(found)}
        return answer | {"Items": [_projected(row, request) for row in found]}


@cache
def key_names(table: str) -> tuple[str, ...]:
    """Return the names of the attributes that are the key of a table."""
    return tuple(part.partition(":")[0] for part in TABLES[table])


def _key(request: Request) -> tuple[Any, ...]:
    item = request.get("Key") or request["Item"]
    return tuple(_plain(item[name]) for name in key_names(request["TableName"]))


def _is_within_segment(key: tuple[Any, ...], request: Request) -> bool:
    segment, total = request.get("Segment"), request.get("TotalSegments", 1)
    return segment is None or int(segment) == crc32(str(key[0]).encode()) % total


def _plain(value: Any) -> Any:
    ((kind, plain),) = value.items()
    return Decimal(plain) if kind == "N" else plain


def _projected(row: Item, request: Request) -> Item:
    if "ProjectionExpression" not in request:
        return dict(row)
    aliases = request.get("ExpressionAttributeNames", {})
    names = {aliases.get(one, one) for one in re.split(r",\s*", request["ProjectionExpression"])}
    return {name: value for name, value in row.items() if name in names}


@cache
def _condition(text: str) -> Callable[[Item, Request], bool]:
    return _Reader(text).either()


@cache
def _changes(text: str) -> tuple[Callable[[Item, Item, Request], None], ...]:
    return tuple(_Reader(text).changes())


class _Reader:
    """Reads an expression (DynamoDB developer guide, "Using expressions")."""

    def __init__(self, text: str) -> None:
        self._left = _WORDS.findall(text)[::-1]

    def either(self) -> Callable[[Item, Request], bool]:
        parts = [self._both()]
        while self._next("OR"):
            parts.append(self._both())
        return lambda item, request: any(part(item, request) for part in parts)

    def changes(self) -> Iterator[Callable[[Item, Item, Request], None]]:
        while self._left:
            clause = self._left.pop()
            read = {"SET": self._set, "REMOVE": self._remove, "ADD": self._add}[clause]
            yield read()
            while self._next(","):
                yield read()

    def _next(self, word: str) -> bool:
        found = bool(self._left) and self._left[-1] == word
        if found:
            self._left.pop()
        return found

    def _expect(self, word: str) -> None:
        if not self._next(word):
            raise NotImplementedError(word)

    def _both(self) -> Callable[[Item, Request], bool]:
        parts = [self._one()]
        while self._next("AND"):
            parts.append(self._one())
        return lambda item, request: all(part(item, request) for part in parts)

    def _one(self) -> Callable[[Item, Request], bool]:
        if self._next("("):
            within = self.either()
            self._expect(")")
            return within
        if self._next("attribute_exists"):
            (there,) = self._arguments()
            return lambda item, request: there(item, request) is not None
        if self._next("attribute_not_exists"):
            (absent,) = self._arguments()
            return lambda item, request: absent(item, request) is None
        if self._next("begins_with"):
            text, prefix = self._arguments()
            return lambda item, request: _plain(text(item, request)).startswith(
                _plain(prefix(item, request))
            )
        return _comparison(self._operand(), self._left.pop(), self._operand())

    def _arguments(self) -> list[Operand]:
        self._expect("(")
        found = [self._operand()]
        while self._next(","):
            found.append(self._operand())
        self._expect(")")
        return found

    def _operand(self) -> Operand:
        if self._next("if_not_exists"):
            known, otherwise = self._arguments()
            return lambda item, request: known(item, request) or otherwise(item, request)
        if self._next("list_append"):
            first, second = self._arguments()
            return lambda item, request: {
                "L": [*first(item, request)["L"], *second(item, request)["L"]]
            }
        word = self._left.pop()
        if word.startswith(":"):
            return lambda _, request: request["ExpressionAttributeValues"][word]
        name = _named(word)
        return lambda item, request: item.get(name(request))

    def _set(self) -> Callable[[Item, Item, Request], None]:
        name = _named(self._left.pop())
        self._expect("=")
        value = self._operand()
        return lambda row, known, request: row.update({name(request): value(known, request)})

    def _remove(self) -> Callable[[Item, Item, Request], None]:
        name = _named(self._left.pop())
        return lambda row, _, request: row.pop(name(request), None)

    def _add(self) -> Callable[[Item, Item, Request], None]:
        name, more = _named(self._left.pop()), self._operand()

        def change(row: Item, known: Item, request: Request) -> None:
            before = known.get(name(request), {"N": "0"})
            row[name(request)] = {"N": str(_plain(before) + _plain(more(known, request)))}

        return change


def _named(word: str) -> Callable[[Request], str]:
    if word.startswith("#"):
        return lambda request: str(request["ExpressionAttributeNames"][word])
    return lambda _: word


def _comparison(one: Operand, by: str, other: Operand) -> Callable[[Item, Request], bool]:
    def compared(item: Item, request: Request) -> bool:
        left, right = one(item, request), other(item, request)
        if left is None or right is None:
            return by == "<>" and left is not right
        same = left.keys() == right.keys() and _plain(left) == _plain(right)
        if by in {"=", "<>"}:
            return same is (by == "=")
        return left.keys() == right.keys() and _COMPARED[by](_plain(left), _plain(right))

    return compared
