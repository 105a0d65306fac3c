"""What is wrong with a row, in words: where, what, and what to do; never what the row says."""

from collections.abc import Callable

from civic.client.people_columns import COLUMNS, Column, Kind
from civic.contracts.trace import TraceContext
from civic.identity.model.registration import Registration
from civic.runtime.request import FieldError, Problem, Request

_NO_TRACE = TraceContext("0" * 32, "0" * 16)
_REMEDIES = {
    "missing": "is empty; fill it in",
    "blank": "is empty; fill it in",
    "too_long": "is too long; shorten it",
    "too_short": "is too short; complete it",
    "wrong_form": "does not have the form that is needed",
    "wrong_type": "is not of the kind that is needed",
    "not_a_date": "is not a date; write it as 1984-08-12",
    "not_a_time": "is not a time; write it as 2027-01-31T09:00:00Z",
    "unknown_field": "has a member that no registration has; remove it",
    "malformed_json": "it is not JSON; each line is one object in braces",
    "duplicate_key": "a member is there twice; remove one",
    "too_deep": "it is nested too deeply; see the API's description",
    "body_too_large": "it is longer than a registration may be; shorten it",
}
_YES_OR_NO = "is neither yes nor no; write one of them"


def fault_of(text: str, name: Callable[[str], str]) -> str | None:
    """Return what the API would find wrong with a body; None if nothing.

    Args:
        text: The body, JSON.
        name: Returns what a field is called for the reader, by its JSON Pointer (RFC 6901).
    """
    request = {"headers": {"content-type": "application/json"}, "body": text}
    try:
        Request(request, _NO_TRACE).body(Registration)
    except Problem as problem:
        faults = [_words(fault, name) for fault in problem.errors]
        return "; ".join(faults) or _REMEDIES.get(problem.code, problem.code)
    return None


def column_at(pointer: str) -> Column | None:
    """Return the column of the field that a JSON Pointer leads to, or into."""
    path = tuple(pointer.split("/")[1:])
    return next((one for one in COLUMNS if path[: len(one.path)] == one.path), None)


def _words(fault: FieldError, name: Callable[[str], str]) -> str:
    column = column_at(fault.pointer)
    if fault.code == "wrong_type" and column and column.kind is Kind.TRUTH:
        remedy = _YES_OR_NO
    else:
        remedy = _REMEDIES.get(fault.code, f"is refused as {fault.code}")
    if fault.character:
        unseen = f"a character that cannot be seen, or a line break ({fault.character})"
        remedy = f"has {unseen}; type it again"
    if fault.code == "wrong_form" and column and column.form:
        remedy += f" ({column.form})"
    return f"{name(fault.pointer)} {remedy}".strip()
