"""One function in other hands writes an access digest of its own, and gains nothing by it.

Each attack makes the calls that the role of the function allows, with any content. It is the victim
who registered first; afterwards their record, decision and standing must be what they were.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from civic.contracts.events import RevalidationRequest, SealedRevision, ValidationRequest
from civic.contracts.identifiers import RegistrationId, Revision
from civic.identity.functions import gateway, pii_storage, validator
from civic.identity.model.keys import (
    AccessDigest,
    RecordId,
    StoredSubjectKey,
    SubjectKey,
    WrappedKey,
    digest_of,
)
from civic.identity.model.sealing import seal
from civic.runtime import clients
from tests.fakes.deployment import Deployment, Handler, body_of
from tests.fakes.fixtures import LogLines
from tests.fakes.lambda_events import failed, said, sqs_event
from tests.fakes.office import ACCEPTABLE, DOUBTFUL, Citizen, citizen, content, somebody, staff
from tests.fakes.people import UNKNOWN

TOKEN = "attacker-attacker-attacker-attacker-attacker"
DIGEST = digest_of(TOKEN)
KEY = SubjectKey(bytes(range(32)))
THEIRS = somebody(username="planted")
TABLES = ("vault", "decisions", "issuer-roll", "joins")


def rows(deployment: Deployment, victim: Citizen) -> dict[str, Any]:
    """Return what the stores hold of the victim."""
    return {
        table: [item for item in deployment.aws.items(table) if item["id"] == {"S": victim.id}]
        for table in TABLES
    }


def rewrite(table: str, victim: Citizen, **attributes: Any) -> None:
    """Put a row back with some of its attributes changed, unconditionally."""
    key = {"id": {"S": victim.id}}
    item = clients.dynamodb().get_item(TableName=table, Key=key)["Item"]
    clients.dynamodb().put_item(TableName=table, Item={**item, **attributes})


def swap_digest(table: str) -> Callable[[Citizen], None]:
    return lambda victim: rewrite(table, victim, access_digest={"B": DIGEST})


def bring_key(victim: Citizen, revision: int, digest: AccessDigest, bound: AccessDigest) -> None:
    """Bring a key of one's own, as the gateway may."""
    record = RecordId(RegistrationId(victim.id), Revision(revision))
    wrapped: WrappedKey = gateway.intake().wrapper.wrap(KEY, record.id, bound)
    gateway.intake().subject_keys.put(StoredSubjectKey(record, wrapped, digest))


def honest_request(deployment: Deployment, victim: Citizen) -> ValidationRequest:
    (honest,) = (
        ValidationRequest.model_validate_json(entry["Detail"])
        for entry in deployment.aws.published
        if entry["DetailType"] == "ValidationRequest" and victim.id in entry["Detail"]
    )
    return honest


def request(
    deployment: Deployment, victim: Citizen, revision: int, digest: AccessDigest
) -> ValidationRequest:
    """Return a request of one's own about the victim, sealed under one's own key."""
    honest = honest_request(deployment, victim)
    record = RecordId(RegistrationId(victim.id), Revision(revision))
    sealed = seal(KEY, record, THEIRS.to_fields(), bytes)
    return honest.model_copy(
        update={"revision": record.revision, "access_digest": digest, "sealed": sealed}
    )


def message(event: SealedRevision, source: str = "gateway") -> str:
    return body_of(
        {
            "Source": f"civic.{source}",
            "DetailType": event.detail_type(),
            "Detail": event.model_dump_json(),
        }
    )


def comes_back(handler: Handler, body: str) -> bool:
    """Whether a consumer leaves a message to the dead-letter queue, every time that it comes."""
    return [failed(handler(sqs_event(body), None)) for _ in range(5)] == [["m0"]] * 5


def alarms(lines: list[dict[str, Any]]) -> int:
    return sum(line.get("DigestsDisagree", [0])[0] for line in lines)


def ask_all(victim: Citizen, token: str) -> set[tuple[int, str]]:
    """Ask with a token for whatever one needs the token for; return the answers."""
    body = ACCEPTABLE.model_dump_json(exclude_none=True)
    return {
        said(victim.ask(route, body if route == "PUT " else None, token=token))
        for route in ("GET ", "GET /data", "PUT ", "GET /explanation", "PUT /objection")
    }


ATTACKS = {
    "pii_storage": swap_digest("vault"),
    "gateway": swap_digest("decisions"),
    "rights": swap_digest("decisions"),
}


