import json

import pytest

from civic.lab.leakscan.routes import Probe, Route, probes

BASE = "http://127.0.0.1:4566/_aws/execute-api/api"
READ = Route("GET /registrations/{id}", BASE, signed=False)
DATA = Route("GET /registrations/{id}/data", BASE, signed=False)
TAKE = Route("POST /registrations", BASE, signed=False)
STAFF = Route("POST /reviews/{id}/decision", BASE, signed=True)
TOKEN = {"authorization": "Bearer of-somebody"}


def sent(*routes: Route) -> list[Probe]:
    return list(
        probes(list(routes), lambda name: f"Zq-{name.split()[-1].strip('/')[:5]}", "17", TOKEN)
    )


def test_marker_stands_in_every_part_of_a_request() -> None:
    (probe,) = sent(TAKE)
    word = "Zq-regis"
    assert probe.url == f"{BASE}/registrations?{word}={word}"
    assert probe.headers["authorization"] == f"Bearer {word}"
    assert probe.headers["user-agent"] == word
    assert probe.headers[f"x-{word.lower()}"] == word
    assert json.loads(probe.body) == {word: word}


def test_route_about_a_registration_is_called_by_a_stranger_and_by_its_citizen() -> None:
    stranger, citizen = sent(READ)
    assert "/registrations/Zq-regis?" in stranger.url
    assert "/registrations/17?" in citizen.url
    assert citizen.headers["authorization"] == TOKEN["authorization"]


def test_strangers_come_first() -> None:
    assert ["/17" in probe.url for probe in sent(READ, DATA)] == [False, False, True, True]


def test_only_the_route_that_shows_people_their_data_may_show_it() -> None:
    assert {probe.route for probe in sent(READ, DATA, TAKE) if probe.rightful} == {DATA.key}


def test_signed_route_is_called_with_a_signature_and_without() -> None:
    stranger, official = sent(STAFF)
    assert stranger.headers["authorization"].startswith("Bearer ")
    assert official.headers["Authorization"].startswith("AWS4-HMAC-SHA256 ")
    assert "authorization" not in official.headers
    assert (official.method, official.url, official.body) == (
        stranger.method,
        stranger.url,
        stranger.body,
    )


def test_official_never_acts_on_somebody() -> None:
    assert not [probe for probe in sent(STAFF) if "/17/" in probe.url]


@pytest.mark.parametrize(
    ("key", "method", "path"),
    [
        ("GET /docs/{asset}", "GET", "/docs/{asset}"),
        ("ANY /{proxy+}", "PATCH", "/{proxy+}"),
        ("$default", "GET", "/{rest}"),
    ],
)
def test_route_has_a_method_and_a_path(key: str, method: str, path: str) -> None:
    route = Route(key, BASE, signed=False)
    assert (route.method, route.path) == (method, path)


def test_request_that_reads_has_no_body() -> None:
    assert {probe.body for probe in sent(READ)} == {b""}


def test_probe_shows_no_token_in_its_repr() -> None:
    assert "of-somebody" not in repr(sent(READ))
