"""Processor, tally and press through their real handlers and adapters."""

import json
from base64 import b64decode
from collections.abc import Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from civic.contracts.identifiers import Nullifier
from civic.runtime import clients
from civic.runtime.publisher import PublishFailed
from civic.voting.adapters.ballot_box_dynamodb import DynamoDbBallots
from civic.voting.adapters.ballot_queue_sqs import body_of
from civic.voting.adapters.tally_store_dynamodb import DynamoDbTallies
from civic.voting.errors import StoreUnavailable
from civic.voting.functions import press, processor, tally
from civic.voting.model.ballot import commit
from civic.voting.model.election import State
from civic.voting.model.sealing import seal
from civic.voting.usecases.publishing import recount
from civic.voting.usecases.tallying import total
from tests.fakes.aws import Aws
from tests.fakes.ballots import ELECTION, OTHER, ballot
from tests.fakes.fixtures import LogLines
from tests.fakes.lambda_events import failed, sqs_event
from tests.fakes.station import Station, station


@pytest.fixture
def polls(aws: Aws, log_lines: LogLines) -> Iterator[Station]:
    with station(aws) as opened:
        log_lines()
        yield opened


def nullifier(number: int) -> Nullifier:
    return Nullifier(number.to_bytes(32))


def message(polls: Station, number: int, candidate: str = "o1") -> str:
    keys = polls.keys()
    made = commit(ballot(candidate), nullifier(number), keys.salt)
    return body_of(ELECTION, seal(made, keys.seal, number.to_bytes(12)))


def counted(*messages: str) -> list[str]:
    return failed(processor.handler(sqs_event(*messages), None))


# ------------------------------------------------------------------ the processor


def test_ballots_go_into_the_box_with_nothing_else(polls: Station) -> None:
    assert counted(message(polls, 1), message(polls, 2, "o2")) == []
    items = polls.aws.items("ballots")
    assert all(item.keys() == {"nullifier", "salt", "election", "ballot"} for item in items)
    assert sorted(bytes(item["nullifier"]["B"]) for item in items) == [nullifier(1), nullifier(2)]


def test_one_ballot_is_one_conditional_write_and_no_transaction(polls: Station) -> None:
    batch = [message(polls, number) for number in range(3)]
    counted(batch[0])
    polls.aws.requests.clear()
    counted(*batch[1:])
    assert [name for name, _ in polls.aws.requests] == ["PutItem", "PutItem"]
    (one, _) = polls.aws.asked("PutItem")
    assert one["ConditionExpression"] == "attribute_not_exists(nullifier)"


def test_two_votes_of_one_voter_in_one_batch_are_one(polls: Station, log_lines: LogLines) -> None:
    assert counted(message(polls, 1, "o1"), message(polls, 1, "o2")) == []
    (item,) = polls.aws.items("ballots")
    assert '"o1"' in item["ballot"]["S"]
    (line,) = log_lines()
    assert (line["BallotsCounted"], line["BallotsAlready"]) == ([1.0], [1.0])


def test_poison_goes_back_alone(polls: Station, log_lines: LogLines) -> None:
    sealed = json.loads(message(polls, 3))["sealed"]
    poison = [
        "nonsense",
        json.dumps({"election": {}, "sealed": sealed}),
        json.dumps({"election": OTHER, "sealed": sealed}),
        json.dumps({"election": ELECTION, "sealed": "BBBB" + sealed[4:]}),
    ]
    batch = [message(polls, 1), *poison, message(polls, 2)]
    assert sorted(counted(*batch)) == ["m1", "m2", "m3", "m4"]
    assert len(polls.aws.items("ballots")) == 2
    (line,) = log_lines()
    errors = {record["message"]: record["error"] for record in line["records"]}
    assert errors == {
        "m1": "SealBroken",
        "m2": "SealBroken",
        "m3": "ElectionUnknown",
        "m4": "SealBroken",
    }


def test_certified_election_refuses_late_ballots(polls: Station, log_lines: LogLines) -> None:
    late = message(polls, 1)
    polls.become(state=State.CERTIFIED)
    assert counted(late) == ["m0"]
    assert polls.aws.items("ballots") == []
    assert log_lines()[-1]["records"] == [{"message": "m0", "error": "NotNow"}]


def test_sealed_box_takes_no_ballot_until_it_is_unsealed(
    polls: Station, log_lines: LogLines
) -> None:
    late = message(polls, 1)
    polls.become(state=State.CLOSED, sealed_at=datetime.now(UTC))
    assert counted(late) == ["m0"]
    assert polls.aws.items("ballots") == []
    assert log_lines()[-1]["records"] == [{"message": "m0", "error": "NotNow"}]
    polls.become(sealed_at=None)
    assert counted(late) == []
    assert len(polls.aws.items("ballots")) == 1


@pytest.mark.parametrize(
    ("service", "operation"), [("dynamodb", "PutItem"), ("dynamodb", "Query"), ("kms", "Decrypt")]
)
def test_what_aws_refuses_comes_again(polls: Station, service: str, operation: str) -> None:
    batch = [message(polls, 1), message(polls, 2)]
    polls.aws.fail(service, operation, "ProvisionedThroughputExceededException")
    assert counted(*batch) == ["m0", "m1"]
    polls.aws.mend(service, operation)
    assert counted(*batch) == []
    assert len(polls.aws.items("ballots")) == 2