@pytest.mark.parametrize("role", ATTACKS)
def test_nobody_reads_a_record_by_a_digest_that_was_planted(
    deployment: Deployment, log_lines: LogLines, role: str
) -> None:
    victim = citizen(deployment)
    noted = deployment.aws.items("request-log")
    ATTACKS[role](victim)
    log_lines()
    refused = victim.ask("GET /data", token=TOKEN)
    unknown = replace(victim, id=UNKNOWN).ask("GET /data", token=TOKEN)
    for answer in (refused, unknown):
        assert said(answer) == (404, "not_found")
    assert refused["headers"] == unknown["headers"]
    assert "planted" not in refused["body"]
    first, second = log_lines()
    assert (first["error"], alarms([first]), alarms([second])) == ("DigestsDisagree", 1, 0)
    assert deployment.aws.items("request-log") == noted
    assert not [name for name, _ in deployment.aws.requests if name == "Decrypt"][2:]


@pytest.mark.parametrize("role", ["gateway", "rights"])
def test_planted_digest_of_a_decision_gives_nobody_a_registration(
    deployment: Deployment, log_lines: LogLines, role: str
) -> None:
    victim = citizen(deployment)
    ATTACKS[role](victim)
    before, published = rows(deployment, victim), len(deployment.aws.published)
    log_lines()
    assert ask_all(victim, TOKEN) == {(404, "not_found")}
    assert alarms(log_lines()) == 5
    assert rows(deployment, victim) == before
    assert len(deployment.aws.published) == published


def test_victim_of_a_planted_digest_is_not_shown_it_either(
    deployment: Deployment, log_lines: LogLines
) -> None:
    victim = citizen(deployment)
    swap_digest("vault")(victim)
    log_lines()
    assert said(victim.ask("GET /data")) == (404, "not_found")
    assert alarms(log_lines()) == 1
    rewrite("vault", victim, access_digest={"B": digest_of(victim.token)})
    assert victim.ask("GET /data")["statusCode"] == 200


@pytest.mark.parametrize("table", ["vault", "decisions"])
def test_staff_open_nothing_whose_rows_disagree(
    deployment: Deployment, log_lines: LogLines, table: str
) -> None:
    victim = citizen(deployment, DOUBTFUL)
    swap_digest(table)(victim)
    log_lines()
    decision = {"revision": 1, "decision": "accepted"}
    for answer in (
        staff("GET /reviews/{id}", on=victim.id),
        staff("POST /reviews/{id}", on=victim.id, body=decision),
    ):
        assert said(answer) == (404, "not_found")
    assert alarms(log_lines()) == 2
    assert victim.status()["status"] == "fulfilled" if table == "vault" else True


def test_revision_under_the_gateways_own_digest_takes_nothing_over(
    deployment: Deployment, log_lines: LogLines
) -> None:
    victim = citizen(deployment)
    before = rows(deployment, victim)
    bring_key(victim, 2, DIGEST, DIGEST)
    body = message(request(deployment, victim, 2, DIGEST))
    log_lines()
    assert comes_back(validator.handler, body)
    assert comes_back(pii_storage.handler, body)
    assert alarms(log_lines()) == 10
    assert rows(deployment, victim) == before
    assert ask_all(victim, TOKEN) == {(404, "not_found")}
    assert content(victim.ask("GET /data"))["data"]["username"] == ACCEPTABLE.username


def test_correction_after_a_planted_revision_is_stored_and_removes_its_key(
    deployment: Deployment,
) -> None:
    victim = citizen(deployment)
    bring_key(victim, 2, DIGEST, DIGEST)
    body = message(request(deployment, victim, 2, DIGEST))
    corrected = somebody(username="corrected").model_dump_json(exclude_none=True)
    assert content(victim.ask("PUT ", corrected))["revision"] == 3
    deployment.deliver()
    assert deployment.failures == []
    assert content(victim.ask("GET /data"))["data"]["username"] == "corrected"
    (key,) = deployment.aws.items("subject-keys")
    assert key["revision"] == {"N": "3"}
    # What waits in the dead-letter queue is now about a revision that was overtaken.
    for handler in (validator.handler, pii_storage.handler):
        assert failed(handler(sqs_event(body), None)) == []


