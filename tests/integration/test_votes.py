"""Votes in the deployed stack: submitted, repeated, forged, poisoned, suspended, and recounted."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import BoundedSemaphore
from typing import Any

import httpx
import pytest

from civic.client.api_client import Refused
from civic.client.citizen import Citizen, Receipt
from civic.client.device import Credential, Device
from civic.contracts.identifiers import ElectionId
from civic.lab import log_events
from civic.lab.leakscan.places import Piece, Place, places_of_aws
from civic.lab.leakscan.scan import Scanner
from civic.operator.elections import ElectionOffice
from civic.stack.target import Target
from civic.voting.adapters.ballot_queue_sqs import body_of
from civic.voting.model.codes import PostedCode
from tests.integration.consumers import dead, impatient, paused, purge, send
from tests.integration.lives import registered
from tests.integration.people import person
from tests.integration.polls import CANDIDATE, STYLE, Polls, first_option, http, office, opened
from tests.integration.waiting import eventually

__all__ = ["http", "office"]

WRITTEN = "Zq2votecanary"
AT_ONCE = 8
"""Simultaneous requests: each gets its own worker in the engine."""


@pytest.fixture(scope="module")
def polls(target: Target, office: ElectionOffice, http: httpx.Client) -> Polls:
    return opened(target, office, http)


def codes_of(answers: list[httpx.Response]) -> set[int]:
    return {answer.status_code for answer in answers}


def by_64_threads(polls: Polls, voter: PostedCode | Credential) -> list[httpx.Response]:
    turn, option = BoundedSemaphore(AT_ONCE), first_option(polls)

    def vote(_: int) -> httpx.Response:
        with turn:
            return polls.vote(voter, option)

    with ThreadPoolExecutor(64) as threads:
        return list(threads.map(vote, range(64)))


def receipts_of(answers: list[httpx.Response]) -> set[str]:
    return {one.json()["receipt"] for one in answers if one.status_code == 201}


def test_vote_is_counted_and_shown(polls: Polls) -> None:
    code = polls.post()
    old = polls.http.post("/votes", json={"id": code, "candidate": CANDIDATE})
    assert old.status_code == 201, old.text
    polls.accepted.add(code)
    eventually("the vote is in the box", polls.counted)
    assert polls.vote(code, first_option(polls)).status_code == 409
    other, written = polls.post(), {"c1": [WRITTEN]}
    body = {"id": other, "selections": {}, "write_ins": written}
    assert polls.http.post("/votes", json=body).status_code == 201
    polls.accepted.add(other)

    def shown() -> bool:
        answer = polls.http.get("/votes", params={"election": polls.election})
        return answer.status_code == 200 and answer.json()["ballots"] == len(polls.accepted)

    eventually("the votes are in the results", shown)
    assert polls.http.get("/health").json()["status"] == "ok"


def test_one_code_in_64_threads_is_one_vote(polls: Polls) -> None:
    answers = by_64_threads(polls, polls.post())
    assert codes_of(answers) <= {201, 409}
    assert len(receipts_of(answers)) == 1
    eventually("the vote is in the box", polls.counted)


def test_one_credential_in_64_threads_is_one_vote(polls: Polls, citizen: Citizen) -> None:
    receipt = registered(citizen, person(username="voter-2028"))
    device = Device(citizen, receipt)
    eventually("the election is offered", lambda: offered(device, polls.election))
    answers = by_64_threads(polls, device.credential(polls.election))
    assert codes_of(answers) <= {201, 409}
    assert len(receipts_of(answers)) == 1
    eventually("the vote is in the box", polls.counted)
    assert left_of(polls, receipt) == []


def offered(device: Device, election: ElectionId) -> bool:
    try:
        return election in {one.election for one in device.look()[0]}
    except Refused:
        return False


def left_of(polls: Polls, receipt: Receipt) -> list[str]:
    """Return the voting tables that name a person's registration."""
    tables = {
        name
        for stack in ("elections", "voting")
        for key, name in polls.target.outputs_of(stack).items()
        if key.endswith("TableName")
    }
    assert len(tables) == 4
    scanned = {name: polls.target.dynamodb.scan(TableName=name) for name in tables}
    return [name for name, found in scanned.items() if receipt.id in repr(found)]


