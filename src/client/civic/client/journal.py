"""The journal of a bulk registration: who has been registered, so that a re-run continues.

A file of JSON lines, readable by its owner only. The first line holds a random secret. Every other
line is a receipt with keyed digests (HMAC-SHA256 under that secret) by which the person's row is
recognised: one of the office's own key, one of the name and the birth date, one of all of it. The
Idempotency-Key is such a digest too: the same person in the same journal is always the same
registration, however often the command is run or interrupted. No line holds personal data; the
access tokens are secrets.

Journals of releases that knew a person only by all of a row (``"journal": 1``) are read, and their
people are given the other digests when the same row is seen again.
"""

import hashlib
import hmac
import json
import os
import secrets
import threading
import unicodedata
from collections.abc import Iterator
from dataclasses import asdict, astuple, dataclass
from pathlib import Path
from typing import Any

from civic.client.citizen import Receipt
from civic.client.people_reader import PersonRow
from civic.terminal.failures import CommandFailed

_OWNER_ONLY = 0o600
_BY_ROW = 1
"""The version of journals whose Idempotency-Keys are made of all of a row."""

_VERSION = 2
_MARK = 32
"""How many hex digits of a digest are kept."""


@dataclass(frozen=True, slots=True)
class Marks:
    """Keyed digests that recognise a person's row, and show nothing of it.

    Attributes:
        row: Of all that the row says.
        person: Of the name and the birth date; None in journals of earlier releases.
        key: Of the office's own key, if the file has one.
    """

    row: str
    person: str | None = None
    key: str | None = None

    @property
    def identity(self) -> str | None:
        """What no two rows of a file may have in common."""
        return self.key or self.person


@dataclass(frozen=True, slots=True)
class Entry:
    """A registration in the journal: its receipt, and how its row was recognised last."""

    receipt: Receipt
    marks: Marks


class SeveralInJournal(CommandFailed):
    """The journal has several people of that name and birth date."""


