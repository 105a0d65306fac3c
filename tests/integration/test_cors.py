"""What pages may request: any API from the office's site, and the log from everywhere."""

from typing import NamedTuple

import httpx
import pytest

from civic.stack.target import Target

SITE = "http://localhost:8080"
"""SiteOrigin of samconfig.toml."""
ELSEWHERE = "https://elsewhere.example"


class Asked(NamedTuple):
    """A page's request, with the headers for which a browser asks first."""

    api: str
    method: str
    path: str
    headers: str = ""


ONCE = "/registrations/00000000-0000-4000-8000-000000000000"
FROM_THE_SITE = [
    Asked("api", "POST", "/registrations", "content-type, idempotency-key, traceparent"),
    Asked("api", "GET", ONCE, "authorization"),
    Asked("api", "PUT", ONCE, "authorization, content-type"),
    Asked("api", "DELETE", ONCE, "authorization"),
    Asked("vote_api", "POST", "/votes", "content-type"),
    Asked("vote_api", "GET", "/votes", "if-none-match"),
]
OF_THE_LOG = [
    Asked("log_api", "GET", "/log/checkpoint"),
    Asked("log_api", "GET", "/receipts/" + 43 * "A"),
]


def preflight(target: Target, asked: Asked, origin: str) -> httpx.Response:
    """Ask as a browser does before a request that a plain form cannot make."""
    headers = {"Origin": origin, "Access-Control-Request-Method": asked.method}
    if asked.headers:
        headers["Access-Control-Request-Headers"] = asked.headers
    url = getattr(target, f"{asked.api}_url") + asked.path
    with httpx.Client(trust_env=False, timeout=30) as client:
        return client.options(url, headers=headers)


def listed(answer: httpx.Response, header: str) -> set[str]:
    return {one.strip().lower() for one in answer.headers.get(header, "").split(",")} - {""}


@pytest.mark.parametrize("asked", FROM_THE_SITE, ids=lambda one: f"{one.method} {one.path}")
def test_site_may_make_every_request_it_needs(target: Target, asked: Asked) -> None:
    answer = preflight(target, asked, SITE)
    assert answer.is_success
    assert answer.headers["Access-Control-Allow-Origin"] == SITE
    assert asked.method.lower() in listed(answer, "Access-Control-Allow-Methods")
    wanted = {one.strip() for one in asked.headers.split(",")} - {""}
    assert wanted <= listed(answer, "Access-Control-Allow-Headers")
    # No credentials of the browser are sent along, so no other page can act for its user.
    assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.parametrize("asked", FROM_THE_SITE, ids=lambda one: f"{one.method} {one.path}")
def test_another_site_may_make_none(target: Target, asked: Asked) -> None:
    answer = preflight(target, asked, ELSEWHERE)
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_no_page_may_send_a_vote_with_what_names_its_voter(target: Target) -> None:
    answer = preflight(target, Asked("vote_api", "POST", "/votes", "authorization"), SITE)
    assert not {"authorization", "traceparent"} & listed(answer, "Access-Control-Allow-Headers")


@pytest.mark.parametrize("origin", [SITE, ELSEWHERE, "null"])
@pytest.mark.parametrize("asked", OF_THE_LOG, ids=lambda one: one.path)
def test_log_may_be_read_from_everywhere(target: Target, asked: Asked, origin: str) -> None:
    answer = preflight(target, asked, origin)
    assert answer.is_success
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert listed(answer, "Access-Control-Allow-Methods") == {"get"}


def test_answers_themselves_may_be_read_by_the_pages_that_may_ask(target: Target) -> None:
    with httpx.Client(trust_env=False, timeout=30) as client:
        votes = client.get(f"{target.vote_api_url}/elections", headers={"Origin": SITE})
        assert votes.headers["Access-Control-Allow-Origin"] == SITE
        assert "etag" in listed(votes, "Access-Control-Expose-Headers")
        refused = client.get(f"{target.vote_api_url}/elections", headers={"Origin": ELSEWHERE})
        assert "Access-Control-Allow-Origin" not in refused.headers
        log = client.get(f"{target.log_api_url}/receipts", headers={"Origin": ELSEWHERE})
        assert log.headers["Access-Control-Allow-Origin"] == "*"
