"""An election as the voting domain announces it, and a device that requests a credential."""

import json
from datetime import datetime, timedelta
from secrets import token_bytes
from typing import Any

from civic.client.blinding import Blinded, SignerKey, blind, prepare
from civic.contracts import base64url
from civic.contracts.identifiers import ElectionId, StyleId
from civic.contracts.voting import ElectionEnded, ElectionPublished, StyleAreas

ELECTION, OTHER = ElectionId("7k3m9qx2w5vb"), ElectionId("7k3m9qx2w5vc")
STYLE, ELSEWHERE = StyleId("berlin"), StyleId("elsewhere")


def published(
    now: datetime,
    *areas: str,
    election: ElectionId = ELECTION,
    revision: int = 4,
    style: StyleId = STYLE,
) -> ElectionPublished:
    """Return an election that opens in a week; its second style has an area that does not exist."""
    return ElectionPublished(
        election=election,
        revision=revision,
        at=now,
        opens_at=now + timedelta(days=7),
        closes_at=now + timedelta(days=8),
        styles=(
            StyleAreas(style=style, areas=areas),
            StyleAreas(style=ELSEWHERE, areas=("XX",)),
        ),
    )


def ended(now: datetime, election: ElectionId = ELECTION) -> ElectionEnded:
    """Return the event that ends it."""
    return ElectionEnded(election=election, revision=9, at=now)


def blinded_for(public_key: bytes) -> tuple[bytes, Blinded]:
    """Return a prepared message, and the same blinded under a key."""
    prepared = prepare(token_bytes(32), token_bytes)
    return prepared, blind(SignerKey.parse(public_key), prepared, token_bytes)


def credential_request(message: bytes, election: ElectionId = ELECTION) -> str:
    """Return the body of a request for a credential."""
    body: dict[str, Any] = {
        "election": election,
        "blinded_message": base64url.encode(message),
    }
    return json.dumps(body)
