"""The two file formats for people: CSV with fixed columns, and JSON lines as the API accepts."""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

from civic.terminal.failures import CommandFailed

type Payload = dict[str, Any]
"""One registration in the JSON form of ``POST /registrations``."""


class PopulationError(CommandFailed):
    """A file of people cannot be read or written; the message names the file, never its content."""

    exit_code = 9


class Format(StrEnum):
    """The format of a file of people."""

    CSV = "csv"
    JSON_LINES = "jsonl"


_SUFFIXES = {
    ".csv": Format.CSV,
    ".jsonl": Format.JSON_LINES,
    ".ndjson": Format.JSON_LINES,
}

REQUIRED_COLUMNS = (
    "username",
    "full_name",
    "date_of_birth",
    "address_lines",
    "city",
    "country",
    "phone_number",
    "citizenship_attestation",
    "consent_text_version",
    "consent_given_at",
)
COLUMNS = (
    *REQUIRED_COLUMNS[:5],
    "region",
    "postcode",
    "country",
    "phone_number",
    "email",
    "national_id",
    *REQUIRED_COLUMNS[7:],
)

LINE_SEPARATOR = "|"
"""Separates the lines of an address in one CSV cell."""

_TOP = ("username", "full_name", "date_of_birth", "phone_number", "email", "national_id")
_ADDRESS = ("city", "region", "postcode", "country")
_TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def format_of(path: Path) -> Format:
    """Return the format that the suffix of a file indicates.

    Raises:
        PopulationError: The suffix is unknown.
    """
    try:
        return _SUFFIXES[path.suffix.lower()]
    except KeyError:
        known = ", ".join(_SUFFIXES)
        raise PopulationError(f"{path}: the name must end in one of {known}") from None


def payload_of(row: Mapping[str, str]) -> Payload:
    """Turn a CSV row into a payload; an empty cell is an absent field.

    A cell that should say yes or no and does not is passed on, for the API to refuse that field.
    """
    payload: Payload = {name: row[name] for name in _TOP if row.get(name)}
    address: Payload = {name: row[name] for name in _ADDRESS if row.get(name)}
    if row["address_lines"]:
        address["lines"] = row["address_lines"].split(LINE_SEPARATOR)
    attestation = row["citizenship_attestation"]
    if attestation:
        payload["citizenship_attestation"] = _TRUTH.get(attestation.strip().lower(), attestation)
    consent = {name: row[f"consent_{name}"] for name in ("text_version", "given_at")}
    payload["address"] = address
    payload["consent"] = {name: cell for name, cell in consent.items() if cell}
    return payload


def row_of(payload: Payload) -> dict[str, str]:
    """Turn a valid payload into a CSV row; ``payload_of`` does the reverse.

    Raises:
        PopulationError: A line of the address contains the character that separates lines.
    """
    address, consent = payload["address"], payload["consent"]
    if any(LINE_SEPARATOR in line for line in address["lines"]):
        raise PopulationError(
            f"an address line contains {LINE_SEPARATOR}; write JSON lines instead"
        )
    row: dict[str, str] = {name: payload[name] for name in _TOP if payload.get(name)}
    row |= {name: address[name] for name in _ADDRESS if address.get(name)}
    row |= {f"consent_{name}": consent[name] for name in ("text_version", "given_at")}
    row["address_lines"] = LINE_SEPARATOR.join(address["lines"])
    if "citizenship_attestation" in payload:
        row["citizenship_attestation"] = "true" if payload["citizenship_attestation"] else "false"
    return row
