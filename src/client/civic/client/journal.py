"""The journal of a bulk registration: who has been registered, so that a re-run continues.

A file of JSON lines, readable by its owner only. The first line holds a random secret, from which
each person's Idempotency-Key is derived (HMAC-SHA256 over the payload): the same person in the
same journal is always the same registration, however often the command is run or interrupted.
Every other line is a receipt. No line holds personal data; the access tokens are secrets.
"""

import hashlib
import hmac
import json
import os
import secrets
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from civic.client.citizen import Receipt
from civic.terminal.failures import CommandFailed

_OWNER_ONLY = 0o600


class Journal:
    """Receipts by person; safe to share between threads."""

    def __init__(self, path: Path) -> None:
        """Open or create the journal.

        Raises:
            CommandFailed: The file exists, but is not a journal.
        """
        self._path = path
        self._lock = threading.Lock()
        self._receipts: dict[str, Receipt] = {}
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
            with os.fdopen(descriptor, "w") as file:
                file.write(json.dumps({"journal": 1, "secret": secrets.token_hex(32)}) + "\n")
        self._secret = self._read()

    def key_for(self, payload: dict[str, Any]) -> str:
        """Return the person's Idempotency-Key: 64 hex digits, unguessable without the journal."""
        canonical = json.dumps(payload, sort_keys=True, ensure_ascii=False).encode()
        return hmac.new(self._secret, canonical, hashlib.sha256).hexdigest()

    def receipt_for(self, key: str) -> Receipt | None:
        """Return the receipt of an earlier run, if any."""
        return self._receipts.get(_row(key))

    def add(self, key: str, receipt: Receipt) -> None:
        """Record a receipt, which is on disk when this returns."""
        line = {"row": _row(key), "id": receipt.id, "access_token": receipt.access_token}
        with self._lock, self._path.open("a") as file:
            file.write(json.dumps(line) + "\n")
            self._receipts[_row(key)] = receipt

    def find(self, registration: str) -> Receipt | None:
        """Return the receipt of a registration id, if it is in the journal."""
        return next((one for one in self._receipts.values() if one.id == registration), None)

    def __iter__(self) -> Iterator[Receipt]:
        """Iterate over the receipts."""
        return iter(self._receipts.values())

    def _read(self) -> bytes:
        try:
            text = self._path.read_text()
            lines = text.splitlines()
            secret = bytes.fromhex(json.loads(lines[0])["secret"])
        except (OSError, UnicodeError, ValueError, KeyError, IndexError, TypeError):
            raise CommandFailed(f"{self._path} is not a journal of registrations") from None
        if not text.endswith("\n"):
            # A run was killed while writing; the next line must not be appended to its last one.
            with self._path.open("a") as file:
                file.write("\n")
        for one in lines[1:]:
            try:
                line = json.loads(one)
                self._receipts[line["row"]] = Receipt(line["id"], line["access_token"])
            except (ValueError, KeyError, TypeError):
                # Interrupted while writing; that person is sent again and gets the same receipt.
                continue
        return secret


def _row(key: str) -> str:
    # Not the key itself: somebody who reads a line must not be able to replay the request.
    return hashlib.sha256(key.encode()).hexdigest()[:32]
