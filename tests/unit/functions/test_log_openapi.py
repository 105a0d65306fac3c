"""The log's API matches its description: its routes, answers and refusals."""

import base64
import json
import re
from importlib import resources
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from civic.audit.errors import StoreUnavailable
from civic.audit.functions import public_log
from civic.audit.usecases.opening import open_ballots
from civic.audit.usecases.recording import record_ballots, record_events
from civic.contracts.log_entries import leaf_hash
from civic.contracts.voting import Audience
from civic.lab.schemas.generated import api_document
from tests.fakes.lambda_events import http_event, said
from tests.fakes.log import ELECTION, Log, arrivals, certified, opening

BALLOTS = 300
DOCUMENT = api_document("audit", "LogApi")


class Shelf:
    """The published objects, with the newest checkpoint among them."""

    def __init__(self, log: Log) -> None:
        self.objects = {**log.shelf.objects, "checkpoint": log.heads.newest().note}
        self._shelf = log.shelf

    def paths(self, prefix: str) -> list[str]:
        return [path for path in self.objects if path.startswith(prefix)]

    def read(self, path: str) -> bytes:
        return self.objects[path] if path in self.objects else bytes(self._shelf.read(path))


class Silent:
    """A store that does not answer."""

    def __getattr__(self, _: str) -> Any:
        raise StoreUnavailable


@pytest.fixture(scope="module")
def log() -> Log:
    """A log with a certified and opened election."""
    made = Log()
    record_ballots(made.recorder(), "shard", arrivals(0, BALLOTS))
    certification = certified(BALLOTS, Audience.PUBLIC)
    record_events(made.recorder(), [certification])
    open_ballots(made.opener([opening(number) for number in range(BALLOTS)]), certification)
    return made


@pytest.fixture(autouse=True)
def deployed(log: Log, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    shelf = Shelf(log)
    monkeypatch.setattr(public_log, "lookup", log.lookup)
    monkeypatch.setattr(public_log, "shelf", lambda: shelf)
    return shelf


def get(route: str, value: str = "") -> dict[str, Any]:
    names = re.findall(r"{(\w+)\+?}", route)
    return public_log.handler(http_event(f"GET {route}", path=dict.fromkeys(names, value)), None)


def responses(path: str) -> dict[str, Any]:
    found: dict[str, Any] = DOCUMENT["paths"][path]["get"]["responses"]
    return found


def parameter(path: str) -> dict[str, Any]:
    (found,) = DOCUMENT["paths"][path]["parameters"]
    return dict(found)


def content(answer: dict[str, Any]) -> bytes:
    body: str = answer["body"]
    return base64.b64decode(body) if answer.get("isBase64Encoded") else body.encode()


def require_described(path: str, answer: dict[str, Any]) -> None:
    """Fail unless the description has such an answer."""
    described = responses(path)[str(answer["statusCode"])]
    for name, header in described.get("headers", {}).items():
        sent = answer["headers"][name.lower()]
        value = int(sent) if header["schema"].get("type") == "integer" else sent
        Draft202012Validator(header["schema"]).validate(value)
    kind = answer["headers"]["content-type"].partition(";")[0]
    form = described["content"][kind]
    if "schema" in form:
        body: Any = content(answer).decode()
        if kind.endswith("json"):
            body = json.loads(body)
        schema = form["schema"] | {"components": DOCUMENT["components"]}
        Draft202012Validator(schema).validate(body)


def test_description_is_the_committed_one() -> None:
    committed = resources.files("civic.audit").joinpath("log-openapi.json").read_text("utf-8")
    assert json.loads(committed) == DOCUMENT


def test_page_is_answered_as_described() -> None:
    answer = get("/receipts")
    assert answer["statusCode"] == 200
    require_described("/receipts", answer)


def test_proof_is_answered_as_described(log: Log) -> None:
    leaf = leaf_hash(log.entries()[7]).hex()
    assert re.search(parameter("/receipts/{leaf}")["schema"]["pattern"], leaf)
    answer = get("/receipts/{leaf}", leaf)
    assert answer["statusCode"] == 200
    require_described("/receipts/{leaf}", answer)


def test_every_published_object_is_answered_as_described(deployed: Shelf) -> None:
    pattern = parameter("/log/{path}")["schema"]["pattern"]
    kinds = set()
    for path in [*deployed.objects, "checkpoints"]:
        assert re.search(pattern, path), path
        answer = get("/log/{path+}", path)
        assert answer["statusCode"] == 200, path
        require_described("/log/{path}", answer)
        kinds.add(answer["headers"]["content-type"].partition(";")[0])
    assert kinds == set(responses("/log/{path}")["200"]["content"])
    assert f"openings/{ELECTION}/index.json" in deployed.objects


@pytest.mark.parametrize("leaf", ["", "0" * 63, "0" * 65, "A" * 64, "g" * 64, "0" * 64 + "\n"])
def test_what_is_no_leaf_is_none_in_the_description(leaf: str) -> None:
    answer = get("/receipts/{leaf}", leaf)
    assert said(answer) == (400, "not_a_leaf")
    require_described("/receipts/{leaf}", answer)
    # In ECMA-262, which JSON Schema uses, `$` matches only at the very end.
    pattern = parameter("/receipts/{leaf}")["schema"]["pattern"]
    assert not re.search(pattern.replace("$", r"\Z"), leaf)


@pytest.mark.parametrize(
    ("route", "value"),
    [
        ("/receipts/{leaf}", "0" * 64),
        ("/log/{path+}", "tile/0/999"),
        ("/log/{path+}", "journal/1"),
        ("/log/{path+}", "tile/../../journal/1"),
    ],
)
def test_what_is_not_there_is_refused_as_described(route: str, value: str) -> None:
    answer = get(route, value)
    assert said(answer) == (404, "not_logged")
    require_described(route.replace("+", ""), answer)


@pytest.mark.parametrize(
    ("route", "value"), [("/receipts/{leaf}", "0" * 64), ("/log/{path+}", "checkpoint")]
)
def test_store_that_is_silent_is_answered_as_described(
    monkeypatch: pytest.MonkeyPatch, route: str, value: str
) -> None:
    for name in ("lookup", "shelf"):
        monkeypatch.setattr(public_log, name, Silent)
    answer = get(route, value)
    assert said(answer) == (503, "unavailable")
    require_described(route.replace("+", ""), answer)


def test_examples_are_paths() -> None:
    path = parameter("/log/{path}")
    values = [one["value"] for one in path["examples"].values()]
    assert len(values) == 6
    for value in values:
        assert re.search(path["schema"]["pattern"], value)
        assert value == "checkpoints" or re.fullmatch(public_log._PATH, value)
