"""The functions of the public log through their real handlers and adapters."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from civic.audit.errors import StoreUnavailable
from civic.audit.functions import event_logger, log_writer, opener, public_log
from civic.contracts.audit import OpeningsPublished
from civic.contracts.events import Event
from civic.contracts.voting import Audience, ElectionEnded
from civic.runtime import clients
from tests.fakes.aws import BUS, LOG_BUCKET, LOG_KEY, Aws
from tests.fakes.deployment import body_of
from tests.fakes.fixtures import LogLines
from tests.fakes.lambda_events import failed, http_event, said, sqs_event
from tests.fakes.log import ELECTION, NOW, ORIGIN, certified, opening

COMPOSED: tuple[Any, ...] = (
    log_writer.recorder,
    event_logger.recorder,
    opener.opener,
    public_log.lookup,
    public_log.shelf,
    public_log._settings,
)


def _forget() -> None:
    for composed in COMPOSED:
        composed.cache_clear()


@pytest.fixture
def log(aws: Aws, log_lines: LogLines, monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    """Give the functions their environment."""
    environment = {
        "LOG_BUCKET": LOG_BUCKET,
        "LOG_KEY_ID": LOG_KEY,
        "LOG_ORIGIN": ORIGIN,
        "BUS_NAME": BUS,
        "BALLOTS_TABLE": "ballots",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    _forget()
    log_lines()
    yield aws
    _forget()


def record(number: int, name: str = "INSERT") -> dict[str, Any]:
    one = opening(number)
    image = {
        "nullifier": {"B": base64.b64encode(number.to_bytes(32)).decode()},
        "salt": {"B": base64.b64encode(one.salt).decode()},
        "election": {"S": ELECTION},
        "ballot": {"S": one.ballot.decode()},
    }
    return {
        "eventName": name,
        "eventSourceARN": "arn:aws:dynamodb:eu-central-1:123456789012:table/ballots/stream/1",
        "dynamodb": {
            "NewImage": image,
            "SequenceNumber": str(number),
            "ApproximateCreationDateTime": NOW.timestamp(),
        },
    }


def stream(*numbers: int) -> dict[str, Any]:
    return {"shardId": "shardId-1", "Records": [record(number) for number in numbers]}


def leaf(number: int) -> str:
    return opening(number).leaf(ELECTION).hex()


def message(event: Event) -> str:
    detail = event.model_dump_json(exclude_none=True)
    return body_of(
        {"Source": event.sources()[0], "DetailType": event.detail_type(), "Detail": detail}
    )


def ended(revision: int) -> str:
    return message(ElectionEnded(election=ELECTION, revision=revision, at=NOW))


def get(path: str) -> dict[str, Any]:
    return dict(public_log.handler(http_event("GET /log/{path+}", path={"path": path}), None))


def receipt(of: str) -> dict[str, Any]:
    event = http_event("GET /receipts/{leaf}", path={"leaf": of})
    return dict(public_log.handler(event, None))


def names(aws: Aws) -> list[str]:
    return [entry["DetailType"] for entry in aws.published]


def put_into_the_box(*numbers: int) -> None:
    for number in numbers:
        one = opening(number)
        clients.dynamodb().put_item(
            TableName="ballots",
            Item={
                "nullifier": {"B": number.to_bytes(32)},
                "salt": {"B": one.salt},
                "election": {"S": ELECTION},
                "ballot": {"S": one.ballot.decode()},
            },
        )


# ------------------------------------------------------------------ ballots


def test_ballots_of_the_stream_are_logged_and_proven(log: Aws) -> None:
    assert log_writer.handler(stream(1, 2, 3), None) == {"state": {}}
    for number in (1, 2, 3):
        answer = receipt(leaf(number))
        assert answer["statusCode"] == 200
        assert answer["body"].startswith("c2sp.org/tlog-proof@v1\nindex ")
        assert f"\n{ORIGIN}\n3\n" in answer["body"]
    assert names(log) == ["CheckpointPublished"]


@pytest.mark.usefixtures("log")
def test_batch_that_comes_again_adds_nothing(log_lines: LogLines) -> None:
    for numbers in ((1, 2), (1, 2), (2, 3)):
        log_writer.handler(stream(*numbers), None)
    assert [line["logged"] for line in log_lines() if "logged" in line] == [2, 0, 1]
    assert get("checkpoints")["body"] == "2\n3\n"


@pytest.mark.usefixtures("log")
def test_nothing_but_insertions_is_logged() -> None:
    batch = {"shardId": "shardId-1", "Records": [record(1, "MODIFY"), record(2, "REMOVE")]}
    assert log_writer.handler(batch, None) == {"state": {}}
    assert said(get("checkpoint")) == (404, "not_logged")


def test_store_that_is_away_brings_the_batch_again(log: Aws) -> None:
    log.fail("s3", "PutObject", "SlowDown")
    with pytest.raises(StoreUnavailable):
        log_writer.handler(stream(1), None)
    log.mend("s3", "PutObject")
    log_writer.handler(stream(1), None)
    assert receipt(leaf(1))["statusCode"] == 200


# ------------------------------------------------------------------ events


@pytest.mark.usefixtures("log")
def test_certification_waits_for_its_ballots_and_holds_nobody_up() -> None:
    log_writer.handler(stream(1, 2), None)
    batch = sqs_event(message(certified(3)), ended(6), "{}")
    assert failed(event_logger.handler(batch, None)) == ["m0", "m2"]
    assert get("checkpoints")["body"] == "2\n3\n"
    log_writer.handler(stream(3), None)
    assert failed(event_logger.handler(batch, None)) == ["m2"]
    # The certification makes two entries; the other event is there already.
    assert get("checkpoints")["body"] == "2\n3\n4\n6\n"


def test_event_out_of_place_is_refused_counted_and_holds_nobody_up(
    log: Aws, log_lines: LogLines
) -> None:
    early = OpeningsPublished(election=ELECTION, audience="public", ballots=2, index=bytes(32))
    log_writer.handler(stream(1, 2), None)
    batch = sqs_event(message(early), ended(6))
    log_lines()
    assert failed(event_logger.handler(batch, None)) == ["m0"]
    (line,) = [one for one in log_lines() if one.get("message") == "invocation"]
    assert (line["EntriesRefused"], line["EventsLogged"]) == ([1.0], [1.0])
    assert get("checkpoints")["body"] == "2\n3\n"
    assert names(log) == ["CheckpointPublished"] * 2


@pytest.mark.usefixtures("log")
def test_certification_by_the_calendar_is_neither_logged_nor_opened() -> None:
    log_writer.handler(stream(1, 2), None)
    put_into_the_box(1, 2)
    false = certified(2)
    forged = body_of(
        {
            "Source": "civic.calendar",
            "DetailType": false.detail_type(),
            "Detail": false.model_dump_json(exclude_none=True),
        }
    )
    assert failed(event_logger.handler(sqs_event(forged), None)) == ["m0"]
    assert failed(opener.handler(sqs_event(forged), None)) == ["m0"]
    assert get("checkpoints")["body"] == "2\n"


@pytest.mark.usefixtures("log")
def test_ballot_after_the_certification_is_counted_and_holds_nobody_up(
    log_lines: LogLines,
) -> None:
    log_writer.handler(stream(1, 2), None)
    event_logger.handler(sqs_event(message(certified(2))), None)
    log_lines()
    assert log_writer.handler(stream(3), None) == {"state": {}}
    (line,) = [one for one in log_lines() if one.get("message") == "invocation"]
    assert (line["BallotsSetAside"], line["logged"]) == ([1.0], 0)
    assert get("checkpoints")["body"] == "2\n4\n"


def test_events_of_a_store_that_is_away_come_again(log: Aws) -> None:
    log.fail("s3", "PutObject", "SlowDown")
    batch = sqs_event(ended(5), ended(6))
    assert failed(event_logger.handler(batch, None)) == ["m0", "m1"]
    log.mend("s3", "PutObject")
    assert failed(event_logger.handler(batch, None)) == []
    assert get("checkpoints")["body"] == "2\n"


# ------------------------------------------------------------------ openings


@pytest.mark.parametrize("audience", Audience)
def test_certified_ballots_are_opened_to_whom_the_election_chose(
    log: Aws, audience: Audience
) -> None:
    log_writer.handler(stream(1, 2), None)
    put_into_the_box(1, 2)
    batch = sqs_event(message(certified(2, audience)))
    # It is not in the log yet.
    assert failed(opener.handler(batch, None)) == ["m0"]
    event_logger.handler(batch, None)
    assert failed(opener.handler(batch, None)) == []
    index = json.loads(get(f"openings/{ELECTION}/index.json")["body"])
    public = audience is Audience.PUBLIC
    assert names(log).count("OpeningsPublished") == (1 if public else 2)
    if not public:
        assert index["audience"] == "sample"
        return
    assert (index["audience"], index["ballots"]) == ("public", 2)
    (chunk,) = index["chunks"]
    answer = get(f"openings/{ELECTION}/{chunk['sha256']}.jsonl")
    assert answer["headers"]["content-type"] == "application/jsonl"
    assert answer["body"].encode().splitlines(keepends=True) == [
        one.line() for one in sorted(map(opening, (1, 2)), key=lambda one: one.leaf(ELECTION))
    ]


@pytest.mark.usefixtures("log")
def test_opener_opens_what_is_certified_only() -> None:
    assert failed(opener.handler(sqs_event(ended(5)), None)) == ["m0"]


# ------------------------------------------------------------------ the public


@pytest.mark.usefixtures("log")
def test_objects_are_served_as_what_they_are() -> None:
    log_writer.handler(stream(*range(1, 258)), None)
    checkpoint = get("checkpoint")
    assert checkpoint["body"] == get("checkpoints/257")["body"]
    assert checkpoint["headers"]["cache-control"] == "public, max-age=1"
    assert checkpoint["headers"]["content-type"] == "text/plain; charset=utf-8"
    tile = get("tile/0/000")
    assert tile["isBase64Encoded"]
    assert len(base64.b64decode(tile["body"])) == 256 * 32
    assert "immutable" in tile["headers"]["cache-control"]
    assert get("tile/entries/001.p/1")["statusCode"] == 200


@pytest.mark.usefixtures("log")
def test_nothing_else_is_served() -> None:
    log_writer.handler(stream(1), None)
    for path in (
        "",
        "../journal/999999999998",
        "tile/../../journal/999999999998",
        "journal/999999999998",
        "index/00000000",
        "auditors/openings",
        "checkpoints/",
        "checkpoints/01x",
        "tile/0/009",
        "tile/0/000\n",
    ):
        assert said(get(path)) == (404, "not_logged"), path


@pytest.mark.usefixtures("log")
def test_receipts_are_64_digits() -> None:
    assert said(receipt("0" * 64)) == (404, "not_logged")
    log_writer.handler(stream(1), None)
    assert said(receipt("0" * 64)) == (404, "not_logged")
    for wrong in ("0" * 63, leaf(1).upper(), f"{leaf(1)}\n", "../checkpoint"):
        assert said(receipt(wrong)) == (400, "not_a_leaf")


def test_store_that_is_away_is_never_not_logged(log: Aws) -> None:
    log_writer.handler(stream(1), None)
    log.fail("s3", "GetObject", "SlowDown")
    for answer in (receipt(leaf(1)), get("checkpoint")):
        assert said(answer) == (503, "unavailable")
        assert answer["headers"]["retry-after"] == "1"


@pytest.mark.usefixtures("log")
def test_nobody_is_noted_to_have_asked_for_a_receipt(
    capsys: pytest.CaptureFixture[str],
) -> None:
    log_writer.handler(stream(1), None)
    capsys.readouterr()
    receipt(leaf(1))
    receipt("0" * 64)
    assert leaf(1) not in capsys.readouterr().out
