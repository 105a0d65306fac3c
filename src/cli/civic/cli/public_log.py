"""The public log of a deployment: its key, its receipts, a copy of it to verify."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from pathlib import Path

from civic.audit.adapters.signer_kms import KmsSigner
from civic.audit.model.notes import verifier_key
from civic.cli.api_client import ApiClient, require_success
from civic.cli.failures import SettingInvalid
from civic.cli.submission import in_parallel
from civic.cli.target import Target

PUBLISHED = "log/"
"""What everybody may read, in the bucket of the log."""

AUDITORS = "auditors/openings/"
"""What only auditors may read."""

_HEXADECIMAL = "[0-9a-fA-F]{64}"
_BASE64URL = "[0-9A-Za-z_-]{43}"
_AT_ONCE = 8


class LogReader(ApiClient):
    """Calls the public API of the log."""

    def prove(self, leaf: bytes) -> bytes:
        """Return the proof that a ballot is in the log (C2SP tlog-proof).

        Raises:
            Refused: It is not, or not yet.
        """
        answer = self.answer("GET", f"/receipts/{leaf.hex()}")
        require_success(answer)
        return answer.content

    def has(self, path: str) -> bool:
        """Tell whether an object is published."""
        return self.answer("GET", f"/log/{path}").is_success


def log_api_url(target: Target) -> str:
    """Return the base URL of the log's API; the log itself is below it, at ``/log``.

    Raises:
        StackMissing: There is no audit stack.
    """
    audit = target.audit
    if not audit.is_local:
        return audit.output("LogApiUrl").rstrip("/")
    return f"{audit.endpoint}/_aws/execute-api/{audit.output('LogApiId')}"


def log_key(target: Target) -> str:
    """Return the key that verifies the log's checkpoints ("vkey", C2SP signed-note).

    Raises:
        StackMissing: There is no audit stack.
    """
    audit = target.audit
    signer = KmsSigner(audit.kms, audit.output("LogKeyArn"))
    return verifier_key(audit.output("LogOrigin"), signer.public_key())


def leaf_of(receipt: str) -> bytes:
    """Return the leaf that a receipt names.

    Args:
        receipt: As ``civic vote`` shows it (base64url), or in hexadecimal.

    Raises:
        SettingInvalid: It is neither.
    """
    if re.fullmatch(_HEXADECIMAL, receipt):
        return bytes.fromhex(receipt)
    if re.fullmatch(_BASE64URL, receipt):
        leaf = urlsafe_b64decode(receipt + "=")
        # The last character has bits of its own: what has them set was mistyped.
        if urlsafe_b64encode(leaf).decode() == receipt + "=":
            return leaf
    raise SettingInvalid("that is no receipt: 43 characters, as `civic vote` showed them")


def count_objects(target: Target, prefix: str) -> int:
    """Return how many objects there are to copy."""
    return sum(1 for _ in _keys(target, prefix))


def copy_objects(target: Target, prefix: str, folder: Path) -> Iterator[str]:
    """Copy what is under a prefix of the log's bucket; what is there already stays.

    Only the newest checkpoint ever changes; it is copied last, so that whatever it names is there.

    Args:
        target: The identity stack.
        prefix: `PUBLISHED` or `AUDITORS`.
        folder: Where to; made if need be.

    Yields:
        The path of each object, once it is there.
    """
    bucket = target.audit.output("LogBucketName")
    newest = target.audit.s3.get_object(Bucket=bucket, Key=f"{PUBLISHED}checkpoint")["Body"].read()

    def copy(key: str) -> str:
        path = key.removeprefix(prefix)
        file = folder / path
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            content = target.audit.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
            # Under another name first: what was broken off is not there.
            unfinished = file.with_name(f".{file.name}.part")
            unfinished.write_bytes(content)
            unfinished.replace(file)
        return path

    keys = (key for key in _keys(target, prefix) if key != f"{PUBLISHED}checkpoint")
    yield from in_parallel(copy, keys, _AT_ONCE)
    if prefix == PUBLISHED:
        (folder / "checkpoint").write_bytes(newest)
        yield "checkpoint"


def _keys(target: Target, prefix: str) -> Iterator[str]:
    pages = target.audit.s3.get_paginator("list_objects_v2").paginate(
        Bucket=target.audit.output("LogBucketName"), Prefix=prefix
    )
    for page in pages:
        yield from (one["Key"] for one in page.get("Contents", []))
