"""Log entries for the events on the bus about elections, keys, erasures and openings."""

from typing import Any

import rfc8785

from civic.audit.errors import EntryRefused
from civic.contracts.events import Event
from civic.contracts.log_entries import EVENT
from civic.contracts.voting import CredentialKeysPublished, ElectionCertified


def entries_of(event: Event) -> list[bytes]:
    """Return the entries of an event: one, or one for each of its many parts.

    The same event always makes the same entries, so one that is already logged is recognised.

    Raises:
        EntryRefused: It has a number that canonical JSON cannot write.
    """
    fields = event.model_dump(mode="json", exclude_none=True)
    name = event.detail_type()
    match event:
        case CredentialKeysPublished():
            keys = fields.pop("keys")
            return [_entry(name, fields | {"key": key}) for key in keys]
        case ElectionCertified():
            styles = fields.pop("tally", [])
            return [
                _entry(name, fields),
                *(_entry("StyleCertified", {"election": event.election} | one) for one in styles),
            ]
        case _:
            return [_entry(name, fields)]


def _entry(name: str, fields: dict[str, Any]) -> bytes:
    try:
        return f"{EVENT}\n{name}\n".encode() + rfc8785.dumps(fields) + b"\n"
    except rfc8785.CanonicalizationError:
        raise EntryRefused("an event that canonical JSON cannot write") from None
