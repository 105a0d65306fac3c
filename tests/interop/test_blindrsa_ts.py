"""Our halves of RFC 9474 with those of `@cloudflare/blindrsa-ts`, another implementation.

Needs Node 20, npm and its registry: part of `make test-deep`, where it fails if they are missing.
"""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from secrets import token_bytes
from typing import Any

import pytest

from civic.client.blinding import SignerKey, blind, finalize, prepare, verifies
from civic.identity.model.blind_rsa import SigningKey, blind_sign
from tests.fakes.blind_vectors import Vector, own_vectors

HERE = Path(__file__).parent
RANDOMIZED = own_vectors()[0]
PUBLIC, PRIVATE = RANDOMIZED.public_der, RANDOMIZED.private_der
OUR_KEY, OUR_SIGNER = SignerKey.parse(PUBLIC), SigningKey.parse(PRIVATE)
_SECONDS = 120

type Theirs = Callable[..., dict[str, Any]]

pytestmark = pytest.mark.deep


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Theirs:
    """Install the locked package, and give its steps."""
    place = tmp_path_factory.mktemp("blindrsa-ts")
    for name in ("package.json", "package-lock.json", "step.mjs"):
        shutil.copy(HERE / name, place)
    _run(place, ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], "")

    def step(name: str, **parts: bytes) -> dict[str, Any]:
        asked = {"step": name} | {part: value.hex() for part, value in parts.items()}
        answer: dict[str, Any] = json.loads(_run(place, ["node", "step.mjs"], json.dumps(asked)))
        return {
            part: bytes.fromhex(value) if isinstance(value, str) else value
            for part, value in answer.items()
        }

    return step


def _run(place: Path, command: list[str], text: str) -> str:
    done = subprocess.run(
        command,
        cwd=place,
        input=text,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_what_we_blind_they_sign(theirs: Theirs) -> None:
    prepared = prepare(token_bytes(32), token_bytes)
    ours = blind(OUR_KEY, prepared, token_bytes)
    answer = theirs("sign", key=PRIVATE, blinded=ours.message)["signature"]
    assert answer == blind_sign(OUR_SIGNER, ours.message, token_bytes)
    signature = finalize(OUR_KEY, prepared, answer, ours.inverse)
    assert theirs("verify", key=PUBLIC, prepared=prepared, signature=signature)["verifies"] is True


def test_what_they_blind_we_sign(theirs: Theirs) -> None:
    blinded = theirs("blind", key=PUBLIC, message=token_bytes(32))
    answer = blind_sign(OUR_SIGNER, blinded["blinded"], token_bytes)
    parts = {"prepared": blinded["prepared"], "signature": answer, "inverse": blinded["inverse"]}
    signature = theirs("finalize", key=PUBLIC, **parts)["signature"]
    assert verifies(OUR_KEY, blinded["prepared"], signature)
    inverse = int.from_bytes(blinded["inverse"], "big")
    assert finalize(OUR_KEY, blinded["prepared"], answer, inverse) == signature


def test_they_refuse_what_is_not_the_signature(theirs: Theirs) -> None:
    other = prepare(token_bytes(32), token_bytes)
    told = theirs("verify", key=PUBLIC, prepared=other, signature=RANDOMIZED.sig)
    assert told["verifies"] is False


@pytest.mark.parametrize("vector", own_vectors(), ids=lambda vector: vector.name)
def test_our_known_answers_are_theirs(theirs: Theirs, vector: Vector) -> None:
    signed = theirs("sign", key=vector.private_der, blinded=vector.blinded_msg)
    assert signed["signature"] == vector.blind_sig
    inverse = vector.inv.to_bytes(OUR_KEY.modulus_bytes, "big")
    parts = {"prepared": vector.input_msg, "signature": vector.blind_sig, "inverse": inverse}
    assert theirs("finalize", key=vector.public_der, **parts)["signature"] == vector.sig
