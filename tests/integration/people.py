"""People whose outcome is known, in the form of ``POST /registrations``."""

import hashlib
import secrets
from typing import Any

type Payload = dict[str, Any]

_A = ord("a")
_surname = "Łukasiewicz-O'Neill"


def another_person(test: str) -> None:
    """Give ``person`` another surname from now on: a second one of its name waits for people."""
    global _surname  # noqa: PLW0603 - what is the same within a test, and in no other
    _surname = _name_of(test)


def _name_of(seed: str) -> str:
    letters = hashlib.sha256(seed.encode()).digest()[:9]
    return "Łukasiewicz-O'" + "".join(chr(_A + one % 26) for one in letters).title()


def person(**changes: Any) -> Payload:
    """Return a person whom the rules accept, with some changes; None leaves a field out."""
    payload: Payload = {
        "username": "ada-2027",
        "full_name": f"Ada {_surname}",
        "date_of_birth": "1984-05-17",
        "address": {
            "lines": ["Hauptstraße 12", "Hinterhaus"],
            "city": "Berlin",
            "postcode": "10827",
            "country": "DE",
        },
        "phone_number": "+49 30 901820",
        "citizenship_attestation": True,
        "consent": {"text_version": "2027-1", "given_at": "2026-11-02T09:30:00Z"},
    } | changes
    return {name: value for name, value in payload.items() if value is not None}


def stranger(**changes: Any) -> Payload:
    """Return somebody like that, of another name in every call."""
    return person(full_name=f"Ada {_name_of(secrets.token_hex(8))}") | changes


def renamed() -> Payload:
    """Return the same person under another name."""
    return person(full_name=f"Grace {_surname}")


def idempotency_key() -> str:
    """Return a fresh key."""
    return secrets.token_hex(16)
