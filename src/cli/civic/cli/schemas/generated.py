"""The texts of every generated file."""

import json
import re
from pathlib import Path
from typing import Any

from civic.cli.schemas.samples import samples
from civic.contracts.events import EVENTS, Event
from civic.identity.entrypoints.openapi import document
from civic.identity.model.registration import PII_FIELDS, Registration

_RECEIVERS = {
    "ValidationRequest": ("validator, pii_storage", "a sealed registration or rectification"),
    "ValidationResult": ("analytics", "up to ten decisions, with reason codes and cohorts"),
    "DeletionRequest": ("validator, pii_storage", "an id to erase"),
    "DataStored": ("analytics", "up to ten ids whose first revision is stored"),
    "DataUpdated": ("analytics", "up to ten ids whose later revision is stored"),
    "DataDeleted": ("analytics", "up to ten ids that are erased"),
    "AnalyticsReleased": ("whoever subscribes", "where a release was written, and its totals"),
}
_SAMPLE_ENVELOPE = {
    "version": "0",
    "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
    "account": "111122223333",
    "time": "2027-03-01T09:31:00Z",
    "region": "eu-central-1",
    "resources": [],
}


def generated_files(root: Path) -> dict[Path, str]:
    """Return every generated file of a checkout with the text it should have."""
    files = {
        root / "src/identity/civic/identity/openapi.json": _json(document()),
        root / "README.md": _filled(root / "README.md", "events", _event_table()),
        root / "docs/privacy.md": _filled(root / "docs/privacy.md", "fields", _field_table()),
    }
    for event in EVENTS.values():
        files[root / f"schemas/{event.detail_type()}.json"] = _json(schema_of(event))
    for sample in samples():
        files[root / f"events/{sample.detail_type()}.json"] = _json(_envelope(sample))
    return files


def schema_of(event: type[Event]) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of an event's detail."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **event.model_json_schema()}


def _envelope(sample: Event) -> dict[str, Any]:
    return _SAMPLE_ENVELOPE | {
        "detail-type": sample.detail_type(),
        "source": sample.SOURCE,
        "detail": sample.model_dump(mode="json", exclude_none=True),
    }


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _filled(file: Path, marker: str, text: str) -> str:
    """Return a document with the text between ``<!-- marker -->`` and its end replaced."""
    between = re.compile(rf"(?<=<!-- {marker} -->\n).*?(?=<!-- /{marker} -->)", re.DOTALL)
    filled, times = between.subn(lambda _: text, file.read_text(encoding="utf-8"))
    if times != 1:
        raise ValueError(f"{file.name} must have the marker {marker!r} once")
    return filled


def _event_table() -> str:
    lines = ["| event | published by | received by | carries |", "|---|---|---|---|"]
    for name, event in EVENTS.items():
        publisher = event.SOURCE.removeprefix("civic.")
        receivers, carries = _RECEIVERS[name]
        lines.append(f"| [{name}](schemas/{name}.json) | {publisher} | {receivers} | {carries} |")
    return "\n".join(lines) + "\n"


def _field_table() -> str:
    lines = ["| field | processed | required |", "|---|---|---|"]
    for name, pii in PII_FIELDS.items():
        required = "yes" if Registration.model_fields[name].is_required() else "no"
        lines.append(f"| `{name}` | {pii.purpose} | {required} |")
    return "\n".join(lines) + "\n"
