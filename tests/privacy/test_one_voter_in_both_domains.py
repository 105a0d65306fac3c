"""One voter from registration to ballot: no place holds identifiers of both domains.

Both domains run in one process over the same AWS, with real blind signatures; then every row,
event, queued message, object and log line is searched for the other domain's identifiers.
"""

import json
from base64 import b64encode, urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from civic.client.blinding import SignerKey, finalize
from civic.contracts import base64url
from civic.contracts.identifiers import Nullifier
from civic.runtime import clients
from civic.voting.adapters.election_store_dynamodb import DynamoDbElections
from civic.voting.functions import press, processor, tally
from civic.voting.model.credential import Credential
from tests.fakes.aws import BUCKET, TABLES, Aws
from tests.fakes.ballots import ELECTION, SOUTH
from tests.fakes.deployment import Deployment
from tests.fakes.elections import blinded_for, credential_request, published
from tests.fakes.fixtures import LogLines
from tests.fakes.lambda_events import sqs_event
from tests.fakes.office import citizen, content
from tests.fakes.station import Station, credential_body, forget, station

OF_VOTING = {"elections", "ballots", "tallies", "voter-codes"}


@dataclass
class Trail:
    """What one voter left behind, place by place, and the identifiers to search for."""

    places: dict[str, str]
    person: list[str]
    ballot: list[str]

    def found(self, forms: list[str]) -> set[str]:
        """Return the places that hold any of some texts."""
        return {place for place, text in self.places.items() if any(one in text for one in forms)}


@pytest.fixture
def polls(deployment: Deployment, aws: Aws) -> Iterator[Station]:
    assert deployment.aws is aws
    with station(aws) as opened:
        yield opened


@pytest.fixture
def trail(deployment: Deployment, polls: Station, log_lines: LogLines) -> Trail:
    who = citizen(deployment)
    announcement = published(datetime.now(UTC), "DE", election=ELECTION, style=SOUTH)
    entry: Any = {
        "EventBusName": "civic-bus",
        "Source": announcement.sources()[0],
        "DetailType": announcement.detail_type(),
        "Detail": announcement.model_dump_json(),
    }
    clients.events().put_events(Entries=[entry])
    deployment.deliver()
    (offer,) = content(who.ask("GET /credentials"))["elections"]
    public = base64url.decode(offer["public_key"])
    _announce_key(public)
    prepared, blinded = blinded_for(public)
    signed = content(who.ask("POST /credentials", credential_request(blinded.message)))
    signature = finalize(
        SignerKey.parse(public),
        prepared,
        base64url.decode(signed["blind_signature"]),
        blinded.inverse,
    )
    credential = Credential(ELECTION, SOUTH, prepared[32:], prepared[:32], signature)
    taken = polls.vote({"credential": credential_body(credential), "selections": {"c1": ["o2"]}})
    assert taken["statusCode"] == 201, taken
    messages = polls.waiting()
    assert processor.handler(sqs_event(*messages), None) == {"batchItemFailures": []}
    tally.handler(polls.arrivals(), None)
    press.handler(sqs_event(*polls.asked()), None)
    receipt = urlsafe_b64decode(json.loads(taken["body"])["receipt"] + "=")
    (row,) = polls.aws.items("ballots")
    assert row["nullifier"]["B"] == credential.nullifier
    places = {f"table {name}": _text(polls.aws.items(name)) for name in TABLES}
    return Trail(
        places
        | {
            "bus": _text(polls.aws.published),
            "queue": _text(messages),
            "snapshot": _snapshot(),
            "log": _text(log_lines()),
        },
        person=[who.id, who.token],
        ballot=_forms(credential, credential.nullifier, receipt, row["salt"]["B"]),
    )


def _announce_key(public: bytes) -> None:
    """Replace the station's own key for the style with the issuer's."""
    key: Any = {"id": {"S": ELECTION}, "part": {"S": f"key#{SOUTH}"}}
    clients.dynamodb().delete_item(TableName="elections", Key=key)
    DynamoDbElections(clients.dynamodb(), "elections").keep_keys(ELECTION, {SOUTH: public})
    forget()


def _forms(credential: Credential, nullifier: Nullifier, receipt: bytes, salt: bytes) -> list[str]:
    secrets = [nullifier, receipt, salt, credential.token, credential.signature]
    return [
        form
        for secret in secrets
        for form in (
            secret.hex(),
            b64encode(secret).decode().rstrip("="),
            urlsafe_b64encode(secret).decode().rstrip("="),
        )
    ]


def _text(found: Any) -> str:
    return json.dumps(found, default=lambda value: bytes(value).hex())


def _snapshot() -> str:
    return clients.s3().get_object(Bucket=BUCKET, Key="results/latest.json")["Body"].read().decode()


def test_each_identifier_is_found_where_it_belongs(trail: Trail) -> None:
    assert trail.found(trail.ballot) == {"table ballots"}
    assert trail.found(trail.person) >= {"table decisions", "table issuer-roll", "bus", "log"}


def test_nothing_of_voting_knows_the_person(trail: Trail) -> None:
    places = {f"table {name}" for name in OF_VOTING} | {"queue", "snapshot"}
    assert trail.found(trail.person) & places == set()


def test_no_line_of_the_log_and_no_event_tells_of_both(trail: Trail) -> None:
    assert not {"log", "bus"} & trail.found(trail.ballot)


def test_voting_tables_hold_the_attributes_that_are_known_and_no_others(
    trail: Trail, polls: Station
) -> None:
    assert trail.places
    held = {name: {key for row in polls.aws.items(name) for key in row} for name in OF_VOTING}
    assert held["ballots"] == {"nullifier", "salt", "election", "ballot"}
    assert held["tallies"] == {"election", "shard", "revision", "last", "counts"}
    assert held["voter-codes"] == set()
