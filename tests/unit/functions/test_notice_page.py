"""The privacy notice as a page: complete, and with nothing that could run."""

import html
import re
from datetime import timedelta

from civic.identity.http.notice_page import notice_page
from civic.identity.model.notice import Controller, privacy_notice
from tests.fakes.deployment import Deployment


def texts(value: object) -> list[str]:
    if isinstance(value, dict):
        return [text for one in value.values() for text in texts(one)]
    if isinstance(value, list):
        return [text for one in value for text in texts(one)]
    return [str(value)]


def shown(name: str = "The office") -> str:
    controller = Controller(name, "a@b", "c@d", timedelta(days=9))
    return notice_page(privacy_notice(controller))


def test_page_says_all_that_the_notice_says() -> None:
    controller = Controller("The office", "a@b", "c@d", timedelta(days=9))
    page = html.unescape(shown())
    for text in texts(privacy_notice(controller).model_dump(mode="json")):
        assert text in page


def test_page_runs_and_loads_nothing() -> None:
    assert not re.search(r"<script|<img|<link|src=|href=|\son\w+=", shown())


def test_page_escapes_what_the_operator_configured() -> None:
    page = shown("<b>Office</b>")
    assert "<b>" not in page
    assert "&lt;b&gt;Office&lt;/b&gt;" in page


def test_browser_gets_the_page_and_a_program_the_document(deployment: Deployment) -> None:
    page = deployment.http("GET /privacy-notice", headers={"accept": "text/html,*/*"})
    document = deployment.http("GET /privacy-notice")
    assert page["headers"]["content-type"].startswith("text/html")
    assert document["headers"]["content-type"] == "application/json"
