"""The page on which a voter looks up a receipt: what it may do, and that it is complete.

That its script checks proofs is shown by tests/interop, in Node.
"""

import base64
import hashlib
import re
from html.parser import HTMLParser
from typing import Any

import pytest

from civic.audit.functions import public_log
from tests.fakes.fixtures import LogLines
from tests.fakes.lambda_events import http_event
from tests.templates import TEMPLATES, logical_id

ROUTE = "GET /receipts"


@pytest.fixture(scope="module")
def answer() -> dict[str, Any]:
    return public_log.handler(http_event(ROUTE), None)


@pytest.fixture(scope="module")
def page(answer: dict[str, Any]) -> str:
    return str(answer["body"])


class Elements(HTMLParser):
    """The elements of a page, with their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


def policy_of(answer: dict[str, Any]) -> dict[str, str]:
    parts = answer["headers"]["content-security-policy"].split(";")
    return dict(part.strip().split(" ", 1) for part in parts)


def test_page_is_answered_as_html_that_nobody_keeps(answer: dict[str, Any]) -> None:
    assert answer["statusCode"] == 200
    headers = answer["headers"]
    assert headers["content-type"] == "text/html; charset=utf-8"
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"
    assert not {name for name in headers if "cookie" in name}


def test_page_may_run_what_stands_in_it_and_ask_its_own_host_only(
    answer: dict[str, Any], page: str
) -> None:
    policy = policy_of(answer)
    for name, count in (("style", 1), ("script", 2)):
        inside = re.findall(f"<{name}>(.*?)</{name}>", page, re.DOTALL)
        assert len(inside) == count
        hashes = (base64.b64encode(hashlib.sha256(one.encode()).digest()) for one in inside)
        assert policy.pop(f"{name}-src") == " ".join(f"'sha256-{one.decode()}'" for one in hashes)
    assert policy.pop("connect-src") == "'self'"
    assert set(policy) == {"default-src", "base-uri", "form-action", "frame-ancestors"}
    assert set(policy.values()) == {"'none'"}


def test_page_has_nothing_from_elsewhere_and_keeps_nothing(page: str) -> None:
    assert not re.search(r"https?://|\bsrc=|\bhref=|\bstyle=|\son\w+=|@import|url\(", page)
    assert not re.search(r"cookie\b(?!s)|localStorage|sessionStorage|indexedDB|location|eval", page)
    # The receipt goes only to the log, by a path below the page.
    assert re.findall(r"fetch\(([^,]+),", page) == ["`receipts/${leaf}`"]


def test_text_of_an_answer_is_never_taken_for_html(page: str) -> None:
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write", page)


def test_fields_have_labels_and_nothing_that_is_typed_is_remembered(page: str) -> None:
    elements = Elements(page)
    fields = elements.named("input")
    ids = {str(attributes.get("id")) for _, attributes in elements.found}
    assert {field["id"] for field in fields} == {"receipt", "key"}
    assert {label["for"] for label in elements.named("label")} == {"receipt", "key"}
    for field in fields:
        assert set(str(field["aria-describedby"]).split()) <= ids
        assert (field["autocomplete"], field["spellcheck"]) == ("off", "false")
        assert "name" not in field


def test_outcome_is_told_to_who_does_not_see_it(page: str) -> None:
    (live,) = (one for _, one in Elements(page).found if one.get("role") == "status")
    assert live["id"] == "outcome"
    assert Elements(page).named("html") == [{"lang": "en"}]


def test_every_place_that_the_script_looks_for_is_there(page: str) -> None:
    ids = [one["id"] for _, one in Elements(page).found if "id" in one]
    sought = set(re.findall(r'place\("([\w-]+)"\)', page))
    assert {"form", "outcome"} <= sought <= set(ids)
    assert {"receipt-wrong", "key-wrong"} <= set(ids)
    assert len(ids) == len(set(ids))


def test_page_says_what_it_cannot_do(page: str) -> None:
    (limits,) = re.findall(r'<section class="limits">(.*?)</section>', page, re.DOTALL)
    for said in (
        "the people who run the log",
        "civic-verify receipt",
        "tells the host of this page",
    ):
        assert said in limits


def test_page_is_a_route_of_the_log() -> None:
    routes = TEMPLATES["audit"].of_type("AWS::ApiGatewayV2::Route").values()
    (route,) = (one for one in routes if one["RouteKey"] == ROUTE)
    assert logical_id(route["ApiId"]) == "LogApi"


def test_opening_the_page_leaves_no_line(log_lines: LogLines) -> None:
    public_log.handler(http_event(ROUTE), None)
    assert log_lines() == []
    # A line would be seen, as another path leaves one.
    public_log.handler(http_event("GET /nowhere"), None)
    assert len(log_lines()) == 1


def test_browsers_question_before_a_receipt_leaves_no_line(log_lines: LogLines) -> None:
    event = http_event("ANY /receipts/{leaf}") | {"requestContext": {"http": {"method": "OPTIONS"}}}
    assert public_log.handler(event, None)["statusCode"] == 204
    assert log_lines() == []
