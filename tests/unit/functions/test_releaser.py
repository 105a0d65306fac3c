"""The release function: what it counts, writes and announces."""

import json
from typing import Any

from civic.analytics.functions import releaser
from civic.runtime import clients
from tests.fakes.aws import BUCKET
from tests.fakes.deployment import Deployment
from tests.fakes.lambda_events import sqs_event
from tests.strategies.registrations import person


def register(deployment: Deployment, people: int) -> list[dict[str, Any]]:
    body = person().model_dump_json(exclude_none=True)
    answers = [deployment.http("POST /registrations", body) for _ in range(people)]
    deployment.deliver()
    return [json.loads(answer["body"]) for answer in answers]


def document(released: dict[str, Any]) -> dict[str, Any]:
    body = clients.s3().get_object(Bucket=BUCKET, Key=released["json_key"])["Body"].read()
    parsed: dict[str, Any] = json.loads(body)
    return parsed


def test_release_counts_everybody_once(deployment: Deployment) -> None:
    register(deployment, 12)
    released = releaser.handler({}, None)
    assert (released["counted"], released["threshold"]) == (10, 10)
    assert document(released)["tables"]["decisions"] == [{"decision": "review", "count": 12}]


def test_release_of_few_people_tells_nothing_of_them(deployment: Deployment) -> None:
    register(deployment, 9)
    released = releaser.handler({}, None)
    assert (released["counted"], released["cells"]) == (0, 0)
    assert all(table == [] for table in document(released)["tables"].values())


def test_erased_people_are_not_counted(deployment: Deployment) -> None:
    people = register(deployment, 11)
    for one in people[:2]:
        path = {"id": one["id"]}
        deployment.http("DELETE /registrations/{id}", path=path, token=one["access_token"])
    deployment.deliver()
    assert releaser.handler({}, None)["counted"] == 0


def test_release_is_announced_with_its_place(deployment: Deployment) -> None:
    register(deployment, 10)
    released = releaser.handler({}, None)
    entry = deployment.aws.published[-1]
    assert entry["DetailType"] == "AnalyticsReleased"
    assert json.loads(entry["Detail"])["json_key"] == released["json_key"]
    assert released["bucket"] == BUCKET


def test_redelivered_schedule_replaces_its_own_release(deployment: Deployment) -> None:
    register(deployment, 10)
    first, second = (releaser.handler(sqs_event("{}"), None) for _ in range(2))
    assert first["release_id"] == second["release_id"] == "m0"
    assert len(clients.s3().list_objects_v2(Bucket=BUCKET)["Contents"]) == 2


def test_release_on_demand_is_another_one_each_time(deployment: Deployment) -> None:
    register(deployment, 10)
    first, second = (releaser.handler({}, None) for _ in range(2))
    assert first["json_key"] != second["json_key"]
