"""What the OpenAPI document says about the log's API beyond its routes.

It is for people who read the log or look up a receipt. Nothing at run time uses this module;
``civic schemas`` writes the document and the build fails when it is stale. The
contents of the log's objects are specified in docs/verification.md.
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
    "description": "The path of an object, with its slashes not escaped; or `checkpoints`",
    "schema": {
        "type": "string",
        "pattern": "^(checkpoint|checkpoints(/[0-9]{1,18})?|(tile|openings)/[0-9a-zA-Z./]{1,200})$",
    },
    "examples": {
        "newest": {"summary": "The newest signed tree head", "value": "checkpoint"},
        "sizes": {"summary": "The tree sizes of all signed tree heads", "value": "checkpoints"},
        "head": {"summary": "One signed tree head", "value": "checkpoints/20852163"},
        "tile": {"summary": "A tile of hashes", "value": "tile/0/x001/067"},
        "entries": {"summary": "A bundle of entries", "value": "tile/entries/x001/067.p/5"},
        "openings": {
            "summary": "The index of an election's openings",
            "value": "openings/7k3m9qx2w5vb/index.json",
        },
    },
}
_CACHED = {
    "Cache-Control": {
        "description": "Objects are kept for ever; `checkpoint` and `checkpoints` for one second",
        "schema": {"type": "string"},
    }
}
_NOT_CACHED = {"Cache-Control": {"description": "Never cached", "schema": {"const": "no-store"}}}


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
        "description": "The ballot is in the log: the proof and a signed tree head",
        "headers": _NOT_CACHED,
        "content": {"text/plain": {"schema": text}},
    }
    return _answered(described, found)


def _object(described: Json) -> Json:
    texts = {"type": "string", "description": "A tree head, or the sizes of all, one per line"}
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
    text="Read the public log, which holds a commitment to every counted ballot, and prove that a "
    "ballot is in it. Nobody signs in, and no request leaves a log line that names a leaf. Nothing "
    "here has to be taken on trust: docs/verification.md says how to verify it, and `civic-verify` "
    "does so. Errors are problem details (RFC 9457).",
    tag="log",
    meanings={
        400: "Not 64 lower-case hexadecimal digits",
        404: "Not in the log, or not yet",
    },
    path_parameters={"leaf": _LEAF, "path": _PATH},
    details={"receiptsPage": _page, "proveReceipt": _proof, "readLog": _object},
)
