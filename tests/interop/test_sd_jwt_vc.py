"""Our reading of SD-JWT VC, and the laboratory's issuing, with those of `@sd-jwt/sd-jwt-vc`.

Needs Node 20, npm and its registry: part of `make test-deep`, where it fails if they are missing.
"""

import json
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from civic.identity.model.proof import ProofRefused
from civic.lab.wallets.issuing import PID_TYPE
from tests.fakes.wallets import ASKED, CLIENT, ISSUER, NONCE, NOW, PERSON, STATUS, Presenting

HERE = Path(__file__).parent
_SECONDS = 120
_AT = int(NOW.timestamp())

type Theirs = Callable[..., dict[str, Any]]

pytestmark = pytest.mark.deep


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Theirs:
    """Install the locked package, and give its steps."""
    place = tmp_path_factory.mktemp("sd-jwt-vc")
    for name in ("package.json", "package-lock.json", "sd_jwt.mjs"):
        shutil.copy(HERE / name, place)
    _run(place, ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], "")

    def step(name: str, **parts: object) -> dict[str, Any]:
        asked = json.dumps({"step": name} | parts)
        answer: dict[str, Any] = json.loads(_run(place, ["node", "sd_jwt.mjs"], asked))
        return answer

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


@pytest.fixture
def presenting() -> Presenting:
    return Presenting()


def _issued(theirs: Theirs, presenting: Presenting, **changes: object) -> str:
    payload = {
        "iss": ISSUER,
        "vct": PID_TYPE,
        "iat": _AT - 3600,
        "exp": _AT + 3600,
        "cnf": {"jwk": presenting.wallet.key.as_dict(private=False)},
        "status": {"status_list": {"idx": 7, "uri": STATUS}},
        **PERSON,
        **changes,
    }
    key = presenting.issuer.key.as_dict(private=True)
    issued = theirs("issue", key=key, payload=payload, disclosed=list(PERSON))["issued"]
    return str(issued)


def _presented(
    theirs: Theirs,
    presenting: Presenting,
    issued: str,
    names: Sequence[str] = ASKED,
    changes: Mapping[str, object] | None = None,
) -> str:
    bound = {"iat": _AT - 10, "aud": CLIENT, "nonce": NONCE, **(changes or {})}
    key = presenting.wallet.key.as_dict(private=True)
    step = theirs("present", key=key, issued=issued, names=list(names), bound=bound)
    return str(step["presented"])


def _list(theirs: Theirs, presenting: Presenting, *revoked: int, bits: int = 1) -> dict[str, str]:
    key = presenting.issuer.key.as_dict(private=True)
    times = {"iat": _AT - 60, "exp": _AT + 3600}
    made = theirs("revoke", key=key, uri=STATUS, revoked=revoked, bits=bits, **times)
    return {STATUS: made["list"]}


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_what_they_issue_we_verify(theirs: Theirs, presenting: Presenting, bits: int) -> None:
    presented = _presented(theirs, presenting, _issued(theirs, presenting))
    clean = _list(theirs, presenting, 6, 8, bits=bits)
    proven = presenting.verify(presented, status_lists=clean)
    assert (proven.full_name, str(proven.birth_date)) == ("Ada Lovelace", "1990-12-10")
    assert proven.identifier is not None
    assert proven.identifier.value == "12345678901"
    revoked = _list(theirs, presenting, 7, bits=bits)
    with pytest.raises(ProofRefused, match="revoked"):
        presenting.verify(presented, status_lists=revoked)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"nonce": "other"}, "another request"),
        ({"aud": "x509_hash:other"}, "somebody else"),
        ({"iat": _AT - 3600}, "too old"),
    ],
)
def test_what_they_bind_to_something_else_we_refuse(
    theirs: Theirs, presenting: Presenting, changes: dict[str, object], reason: str
) -> None:
    presented = _presented(theirs, presenting, _issued(theirs, presenting), changes=changes)
    with pytest.raises(ProofRefused, match=reason):
        presenting.verify(presented)


def test_what_they_issue_too_long_ago_we_refuse(theirs: Theirs, presenting: Presenting) -> None:
    presented = _presented(theirs, presenting, _issued(theirs, presenting, exp=_AT))
    with pytest.raises(ProofRefused, match="expired"):
        presenting.verify(presented)


def test_what_they_withhold_we_miss(theirs: Theirs, presenting: Presenting) -> None:
    issued = _issued(theirs, presenting)
    with pytest.raises(ProofRefused, match="not disclosed"):
        presenting.verify(_presented(theirs, presenting, issued, ASKED[:2]))


def _verified(theirs: Theirs, presenting: Presenting, presented: str) -> dict[str, Any]:
    return theirs(
        "verify",
        key=presenting.issuer.key.as_dict(private=False),
        presented=presented,
        nonce=NONCE,
        at=_AT,
        list=presenting.issuer.status_list(NOW - timedelta(hours=1)),
    )


def test_what_we_issue_they_verify(theirs: Theirs, presenting: Presenting) -> None:
    claims = _verified(theirs, presenting, presenting.present())["claims"]
    assert {name: claims.get(name) for name in ASKED} == {name: PERSON[name] for name in ASKED}
    assert "nationalities" not in claims


def test_what_we_refuse_they_refuse(theirs: Theirs, presenting: Presenting) -> None:
    token, *disclosures, binding = presenting.present().split("~")
    presenting.nonce = "other"
    attacks = {
        "nonce": presenting.present(),
        "dropped": "~".join((token, *disclosures[1:], binding)),
        "unbound": "~".join((token, *disclosures, "")),
        "altered": "~".join((token[:-4] + "AAAA", *disclosures, binding)),
    }
    for name, attack in attacks.items():
        assert "refused" in _verified(theirs, presenting, attack), name
    presenting.nonce = NONCE
    presenting.issuer.revoked.add(7)
    assert "refused" in _verified(theirs, presenting, presenting.present())