class Journal:
    """Receipts by person; safe to share between threads."""

    def __init__(self, path: Path, *, keep: bool = True) -> None:
        """Open the journal.

        Args:
            path: The file, which is made if there is none.
            keep: False to make and to change none.

        Raises:
            CommandFailed: The file exists, but is not a journal.
        """
        self._path = path
        self._keep = keep
        self._lock = threading.Lock()
        self._torn = False
        self._entries: dict[str, Entry] = {}
        self._by_mark: dict[str, list[str]] = {}
        self._version, self._secret = _VERSION, secrets.token_bytes(32)
        if path.exists():
            self._read()
        elif keep:
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
            with os.fdopen(descriptor, "w") as file:
                head = {"journal": _VERSION, "secret": self._secret.hex()}
                file.write(json.dumps(head) + "\n")

    def marks_of(self, row: PersonRow) -> Marks:
        """Return the digests that recognise a row again in this journal."""
        person = (_folded(row.payload["full_name"]), row.payload["date_of_birth"])
        return Marks(
            row=_digest_of(self._digest(row.payload)),
            person=self._digest(["person", *person])[:_MARK],
            key=None if row.key is None else self._digest(["key", row.key])[:_MARK],
        )

    def idempotency_key(self, row: PersonRow, marks: Marks) -> str:
        """Return the person's Idempotency-Key: 64 hex digits, unguessable without the journal.

        Args:
            row: The person.
            marks: What `marks_of` returns for the row.
        """
        if self._version == _BY_ROW:
            return self._digest(row.payload)
        return self._digest(["registration", marks.identity])

    def entry_of(self, marks: Marks) -> Entry | None:
        """Return what is known of a person, if anything.

        A row with a key is also recognised by name and birth date, as long as no key is known of
        that person; and a row of an earlier release by all that it says.

        Raises:
            SeveralInJournal: Several people have that name and birth date, and the row no key.
        """
        with self._lock:
            if marks.key and (same := self._marked(marks.key)):
                return same[0]
            same = [one for one in self._marked(marks.person) if not (marks.key and one.marks.key)]
            if len(same) > 1:
                raise SeveralInJournal(
                    "the journal has several people of this name and birth date; "
                    "give --key with the column that tells them apart"
                )
            same += [one for one in self._marked(marks.row) if one.marks.person is None]
            return same[0] if same else None

    def add(self, marks: Marks, receipt: Receipt) -> None:
        """Record a receipt, and how its row is recognised from now on.

        The line is in the file when this returns, even if this process is killed then.
        """
        with self._lock:
            known = self._entries.get(receipt.id)
            key = marks.key or (known.marks.key if known else None)
            entry = Entry(receipt, Marks(marks.row, marks.person, key))
            if entry == known:
                return
            line = {**asdict(entry.marks), "id": receipt.id, "access_token": receipt.access_token}
            # If the disk was full in the middle of a line, the next one must not be added to it.
            start, self._torn = "\n" if self._torn else "", True
            with self._path.open("a") as file:
                file.write(f"{start}{json.dumps(line)}\n")
            self._torn = False
            self._note(entry)

    def find(self, registration: str) -> Receipt | None:
        """Return the receipt of a registration id, if it is in the journal."""
        entry = self._entries.get(registration)
        return entry.receipt if entry else None

    @property
    def entries(self) -> list[Entry]:
        """Everybody in the journal, in the order of registration."""
        return list(self._entries.values())

    def __iter__(self) -> Iterator[Receipt]:
        """Iterate over the receipts."""
        return (entry.receipt for entry in self.entries)

    def _marked(self, mark: str | None) -> list[Entry]:
        """Return the people who have a digest now; one that was corrected has it no longer."""
        entries = [self._entries[one] for one in self._by_mark.get(mark or "", ())]
        return [one for one in entries if mark in {*astuple(one.marks)}]

    def _note(self, entry: Entry) -> None:
        self._entries[entry.receipt.id] = entry
        for mark in astuple(entry.marks):
            ids = self._by_mark.setdefault(mark, []) if mark else []
            if entry.receipt.id not in ids:
                ids.append(entry.receipt.id)

    def _digest(self, value: Any) -> str:
        canonical = json.dumps(value, sort_keys=True, ensure_ascii=False).encode()
        return hmac.new(self._secret, canonical, hashlib.sha256).hexdigest()

    def _read(self) -> None:
        try:
            text = self._path.read_text()
            lines = text.splitlines()
            head = json.loads(lines[0])
            self._version, self._secret = head["journal"], bytes.fromhex(head["secret"])
        except (OSError, UnicodeError, ValueError, LookupError, TypeError):
            raise CommandFailed(f"{self._path} is not a journal of registrations") from None
        if self._version not in {_BY_ROW, _VERSION}:
            raise CommandFailed(f"{self._path} is of a later release; use that one")
        if not text.endswith("\n") and self._keep:
            # A run was killed while writing; the next line must not be appended to its last one.
            with self._path.open("a") as file:
                file.write("\n")
        for one in lines[1:]:
            try:
                line = json.loads(one)
                marks = Marks(line["row"], line.get("person"), line.get("key"))
                self._note(Entry(Receipt(line["id"], line["access_token"]), marks))
            except (ValueError, KeyError, TypeError, AttributeError):
                # Interrupted while writing; that person is sent again and gets the same receipt.
                continue


def _folded(name: str) -> str:
    """Return a name without what differs from file to file: case, spaces, invisible characters."""
    shown = "".join(one for one in name if unicodedata.category(one) != "Cf")
    return " ".join(unicodedata.normalize("NFKC", shown).casefold().split())


def _digest_of(key: str) -> str:
    # Not the key itself: somebody who reads a line must not be able to replay the request.
    return hashlib.sha256(key.encode()).hexdigest()[:_MARK]
