import copy
import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from civic.contracts.events import DeletionRequest, Event, ValidationResult
from civic.contracts.registry import EVENTS
from civic.lab.schemas.command import incompatible_events
from civic.lab.schemas.compatibility import incompatibilities
from civic.lab.schemas.generated import generated_files, schema_of
from civic.lab.schemas.samples import samples

ROOT = Path(__file__).resolve().parents[2]


def test_every_generated_file_is_current() -> None:
    stale = [
        str(file.relative_to(ROOT))
        for file, text in generated_files(ROOT).items()
        if not file.exists() or file.read_text(encoding="utf-8") != text
    ]
    assert not stale, "run `make generate`"


def test_no_file_is_left_over_from_an_event_that_is_gone() -> None:
    for folder in ("schemas", "events", "schemas/released"):
        assert {file.stem for file in (ROOT / folder).glob("*.json")} == set(EVENTS)


def test_events_are_compatible_with_the_last_release() -> None:
    assert incompatible_events(ROOT) == []


@pytest.mark.parametrize("event", samples(), ids=lambda event: event.detail_type())
def test_sample_is_what_the_schema_says(event: Event) -> None:
    envelope = json.loads((ROOT / f"events/{event.detail_type()}.json").read_text())
    schema = json.loads((ROOT / f"schemas/{event.detail_type()}.json").read_text())
    Draft202012Validator(schema).validate(envelope["detail"])
    assert EVENTS[envelope["detail-type"]].model_validate(envelope["detail"]) == event
    assert envelope["source"] == event.sources()[0]


def test_there_is_a_sample_of_every_event() -> None:
    assert {event.detail_type() for event in samples()} == set(EVENTS)


def detail() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ROOT / "events/DeletionRequest.json").read_text())["detail"]
    return found


def test_reader_ignores_fields_it_does_not_know() -> None:
    known = DeletionRequest.model_validate(detail())
    assert DeletionRequest.model_validate(detail() | {"added_later": 1}) == known


def test_reader_refuses_a_version_it_does_not_know() -> None:
    with pytest.raises(ValidationError):
        DeletionRequest.model_validate(detail() | {"version": 2})


def changed(*path: str, to: Any) -> list[str]:
    released = schema_of(ValidationResult)
    current = copy.deepcopy(released)
    place = current
    for step in path[:-1]:
        place = place[step]
    if to is None:
        del place[path[-1]]
    else:
        place[path[-1]] = to
    return incompatibilities(released, current)


def test_an_unchanged_schema_is_compatible() -> None:
    released = schema_of(ValidationResult)
    assert incompatibilities(released, copy.deepcopy(released)) == []


def test_an_optional_field_may_be_added() -> None:
    added = {"type": "string", "default": ""}
    assert changed("$defs", "DecisionMade", "properties", "added", to=added) == []


def test_a_text_for_people_may_change() -> None:
    assert changed("description", to="said better") == []


@pytest.mark.parametrize(
    ("path", "to"),
    [
        (("properties", "results"), None),
        (("properties", "results", "maxItems"), 20),
        (("$defs", "DecisionMade", "properties", "rule_set", "type"), "integer"),
        (("$defs", "DecisionMade", "properties", "id", "pattern"), ".*"),
        (("$defs", "DecisionMade", "required"), ["id"]),
        (("$defs", "Reason", "required"), ["code", "pointer", "added"]),
        (("$defs", "Decision", "enum"), ["accepted", "rejected"]),
        (("$defs", "Cohort"), None),
    ],
)
def test_a_breaking_change_is_found(path: tuple[str, ...], to: Any) -> None:
    assert changed(*path, to=to)
