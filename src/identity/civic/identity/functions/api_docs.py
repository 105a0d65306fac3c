"""HTTP: the privacy notice, the OpenAPI document and a page to browse it.

This function has no rights at all.
"""

from functools import cache
from importlib import resources
from typing import Any

from civic.identity.adapters.retention_settings import RetentionSettings
from civic.identity.http.bodies import problem_of
from civic.identity.http.notice_page import notice_page
from civic.identity.model.notice import Controller, PrivacyNotice, privacy_notice
from civic.runtime.http import answer, serve
from civic.runtime.observability import Invocation
from civic.runtime.request import Problem, Request, Response
from civic.runtime.routes import Access, Answer, Route, Routes

# Powertools ships Swagger UI, so that the page loads nothing from anywhere else.
_SWAGGER = "aws_lambda_powertools.event_handler.openapi.swagger_ui"
_ASSETS = {
    "swagger-ui-bundle.min.js": "text/javascript; charset=utf-8",
    "swagger-ui.min.css": "text/css; charset=utf-8",
}
_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Civic registration API</title>
<link rel="stylesheet" href="docs/swagger-ui.min.css">
<div id="swagger"></div>
<script src="docs/swagger-ui-bundle.min.js"></script>
<script src="docs/start.js"></script>
</html>
"""
_START = """const base = location.pathname.replace(/\\/docs$/, "");
fetch(`${base}/openapi.json`)
  .then((answer) => answer.json())
  .then((spec) => {
    spec.servers = [{ url: location.origin + base }];
    SwaggerUIBundle({ spec, dom_id: "#swagger" });
  });
"""
_CSP = "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'"


class Environment(RetentionSettings):
    """Environment of the function that serves documents."""

    controller_name: str
    controller_contact: str
    data_protection_officer: str


def handler(event: dict[str, Any], _context: object) -> Response:
    """Answer one request of the HTTP API."""
    return serve(event, ROUTES, problem_of)


def _document(_request: Request, _line: Invocation) -> Response:
    return _text(_openapi(), "application/json")


def _page(_request: Request, _line: Invocation) -> Response:
    return _text(_PAGE, "text/html; charset=utf-8")


def _asset(request: Request, _line: Invocation) -> Response:
    name = request.path("asset")
    if name == "start.js":
        return _text(_START, "text/javascript; charset=utf-8")
    if name not in _ASSETS:
        raise Problem(404, "no_such_asset", "There is nothing here")
    return _text(_swagger(name), _ASSETS[name])


def _notice(request: Request, _line: Invocation) -> Response:
    if "text/html" in (request.header("accept") or ""):
        return _text(notice_page(_privacy_notice()), "text/html; charset=utf-8")
    return answer(200, _privacy_notice(), {"cache-control": "public, max-age=3600"})


ROUTES = Routes(
    "Api",
    (
        Route("GET /openapi.json", _document, Access.PUBLIC, "readOpenApi"),
        Route("GET /docs", _page, Access.PUBLIC, "readDocs"),
        Route("GET /docs/{asset}", _asset, Access.PUBLIC, "readDocsAsset"),
        Route(
            "GET /privacy-notice",
            _notice,
            Access.PUBLIC,
            "readPrivacyNotice",
            "What is processed, why, who sees it and how long it is kept (GDPR Art. 13)",
            answer=Answer(200, PrivacyNotice, also=("text/html",)),
        ),
    ),
)


@cache
def _privacy_notice() -> PrivacyNotice:
    settings = Environment.from_environment()
    return privacy_notice(
        Controller(
            name=settings.controller_name,
            contact=settings.controller_contact,
            data_protection_officer=settings.data_protection_officer,
            rejected=settings.rejected,
        )
    )


@cache
def _openapi() -> str:
    return resources.files("civic.identity").joinpath("openapi.json").read_text(encoding="utf-8")


@cache
def _swagger(name: str) -> str:
    return resources.files(_SWAGGER).joinpath(name).read_text(encoding="utf-8")


def _text(body: str, content_type: str) -> Response:
    headers = {
        "content-type": content_type,
        "content-security-policy": _CSP,
        "x-content-type-options": "nosniff",
    }
    return {"statusCode": 200, "headers": headers, "body": body}
