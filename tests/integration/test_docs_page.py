"""The OpenAPI document and the page for browsing it, as the API serves them."""

import json
import re
from importlib import resources

import httpx
import pytest


def test_openapi_document_is_the_committed_one(api: httpx.Client) -> None:
    committed = resources.files("civic.identity").joinpath("openapi.json").read_text()
    answer = api.get("/openapi.json")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == json.loads(committed)


def test_docs_page_is_html_that_loads_from_here_only(api: httpx.Client) -> None:
    answer = api.get("/docs")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    assert not re.search(r"(src|href)=\"(https?:)?//", answer.text)


def test_docs_page_has_all_its_assets(api: httpx.Client) -> None:
    wanted = re.findall(r"(?:src|href)=\"docs/([^\"]+)\"", api.get("/docs").text)
    assert len(wanted) >= 3
    for name in wanted:
        asset = api.get(f"/docs/{name}")
        assert asset.status_code == 200
        assert len(asset.content) > 100
        kind = "text/css" if name.endswith(".css") else "text/javascript"
        assert asset.headers["content-type"].startswith(kind)
        assert asset.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("name", ["none.js", "..%2Fopenapi.json", "swagger-ui-bundle.min.js.map"])
def test_unknown_asset_is_404(api: httpx.Client, name: str) -> None:
    assert api.get(f"/docs/{name}").status_code == 404
