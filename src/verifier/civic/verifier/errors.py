"""The errors of the verifier, under one root."""


class Refused(Exception):
    """Something that was checked is not what it should be; the text says why, in one line."""


class KeyRefused(Refused):
    """A verifier key is malformed, or of a type that does not belong here."""


class NoteRefused(Refused):
    """A note is malformed, or not signed as it must be."""


class ProofRefused(Refused):
    """A Merkle proof does not prove what it should."""


class Malformed(Refused):
    """Bytes do not have the form that they must have."""


class Unavailable(Refused):
    """Something could not be read: a broken connection, a server's error, a full disk."""


class ObjectRefused(Refused):
    """A published object is not what the signed tree heads say.

    Attributes:
        path: The object, by its path in the log.
        why: What is wrong with it.
        entry: The index of the entry concerned, counted from 0 over the whole log.
    """

    def __init__(self, path: str, why: str, entry: int | None = None) -> None:
        super().__init__(f"{path}: {why}" if entry is None else f"{path}: entry {entry}: {why}")
        self.path = path
        self.why = why
        self.entry = entry


class Missing(ObjectRefused):
    """A published object is missing."""

    def __init__(self, path: str) -> None:
        super().__init__(path, "missing")
