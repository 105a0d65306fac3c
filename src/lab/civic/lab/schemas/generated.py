"""The texts of every generated file."""

import json
import re
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

from pydantic import BaseModel

from civic.audit.http.openapi import LOG
from civic.contracts.events import Event
from civic.contracts.registry import EVENTS
from civic.identity.http.openapi import PUBLIC, STAFF
from civic.identity.model import notice
from civic.identity.model.registration import PII_FIELDS, Registration
from civic.lab.schemas.declared import subscribers, tables
from civic.lab.schemas.samconfig import samconfig
from civic.lab.schemas.samples import samples
from civic.lab.schemas.wiring import wired
from civic.runtime.openapi import Description, Json, document
from civic.stack.template import read_template
from civic.stack.workspace import Workspace
from civic.voting.http.elections_openapi import ELECTIONS
from civic.voting.http.votes_openapi import VOTES

APIS: tuple[tuple[str, str, Description, str], ...] = (
    ("identity", "Api", PUBLIC, "openapi.json"),
    ("identity", "StaffApi", STAFF, "review-openapi.json"),
    ("voting", "StaffApi", ELECTIONS, "elections-openapi.json"),
    ("voting", "VoteApi", VOTES, "votes-openapi.json"),
    ("audit", "LogApi", LOG, "log-openapi.json"),
)
"""Every API: its context, its logical id in the templates, its description, its document."""

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
    events = (root / "docs/events.md").read_text("utf-8")
    files = {
        root / "docs/events.md": _filled(events, "events", _event_table()),
        root / "docs/privacy.md": _privacy_map(root),
        root / "samconfig.toml": samconfig((root / "samconfig.toml").read_text("utf-8")),
        root / "README.md": _readme(root),
    }
    for template in Workspace(root).templates.values():
        files[template] = wired(template)
    for context, api, _, name in APIS:
        place = root / f"src/{context}/civic/{context}/{name}"
        files[place] = _json(api_document(context, api))
    for event in EVENTS.values():
        files[root / f"schemas/{event.detail_type()}.json"] = _json(schema_of(event))
    for sample in samples():
        files[root / f"events/{sample.detail_type()}.json"] = _json(_envelope(sample))
    return files


def api_document(context: str, api: str) -> Json:
    """Return the OpenAPI document of an API.

    Args:
        context: The context whose functions answer.
        api: The API's logical id in the templates.
    """
    (description,) = (one for of, name, one, _ in APIS if (of, name) == (context, api))
    return document(description, tables(context, api))


def schema_of(event: type[Event]) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of an event's detail."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **event.model_json_schema()}


def _envelope(sample: Event) -> dict[str, Any]:
    return _SAMPLE_ENVELOPE | {
        "detail-type": sample.detail_type(),
        "source": sample.sources()[0],
        "detail": sample.model_dump(mode="json", exclude_none=True),
    }


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def _filled(text: str, marker: str, part: str) -> str:
    """Return a document with what is between ``<!-- marker -->`` and its end replaced."""
    between = re.compile(rf"(?<=<!-- {marker} -->\n).*?(?=<!-- /{marker} -->)", re.DOTALL)
    filled, times = between.subn(lambda _: part, text)
    if times != 1:
        raise ValueError(f"the marker {marker!r} must occur exactly once")
    return filled


def _readme(root: Path) -> str:
    text = (root / "README.md").read_text("utf-8")
    text = _filled(text, "registration-api", _route_table(("identity", "Api")))
    return _filled(
        text, "vote-and-log-api", _route_table(("voting", "VoteApi"), ("audit", "LogApi"))
    )


def _route_table(*apis: tuple[str, str]) -> str:
    lines = ["| route | what it does |", "|---|---|"]
    for context, api in apis:
        routes = [route for table in tables(context, api) for route in table.routes]
        lines += [
            f"| `{route.key}` | {route.summary} |"
            for route in sorted(routes, key=lambda one: (one.path, one.method))
            if route.summary is not None
        ]
    return "\n".join(lines) + "\n"


def _event_table() -> str:
    lines = ["| event | published by | received by | says |", "|---|---|---|---|"]
    received = subscribers()
    for name, event in EVENTS.items():
        publisher = ", ".join(event.SOURCES)
        receivers = ", ".join(map(_name, received.get(event, ()))) or "any subscriber"
        said = (event.__doc__ or "").partition("\n")[0].removesuffix(".").replace("``", "`")
        link = f"[{name}](../schemas/{name}.json)"
        lines.append(f"| {link} | {publisher} | {receivers} | {said} |")
    return "\n".join(lines) + "\n"


def _name(receiver: ModuleType) -> str:
    """Return the name of a function in the table of the architecture."""
    name = receiver.__name__.rpartition(".")[2]
    return {"collector": "analytics", "notices": "election notices"}.get(name, name)


def _privacy_map(root: Path) -> str:
    """Return the record of processing activities (GDPR Art. 30(1)) that matches the code."""
    defaults = read_template(root / "template.yaml")["Parameters"]
    rejected = timedelta(days=defaults["RejectedRetentionDays"]["Default"])
    text = (root / "docs/privacy.md").read_text("utf-8")
    text = _filled(text, "fields", _field_table())
    text = _filled(text, "recipients", _table("who | what", notice.RECIPIENTS))
    kept = notice.retention(rejected)
    text = _filled(text, "retention", _table("what | how_long", kept))
    return _filled(text, "rights", _table("right | article | how", notice.RIGHTS))


def _table(columns: str, rows: Iterable[BaseModel]) -> str:
    """Return models as a table, with their fields as columns."""
    names = columns.split(" | ")
    head = " | ".join(name.replace("_", " ") for name in names)
    lines = [f"| {head} |", "|" + "---|" * len(names)]
    lines += ["| " + " | ".join(str(getattr(row, name)) for name in names) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def _field_table() -> str:
    lines = ["| field | processed | required |", "|---|---|---|"]
    for name, pii in PII_FIELDS.items():
        required = "yes" if Registration.model_fields[name].is_required() else "no"
        lines.append(f"| `{name}` | {pii.purpose} | {required} |")
    return "\n".join(lines) + "\n"
