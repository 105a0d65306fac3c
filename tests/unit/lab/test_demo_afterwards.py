"""What made-up people and staff do after the first decision, and the table of areas before it."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Self

import httpx
import pytest

from civic.client.citizen import Citizen, Receipt
from civic.lab.demo import afterwards, areas
from civic.lab.demo.afterwards import Registrant, Standing, live_on
from civic.lab.memory.areas import MemoryAreas
from civic.lab.population.generator import Person
from civic.stack.target import LOCAL_STACK, Target

TARGET = Target(LOCAL_STACK, region="eu-central-1", endpoint="http://127.0.0.1:4566")
ROLL: Mapping[str, dict[str, Any]] = {
    "placed": {"on_the_roll": True, "areas": ["N1", "PT"]},
    "rejected": {"on_the_roll": False, "areas": ["PT"]},
}


class Office:
    """The registration API and the staff's, which note what they are asked to do."""

    def __init__(self, _target: Target | None = None) -> None:
        self.asked: list[tuple[str, Any]] = []

    def citizen(self) -> Citizen:
        return Citizen("http://api.test", local=True, transport=httpx.MockTransport(self.answer))

    def answer(self, request: httpx.Request) -> httpx.Response:
        who, _, what = request.url.path.removeprefix("/registrations/").partition("/")
        if request.method == "PUT":
            self.asked.append((who, json.loads(request.content)))
            return httpx.Response(202, json={"id": who})
        if what == "roll":
            entry = ROLL.get(who)
            return httpx.Response(200 if entry else 404, json=entry or {"code": "not_found"})
        return httpx.Response(200, json={"id": who, "decision": "accepted"})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def cases(self) -> list[dict[str, Any]]:
        return [{"id": "placed"}, {"id": "another"}]

    def decide(self, registration: str, revision: int, judgement: Mapping[str, Any]) -> None:
        self.asked.append((registration, {"revision": revision, **judgement}))


@pytest.fixture
def office(monkeypatch: pytest.MonkeyPatch) -> Office:
    there = Office()
    monkeypatch.setattr(afterwards, "Staff", lambda _target: there)
    waited = lambda _target, _tell: there.asked.append(("queues", "empty"))  # noqa: E731
    monkeypatch.setattr(afterwards, "await_empty_queues", waited)
    return there


def registrant(name: str, **said: Any) -> Registrant:
    return Registrant(Person({}, "typical", **said), Receipt(id=name, access_token="t"))


def test_people_correct_and_staff_settle_before_the_roll_is_read(office: Office) -> None:
    people = {
        "placed": registrant("placed", staff_settle=("N1",)),
        "rejected": registrant("rejected", correction={"username": "x"}),
        "never on it": registrant("never on it"),
    }
    with office.citizen() as citizen:
        found = live_on(TARGET, citizen, people, workers=1)
    assert office.asked == [
        ("rejected", {"username": "x"}),
        ("placed", {"revision": 1, "decision": "accepted", "areas": ["N1"]}),
        ("queues", "empty"),
    ]
    assert {name: standing.areas for name, standing in found.items()} == {
        "placed": ("N1", "PT"),
        "rejected": (),
        "never on it": (),
    }
    assert found["placed"] == Standing({"id": "placed", "decision": "accepted"}, ("N1", "PT"))


def test_table_of_the_population_replaces_any_other(monkeypatch: pytest.MonkeyPatch) -> None:
    editor, slept = MemoryAreas(), list[float]()
    monkeypatch.setattr(areas, "editor_of", lambda _target: editor)
    monkeypatch.setattr("time.sleep", slept.append)
    areas.load_areas(TARGET)
    assert editor.used
    assert (editor.used.version, editor.used.fineness["PT"], slept) == (1, "table", [])
    areas.load_areas(TARGET)
    assert editor.used.version == 1
    editor.used = replace(editor.used, version=2, digest="another")
    areas.load_areas(TARGET)
    assert (editor.used.version, slept) == (3, [61])
