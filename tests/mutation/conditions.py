"""Changes to DynamoDB condition expressions, which are mere strings to a general mutator.

A clause is never simply dropped: DynamoDB refuses a request with a ``:value`` that no expression
uses, so such a mutant would be noticed for the wrong reason. Making a clause always true in an AND,
or never true in an OR, has the effect of dropping it.
"""

import re
from collections.abc import Iterator

_OPERAND = r"[\w#:.\x00]+(?:\([^()]*\))?"
_ATOM = re.compile(
    rf"(?<![\w#:.\x00])(?!(?:AND|OR|NOT)\b){_OPERAND}(?:\s*(?:<>|<=|>=|=|<|>)\s*{_OPERAND})?"
)
_COMPARISON = re.compile(r"<>|<=|>=|=|<|>")
_JUNCTION = re.compile(r"\b(?:AND|OR)\b")
_FUNCTION = r"(?:attribute_(?:not_)?exists|begins_with|contains|size)\("
# Also a part of a composed one: " AND begins_with(entry, :prefix)".
_CONDITION = re.compile(
    rf"^\s*(?:(?:AND|OR)\b)?[\s(]*(?:NOT\s+)?(?:{_FUNCTION}"
    rf"|{_OPERAND}\s*(?:<>|<=|>=|=|<|>)\s*[:#\w\x00]|\x00\d+\x00\s+(?:AND|OR)\b)"
)
_OTHERS = {
    "<": ("<=", ">"),
    "<=": ("<", ">"),
    ">": (">=", "<"),
    ">=": (">", "<"),
    "=": ("<>",),
    "<>": ("=",),
}


class NotUnderstood(Exception):
    """A condition has a form that the mutators do not know."""


def is_condition(text: str) -> bool:
    """Return whether a string is a condition, a filter or a key condition.

    Args:
        text: The string, in which what an f-string inserts appears as ``\\0number\\0``.
    """
    # A range of bytes (RFC 9110 section 14.1.2) looks like one.
    return _CONDITION.match(text) is not None and not text.startswith("bytes=")


def mutate_condition(text: str) -> Iterator[tuple[str, str]]:
    """Yield each changed condition, preceded by what was changed.

    Raises:
        NotUnderstood: The condition uses more than comparisons, functions, AND, OR and NOT.
    """
    atoms = list(_ATOM.finditer(text))
    rest = _JUNCTION.sub("", re.sub(r"\bNOT\b", "", _ATOM.sub("", text)))
    if rest.strip(" ()"):
        raise NotUnderstood(text)
    for atom in atoms:
        yield from _mutate_atom(text, atom)
    for found in _JUNCTION.finditer(text):
        other = "OR" if found.group() == "AND" else "AND"
        following = next(atom.group() for atom in atoms if atom.start() > found.start())
        yield f"{other} before: {following}", _spliced(text, found, other)


def _mutate_atom(text: str, atom: re.Match[str]) -> Iterator[tuple[str, str]]:
    clause = atom.group()
    # What an f-string inserts may itself hold an OR.
    inner = f"({clause})" if clause.startswith("\0") and clause.endswith("\0") else clause
    yield f"always holds: {clause}", _spliced(text, atom, f"({inner} OR NOT {inner})")
    yield f"never holds: {clause}", _spliced(text, atom, f"({inner} AND NOT {inner})")
    comparison = _COMPARISON.search(clause)
    for other in _OTHERS[comparison.group()] if comparison else ():
        yield f"{other} instead: {clause}", _spliced(text, atom, _COMPARISON.sub(other, clause))
    if clause.startswith("attribute_exists("):
        turned = clause.replace("attribute_exists", "attribute_not_exists")
        yield f"turned round: {clause}", _spliced(text, atom, turned)
    elif clause.startswith("attribute_not_exists("):
        turned = clause.replace("attribute_not_exists", "attribute_exists")
        yield f"turned round: {clause}", _spliced(text, atom, turned)


def _spliced(text: str, found: re.Match[str], new: str) -> str:
    return text[: found.start()] + new + text[found.end() :]
