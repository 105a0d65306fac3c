"""What the public log cannot say: who voted, how anybody voted, when, and in which order."""

import hashlib
import re
from base64 import b64decode, b64encode
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

import civic.audit
from civic.audit.adapters.ballots_dynamodb import arrival_of
from civic.audit.model.openings import Opening
from civic.audit.usecases.opening import open_ballots
from civic.audit.usecases.recording import record_ballots, record_events
from civic.contracts.events import Event
from civic.contracts.log_entries import ballot_entry, commitment
from civic.contracts.registry import EVENTS
from civic.contracts.voting import Audience
from tests.fakes.log import ELECTION, Log, arrivals, certified, opening
from tests.privacy.test_two_domains import (
    BALLOT_NAMES,
    PERSON_NAMES,
    imported_by,
    kinds_of,
    locked,
    models_of,
)
from tests.templates import ROOT, TEMPLATES

LOGGED: list[type[Event]] = [
    EVENTS[name]
    for name in TEMPLATES["audit"].of_type("AWS::Events::Rule")["EventLoggerRule"]["EventPattern"][
        "detail-type"
    ]
]
GIVEN_BY_THE_OFFICE = {"contest", "option"}
"""Texts without a pattern, as they are ids made by the office's own code."""
NARROWED = {"pattern", "format", "enum", "const"}
SAYS_WHAT = {"type", "$ref"}
NESTED = {"anyOf", "allOf", "oneOf", "items", "prefixItems", "additionalProperties"}
SHARD = "shardId-1"


# ------------------------------------------------------------------ events


def texts_of(schema: Any, name: str = "") -> set[str]:
    """Return where a JSON schema allows any text or any value."""
    if isinstance(schema, list):
        return set().union(*(texts_of(one, name) for one in schema))
    if not isinstance(schema, dict):
        return set()
    if schema.get("type") == "string" and not NARROWED & set(schema):
        return {name}
    said = SAYS_WHAT | NARROWED | NESTED
    anything = (
        {name} if not said & set(schema) or schema.get("additionalProperties") is True else set()
    )
    return anything.union(
        *(texts_of(one, field) for field, one in schema.get("properties", {}).items()),
        *(texts_of(one, name) for key, one in schema.items() if key in NESTED),
        *(texts_of(one, name) for one in schema.get("$defs", {}).values()),
    )


class _Telling(BaseModel):
    order: str = Field(pattern="^[0-9]$")
    names: tuple[str, ...]
    whose: dict[str, str | None]
    anything: Any
    more: dict[str, Any]
    at: datetime


def test_fields_that_hold_any_text_would_be_seen() -> None:
    assert texts_of(_Telling.model_json_schema()) == {"names", "whose", "anything", "more"}


def test_there_are_events_to_look_at() -> None:
    assert len(LOGGED) > 12


@pytest.mark.parametrize("event", LOGGED, ids=lambda event: event.__name__)
def test_logged_event_can_hold_no_person_and_no_ballot(event: type[Event]) -> None:
    assert kinds_of(event) == frozenset()
    assert texts_of(event.model_json_schema()) <= GIVEN_BY_THE_OFFICE
    assert not (set(event.model_fields) - {"ballots"}) & (PERSON_NAMES | BALLOT_NAMES)


# ------------------------------------------------------------------ ballots


records = st.fixed_dictionaries(
    {
        "salt": st.binary(min_size=32, max_size=32),
        "nullifier": st.binary(min_size=32, max_size=32),
        "number": st.integers(1, 10**30),
        "at": st.integers(0, 2**32),
    }
)


@given(records)
def test_entry_of_a_ballot_is_its_election_and_its_commitment_and_nothing_else(
    drawn: dict[str, Any],
) -> None:
    ballot = opening(1).ballot
    image = {
        "nullifier": {"B": b64encode(drawn["nullifier"]).decode()},
        "salt": {"B": b64encode(drawn["salt"]).decode()},
        "election": {"S": ELECTION},
        "ballot": {"S": ballot.decode()},
    }
    entry = arrival_of(
        {
            "eventID": "1",
            "dynamodb": {
                "NewImage": image,
                "Keys": {"nullifier": image["nullifier"]},
                "SequenceNumber": str(drawn["number"]),
                "ApproximateCreationDateTime": drawn["at"],
            },
        }
    ).entry
    assert entry == ballot_entry(ELECTION, commitment(drawn["salt"], ballot))
    found = re.fullmatch(rb"civic/ballot/1\n([0-9a-z]{12})\n([A-Za-z0-9+/]{43}=)\n", entry)
    assert found is not None
    assert found[1].decode() == ELECTION
    committed = hashlib.sha256(b"civic/commitment/1|" + drawn["salt"] + ballot).digest()
    assert b64decode(found[2]) == committed


