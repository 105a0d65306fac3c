"""One sample of every event, made up field by field; no value belongs to a real person."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, get_args

from pydantic import BaseModel

from civic.contracts.events import Decision, Event, Reason, RevisionsKept
from civic.contracts.registry import EVENTS
from civic.contracts.voting import Audience
from civic.identity.model.registration import PII_FIELDS

_TIME = datetime(2027, 3, 1, 9, 30, tzinfo=UTC)
_LATER = datetime(2027, 3, 1, 9, 31, tzinfo=UTC)
_DAY = date(2027, 3, 1)
_DIGEST = bytes(range(32))
_RELEASE = "0f1e2d3c4b5a6978"
_VALUES: dict[str, Any] = {
    "access_digest": _DIGEST,
    "age_band": "25-34",
    "area_version": 3,
    "areas": ("DE-BE", "DE-BB"),
    "at": _LATER,
    "audience": "auditors",
    "ballots": 1_366_692,
    "bucket": "civic-releases",
    "cells": 42,
    "closes_at": datetime(2027, 5, 1, 16, tzinfo=UTC),
    "commitment": _DIGEST,
    "contest": "c1",
    "contests": {"c1": {"o2": 700_120, "o3": 650_007, "write_ins": 0}},
    "counted": 500,
    "created_at": _TIME,
    "day": date(2027, 5, 1),
    "decided_at": _LATER,
    "decision": Decision.REJECTED,
    "definition": _DIGEST,
    "election": "7k3m9qx2w5vb",
    # Of a person who was old enough on the day of the decision.
    "eligible_from": None,
    "erased": 120,
    # The form of a sealed field without content: version, nonce, ciphertext and tag.
    "fields": dict.fromkeys(PII_FIELDS, b"\x01" + bytes(44)),
    "first_day": _DAY,
    "id": "5d3c6f0e-9b1a-8c2d-9e3f-0a1b2c3d4e5f",
    "index": _DIGEST,
    "json_key": f"releases/2027/03/01/{_RELEASE}.json",
    "last_day": _DAY,
    "lines_key": f"releases/2027/03/01/{_RELEASE}.jsonl",
    "logged": {"7k3m9qx2w5vb": 1_366_692},
    "messages": 2,
    "openings": Audience.AUDITORS,
    "opens_at": datetime(2027, 5, 1, 6, tzinfo=UTC),
    "option": "o3",
    "order": "2027/14",
    "origin": "civic.example/log",
    "public_key": bytes(294),
    "reasons": (Reason(code="attestation_missing", pointer="/citizenship_attestation"),),
    "region": "DE-BE",
    "registered_at": _TIME,
    "release_id": _RELEASE,
    "released_at": _LATER,
    "requested_at": _LATER,
    "restriction": 0,
    "resume": 1,
    "revision": 1,
    "root": _DIGEST,
    "round": 0,
    "rule_set": "national-2027.2",
    "roll_closes_at": datetime(2027, 4, 10, 22, tzinfo=UTC),
    "sequence": 2,
    "size": 1_366_799,
    "snapshot": 17,
    # This decision is in force itself.
    "standing": None,
    "style": "berlin",
    "submitted_at": _TIME,
    "suppressed_cells": 17,
    "threshold": 10,
    "through": _DAY,
    "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    "version": 1,
}
"""The value of every field with that name, in all samples."""


def samples() -> list[Event]:
    """Return a sample of every event."""
    return [sample(event) for event in EVENTS.values()]


def sample[E: Event](event: type[E], values: Mapping[str, Any] | None = None) -> E:
    """Return a sample of an event, with these values for fields by their name, at any depth."""
    fields = _fields(event, {**_VALUES, **(values or {})})
    if "items" in fields and not issubclass(event, RevisionsKept):
        # Something that is forgotten has no revision.
        fields["items"] = (fields["items"][0] | {"revision": None},)
    return event.model_validate(fields)


def _fields(model: type[BaseModel], values: Mapping[str, Any]) -> dict[str, Any]:
    fields = model.model_fields.items()
    return {name: _value(name, field.annotation, values) for name, field in fields}


def _value(name: str, annotation: Any, values: Mapping[str, Any]) -> Any:
    """Return a field's value by its name, or that of its model, or a tuple with one."""
    if name in values:
        return values[name]
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return _fields(annotation, values)
    for inner in get_args(annotation):
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            return (_fields(inner, values),)
        if get_args(inner):
            return _value(name, inner, values)
    raise KeyError(f"no sample value for the field {name!r}")