def test_event_under_the_victims_digest_does_not_use_a_key_under_another(
    deployment: Deployment, log_lines: LogLines
) -> None:
    victim = citizen(deployment)
    before, own = rows(deployment, victim), digest_of(victim.token)
    bring_key(victim, 2, DIGEST, DIGEST)
    body = message(request(deployment, victim, 2, own))
    log_lines()
    assert comes_back(validator.handler, body)
    assert comes_back(pii_storage.handler, body)
    assert alarms(log_lines()) == 10
    assert rows(deployment, victim) == before


def test_key_whose_row_got_another_digest_does_not_open(
    deployment: Deployment, log_lines: LogLines
) -> None:
    # All rows agree, and still the key does not open: the digest is bound into it.
    victim = citizen(deployment)
    swap_digest("vault")(victim)
    swap_digest("decisions")(victim)
    (key,) = deployment.aws.items("subject-keys")
    clients.dynamodb().put_item(
        TableName="subject-keys", Item=key | {"access_digest": {"B": DIGEST}}
    )
    log_lines()
    answer = victim.ask("GET /data", token=TOKEN)
    assert said(answer) == (500, "internal_error")
    (line,) = log_lines()
    assert (line["error"], line["KeysRefused"]) == ("KeyRefused", [1])


def test_request_of_pii_storage_under_its_own_digest_decides_nothing(
    deployment: Deployment, log_lines: LogLines
) -> None:
    victim = citizen(deployment)
    before = rows(deployment, victim)
    forged = honest_request(deployment, victim).model_copy(update={"access_digest": DIGEST})
    body = message(RevalidationRequest(**dict(forged)), "pii_storage")
    log_lines()
    assert comes_back(validator.handler, body)
    assert alarms(log_lines()) == 5
    assert rows(deployment, victim) == before


@pytest.mark.parametrize("restricted", [False, True])
def test_restriction_does_not_let_a_foreign_revision_pass_as_pending(
    deployment: Deployment, *, restricted: bool
) -> None:
    victim = citizen(deployment)
    if restricted:
        victim.ask("PUT /restriction")
    before = rows(deployment, victim)
    bring_key(victim, 2, DIGEST, DIGEST)
    assert comes_back(validator.handler, message(request(deployment, victim, 2, DIGEST)))
    assert rows(deployment, victim) == before


def test_decision_row_and_key_of_the_gateway_give_it_neither_record_nor_credential(
    deployment: Deployment, log_lines: LogLines
) -> None:
    # Both stores that the gateway may write agree on its digest, so the validator decides.
    victim = citizen(deployment)
    before = rows(deployment, victim)
    swap_digest("decisions")(victim)
    bring_key(victim, 2, DIGEST, DIGEST)
    body = message(request(deployment, victim, 2, DIGEST))
    assert failed(validator.handler(sqs_event(body), None)) == []
    log_lines()
    assert comes_back(pii_storage.handler, body)
    assert alarms(log_lines()) == 5
    deployment.deliver()
    after = rows(deployment, victim)
    assert after["vault"] == before["vault"]
    (entry,) = after["issuer-roll"]
    assert entry["access_digest"] == {"B": digest_of(victim.token)}
    assert said(victim.ask("GET /data", token=TOKEN)) == (404, "not_found")
    assert said(victim.ask("GET /credentials", token=TOKEN)) == (404, "not_found")


def test_foreign_digest_of_somebody_erased_is_passed_over_and_not_acknowledged_as_theirs(
    deployment: Deployment,
) -> None:
    victim = citizen(deployment)
    assert victim.ask("DELETE ")["statusCode"] == 202
    deployment.deliver()
    before, published = rows(deployment, victim), len(deployment.aws.published)
    bring_key(victim, 2, DIGEST, DIGEST)
    body = message(request(deployment, victim, 2, DIGEST))
    for handler in (validator.handler, pii_storage.handler):
        assert failed(handler(sqs_event(body), None)) == []
    assert deployment.aws.items("subject-keys") == []
    assert rows(deployment, victim) == before
    assert ask_all(victim, TOKEN) == {(404, "not_found")}
    for route in ("DELETE ", "GET /erasure"):
        assert said(victim.ask(route, token=TOKEN)) == (404, "not_found")
        assert victim.ask(route)["statusCode"] in {200, 202}
    # What was announced since is the erasure, for the one whose it is.
    announced = [entry["Detail"] for entry in deployment.aws.published[published:]]
    assert len(announced) == 1
