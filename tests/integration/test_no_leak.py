"""Marked people sent down every path leave no mark anywhere but in the answers to themselves."""

import json
import secrets
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from civic.cli.engine import Engine
from civic.cli.operations import release_aggregates, rewrap_subject_keys, rotate_wrapping_key
from civic.cli.target import Target
from tests.integration.consumers import (
    dead,
    impatient,
    publish,
    purge,
    recorded_events,
)
from tests.integration.leak_scan import logs, objects, queues, scan, tables
from tests.integration.people import Payload, person
from tests.integration.rows import BY_ID, is_tombstone, rows
from tests.integration.waiting import eventually, settled

JSON = {"content-type": "application/json"}
ACCEPTED = person(
    username="zzcanary-user-7fQ",
    full_name="Zzcanary Nâme-7fQ",
    date_of_birth="1951-03-17",
    address={
        "lines": ["Zzcanary Line 7fQ", "Zzcanary Flat 7fQ"],
        "city": "Zzcanary City 7fQ",
        "postcode": "EC1Y 8SY",
        "country": "GB",
    },
    phone_number="+44 7911 720364",
    email="zzcanary-mail-7fq@civic-registration.eu",
    consent={"text_version": "zzcanary-text-7fQ", "given_at": "2026-11-02T09:30:00.731935Z"},
)
REJECTED = person(
    username="zzcanary-rejected-7fQ",
    full_name="Zzcanary Łaśt-7fQ",
    date_of_birth="2011-04-19",
    address=person()["address"] | {"region": "Zzcanary Region 7fQ", "postcode": "zz-7fQ-zz"},
    phone_number="zz-nodial-7fQ",
    email="zzcanary at nowhere 7fQ",
    national_id="36574261809",
)
RECTIFIED = ACCEPTED | {"full_name": "Zzcanary Corrected-7fQ", "phone_number": "+44 7911 720365"}


def values(payload: Payload, path: str = "") -> Iterator[tuple[str, str]]:
    """Return every text of a payload that is long and odd enough to be nobody else's."""
    for name, value in payload.items():
        match value:
            case dict():
                yield from values(value, f"{path}/{name}")
            case list():
                yield from ((f"{path}/{name}/{n}", text) for n, text in enumerate(value))
            case str() if len(value) >= 8:
                yield f"{path}/{name}", value


KNOWN = {text for _, text in values(person())}
PEOPLE = {"accepted": ACCEPTED, "rejected": REJECTED, "rectified": RECTIFIED}
MARKERS = {
    f"{who}{name}": text
    for who, payload in PEOPLE.items()
    for name, text in values(payload)
    if text not in KNOWN
} | {
    "accepted, digits of the telephone": "447911720364",
    "accepted, first name": "Zzcanary",
    "malformed, anything": "zzmalformed7fQ",
}


@dataclass(slots=True)
class Traces:
    """What was sent, what was answered, and what may be secret about it."""

    api: httpx.Client
    secrets: dict[str, str] = field(default_factory=dict)
    answers: list[httpx.Response] = field(default_factory=list)
    disclosures: list[httpx.Response] = field(default_factory=list)

    def register(self, who: str, payload: Payload) -> tuple[str, dict[str, str]]:
        key = self.secrets[f"{who}, Idempotency-Key"] = secrets.token_urlsafe(24)
        answer = self.api.post("/registrations", json=payload, headers={"idempotency-key": key})
        assert answer.status_code == 202
        # The token is for the citizen; the rest of the answer is looked at like any other.
        token = self.secrets[f"{who}, access token"] = answer.json()["access_token"]
        assert MARKERS["accepted, first name"] not in answer.text
        return answer.headers["location"], {"authorization": f"Bearer {token}"}

    def ask(self, method: str, path: str, **request: Any) -> httpx.Response:
        answer = self.api.request(method, path, **request)
        self.answers.append(answer)
        return answer


@pytest.fixture(scope="module")
def traces(api: httpx.Client, target: Target) -> Iterator[Traces]:
    """Send the marked people down every path; the recording stands in for the event archive."""
    settled(target)
    found = Traces(api)
    with recorded_events(target) as recording:
        accepted = _live(found, target)
        _be_refused(found, accepted)
        settled(target)
        with impatient(target, "Validator"):
            publish(target, _tampered(recording.envelopes("ValidationRequest"), accepted[0]))
            dead(target, "Validator", 1)
        rotate_wrapping_key(target)
        list(rewrap_subject_keys(target))
        release_aggregates(target)
        settled(target)
        yield found
    purge(target, "Validator")


def _live(found: Traces, target: Target) -> tuple[str, dict[str, str]]:
    """Register, be decided, see, correct and export; one of them is erased as well."""
    accepted, rejected, erased = (
        found.register(who, payload)
        for who, payload in (("accepted", ACCEPTED), ("rejected", REJECTED), ("erased", ACCEPTED))
    )
    for path, token in (accepted, rejected, erased):
        _decided(found, path, token, revision=1)
    found.ask("PUT", accepted[0], json=RECTIFIED, headers=accepted[1])
    found.ask("PUT", erased[0], json=RECTIFIED, headers=erased[1])
    status = _decided(found, *accepted, revision=2)
    assert status["decision"] == "accepted"
    settled(target)
    for path, token in (accepted, rejected):
        disclosure = found.api.get(f"{path}/data", headers=token)
        assert disclosure.status_code == 200
        found.disclosures.append(disclosure)
    found.ask("DELETE", erased[0], headers=erased[1])
    settled(target)
    for method, part in (("GET", ""), ("GET", "/data"), ("PUT", "")):
        body = {"json": RECTIFIED} if method == "PUT" else {}
        found.ask(method, erased[0] + part, headers=erased[1], **body)
    return accepted