@given(st.permutations(range(1, 40)), st.integers(0, 10**6))
def test_order_within_a_checkpoint_says_nothing_of_the_order_of_arrival(
    order: list[int], first: int
) -> None:
    ballots = arrivals(first, first + 39)
    arrived = [
        type(one)(f"{place:040}", one.entry)
        for place, one in enumerate(ballots[number - 1] for number in order)
    ]
    log, other = Log(), Log()
    record_ballots(log.recorder(), SHARD, arrived)
    record_ballots(other.recorder(), SHARD, ballots)
    assert log.shelf.objects == other.shelf.objects


def published(log: Log) -> bytes:
    head = log.heads.newest()
    assert head is not None
    kept = [*log.shelf.objects.values(), *log.index.objects.values(), head.note]
    return b"\0".join([*kept, *(name.encode() for name in log.shelf.objects)])


def forms(secret: bytes) -> list[bytes]:
    return [secret, b64encode(secret), secret.hex().encode()]


@dataclass(frozen=True)
class Counted:
    """An election whose ballots only auditors may see in full."""

    log: Log
    ballots: list[Opening]


@pytest.fixture(scope="module")
def counted() -> Counted:
    ballots = 1200
    log = Log()
    record_ballots(log.recorder(), SHARD, arrivals(0, ballots))
    record_events(log.recorder(), [certified(ballots, Audience.AUDITORS)])
    return Counted(log, [opening(number) for number in range(ballots)])


def test_nothing_opens_a_ballot_but_what_the_election_chose(counted: Counted) -> None:
    before = published(counted.log)
    for one in counted.ballots:
        assert not any(form in before for form in [*forms(one.salt), one.ballot])
    ballots = len(counted.ballots)
    assert open_ballots(counted.log.opener(counted.ballots), certified(ballots, Audience.AUDITORS))
    after = published(counted.log)
    opened = [one for one in counted.ballots if b64encode(one.salt) in after]
    # A tenth is drawn, which the log itself declares.
    assert 70 < len(opened) < 180
    sampled = b"".join(
        content for path, content in counted.log.shelf.objects.items() if path.endswith(".jsonl")
    )
    assert all(one.line() in sampled for one in opened)
    hidden = [one for one in counted.ballots if one not in opened]
    assert not any(form in after for one in hidden for form in forms(one.salt))
    # The search works: the auditors have them.
    shown = b"".join(counted.log.auditors.objects.values())
    assert all(one.line() in shown for one in hidden)


# ------------------------------------------------------------------ models and the artefact


def test_audit_holds_no_model_of_a_person() -> None:
    found = {model.__name__: kinds_of(model) for model in models_of(civic.audit)}
    assert len(found) > 10
    assert {name for name, kinds in found.items() if "person" in kinds} == set()


def test_audit_artefact_holds_code_of_audit_only() -> None:
    code = ROOT / "src/audit/civic"
    assert [one.name for one in code.iterdir() if one.name != "__pycache__"] == ["audit"]
    ours = {name for name in imported_by(code) if name.startswith("civic")}
    assert ours == {"civic.audit", "civic.contracts", "civic.runtime"}


@pytest.mark.parametrize(
    "words", ["civic.identity", "civic.voting", "aws_encryption_sdk", "aws-encryption-sdk"]
)
def test_audit_artefact_names_the_others_nowhere_not_even_in_a_text(words: str) -> None:
    sources = [file for file in (ROOT / "src/audit").rglob("*") if file.suffix in {".py", ".txt"}]
    assert len(sources) > 20
    assert [file.name for file in sources if words in file.read_text()] == []


def test_audit_artefact_brings_canonical_json_and_nothing_else() -> None:
    assert locked("src/audit/requirements.txt") == {"rfc8785"}
