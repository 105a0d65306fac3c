"""The texts of every generated file."""

import json
import re
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from civic.audit.http.openapi import LOG
from civic.contracts.events import Event
from civic.contracts.registry import EVENTS
from civic.identity.http.openapi import PUBLIC, STAFF
from civic.identity.model import notice
from civic.identity.model.registration import PII_FIELDS, Registration
from civic.lab.schemas.declared import tables
from civic.lab.schemas.samples import samples
from civic.runtime.openapi import Description, Json, document
from civic.stack.template import read_template
from civic.voting.http.elections_openapi import ELECTIONS
from civic.voting.http.votes_openapi import VOTES

_ERASERS = "validator, pii_storage, accountability, credential_roll"
_DECIDED = "analytics, credential_roll"
_LOGGED = "event_logger, election notices"
_RECEIVERS = {
    "ValidationRequest": ("validator, pii_storage", "a sealed registration or rectification"),
    "RevalidationRequest": ("validator", "a stored revision that a restriction held back"),
    "ValidationResult": (_DECIDED, "up to ten decisions, with reason codes and cohorts"),
    "ReviewDecided": (_DECIDED, "a decision made by people"),
    "DeletionRequest": (_ERASERS, "an id to erase"),
    "RetentionEnded": (_ERASERS, "an id to erase because its time is over"),
    "ErasureReplayed": (
        "validator, pii_storage, credential_roll",
        "an id to erase again after a restore",
    ),
    "ErasuresCounted": ("event_logger", "how many erasures are complete, in tens"),
    "DataStored": ("analytics", "up to ten ids whose first revision is stored"),
    "DataUpdated": ("analytics, accountability", "up to ten ids whose later revision is stored"),
    "DataDeleted": ("analytics, accountability", "up to ten ids whose record and keys are gone"),
    "DecisionDeleted": ("accountability", "up to ten ids whose decision is gone"),
    "JoinDeleted": ("accountability", "up to ten ids that analytics has forgotten"),
    "RestrictionChanged": ("pii_storage, analytics", "an id that is restricted, or no longer"),
    "ObjectionRaised": ("analytics", "an id that must not be counted"),
    "ObjectionHonoured": ("accountability", "up to ten ids forgotten because of an objection"),
    "RollDeleted": ("accountability", "up to ten ids that are off the roll of voters"),
    "ElectionCreated": (_LOGGED, "an id of a draft"),
    "ElectionUpdated": (_LOGGED, "an id of an election whose definition changed"),
    "CandidateRegistered": (_LOGGED, "the ids of an option and its contest"),
    "ElectionPublished": (
        f"credential_roll, {_LOGGED}",
        "the window, the areas of styles, who gets the openings, a digest of the definition",
    ),
    "ElectionOpened": (_LOGGED, "an id of an election"),
    "ElectionSuspended": (_LOGGED, "an id of an election"),
    "ElectionResumed": (_LOGGED, "an id of an election"),
    "ElectionEnded": (f"credential_roll, {_LOGGED}", "an id of an election"),
    "ElectionCertified": (
        f"opener, {_LOGGED}",
        "the count by ballot style and option, who gets the openings",
    ),
    "ElectionDeleted": (_LOGGED, "an id of a draft"),
    "RedriveRefused": (_LOGGED, "how many messages stay in a dead-letter queue"),
    "RedriveOrdered": (_LOGGED, "how many messages were put back after the closing"),
    "VoteCast": ("whoever subscribes", "how many ballots are counted, in aggregate"),
    "CredentialKeysPublished": (
        "election_keys, event_logger",
        "the public keys of an election, one per style",
    ),
    "CheckpointPublished": ("whoever subscribes", "size and root of the public log"),
    "OpeningsPublished": ("event_logger", "how many ballots are opened to whom, and a hash"),
    "AnalyticsReleased": ("whoever subscribes", "where a release was written, and its totals"),
}
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
    }
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
        context: Whose functions answer.
        api: Its logical id in the templates.
    """
    (description,) = (one for of, name, one, _ in APIS if (of, name) == (context, api))
    return document(description, tables(context, api))


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


def _filled(text: str, marker: str, part: str) -> str:
    """Return a document with what is between ``<!-- marker -->`` and its end replaced."""
    between = re.compile(rf"(?<=<!-- {marker} -->\n).*?(?=<!-- /{marker} -->)", re.DOTALL)
    filled, times = between.subn(lambda _: part, text)
    if times != 1:
        raise ValueError(f"the marker {marker!r} must be there once")
    return filled


def _event_table() -> str:
    lines = ["| event | published by | received by | carries |", "|---|---|---|---|"]
    for name, event in EVENTS.items():
        publisher = event.SOURCE.removeprefix("civic.")
        receivers, carries = _RECEIVERS[name]
        link = f"[{name}](../schemas/{name}.json)"
        lines.append(f"| {link} | {publisher} | {receivers} | {carries} |")
    return "\n".join(lines) + "\n"


def _privacy_map(root: Path) -> str:
    """Return the record of processing activities (GDPR Art. 30(1)) as the code has it."""
    defaults = read_template(root / "template.yaml")["Parameters"]
    rejected, abandoned = (
        timedelta(days=defaults[f"{name}RetentionDays"]["Default"])
        for name in ("Rejected", "Abandoned")
    )
    text = (root / "docs/privacy.md").read_text("utf-8")
    text = _filled(text, "fields", _field_table())
    text = _filled(text, "recipients", _table("who | what", notice.RECIPIENTS))
    kept = notice.retention(rejected, abandoned)
    text = _filled(text, "retention", _table("what | how_long", kept))
    return _filled(text, "rights", _table("right | article | how", notice.RIGHTS))


def _table(columns: str, rows: Iterable[BaseModel]) -> str:
    """Return models as a table; the columns are their fields."""
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