def _decided(found: Traces, path: str, token: dict[str, str], revision: int) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        status: dict[str, Any] = found.ask("GET", path, headers=token).json()
        return status if (status["status"], status["revision"]) == ("fulfilled", revision) else None

    return eventually("it is decided", look) or {}


def _be_refused(found: Traces, accepted: tuple[str, dict[str, str]]) -> None:
    """Send markers where nothing of the kind belongs."""
    path, token = accepted
    bad = MARKERS["malformed, anything"]
    bodies = [
        f'{{"full_name": "{bad}'.encode(),
        f'{{"{bad}": 1, "{bad}": 2}}'.encode(),
        json.dumps(ACCEPTED | {bad: bad}).encode(),
        json.dumps(ACCEPTED | {"date_of_birth": bad, "username": [bad]}).encode(),
        json.dumps(ACCEPTED | {"username": f"{bad}\x07"}).encode(),
        json.dumps(ACCEPTED | {"username": bad * 6000}).encode(),
        bad.encode(),
    ]
    for body in bodies:
        found.ask("POST", "/registrations", content=body, headers=JSON)
        found.ask("PUT", path, content=body, headers=JSON | token)
    for headers in (
        {"content-type": f"application/{bad}"},
        JSON | {"idempotency-key": bad},
        JSON | {"traceparent": bad},
        JSON | {"traceparent": bad, "idempotency-key": f"{bad} {bad}"},
        JSON | {"user-agent": bad, "x-forwarded-for": bad, "cookie": bad},
    ):
        found.ask("POST", "/registrations", content=b"{}", headers=headers)
    for where in (f"/registrations/{bad}", f"/registrations/{bad}/data", f"/docs/{bad}", f"/{bad}"):
        found.ask("GET", where, headers={"authorization": f"Bearer {bad}"}, params={"q": bad})
    found.ask("GET", path, headers={"authorization": f"Bearer {bad}"})
    found.ask("GET", path, headers={"authorization": bad})


def _tampered(envelopes: list[dict[str, Any]], path: str) -> dict[str, Any]:
    """Return the last request of a registration with one field in the place of another."""
    of_this = [one for one in envelopes if path.endswith(one["detail"]["id"])]
    envelope = of_this[-1]
    detail = envelope["detail"]
    fields = detail["sealed"]["fields"]
    swapped = fields | {"username": fields["full_name"]}
    return envelope | {"detail": detail | {"sealed": detail["sealed"] | {"fields": swapped}}}


type Places = Iterable[tuple[str, bytes]]
PLACES: dict[str, Callable[[Target], Places]] = {
    "tables": tables,
    "queues, dead letters and archived events": queues,
    "logs": logs,
    "objects": objects,
}


@pytest.mark.parametrize("place", PLACES)
def test_no_marker_is_left_in(target: Target, traces: Traces, place: str) -> None:
    places = list(PLACES[place](target))
    assert places
    assert scan(places, MARKERS | traces.secrets) == []


def test_no_marker_is_left_in_the_words_of_the_engine(traces: Traces, engine: Engine) -> None:
    # It prints what a function wrote when the function failed.
    assert scan([("engine", engine.log.read_bytes())], MARKERS | traces.secrets) == []


def test_no_marker_is_in_any_answer_but_the_disclosure(traces: Traces) -> None:
    answers = [
        (f"{answer.request.method} {answer.status_code}", answer.content + _headers(answer))
        for answer in traces.answers
    ]
    assert len(answers) > 30
    assert scan(answers, MARKERS | traces.secrets) == []


def test_disclosure_holds_the_markers_and_no_secret(traces: Traces) -> None:
    disclosed = [("disclosure", answer.content + _headers(answer)) for answer in traces.disclosures]
    found = {leak.marker for leak in scan(disclosed, MARKERS)}
    expected = {name for name in MARKERS if name.startswith(("rectified/", "rejected/"))}
    assert found >= expected
    assert scan(disclosed, traces.secrets) == []


def test_people_did_go_down_every_path(target: Target, traces: Traces) -> None:
    assert {answer.status_code for answer in traces.answers} >= {200, 202, 400, 401, 404, 413, 415}
    assert {422} <= {answer.status_code for answer in traces.answers}
    graves = [item for item in rows(target, BY_ID[0]) if is_tombstone(item)]
    decisions = {item["decision"]["S"] for item in rows(target, BY_ID[1]) if "decision" in item}
    assert graves
    assert {"accepted", "rejected"} <= decisions


def _headers(answer: httpx.Response) -> bytes:
    return json.dumps(dict(answer.headers)).encode()
