"""The public log of a deployment: its key, its receipts, and a copy to verify."""

import re
from collections.abc import Iterator
from pathlib import Path

from civic.audit.adapters.bucket_s3 import AUDITORS, CHECKPOINT, LOG, Bucket
from civic.audit.adapters.signer_kms import KmsSigner
from civic.audit.errors import NotLogged
from civic.audit.model.merkle import HASH_BYTES
from civic.audit.model.notes import verifier_key
from civic.client.api_client import ApiClient, require_success
from civic.client.submission import in_parallel
from civic.contracts import base64url
from civic.stack.target import Target
from civic.terminal.failures import CommandFailed, SettingInvalid

OPENINGS_FOR_AUDITORS = f"{AUDITORS}openings/"
"""What auditors copy, in the form that `civic-verify --openings` takes."""

_HEXADECIMAL = "[0-9a-fA-F]{64}"
_AT_ONCE = 8


class LogReader(ApiClient):
    """Calls the public API of the log."""

    def prove(self, leaf: bytes) -> bytes:
        """Return the proof that a ballot is in the log (C2SP tlog-proof).

        Raises:
            Refused: It is not in the log, or not yet.
        """
        answer = self.answer("GET", f"/receipts/{leaf.hex()}")
        require_success(answer)
        return answer.content

    def has(self, path: str) -> bool:
        """Return whether an object is published."""
        return self.answer("GET", f"/log/{path}").is_success


def log_key(target: Target) -> str:
    """Return the key that verifies the log's checkpoints ("vkey", C2SP signed-note).

    Raises:
        StackMissing: There is no audit stack.
    """
    signer = KmsSigner(target.kms, target.output("LogKeyArn"))
    return verifier_key(target.output("LogOrigin"), signer.public_key())


def leaf_of(receipt: str) -> bytes:
    """Return the leaf that a receipt names.

    Args:
        receipt: The receipt that ``civic vote`` shows (base64url), or the leaf in hexadecimal.

    Raises:
        SettingInvalid: It is neither.
    """
    if re.fullmatch(_HEXADECIMAL, receipt):
        return bytes.fromhex(receipt)
    try:
        leaf = base64url.decode(receipt)
    except ValueError:
        leaf = b""
    if len(leaf) != HASH_BYTES:
        raise SettingInvalid(
            "that is not a receipt; give the 43 characters that `civic vote` showed"
        )
    return leaf


class LogCopy:
    """A copy of everything that is now under a prefix of the log's bucket.

    Only the newest checkpoint ever changes. It is read before everything else and written last, so
    everything that it covers is in the copy.
    """

    def __init__(self, target: Target, prefix: str) -> None:
        """List what there is to copy.

        Args:
            target: The system.
            prefix: `LOG` or `OPENINGS_FOR_AUDITORS`.

        Raises:
            CommandFailed: Nothing is published yet.
        """
        self._bucket = Bucket(target.s3, target.output("LogBucketName"))
        self._prefix = prefix
        try:
            self._newest = self._bucket.read(CHECKPOINT) if prefix == LOG else None
        except NotLogged:
            raise CommandFailed("nothing is published yet") from None
        self._keys = [key for key in self._bucket.keys(prefix) if key != CHECKPOINT]

    def __len__(self) -> int:
        """Return how many objects there are."""
        return len(self._keys) + (self._newest is not None)

    def into(self, folder: Path) -> Iterator[str]:
        """Copy what is missing into a folder, which is created if needed.

        Yields:
            The path of each object, once it has been copied.
        """

        def copy(key: str) -> str:
            path = key.removeprefix(self._prefix)
            file = folder / path
            if not file.exists():
                file.parent.mkdir(parents=True, exist_ok=True)
                # Under another name first, so that an interrupted copy leaves no partial object.
                unfinished = file.with_name(f".{file.name}.part")
                unfinished.write_bytes(self._bucket.read(key))
                unfinished.replace(file)
            return path

        yield from in_parallel(copy, self._keys, _AT_ONCE)
        if self._newest is not None:
            path = CHECKPOINT.removeprefix(self._prefix)
            (folder / path).write_bytes(self._newest)
            yield path
