"""An election in the deployed stack: opened by its office, with votes over HTTP, and recounted."""

import json
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from civic.client.device import Credential
from civic.contracts.identifiers import ElectionId
from civic.contracts.voting import Audience
from civic.operator.elections import ElectionOffice
from civic.stack.target import Target
from civic.terminal.waiting import PATIENCE_SECONDS
from civic.voting.adapters.ballot_box_dynamodb import DynamoDbBallots
from civic.voting.adapters.election_secrets_kms import KmsElectionSecrets
from civic.voting.adapters.election_store_dynamodb import DynamoDbElections
from civic.voting.adapters.tally_store_dynamodb import DynamoDbTallies
from civic.voting.model.codes import PostedCode, hash_of, new_code
from civic.voting.model.draft import DraftElection
from civic.voting.model.secrets import ElectionKeys
from civic.voting.model.tally import Counts
from civic.voting.usecases.publishing import recount
from civic.voting.usecases.tallying import total
from tests.integration.waiting import eventually

STYLE = "capital"
CANDIDATE = "Zq1votecanary"


@dataclass
class Polls:
    """An open election in the deployed stack."""

    target: Target
    office: ElectionOffice
    http: httpx.Client
    election: ElectionId
    accepted: set[str] = field(default_factory=set)
    codes: list[PostedCode] = field(default_factory=list)
    since: datetime = field(default_factory=lambda: datetime.now(UTC))

    def vote(self, voter: PostedCode | Credential, option: str) -> httpx.Response:
        """Vote for a candidate; a vote answered with 201 counts as accepted."""
        key = "id" if isinstance(voter, str) else "credential"
        shown = voter if isinstance(voter, str) else json.loads(voter.to_json())
        body: dict[str, Any] = {key: shown, "selections": {"c1": [option]}}
        answer = self.http.post("/votes", json=body)
        if answer.status_code == 201:
            self.accepted.add(voter if isinstance(voter, str) else str(voter.token))
        return answer

    def post(self) -> PostedCode:
        """Post a code to a voter."""
        code = new_code(secrets.token_bytes)
        hashed = urlsafe_b64encode(hash_of(code, self.keys().codes)).decode()
        assert self.office.add_codes(self.election, STYLE, [hashed]) == 1
        self.codes.append(code)
        return code

    def keys(self) -> ElectionKeys:
        table = self.target.output("ElectionsTableName")
        stored = DynamoDbElections(self.target.dynamodb, table).find(self.election)
        assert stored is not None
        kms = KmsElectionSecrets(self.target.kms, self.target.output("VotingKeyArn"))
        return ElectionKeys.derive(self.election, kms.open(self.election, stored.sealed_secret))

    def recounted(self) -> Counts:
        """Count the ballots in the box."""
        table = self.target.output("BallotsTableName")
        return recount(DynamoDbBallots(self.target.dynamodb, table), self.election)

    def tallied(self) -> Counts:
        """Return the counts of the tally."""
        table = self.target.output("TalliesTableName")
        return total(DynamoDbTallies(self.target.dynamodb, table), self.election)[0]

    def counted(self) -> bool:
        """Return whether every accepted vote is in the box."""
        return self.recounted().ballots == len(self.accepted)


@pytest.fixture(scope="module")
def http(target: Target) -> Iterator[httpx.Client]:
    with httpx.Client(
        base_url=target.vote_api_url, trust_env=False, timeout=PATIENCE_SECONDS
    ) as client:
        yield client


@pytest.fixture(scope="module")
def office(target: Target) -> Iterator[ElectionOffice]:
    with ElectionOffice(target) as office:
        yield office


def opened(
    target: Target,
    office: ElectionOffice,
    http: httpx.Client,
    openings: Audience = Audience.AUDITORS,
) -> Polls:
    """Open an election, and wait until its credentials can be verified."""
    now = datetime.now(UTC)
    contest = {
        "title": "Mayor",
        "write_ins": True,
        "options": [{"text": CANDIDATE}, {"text": "Grace"}],
    }
    draft = {
        "title": "Town",
        "openings": openings,
        "time_zone": "Europe/Berlin",
        "opens_at": (now + timedelta(hours=1)).isoformat(),
        "closes_at": (now + timedelta(hours=2)).isoformat(),
        "contests": [contest],
        "styles": [{"id": STYLE, "name": "Capital", "areas": ["DE-BE", "DE"]}],
    }
    one = office.create(DraftElection.model_validate(draft))["id"]
    office.publish(one)
    office.open(one)
    eventually("the keys are published", lambda: office.show(one)["keys"] == [STYLE])
    return Polls(target, office, http, ElectionId(one), since=now)


def first_option(polls: Polls) -> str:
    """Return the id of the marked candidate."""
    document = polls.http.get(f"/elections/{polls.election}").json()
    return str(document["contests"][0]["options"][0]["id"])
