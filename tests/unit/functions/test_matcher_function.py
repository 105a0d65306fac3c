"""The matcher: what it finds and counts, what it tells, and that it keeps nothing to itself."""

from datetime import datetime
from typing import Any

import pytest

from civic.identity.errors import StoreUnavailable
from civic.identity.functions import matcher
from civic.identity.model.pairs import HELD_FOR
from civic.runtime import clients
from tests.fakes.aws import PAIRS_BUCKET
from tests.fakes.deployment import Deployment
from tests.fakes.fixtures import LogLines
from tests.fakes.lambda_events import sqs_event
from tests.fakes.office import ACCEPTABLE, citizen, content, staff

MARRIED = ACCEPTABLE.model_copy(update={"full_name": "Erika Neverland"})


def run(event: dict[str, Any] | None = None) -> dict[str, Any]:
    return matcher.handler(event or {}, None)


def test_a_pair_is_found_brought_up_and_told(deployment: Deployment, log_lines: LogLines) -> None:
    first, second = citizen(deployment), citizen(deployment, MARRIED)
    assert run() == {"found": 1, "crowded": 0, "ended": True}
    assert "compared_until" not in first.status()
    until = datetime.fromisoformat(second.status()["compared_until"])
    assert until <= clients.now() + HELD_FOR
    (case,) = content(staff("GET /reviews"))["cases"]
    assert (case["id"], case["cause"]) == (second.id, "pair")
    assert datetime.fromisoformat(case["due_at"]) == until
    (line,) = (one for one in log_lines() if one.get("registrations"))
    assert (line["registrations"], line["ended"]) == (2, True)
    assert not {first.id, second.id} & set(map(str, line.values()))


def test_the_schedule_goes_on_and_does_not_begin_twice_a_day(deployment: Deployment) -> None:
    run(sqs_event("{}"))
    citizen(deployment)
    citizen(deployment, MARRIED)
    assert run(sqs_event("{}"))["found"] == 0
    assert run({"from_the_start": True})["found"] == 1


def test_what_lies_between_the_steps_has_ids_and_keys_only(deployment: Deployment) -> None:
    citizen(deployment)
    run()
    for one in clients.s3().list_objects_v2(Bucket=PAIRS_BUCKET)["Contents"]:
        held = clients.s3().get_object(Bucket=PAIRS_BUCKET, Key=one["Key"])["Body"].read()
        assert len(held) % 32 == 0
        assert b"Erika" not in held


def test_an_outage_is_an_error_and_the_step_is_made_again(deployment: Deployment) -> None:
    citizen(deployment)
    citizen(deployment, MARRIED)
    deployment.aws.fail("dynamodb", "UpdateItem", "InternalServerError")
    with pytest.raises(StoreUnavailable):
        run()
    deployment.aws.mend("dynamodb", "UpdateItem")
    assert run()["found"] == 1