def test_answer_that_was_lost_comes_again_and_counts_once(polls: Station) -> None:
    one = message(polls, 1)
    polls.aws.lose("dynamodb", "PutItem", ReadTimeoutError(endpoint_url="http://x"))
    assert counted(one) == ["m0"]
    polls.aws.mend("dynamodb", "PutItem")
    assert (counted(one), counted(one)) == ([], [])
    assert len(polls.aws.items("ballots")) == 1


def test_ballot_that_conflicts_with_another_region_comes_again_alone(
    polls: Station, log_lines: LogLines
) -> None:
    batch = [message(polls, number) for number in range(3)]

    def answer(**call: Any) -> Any:
        item = json.loads(call["params"]["body"])["Item"]
        if b64decode(item["nullifier"]["B"]) != nullifier(1):
            return None
        conflict = {"Error": {"Code": "ReplicatedWriteConflictException", "Message": ""}}
        return SimpleNamespace(status_code=400), conflict

    polls.aws.hook("dynamodb", "before-call.dynamodb.PutItem", answer)
    assert counted(*batch) == ["m1"]
    (line,) = log_lines()
    (record,) = line["records"]
    assert record["message"] == "m1"
    assert record["error"].startswith("StoreUnavailable < ")
    assert record["error"].endswith(":ReplicatedWriteConflictException")
    assert (line["BallotsCounted"], line["BallotsFailed"]) == ([2.0], [1.0])


# ------------------------------------------------------------------ the tally


def in_tally() -> int:
    return total(DynamoDbTallies(clients.dynamodb(), "tallies"), ELECTION)[0].ballots


def test_tally_is_the_recount_however_often_a_batch_comes(
    polls: Station, log_lines: LogLines
) -> None:
    counted(*(message(polls, n, f"o{1 + n % 2}") for n in range(5)))
    event = polls.arrivals()
    halves = [event | {"Records": event["Records"][:2]}, event | {"Records": event["Records"][1:]}]
    for batch in (*halves, event):
        assert tally.handler(batch, None) == {"state": {}}
    box = DynamoDbBallots(clients.dynamodb(), "ballots")
    found, _ = total(DynamoDbTallies(clients.dynamodb(), "tallies"), ELECTION)
    assert found == recount(box, ELECTION)
    assert [line["counted"] for line in log_lines() if "counted" in line] == [2, 3, 0]
    assert polls.asked()


def test_tally_counts_arrivals_only_and_reports_whatever_else_befalls_a_ballot(
    polls: Station, log_lines: LogLines
) -> None:
    counted(message(polls, 1), message(polls, 2))
    event = polls.arrivals()
    changed, removed = event["Records"]
    changed["eventName"], removed["eventName"] = "MODIFY", "REMOVE"
    del removed["dynamodb"]["NewImage"]
    log_lines()
    tally.handler(event, None)
    tally.handler({"Records": [], "shardId": "any", "isFinalInvokeForWindow": True}, None)
    assert in_tally() == 0
    assert [line["BallotsAltered"] for line in log_lines() if "BallotsAltered" in line] == [
        [2.0],
        [0.0],
    ]


def test_tally_item_holds_counts_and_no_ballot(polls: Station) -> None:
    counted(message(polls, 1))
    tally.handler(polls.arrivals(), None)
    (item,) = polls.aws.items("tallies")
    assert item.keys() == {"election", "shard", "revision", "last", "counts"}
    assert item["last"] == {"S": "98".zfill(40)}


@pytest.mark.parametrize("operation", ["GetItem", "PutItem"])
def test_tally_that_cannot_be_kept_brings_the_batch_again(polls: Station, operation: str) -> None:
    counted(message(polls, 1))
    polls.aws.fail("dynamodb", operation, "ThrottlingException")
    with pytest.raises(StoreUnavailable):
        tally.handler(polls.arrivals(), None)
    polls.aws.mend("dynamodb", operation)
    tally.handler(polls.arrivals(), None)
    assert in_tally() == 1


# ------------------------------------------------------------------ the press


def asked(*elections: str) -> dict[str, Any]:
    return sqs_event(*(json.dumps({"detail": {"election": one}}) for one in elections))


def test_press_tells_the_bus_totals_and_the_log_the_election(
    polls: Station, log_lines: LogLines
) -> None:
    counted(message(polls, 1))
    tally.handler(polls.arrivals(), None)
    log_lines()
    press.handler(asked(ELECTION, ELECTION), None)
    (entry,) = polls.aws.published
    assert (entry["Source"], entry["DetailType"]) == ("civic.press", "VoteCast")
    detail = json.loads(entry["Detail"])
    assert detail.keys() == {"version", "election", "snapshot", "ballots", "at"}
    assert detail["ballots"] == 1
    assert log_lines()[0]["elections"] == [ELECTION]


def test_press_whom_the_bus_did_not_hear_tells_it_again(polls: Station) -> None:
    polls.aws.fail("events", "PutEvents", "ThrottlingException")
    with pytest.raises(PublishFailed):
        press.handler(asked(ELECTION), None)
    polls.aws.mend("events", "PutEvents")
    polls.aws.published.clear()
    press.handler(asked(ELECTION), None)
    press.handler(asked(ELECTION), None)
    assert len(polls.aws.published) == 1


def test_requests_of_one_second_are_one_snapshot(polls: Station) -> None:
    counted(message(polls, 1))
    for _ in range(3):
        tally.handler(polls.arrivals(), None)
    requests = polls.aws.asked("SendMessage")[-3:]
    assert {one["MessageGroupId"] for one in requests} == {ELECTION}
    seconds = {one["MessageDeduplicationId"] for one in requests}
    assert 1 <= len(seconds) <= 3
    assert len(polls.asked()) == len(seconds)
