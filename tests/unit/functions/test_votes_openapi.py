"""The vote API matches its description: its routes, requests and answers."""

import json
from importlib import resources
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from civic.lab.schemas.generated import api_document
from civic.voting import errors
from civic.voting.errors import StoreUnavailable
from civic.voting.functions import enqueuer, results
from civic.voting.http.vote_bodies import Vote, problem_of
from civic.voting.model.ballot import Ballot
from civic.voting.model.results import snapshot
from civic.voting.model.tally import counted
from civic.voting.usecases.polls import offered, published
from tests.fakes.ballots import DURING, ELECTION, NORTH, SOUTH, Polling, definition
from tests.fakes.lambda_events import http_event, said

DOCUMENT = api_document("voting", "VoteApi")
CODE = {"id": "163uc-3NQXD-Wgfgg"}
CREDENTIAL = {
    "credential": {
        "election": ELECTION,
        "style": "north",
        "token": "YQ",
        "randomizer": "YQ",
        "signature": "YQ",
    }
}
CHOSEN, NAMED = {"selections": {"c1": ["o1"]}}, {"candidate": "Ada"}
CAST = [
    Ballot(ELECTION, NORTH, {"c1": ("o1",)}, {"c2": ("Edith",)}),
    Ballot(ELECTION, SOUTH, {"c1": ("o2",)}, {}),
]


class Store:
    """Always gives the same answer, in place of what the functions remember."""

    def __init__(self, answer: Any) -> None:
        self._answer = answer

    def get(self, key: str | None) -> Any:
        return None if key == "none" else self._answer


@pytest.fixture
def polling(monkeypatch: pytest.MonkeyPatch) -> Polling:
    polling = Polling()
    found = snapshot(definition(), counted(CAST), 7, DURING)
    shown = json.loads(json.dumps(published(polling.store, ELECTION, DURING)))
    monkeypatch.setattr(enqueuer, "booth", lambda: polling.booth)
    monkeypatch.setattr(results, "snapshots", lambda: Store(found))
    monkeypatch.setattr(results, "elections", lambda: Store(offered(polling.store)))
    monkeypatch.setattr(results, "election", lambda: Store(shown))
    return polling


def get(path: str, query: dict[str, str] | None = None, tag: str | None = None) -> dict[str, Any]:
    event = http_event(f"GET {path}", headers={"if-none-match": tag} if tag else {})
    event |= {"queryStringParameters": query, "pathParameters": {"id": ELECTION}}
    return results.handler(event, None)


def cast(body: str, content_type: str = "application/json") -> dict[str, Any]:
    return enqueuer.handler(http_event("POST /votes", body, content_type=content_type), None)


def responses(route: str) -> dict[str, Any]:
    method, path = route.split()
    found: dict[str, Any] = DOCUMENT["paths"][path][method.lower()]["responses"]
    return found


def validator(schema: dict[str, Any]) -> Draft202012Validator:
    return Draft202012Validator(schema | {"components": DOCUMENT["components"]})


def require_described(route: str, answer: dict[str, Any]) -> None:
    """Fail unless the description has such an answer."""
    described = responses(route)[str(answer["statusCode"])]
    kind = answer["headers"]["content-type"].partition(";")[0]
    if answer["statusCode"] == 304:
        assert "content" not in described
        assert not answer["body"]
        return
    schema = described["content"][kind]["schema"]
    body = answer["body"] if kind == "text/csv" else json.loads(answer["body"])
    validator(schema).validate(body)


def vote_schema() -> Draft202012Validator:
    return validator({"$ref": "#/components/schemas/Vote"})


def test_description_is_the_committed_one() -> None:
    committed = resources.files("civic.voting").joinpath("votes-openapi.json").read_text("utf-8")
    assert json.loads(committed) == DOCUMENT


@pytest.mark.parametrize("who", [CODE, CREDENTIAL, {**CODE, "credential": None}])
@pytest.mark.parametrize("what", [CHOSEN, NAMED, {**NAMED, "selections": None}])
def test_every_form_of_a_vote_is_described(who: dict[str, Any], what: dict[str, Any]) -> None:
    sent = who | what
    Vote.model_validate_json(json.dumps(sent))
    vote_schema().validate(sent)


