"""What the OpenAPI document says of the log's API beside its routes.

It is for those who read the log or look up a receipt. Nothing at run time uses this module;
``civic schemas`` writes the document and the build fails when it is stale. What the objects of the
log hold is specified in docs/verification.md.
"""

from civic.runtime.openapi import RETRY_AFTER, Description, Json

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


def _answered(described: Json, found: Json) -> Json:
    described["responses"]["200"] = found
    described["responses"]["503"]["headers"] = RETRY_AFTER
    return described


def _page(described: Json) -> Json:
    page = {"text/html": {"schema": {"type": "string"}}}
    return _answered(
        described, {"description": "The page", "headers": _NOT_CACHED, "content": page}
    )


def _proof(described: Json) -> Json:
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
    return _answered(described, found)


def _object(described: Json) -> Json:
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
    return _answered(described, found)


LOG = Description(
    title="Civic log API",
    text="Read the public log, in which every counted ballot is a commitment, and prove that a "
    "ballot is in it. Nobody signs in, and no request leaves a line that names a leaf. Nothing "
    "here has to be believed: docs/verification.md says how it is verified, and `civic-verify` "
    "does it. Errors are problem details (RFC 9457).",
    tag="log",
    meanings={
        400: "Not 64 hexadecimal digits in lower case",
        404: "Not in the log, or not yet",
    },
    path_parameters={"leaf": _LEAF, "path": _PATH},
    details={"receiptsPage": _page, "proveReceipt": _proof, "readLog": _object},
)
