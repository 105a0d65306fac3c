"""HTTP: the objects of the published log, proofs of inclusion for receipts, and a page.

The page looks up a receipt and checks the proof in the browser.
"""

import re
from base64 import b64encode
from functools import cache
from importlib import resources
from typing import Any

from civic.audit import composition
from civic.audit.adapters.bucket_s3 import LOG
from civic.audit.adapters.shelf_s3 import S3Shelf
from civic.audit.errors import NotLogged, StoreUnavailable
from civic.audit.usecases.lookup import Lookup
from civic.runtime.http import serve
from civic.runtime.observability import Invocation
from civic.runtime.pages import content_security_policy
from civic.runtime.request import Problem, Request, Response
from civic.runtime.routes import Access, Route, Routes

Environment = composition.ReaderSettings
"""The function's settings."""

_LEAF = r"[0-9a-f]{64}"
_PATH = r"(?:checkpoint|checkpoints/[0-9]{1,18}|(?:tile|openings)/[0-9a-zA-Z./]{1,200})"

_FOR_EVER = {"cache-control": "public, max-age=31536000, immutable"}
_FOR_A_SECOND = {"cache-control": "public, max-age=1"}
_TEXT = "text/plain; charset=utf-8"
_KINDS = {".json": "application/json", ".jsonl": "application/jsonl"}


def handler(event: dict[str, Any], _context: object) -> Response:
    """Answer one request."""
    return serve(event, ROUTES, _problem_of, traced=False)


def _page(_request: Request, line: Invocation) -> Response:
    # A person who opens the page is about to ask for a receipt.
    line.hush()
    page, policy = _receipts_page()
    headers = {
        "cache-control": "no-store",
        "content-security-policy": policy,
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "referrer-policy": "no-referrer",
    }
    return _answer("text/html; charset=utf-8", page.encode(), headers)


def _receipt(request: Request, line: Invocation) -> Response:
    # Not even the invocation's log line may show who asked for which ballot, and when.
    line.hush()
    leaf = request.path("leaf")
    if not re.fullmatch(_LEAF, leaf):
        raise Problem(400, "not_a_leaf", "A receipt is 64 lower-case hexadecimal digits")
    headers = {
        "cache-control": "no-store",
        "content-disposition": "inline; filename=receipt.tlog-proof",
    }
    return _answer(_TEXT, lookup().prove(bytes.fromhex(leaf)), headers)


def _object(request: Request, _line: Invocation) -> Response:
    path = request.path("path")
    if path == "checkpoints":
        sizes = sorted(int(one.rpartition("/")[2]) for one in shelf().paths("checkpoints/"))
        return _answer(_TEXT, "".join(f"{size}\n" for size in sizes).encode(), _FOR_A_SECOND)
    if not re.fullmatch(_PATH, path) or ".." in path:
        raise NotLogged("no object can have this path")
    kept = _FOR_A_SECOND if path == "checkpoint" else _FOR_EVER
    if path.startswith("checkpoint"):
        return _answer(_TEXT, shelf().read(path), kept)
    kind = _KINDS.get(path[path.rfind(".") :], "application/octet-stream")
    return _answer(kind, shelf().read(path), kept)


ROUTES = Routes(
    "LogApi",
    (
        Route(
            "GET /receipts",
            _page,
            Access.PUBLIC,
            "receiptsPage",
            "A page that looks up receipts and checks the proofs",
        ),
        Route(
            "GET /receipts/{leaf}",
            _receipt,
            Access.PUBLIC,
            "proveReceipt",
            "The proof that a ballot is in the log",
            problems=(400,),
        ),
        Route(
            "GET /log/{path+}",
            _object,
            Access.PUBLIC,
            "readLog",
            "An object of the log (C2SP tlog-tiles)",
        ),
    ),
    silent_preflight=True,
)


@cache
def lookup() -> Lookup:
    """Compose the lookup of leaves."""
    return composition.lookup(composition.bucket(_settings()))


@cache
def shelf() -> S3Shelf:
    """Compose the published log."""
    return S3Shelf(composition.bucket(_settings()), LOG)


@cache
def _receipts_page() -> tuple[str, str]:
    """Return the page and its content security policy."""
    page = resources.files("civic.audit").joinpath("receipts.html").read_text(encoding="utf-8")
    return page, content_security_policy(page)


@cache
def _settings() -> composition.ReaderSettings:
    return Environment.from_environment()


def _answer(kind: str, content: bytes, headers: dict[str, str]) -> Response:
    binary = kind == "application/octet-stream"
    return {
        "statusCode": 200,
        "headers": {"content-type": kind, "x-content-type-options": "nosniff", **headers},
        "body": b64encode(content).decode() if binary else content.decode(),
        "isBase64Encoded": binary,
    }


def _problem_of(error: Exception) -> Problem | None:
    match error:
        case NotLogged():
            return Problem(404, "not_logged", "That is not in the log, or not yet")
        case StoreUnavailable():
            return Problem(503, "unavailable", "Please try again", headers={"retry-after": "1"})
        case _:
            return None
