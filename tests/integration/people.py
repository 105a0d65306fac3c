"""People whose outcome is known, in the form of ``POST /registrations``."""

import secrets
from typing import Any

type Payload = dict[str, Any]


def person(**changes: Any) -> Payload:
    """Return a person whom the rules accept, with some changes; None leaves a field out."""
    payload: Payload = {
        "username": "ada-2027",
        "full_name": "Ada Łukasiewicz-O'Neill",
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


def idempotency_key() -> str:
    """Return a fresh key."""
    return secrets.token_hex(16)
