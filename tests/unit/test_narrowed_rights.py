"""Rights narrowed by a condition: they cover the code's requests, but not an attacker's.

The requests are those that the adapters make; the attacks are the same with other parameters, by
someone in control of the function's code.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pytest

from civic.audit.adapters.ballots_dynamodb import DynamoDbBallots as CountedBallots
from civic.contracts.identifiers import ElectionId, Nullifier, RegistrationId, Revision, StyleId
from civic.identity.adapters.erasure_ledger_dynamodb import DynamoDbErasureLedger
from civic.identity.adapters.subject_key_store_dynamodb import DynamoDbSubjectKeys
from civic.identity.adapters.wrapping_keys_kms import PublicKeys
from civic.identity.errors import WrappingKeyMissing
from civic.identity.model.keys import RecordId
from civic.runtime import clients
from civic.voting.adapters.ballot_box_dynamodb import DynamoDbBallots
from civic.voting.adapters.election_store_dynamodb import DynamoDbElections
from civic.voting.model.ballot import CommittedBallot
from tests.fakes.aws import Aws
from tests.fakes.conditions import context_of, holds
from tests.templates import TEMPLATES, on_aws

ADA = RegistrationId("3d4c1f0e-9b57-4c1b-8d0e-2f6f6f1c7a10")
ELECTION = ElectionId("0123456789ab")
BALLOT = CommittedBallot(Nullifier(bytes(32)), bytes(32), ELECTION, b"{}")
NOW = datetime(2027, 1, 15, tzinfo=UTC)
ALL: dict[str, Any] = {"ProjectionExpression": None, "Select": None}
"""No projection: everything is read."""


class Narrowed(NamedTuple):
    """A statement, the call that needs it, and calls that it must not allow."""

    sid: str
    call: Callable[[], object]
    attacks: list[dict[str, Any]]


def subject_keys() -> DynamoDbSubjectKeys:
    return DynamoDbSubjectKeys(clients.dynamodb(), "subject-keys")


def read_the_public_key() -> None:
    with suppress(WrappingKeyMissing):
        PublicKeys(clients.dynamodb(), "wrapping-keys", timedelta(0), clients.now).current()


def reading(*attributes: str) -> dict[str, Any]:
    return {"ProjectionExpression": ", ".join(attributes)}


NARROWED = [
    Narrowed(
        "ReadThePublicWrappingKey",
        read_the_public_key,
        # A version's row has the private key as well, though encrypted.
        [{"Key": {"wk": {"S": "wk-0001"}}}],
    ),
    Narrowed(
        "RecognizeARetryWithoutReadingTheKey",
        lambda: subject_keys().access_digest(RecordId(ADA, Revision(1))),
        [ALL, reading("w"), reading("access_digest", "w")],
    ),
    Narrowed(
        "FindSubjectKeysWithoutReadingThem",
        lambda: subject_keys().revisions(ADA),
        [ALL, ALL | {"Select": "ALL_ATTRIBUTES"}, reading("id", "w"), reading("access_digest")],
    ),
    Narrowed(
        "CountErasuresWithoutSeeingThem",
        lambda: DynamoDbErasureLedger(clients.dynamodb(), "erasure-ledger").completed(NOW, NOW),
        [{"Select": None}, {"Select": "SPECIFIC_ATTRIBUTES"} | reading("id")],
    ),
    Narrowed(
        "SeeWhoHasVotedNotHow",
        lambda: DynamoDbBallots(clients.dynamodb(), "ballots").holds(Nullifier(bytes(32))),
        [ALL, reading("ballot"), reading("nullifier", "salt")],
    ),
    Narrowed(
        "PutBallotsIntoTheBox",
        lambda: DynamoDbBallots(clients.dynamodb(), "ballots").cast([BALLOT]),
        [
            # It would return the ballot that it replaced.
            {"ReturnValues": "ALL_OLD"},
            {"Item": {"nullifier": {"B": bytes(32)}, "cast_at": {"S": NOW.isoformat()}}},
        ],
    ),
    Narrowed(
        "ReadWhatOpensCommitments",
        lambda: list(CountedBallots(clients.dynamodb(), "ballots").every(ELECTION)),
        [
            ALL,
            ALL | {"Select": "ALL_ATTRIBUTES"},
            reading("nullifier"),
            reading("salt", "ballot", "nullifier"),
        ],
    ),
    Narrowed(
        "AddKeys",
        lambda: DynamoDbElections(clients.dynamodb(), "elections").keep_keys(
            ELECTION, {StyleId("north"): b"key"}
        ),
        [
            {"UpdateExpression": "SET document = :key"},
            {"UpdateExpression": "REMOVE document"},
            # It would return the election's secret, though sealed.
            {"ReturnValues": "ALL_OLD"},
            {"ReturnValues": "ALL_NEW"},
        ],
    ),
]


def statements(sid: str) -> list[dict[str, Any]]:
    """Return every statement with a name, in any role."""
    found = [
        one
        for template in TEMPLATES.values()
        for role in template.resources
        if template.resources[role]["Type"] == "AWS::IAM::Role"
        for one in template.statements(role)
        if one["Sid"] == sid
    ]
    assert found
    return found


@pytest.mark.parametrize("narrowed", NARROWED, ids=lambda one: one.sid)
def test_code_is_allowed_what_it_needs_and_its_attacker_no_more(
    aws: Aws, narrowed: Narrowed
) -> None:
    before = len(aws.requests)
    narrowed.call()
    ((operation, request),) = aws.requests[before:]
    for statement in statements(narrowed.sid):
        assert statement["Action"] == f"dynamodb:{operation}"
        condition = on_aws(statement["Condition"])
        assert holds(condition, context_of(operation, request))
        for attack in narrowed.attacks:
            changed = {key: value for key, value in (request | attack).items() if value}
            assert not holds(condition, context_of(operation, changed)), attack


def test_replacing_rows_is_no_right_of_who_adds_keys() -> None:
    # With PutItem it could put a row without a document in a definition's place.
    (statement,) = statements("AddKeys")
    assert statement["Action"] == "dynamodb:UpdateItem"