def test_nonsense_is_refused_and_counts_nothing(polls: Polls) -> None:
    code = polls.post()
    credential = {"election": polls.election, "style": STYLE, "token": "A" * 43}
    forged = credential | {"randomizer": "A" * 43, "signature": "A" * 512}
    refusals: list[tuple[Any, int]] = [
        ("[]", 422),
        ("{", 400),
        ('{"id": "x", "id": "y"}', 400),
        (json.dumps({"id": code[:-1], "candidate": CANDIDATE}), 404),
        (json.dumps({"credential": forged, "candidate": CANDIDATE}), 404),
        (json.dumps({"id": code, "candidate": "Nobody"}), 422),
        (json.dumps({"id": code, "candidate": CANDIDATE, "more": 1}), 422),
    ]
    for body, status in refusals:
        headers = {"content-type": "application/json"}
        answer = polls.http.post("/votes", content=body, headers=headers)
        assert (answer.status_code, answer.json()["status"]) == (status, status), body
    assert polls.vote(code, first_option(polls)).status_code == 201
    eventually("the vote is in the box", polls.counted)


def test_poison_is_given_up_and_its_mates_are_counted(polls: Polls) -> None:
    target, option = polls.target, first_option(polls)
    poison = ["not a ballot", body_of(polls.election, bytes(80)), '{"election": {}, "sealed": ""}']
    try:
        with impatient(target, "Ballot"):
            with paused(target, "Ballot"):
                send(target, "Ballot", *poison)
                for _ in range(2):
                    assert polls.vote(polls.post(), option).status_code == 201
            eventually("the mates are counted", polls.counted)
            assert sorted(dead(target, "Ballot", len(poison))) == sorted(poison)
    finally:
        purge(target, "Ballot")


def test_no_vote_is_taken_while_suspended_or_after_the_end(
    target: Target, office: ElectionOffice, http: httpx.Client
) -> None:
    polls = opened(target, office, http)
    code, option = polls.post(), first_option(polls)
    office.suspend(polls.election)

    def said() -> tuple[int, str]:
        answer = polls.vote(code, option)
        return answer.status_code, answer.json().get("code", "")

    eventually("the suspension is noticed", lambda: said() == (403, "suspended"))
    office.finish(polls.election)
    eventually("the end is noticed", lambda: said() == (403, "closed"))
    assert polls.recounted().ballots == len(polls.accepted)


def test_recount_is_the_tally_is_what_was_accepted(polls: Polls) -> None:
    code = polls.post()
    assert polls.vote(code, first_option(polls)).status_code == 201
    eventually("everything is in the box", polls.counted)
    eventually("the tally has it", lambda: polls.tallied() == polls.recounted())
    assert polls.tallied().ballots == len(polls.accepted)


def lines_since(polls: Polls) -> Iterator[Piece]:
    """Return what was written to every log group since the markers were made."""
    logs, window = polls.target.logs, (polls.since, datetime.now(UTC) + timedelta(minutes=1))
    for page in logs.get_paginator("describe_log_groups").paginate():
        for group in page["logGroups"]:
            for message in log_events.messages(logs, group["logGroupName"], window):
                yield Piece(message.encode())


def test_log_groups_hold_no_code_and_no_choice(polls: Polls) -> None:
    code = polls.post()
    polls.vote(code, first_option(polls))
    polls.http.post("/votes", json={"id": polls.post(), "candidate": CANDIDATE})
    eventually("both are in the box", lambda: polls.recounted().ballots >= 2)
    markers = {f"code {number}": one for number, one in enumerate(polls.codes)}
    scanner = Scanner(markers | {"choice": CANDIDATE, "name": WRITTEN})
    logged = scanner.look(Place("log group", "all", lambda: lines_since(polls)))
    assert logged.size > 0
    assert logged.leaks == frozenset()
    # The search works: the election names the candidate.
    elections = polls.target.output("ElectionsTableName")
    (table,) = (one for one in places_of_aws(polls.target) if one.name == elections)
    assert "choice" in {leak.marker for leak in scanner.look(table).leaks}
