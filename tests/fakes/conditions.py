"""How IAM evaluates a request to DynamoDB: its condition keys, and whether a condition holds.

The keys are those of "Using IAM policy conditions for fine-grained access control" in the developer
guide of DynamoDB. The embedded engine knows some of them, and not for every operation.
"""

import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

type Context = dict[str, list[str]]
"""The condition keys of a request with their values; a key without values is absent."""

_READS = {"GetItem", "Query", "Scan"}
_EXPRESSIONS = ("Projection", "Filter", "Condition", "KeyCondition", "Update")
_WORDS = {"AND", "OR", "NOT", "SET", "REMOVE", "ADD"} | {
    "attribute_exists",
    "attribute_not_exists",
    "if_not_exists",
    "list_append",
}


def context_of(operation: str, request: Mapping[str, Any]) -> Context:
    """Return the condition keys of a request.

    Args:
        operation: As in ``GetItem``.
        request: Its parameters, as for a client.
    """
    found: Context = {}
    named = sorted({*request.get("Key", {}), *request.get("Item", {}), *_named(request)})
    if named:
        found["dynamodb:Attributes"] = named
    if operation in _READS:
        some = "SPECIFIC_ATTRIBUTES" if "ProjectionExpression" in request else "ALL_ATTRIBUTES"
        found["dynamodb:Select"] = [request.get("Select", some)]
    else:
        found["dynamodb:ReturnValues"] = [request.get("ReturnValues", "NONE")]
    addressed = request.get("Key") or request.get("Item")
    if addressed:
        (first, *_) = addressed.values()
        found["dynamodb:LeadingKeys"] = [str(next(iter(first.values())))]
    return found


def holds(condition: Mapping[str, Any], context: Context) -> bool:
    """Return whether every block of a condition holds."""
    return all(
        _compare(operator, context.get(key, []), _listed(expected))
        for operator, keys in condition.items()
        for key, expected in keys.items()
    )


def _compare(operator: str, actual: list[str], expected: list[str]) -> bool:
    match operator:
        case "Null":
            return expected == ["false" if actual else "true"]
        case "StringEquals":
            return len(actual) == 1 and actual[0] in expected
        case "ForAllValues:StringEquals":
            return set(actual) <= set(expected)
        case "ForAllValues:StringLike":
            return all(_like(value, expected) for value in actual)
        case "ForAllValues:StringNotLike":
            return not any(_like(value, expected) for value in actual)
    raise NotImplementedError(operator)


def _like(value: str, patterns: list[str]) -> bool:
    return any(fnmatchcase(value, pattern) for pattern in patterns)


def _named(request: Mapping[str, Any]) -> Iterator[str]:
    aliases = request.get("ExpressionAttributeNames", {})
    for kind in _EXPRESSIONS:
        for word in re.findall(r"[:#]?\w+", request.get(f"{kind}Expression", "")):
            if not word.startswith(":") and word not in _WORDS:
                yield aliases.get(word, word)


def _listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]
