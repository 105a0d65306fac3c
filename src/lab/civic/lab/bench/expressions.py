"""As much of DynamoDB's expression language as the handlers use.

Conditions: comparisons, ``attribute_exists``, ``attribute_not_exists``, ``begins_with``, NOT, AND,
OR and parentheses. Updates: ``SET name = value, ...``, also with ``if_not_exists``, and
``ADD name value``. Anything else is refused, so that a handler that begins to use more is noticed.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from civic.lab.bench.sizes import Item

_TOKEN = re.compile(r"\s*(?:(<=|>=|<>|[()=<>,])|([:#]?[A-Za-z_][A-Za-z0-9_]*))")
_ASSIGN = r"([#\w]+) = (?:if_not_exists\(([#\w]+), )?(:\w+)\)?"
_ASSIGNMENT = re.compile(_ASSIGN)
_UPDATE = re.compile(
    rf"(?:SET (?P<set>{_ASSIGN}(?:, {_ASSIGN})*))?(?: ?ADD (?P<number>[#\w]+) (?P<step>:\w+))?"
)
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda left, right: left == right,
    "<>": lambda left, right: left != right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}


class UnsupportedExpression(Exception):
    """A handler uses more of DynamoDB's expression language than is counted here."""


@dataclass(frozen=True, slots=True)
class Placeholders:
    """What ``#names`` and ``:values`` of an expression stand for."""

    names: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @classmethod
    def of(cls, request: Mapping[str, Any]) -> "Placeholders":
        """Take them from a request body."""
        return cls(
            request.get("ExpressionAttributeNames", {}),
            request.get("ExpressionAttributeValues", {}),
        )

    def name(self, token: str) -> str:
        """Return the attribute a token names."""
        return self.names[token] if token.startswith("#") else token

    def value(self, token: str, item: Item) -> Mapping[str, Any] | None:
        """Return the value a token stands for; None for an attribute the item lacks."""
        return self.values[token] if token.startswith(":") else item.get(self.name(token))


def holds(expression: str | None, item: Item, placeholders: Placeholders) -> bool:
    """Tell whether a condition holds for an item; no condition always does.

    Raises:
        UnsupportedExpression: It uses what is not known here.
    """
    if expression is None:
        return True
    parser = _Condition(_tokens(expression), item, placeholders)
    result = parser.either()
    if parser.left:
        raise UnsupportedExpression(expression)
    return result


def updated(expression: str, item: Item, placeholders: Placeholders) -> Item:
    """Return an item with ``SET`` assignments and at most one ``ADD`` applied.

    Raises:
        UnsupportedExpression: It does anything else.
    """
    match = _UPDATE.fullmatch(expression)
    if not expression or match is None:
        raise UnsupportedExpression(expression)
    changed = dict(item)
    for target, kept, source in _ASSIGNMENT.findall(match["set"] or ""):
        value = kept and item.get(placeholders.name(kept))
        changed[placeholders.name(target)] = dict(value or placeholders.values[source])
    if match["number"]:
        name = placeholders.name(match["number"])
        known = item.get(name, {"N": "0"})["N"]
        added = placeholders.values[match["step"]]["N"]
        changed[name] = {"N": str(Decimal(known) + Decimal(added))}
    return changed


def projected(expression: str | None, item: Item, placeholders: Placeholders) -> Item:
    """Return the attributes of an item that a projection names; all without one."""
    if expression is None:
        return item
    names = [placeholders.name(word) for word in _tokens(expression) if word != ","]
    return {name: item[name] for name in names if name in item}


def _tokens(expression: str) -> list[str]:
    tokens, at = [], 0
    text = expression.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise UnsupportedExpression(expression)
        tokens.append(match[1] or match[2])
        at = match.end()
    return tokens


@dataclass(slots=True)
class _Condition:
    """A recursive descent over OR, AND, NOT and the terms; every branch is read to its end."""

    left: list[str]
    item: Item
    placeholders: Placeholders

    def either(self) -> bool:
        result = self.both()
        while self._take("OR"):
            result = self.both() or result
        return result

    def both(self) -> bool:
        result = self.term()
        while self._take("AND"):
            result = self.term() and result
        return result

    def term(self) -> bool:
        if self._take("NOT"):
            return not self.term()
        if self._take("("):
            result = self.either()
            self._demand(")")
            return result
        first = self._next()
        if first in {"attribute_exists", "attribute_not_exists"}:
            self._demand("(")
            there = self.placeholders.name(self._next()) in self.item
            self._demand(")")
            return there is (first == "attribute_exists")
        if first == "begins_with":
            self._demand("(")
            text = self.placeholders.value(self._next(), self.item) or {"S": ""}
            self._demand(",")
            prefix = self.placeholders.value(self._next(), self.item) or {"S": ""}
            self._demand(")")
            return str(text["S"]).startswith(prefix["S"])
        compare = _COMPARISONS.get(self._next())
        if compare is None:
            raise UnsupportedExpression(first)
        left = self.placeholders.value(first, self.item)
        right = self.placeholders.value(self._next(), self.item)
        return left is not None and right is not None and _compared(compare, left, right)

    def _next(self) -> str:
        if not self.left:
            raise UnsupportedExpression("it ends too early")
        return self.left.pop(0)

    def _take(self, token: str) -> bool:
        if self.left and self.left[0].upper() == token:
            self.left.pop(0)
            return True
        return False

    def _demand(self, token: str) -> None:
        if not self._take(token):
            raise UnsupportedExpression(f"{token} is missing")


def _compared(
    compare: Callable[[Any, Any], bool], left: Mapping[str, Any], right: Mapping[str, Any]
) -> bool:
    ((left_kind, left_value),) = left.items()
    ((right_kind, right_value),) = right.items()
    if left_kind != right_kind:
        return False
    if left_kind == "N":
        return compare(Decimal(left_value), Decimal(right_value))
    return compare(left_value, right_value)