@pytest.mark.parametrize(
    "sent",
    [
        {},
        CODE,
        CHOSEN,
        CODE | CREDENTIAL | CHOSEN,
        CODE | CHOSEN | NAMED,
        CODE | CHOSEN | {"name": "Jane"},
        CODE | {"selections": {"c1": "o1"}},
        CODE | NAMED | {"election": "x"},
    ],
)
def test_what_is_no_vote_is_none_in_the_description(sent: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Vote.model_validate_json(json.dumps(sent))
    assert not vote_schema().is_valid(sent)


def test_examples_are_votes() -> None:
    body = DOCUMENT["paths"]["/votes"]["post"]["requestBody"]["content"]["application/json"]
    examples = [one["value"] for one in body["examples"].values()]
    assert len(examples) == 2
    for one in examples:
        Vote.model_validate_json(json.dumps(one))
        vote_schema().validate(one)


def test_taken_vote_is_answered_as_described(polling: Polling) -> None:
    answer = cast(json.dumps({"id": polling.post(), "selections": {"c2": ["o4"]}}))
    assert answer["statusCode"] == 201
    require_described("POST /votes", answer)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("{", 400),
        (json.dumps(CODE | CHOSEN), 404),
        (json.dumps({"id": "x"} | CHOSEN), 404),
        (" " * 65_537, 413),
        ("{}", 422),
    ],
)
def test_refused_vote_is_answered_as_described(polling: Polling, body: str, status: int) -> None:
    del polling
    answer = cast(body)
    assert answer["statusCode"] == status
    require_described("POST /votes", answer)


def test_vote_of_another_type_is_refused_as_described(polling: Polling) -> None:
    del polling
    answer = cast("{}", "text/plain")
    assert answer["statusCode"] == 415
    require_described("POST /votes", answer)


def test_invalid_ballot_is_answered_as_described(polling: Polling) -> None:
    answer = cast(json.dumps({"id": polling.post(), "selections": {"c1": ["o1", "o2"]}}))
    assert said(answer) == (422, "invalid_ballot")
    require_described("POST /votes", answer)


def test_every_refusal_of_the_domain_is_described() -> None:
    raised: list[Exception] = [
        errors.CodeMistyped(),
        errors.VoterUnknown(),
        errors.PollNotOpen("closed"),
        errors.AlreadyVoted(),
        errors.BadSelections(("over", "")),
        errors.StoreUnavailable(),
    ]
    problems = [problem_of(one) for one in raised]
    found = {str(one.status) for one in problems if one}
    assert found == {"403", "404", "409", "422", "503"}
    assert found <= set(responses("POST /votes"))
    assert "Retry-After" in responses("POST /votes")["503"]["headers"]


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/votes", None),
        ("/votes", {"area": "S1", "option": "o1"}),
        ("/votes", {"format": "csv"}),
        ("/votes", {"format": "xml"}),
        ("/votes", {"election": "none"}),
        ("/elections", None),
        ("/elections/{id}", None),
    ],
)
def test_what_is_shown_is_as_described(
    polling: Polling, path: str, query: dict[str, str] | None
) -> None:
    del polling
    answer = get(path, query)
    refused = (query or {}).keys() & {"election"} or (query or {}).get("format") == "xml"
    assert (answer["statusCode"] != 200) == bool(refused)
    require_described(f"GET {path}", answer)


@pytest.mark.parametrize("path", ["/votes", "/elections", "/elections/{id}"])
def test_whoever_has_the_latest_is_told_so_as_described(polling: Polling, path: str) -> None:
    del polling
    first = get(path)
    again = get(path, tag=first["headers"]["etag"])
    assert (first["statusCode"], again["statusCode"]) == (200, 304)
    require_described(f"GET {path}", again)


def test_every_parameter_of_the_results_is_described() -> None:
    parameters = DOCUMENT["paths"]["/votes"]["get"]["parameters"]
    assert {(one["in"], one["name"]) for one in parameters} == {
        ("query", "election"),
        ("query", "area"),
        ("query", "option"),
        ("query", "format"),
        ("header", "If-None-Match"),
    }


@pytest.mark.parametrize("well", [True, False])
def test_health_is_answered_as_described(monkeypatch: pytest.MonkeyPatch, *, well: bool) -> None:
    class Part:
        def holds(self, _: object) -> bool:
            return False

        def check(self) -> None:
            if not well:
                raise StoreUnavailable

    monkeypatch.setattr(enqueuer, "_box", Part)
    monkeypatch.setattr(enqueuer, "_queue", Part)
    answer = enqueuer.handler(http_event("GET /health"), None)
    assert answer["statusCode"] == (200 if well else 503)
    require_described("GET /health", answer)
