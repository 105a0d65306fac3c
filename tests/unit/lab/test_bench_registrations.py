"""What `civic bench registrations` counts, and what it reads from the templates."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from aws_encryption_sdk.identifiers import EncryptionKeyType
from aws_encryption_sdk.internal.crypto.wrapping_keys import WrappingKey
from typer.testing import CliRunner

from civic.identity.adapters import wrapping_keys_kms
from civic.identity.adapters.rule_set_files import load_rule_set
from civic.lab.bench import command, naive, registrations
from civic.lab.bench.deployment import Deployment, TemplateUnreadable
from civic.lab.bench.functions import HandlerFailed
from civic.lab.bench.prices import PriceTable
from civic.lab.bench.registrations import (
    RULE_SET,
    Payload,
    Pipeline,
    count_ours,
    measure_registrations,
    sizes,
)
from civic.lab.bench.run import Line
from civic.lab.population.generator import generate
from civic.stack.workspace import here


@pytest.fixture(scope="module")
def deployment() -> Deployment:
    return Deployment.read(*here().templates.values())


def population(count: int) -> list[Payload]:
    return [person.payload for person in generate(count, 3, load_rule_set(RULE_SET))]


def ignored() -> None:
    pass


def test_the_templates_say_where_each_event_goes(deployment: Deployment) -> None:
    queues = deployment.queues["ValidationRequest"]
    assert {deployment.consumer_of(queue).name for queue in queues} == {"validator", "pii_storage"}
    assert deployment.functions["validator"].batch_size == 10
    assert deployment.tables["SubjectKeysTable"] == ["id:S", "revision:N"]
    assert deployment.functions["validator"].environment["RULE_SET"] == "national-2027"


def test_what_another_stack_exports_is_called_as_there(deployment: Deployment) -> None:
    assert deployment.functions["accountability"].environment["BUS_NAME"] == "Bus"


def test_a_template_without_what_is_needed_is_refused(tmp_path: Path) -> None:
    template = tmp_path / "template.yaml"
    template.write_text(yaml.safe_dump({"Resources": {}}))
    with pytest.raises(TemplateUnreadable):
        Deployment.read(template)


@pytest.mark.parametrize(
    ("logging", "silent"),
    [
        ({"LogFormat": "JSON", "SystemLogLevel": "WARN"}, True),
        ({"LogFormat": "Text"}, False),
        ({}, False),
    ],
)
def test_the_template_says_around_what_lambda_writes_lines(
    tmp_path: Path, logging: dict[str, str], *, silent: bool
) -> None:
    deployment = Deployment.read(template_with(tmp_path, logging))
    assert deployment.functions["one"].silent is silent


def test_a_log_format_that_has_no_price_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TemplateUnreadable):
        Deployment.read(template_with(tmp_path, {"LogFormat": "JSON"}))


def template_with(folder: Path, logging: dict[str, str]) -> Path:
    properties = {
        "Handler": "one.handler",
        "Environment": {"Variables": {"POWERTOOLS_SERVICE_NAME": "one"}},
        "LoggingConfig": logging,
    }
    stage = {"AccessLogSettings": {"Format": "$context.status"}}
    document = {
        "Globals": {"Function": {"MemorySize": 512, "LoggingConfig": {"LogGroup": "Logs"}}},
        "Resources": {
            "One": {"Type": "AWS::Serverless::Function", "Properties": properties},
            "Stage": {"Type": "AWS::ApiGatewayV2::Stage", "Properties": stage},
        },
    }
    template = folder / "template.yaml"
    template.write_text(yaml.safe_dump(document))
    return template


def test_registrations_are_followed_to_their_end(deployment: Deployment) -> None:
    ours = count_ours(deployment, population(6), (1, 5), ignored)

    # The known shape of the design; changing it changes what a registration costs.
    calls = {kind: run.calls() for kind, run in ours.posts.items()}
    assert calls == {"without_idempotency_key": 3, "with_idempotency_key": 4, "repeated": 2}
    noted = Line("gateway", "dynamodb", "UpdateItem")
    assert ours.posts["without_idempotency_key"].tallies[noted].write_units == 1
    # The row of the decision, the key, who is accepted under the name, and which table of areas is
    # in use: none is loaded here.
    assert ours.warm[1].calls("validator", operation="GetItem") == 6 * 4
    # Who is accepted is listed in the same transaction.
    transactions = ours.warm[1].tallies[Line("validator", "dynamodb", "TransactWriteItems")]
    assert transactions.write_units == 4 * transactions.calls
    decisions = transactions.calls + ours.warm[1].calls("validator", operation="PutItem")
    assert (transactions.calls > 0, decisions) == (True, 6)
    # The wrapping key and the pepper.
    assert ours.cold.calls("validator", "kms") == 2
    assert ours.warm[1].calls(service="kms") == 0
    assert ours.warm[1].events == {
        "ValidationRequest": 6,
        "ValidationResult": 6,
        "DataStored": 6,
    }
    assert ours.warm[5].events == {"ValidationRequest": 6, "ValidationResult": 2, "DataStored": 2}
    assert ours.warm[5].invocations["validator"] == 2
    assert ours.warm[5].messages["validator"] == 6
    assert ours.warm[5].people == ours.warm[5].http == ours.status.http == 6
    assert set(ours.items) == {
        "AnalyticsJoins",
        "HighSecDataStore",
        "IssuerRoll",
        "LowSecDataStore",
        "SubjectKeysTable",
    }
    # Every invocation prints a line about itself.
    assert set(ours.warm[1].log_bytes) == set(ours.warm[1].invocations)
    assert min(ours.warm[1].log_bytes.values()) > 6 * 100
    assert ours.warm[1].messages.keys() <= PriceTable.load().duration.message_ms.keys()


def test_the_naive_design_calls_kms_for_every_field() -> None:
    run, items = naive.register(population(3), ignored)
    fields = len(naive.FIELDS)
    assert run.calls("gateway") == 3 * (fields + 1)
    assert run.calls(service="kms") == 3 * 3 * fields
    assert run.calls("analytics", operation="GetItem") == 3 * 4
    assert [len(rows) for rows in items.values()] == [3, 3]


def test_sizes_are_those_of_people_who_gave_every_field() -> None:
    items = [{"id": {"S": name}, "text": {"S": "x" * 10 * n}} for n, name in enumerate("abc")]
    found = sizes(items, {"a", "b"})
    assert (found.complete_median, found.largest) == (2 + 1 + 4 + 5, 2 + 1 + 4 + 20)


def test_wrapping_keys_are_parsed_once_and_not_per_message(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Parsing a private key tests its primes, which takes a hundred times longer than using it.
    parsed: list[EncryptionKeyType] = []

    def counted(**given: Any) -> WrappingKey:
        parsed.append(given["wrapping_key_type"])
        return WrappingKey(**given)

    monkeypatch.setattr(wrapping_keys_kms, "WrappingKey", counted)
    with Pipeline.open(deployment) as pipeline:
        pipeline.start()
        pipeline.register(population(3), 1, ignored)
    assert parsed == [EncryptionKeyType.PUBLIC, EncryptionKeyType.PRIVATE]


def test_a_refused_registration_stops_the_measurement(deployment: Deployment) -> None:
    with Pipeline.open(deployment) as pipeline:
        pipeline.start()
        with pytest.raises(HandlerFailed):
            pipeline.post({"username": "nobody"})


def test_the_section_says_what_a_registration_costs_beside_the_naive_design(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registrations, "FILLS", (10, 1))
    document = measure_registrations(deployment, 2, 3, lambda _name, _steps: ignored).document()
    assert document["aws_calls"] < document["naive"]["aws_calls"] == 24
    assert document["kms_calls_warm"] < 1 < document["naive"]["kms_calls_warm"]
    assert document["dollars_per_million"] < document["dollars_with_status_per_million"]
    assert {"low", "loaded", "fill_1", "status", "naive"} <= document["details"]["bills"].keys()
    assert {one["key"] for one in document["targets"]} <= document.keys()


def test_plain_bench_runs_every_section(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[tuple[int, int]] = []
    monkeypatch.setattr(
        command, "SECTIONS", {"one": lambda *given: ran.append(given), "two": lambda *_: None}
    )
    result = CliRunner().invoke(command.app, ["--population", "7", "--seed", "2"])
    assert (result.exit_code, ran) == (0, [(7, 2)])


def test_every_measurement_is_a_section_of_plain_bench() -> None:
    measurements = {
        one.callback.__name__ for one in command.app.registered_commands if one.callback
    }
    assert set(command.SECTIONS) == measurements
