"""The OpenAPI 3.1 description of the log's API, for whoever reads the log or looks up a receipt.

Nothing at run time uses this module; ``civic schemas`` writes its document to
``log-openapi.json`` and the build fails when that file is stale. What the objects of the log hold
is specified in docs/verification.md.
"""

from civic.runtime.openapi import Json, ProblemDetails, answers, schemas_of

_PROBLEMS = {
    400: "Not 64 hexadecimal digits in lower case",
    404: "Not in the log, or not yet",
    429: "Too many requests",
    500: "Our fault",
    503: "Temporarily unavailable; repeat the request",
}
_ALWAYS = (429, 500, 503)
_LEAF = {
    "name": "leaf",
    "in": "path",
    "required": True,
    "description": "The receipt, a leaf hash, in hexadecimal",
    "schema": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
}
_PATH = {
    "name": "path",
    "in": "path",
    "required": True,
    "description": "Of an object, with its slashes as they are; or `checkpoints`",
    "schema": {
        "type": "string",
        "pattern": "^(checkpoint|checkpoints(/[0-9]{1,18})?|(tile|openings)/[0-9a-zA-Z./]{1,200})$",
    },
    "examples": {
        "newest": {"summary": "The newest signed tree head", "value": "checkpoint"},
        "sizes": {"summary": "The sizes of all of them", "value": "checkpoints"},
        "head": {"summary": "One of them", "value": "checkpoints/20852163"},
        "tile": {"summary": "Hashes", "value": "tile/0/x001/067"},
        "entries": {"summary": "Entries", "value": "tile/entries/x001/067.p/5"},
        "openings": {
            "summary": "What opens an election",
            "value": "openings/7k3m9qx2w5vb/index.json",
        },
    },
}
_CACHED = {
    "Cache-Control": {
        "description": "For ever; one second for `checkpoint` and `checkpoints`",
        "schema": {"type": "string"},
    }
}
_NOT_CACHED = {"Cache-Control": {"description": "Never", "schema": {"const": "no-store"}}}


def document() -> Json:
    """Return the OpenAPI document."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Civic log API",
            "version": "1",
            "description": "Read the public log, in which every counted ballot is a commitment, "
            "and prove that a ballot is in it. Nobody signs in, and no request leaves a line that "
            "names a leaf. Nothing here has to be believed: docs/verification.md says how it is "
            "verified, and `civic-verify` does it. Errors are problem details (RFC 9457).",
        },
        "security": [],
        "paths": {
            "/receipts": {"get": _page()},
            "/receipts/{leaf}": {"parameters": [_LEAF], "get": _proof()},
            "/log/{path}": {"parameters": [_PATH], "get": _object()},
        },
        "components": {"schemas": schemas_of((ProblemDetails,))},
    }


def _page() -> Json:
    page = {"text/html": {"schema": {"type": "string"}}}
    found = {"description": "The page", "headers": _NOT_CACHED, "content": page}
    return _operation("receiptsPage", "A page that looks up receipts and checks the proofs", found)


def _proof() -> Json:
    text = {
        "type": "string",
        "pattern": r"^c2sp\.org/tlog-proof@v1\n",
        "description": "https://c2sp.org/tlog-proof",
    }
    found = {
        "description": "The ballot is in the log: proof and signed tree head",
        "headers": _NOT_CACHED,
        "content": {"text/plain": {"schema": text}},
    }
    return _operation("proveReceipt", "The proof that a ballot is in the log", found, 400, 404)


def _object() -> Json:
    texts = {"type": "string", "description": "Tree heads, or sizes of them, one per line"}
    found = {
        "description": "The object",
        "headers": _CACHED,
        "content": {
            "text/plain": {"schema": texts},
            # Binary content has no schema (OpenAPI 3.1, "Considerations for File Uploads").
            "application/octet-stream": {},
            "application/json": {"schema": {"type": "object"}},
            "application/jsonl": {},
        },
    }
    return _operation("readLog", "An object of the log (C2SP tlog-tiles)", found, 404)


def _operation(operation: str, summary: str, found: Json, *problems: int) -> Json:
    codes = sorted({*_ALWAYS, *problems})
    responses = answers(200, None, {code: _PROBLEMS[code] for code in codes}) | {"200": found}
    responses["503"]["headers"] = {
        "Retry-After": {"description": "Seconds", "schema": {"type": "integer"}}
    }
    return {
        "operationId": operation,
        "tags": ["log"],
        "summary": summary,
        "responses": responses,
    }
