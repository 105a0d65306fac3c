import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from aws_encryption_sdk.identifiers import EncryptionKeyType
from aws_encryption_sdk.internal.crypto.wrapping_keys import WrappingKey
from typer.testing import CliRunner

from civic.identity.adapters import wrapping_keys_kms
from civic.lab.bench import command
from civic.lab.bench.counting import count_naive, count_ours
from civic.lab.bench.deployment import Deployment, TemplateUnreadable
from civic.lab.bench.people import complete, population
from civic.lab.bench.pipeline import HandlerFailed, Pipeline
from civic.lab.bench.prices import PriceTable
from civic.lab.bench.registrations import Figures
from civic.lab.bench.section import HOW
from civic.lab.bench.targets import TARGETS
from civic.stack.workspace import Workspace, here


@pytest.fixture(scope="module")
def deployment() -> Deployment:
    return Deployment.read(*here().templates.values())


def test_the_template_tells_where_each_event_goes(deployment: Deployment) -> None:
    queues = deployment.queues_for("ValidationRequest")

    assert {deployment.consumer_of(queue).name for queue in queues} == {"validator", "pii_storage"}
    assert deployment.functions["validator"].batch_size == 10
    assert deployment.tables["SubjectKeysTable"] == ("id", "revision")
    assert deployment.functions["validator"].environment["RULE_SET"] == "national-2027"


def test_a_template_without_what_is_needed_is_refused(tmp_path: Path) -> None:
    template = tmp_path / "template.yaml"
    template.write_text(yaml.safe_dump({"Resources": {}}))

    with pytest.raises(TemplateUnreadable):
        Deployment.read(template)


def test_registrations_are_followed_to_their_end(deployment: Deployment) -> None:
    people = population(12, seed=3)

    ours = count_ours(deployment, people, fills=(1, 10), tick=lambda: None)

    # The known shape of the design; a change of it is a change of what a registration costs.
    assert ours.posts.most_calls() == 3
    assert ours.cold.ledger.calls("validator", "kms") == 1
    assert ours.renewal.calls(service="kms") == 1
    assert ours.warm[1].ledger.calls(service="kms") == 0
    assert ours.warm[1].events == {
        "ValidationRequest": 12,
        "ValidationResult": 12,
        "DataStored": 12,
    }
    assert ours.warm[10].events == {"ValidationRequest": 12, "ValidationResult": 2, "DataStored": 2}
    assert ours.warm[10].invocations["validator"] == 2
    assert ours.warm[10].messages["validator"] == 12
    assert ours.warm[1].log_lines == ours.warm[1].invocations.total()
    assert set(ours.items) == {
        "AnalyticsJoins",
        "HighSecDataStore",
        "IssuerRoll",
        "LowSecDataStore",
        "SubjectKeysTable",
    }


def test_every_function_that_a_registration_reaches_has_an_assumed_duration(
    deployment: Deployment,
) -> None:
    ours = count_ours(deployment, population(3, seed=3), fills=(1,), tick=lambda: None)
    assert ours.warm[1].messages.keys() <= PriceTable.load().duration.message_ms.keys()


def test_the_naive_design_calls_kms_for_every_field() -> None:
    fields = PriceTable.load().naive.fields

    naive = count_naive(population(3, seed=3), fields, lambda: None)

    run = naive.warm[1]
    assert run.ledger.calls("gateway") == 3 * (len(fields) + 1)
    assert run.ledger.calls(service="kms") == 3 * 3 * len(fields)
    assert run.ledger.calls("analytics", operation="GetItem") == 3 * 4


def test_wrapping_keys_are_parsed_once_and_not_per_message(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Parsing a private key tests its primes, which takes a hundred times as long as using it.
    parsed: list[EncryptionKeyType] = []

    def counted(**given: Any) -> WrappingKey:
        parsed.append(given["wrapping_key_type"])
        return WrappingKey(**given)

    monkeypatch.setattr(wrapping_keys_kms, "WrappingKey", counted)
    with Pipeline.open(deployment) as pipeline:
        pipeline.register(population(3, seed=3), fill=1)

    assert parsed == [EncryptionKeyType.PUBLIC, EncryptionKeyType.PRIVATE]


def test_a_refused_registration_stops_the_measurement(deployment: Deployment) -> None:
    with Pipeline.open(deployment) as pipeline, pytest.raises(HandlerFailed):
        pipeline.post({"username": "nobody"})


def test_complete_people_gave_every_field() -> None:
    people = population(200, seed=1)

    assert 0 < sum(map(complete, people)) < len(people)


def test_every_figure_of_a_target_is_explained() -> None:
    assert {target.key for target in TARGETS} <= set(Figures.__dataclass_fields__)
    assert set(Figures.__dataclass_fields__) <= HOW.keys()


def test_plain_bench_runs_every_section(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[tuple[int, int]] = []
    monkeypatch.setattr(
        command, "SECTIONS", {"one": lambda *given: ran.append(given), "two": lambda *_: None}
    )

    result = CliRunner().invoke(command.app, ["--population", "7", "--seed", "2"])

    assert (result.exit_code, ran) == (0, [(7, 2)])


def test_a_section_is_merged_into_the_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "here", lambda: Workspace(tmp_path))
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "bench.json").write_text('{"votes": {"kept": 1}, "mine": {"old": 1}}')

    command.keep("mine", {"new": 2})

    report = json.loads((tmp_path / "out" / "bench.json").read_text())
    assert report == {"votes": {"kept": 1}, "mine": {"new": 2}}


def test_every_measurement_is_a_section_of_plain_bench() -> None:
    measurements = {
        one.callback.__name__ for one in command.app.registered_commands if one.callback
    }
    assert set(command.SECTIONS) == measurements
