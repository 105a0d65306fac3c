"""Messages that an outage stopped are put off, and no others."""

from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ParamValidationError

from civic.analytics.errors import StoreUnavailable as JoinsUnavailable
from civic.contracts.errors import Unavailable
from civic.identity.errors import KeyServiceUnavailable, StoreUnavailable, WrappingKeyMissing
from civic.runtime import clients
from civic.runtime.consumer import consume
from civic.runtime.observability import Invocation
from civic.runtime.postponing import LONGEST_SECONDS, MOST, OwnQueue, is_outage, may_be_put_off
from civic.runtime.publisher import PublishFailed
from civic.voting.errors import StoreUnavailable as ElectionsUnavailable
from tests.fakes.aws import Aws
from tests.fakes.lambda_events import failed

BODY = '{"detail":  "is \\u00e9 or é, as it came" }\n'
OUTAGES = [StoreUnavailable, KeyServiceUnavailable, JoinsUnavailable, ElectionsUnavailable]


def message(times: int = 0, name: str = "m0", body: str = BODY) -> dict[str, Any]:
    attributes = {"Postponed": {"stringValue": str(times), "dataType": "Number"}} if times else {}
    return {"messageId": name, "body": body, "messageAttributes": attributes}


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": ""}}, "Any")


@pytest.fixture
def url(aws: Aws) -> str:
    aws.requests.clear()
    return str(clients.sqs().create_queue(QueueName="own")["QueueUrl"])


def put_off(url: str, times: int, drawn: int = 0) -> None:
    OwnQueue(clients.sqs(), url, lambda _below: drawn).put_off(message(times))


@pytest.mark.parametrize("error", [*OUTAGES, PublishFailed, Unavailable])
def test_error_of_a_dependency_is_an_outage(error: type[Exception]) -> None:
    assert is_outage(error())
    assert is_outage(caused(error(), refusal("DisabledException")))
    assert is_outage(caused(error(), refusal("AccessDeniedException")))
    assert is_outage(caused(error(), EndpointConnectionError(endpoint_url="https://x")))


@pytest.mark.parametrize(
    "error",
    [
        ValueError(),
        WrappingKeyMissing(),
        caused(StoreUnavailable(), refusal("ValidationException")),
        caused(KeyServiceUnavailable(), refusal("InvalidCiphertextException")),
        caused(StoreUnavailable(), ParamValidationError(report="")),
    ],
    ids=range(5),
)
def test_error_of_the_message_is_none(error: Exception) -> None:
    assert not is_outage(error)
    assert not may_be_put_off(message(), error)


def test_message_is_put_off_for_a_fortnight_and_no_longer() -> None:
    assert may_be_put_off(message(MOST - 1), StoreUnavailable())
    assert not may_be_put_off(message(MOST), StoreUnavailable())
    assert MOST * LONGEST_SECONDS >= 14 * 86_400


@pytest.mark.parametrize(
    ("times", "longest"), [(0, 30), (1, 60), (4, 480), (5, 900), (6, 900), (1_000, 900)]
)
def test_delay_doubles_up_to_the_longest(aws: Aws, url: str, times: int, longest: int) -> None:
    put_off(url, times)
    put_off(url, times, drawn=longest // 2 - 1)
    most, least = (one["DelaySeconds"] for one in aws.asked("SendMessage"))
    assert most == longest
    assert longest / 2 <= least <= longest / 2 + 1


def test_copy_has_the_same_body_and_one_more_on_its_count(aws: Aws, url: str) -> None:
    put_off(url, 0)
    put_off(url, 7)
    first, second = aws.asked("SendMessage")
    assert first["MessageBody"] == second["MessageBody"] == BODY
    counts = [one["MessageAttributes"]["Postponed"]["StringValue"] for one in (first, second)]
    assert counts == ["1", "8"]


def test_count_that_is_none_is_taken_for_nothing(aws: Aws, url: str) -> None:
    strange = message() | {"messageAttributes": {"Postponed": {"stringValue": "-1"}}}
    OwnQueue(clients.sqs(), url, lambda _below: 0).put_off(strange)
    (sent,) = aws.asked("SendMessage")
    assert sent["MessageAttributes"]["Postponed"]["StringValue"] == "1"


def consumed(url: str, *bodies: str) -> tuple[list[str], Invocation]:
    line = Invocation()
    records = [message(name=f"m{number}", body=body) for number, body in enumerate(bodies)]

    def queue() -> OwnQueue:
        return OwnQueue(clients.sqs(), url, lambda _below: 0)

    return failed(consume({"Records": records}, line, (), queue=queue)), line


def test_poison_is_not_put_off(aws: Aws, url: str) -> None:
    back, line = consumed(url, "{}", "garbage")
    assert back == ["m0", "m1"]
    assert line.counts == {"MessagesFailed": 2}
    assert aws.asked("SendMessage") == []
