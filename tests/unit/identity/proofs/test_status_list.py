"""Status lists: the known answers of the specification, and lists that are none."""

import json
import zlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from civic.contracts import base64url
from civic.identity.model.proof import ProofRefused
from civic.identity.proofs import status_list, tokens
from civic.identity.proofs.status_list import MAX_BYTES, Reference, status_at

KNOWN: dict[str, Any] = json.loads(
    (Path(__file__).parents[3] / "known_answers" / "status_lists.json").read_text("utf-8")
)
EXAMPLE_KEY = {
    "kty": "EC",
    "crv": "P-256",
    "x": "I3HWm_0Ds1dPMI-IWmf4mBmH-YaeAVbPVu7vB27CxXo",
    "y": "6N_d5Elj9bs1htgV3okJKIdbHEpkgTmAluYKJemzn1M",
}
EXAMPLE = (
    "eyJhbGciOiJFUzI1NiIsImtpZCI6IjEyIiwidHlwIjoic3RhdHVzbGlzdCtqd3QifQ.e"
    "yJleHAiOjIyOTE3MjAxNzAsImlhdCI6MTY4NjkyMDE3MCwiaXNzIjoiaHR0cHM6Ly9le"
    "GFtcGxlLmNvbSIsInN0YXR1c19saXN0Ijp7ImJpdHMiOjEsImxzdCI6ImVOcmJ1UmdBQ"
    "WhjQlhRIn0sInN1YiI6Imh0dHBzOi8vZXhhbXBsZS5jb20vc3RhdHVzbGlzdHMvMSIsI"
    "nR0bCI6NDMyMDB9.2lKUUNG503R9htu4aHAYi7vjmr3sgApbfoDvPrl65N3URUO1EYqq"
    "Ql45Jfzd-Av4QzlKa3oVALpLwOEUOq-U_g"
)
"""The list of the specification's section 5.1."""


@pytest.mark.parametrize("known", KNOWN["lists"], ids=lambda known: str(known["list"]["bits"]))
def test_known_lists(known: dict[str, Any]) -> None:
    for index, status in known["statuses"].items():
        assert status_at(known["list"], int(index)) == status
    assert status_at(known["list"], 2) == 0


def test_example_of_the_specification() -> None:
    token = tokens.parse(EXAMPLE)
    tokens.verify_by(token, tokens.key_of(EXAMPLE_KEY), "statuslist+jwt")
    at = datetime(2027, 1, 1, tzinfo=UTC)
    uri = "https://example.com/statuslists/1"
    # By the specification's picture: 1 0 0 1 1 1 0 1, from the first.
    status_list.check_list(token, Reference(uri, 1), at)
    for revoked in (0, 3, 4, 5, 7):
        with pytest.raises(ProofRefused, match="revoked"):
            status_list.check_list(token, Reference(uri, revoked), at)


def _listed(octets: bytes, bits: object = 1) -> dict[str, Any]:
    return {"bits": bits, "lst": base64url.encode(octets)}


def test_list_that_ends_early_says_nothing() -> None:
    listed = _listed(zlib.compress(bytes(2)))
    assert status_at(listed, 15) == 0
    with pytest.raises(ProofRefused, match="ends before"):
        status_at(listed, 16)


def test_decompression_is_bounded() -> None:
    largest = _listed(zlib.compress(bytes(MAX_BYTES)))
    assert status_at(largest, 0) == 0
    with pytest.raises(ProofRefused, match="too large"):
        status_at(_listed(zlib.compress(bytes(MAX_BYTES + 1))), 0)
    with pytest.raises(ProofRefused, match="too large"):
        status_at(_listed(zlib.compress(bytes(200 * MAX_BYTES))), 0)


@pytest.mark.parametrize(
    "listed",
    [
        None,
        [],
        {},
        {"bits": 1},
        {"bits": 1, "lst": 5},
        {"bits": 1, "lst": "!"},
        _listed(b"not deflated"),
        _listed(b""),
        _listed(zlib.compress(bytes(100))[:-1]),
        _listed(zlib.compress(bytes(100)) + b"more"),
        *(_listed(zlib.compress(bytes(100)), bits) for bits in (0, 3, 16, -1, True, "1", None)),
    ],
)
def test_what_is_no_list_is_refused(listed: Any) -> None:
    with pytest.raises(ProofRefused):
        status_at(listed, 0)
