import gzip
import json
import shutil
from inspect import isfunction
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.loaders import Loader

from civic.runtime import clients
from civic.stack.service_models import SERVICES, keep_used_models
from civic.terminal.failures import DeployFailed

MODEL: dict[str, Any] = {
    "documentation": "<p>What the service is for.</p>",
    "shapes": {
        "Note": {
            "documentation": "<p>A note.</p>",
            "members": {"documentation": {"shape": "Text", "documentation": "<p>Its text.</p>"}},
        }
    },
}
SHORT = {
    "documentation": "",
    "shapes": {
        "Note": {
            "documentation": "",
            "members": {"documentation": {"shape": "Text", "documentation": ""}},
        }
    },
}
PREFIXES = {"dynamodbstreams": "streams.dynamodb"}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Make botocore's data for our services and for another."""
    data = tmp_path / "python" / "botocore" / "data"
    for service in (*SERVICES, "sagemaker"):
        folder = data / service / "2020-01-01"
        folder.mkdir(parents=True)
        metadata = {"endpointPrefix": PREFIXES.get(service, service)}
        model = json.dumps({**MODEL, "metadata": metadata})
        (folder / "service-2.json.gz").write_bytes(gzip.compress(model.encode()))
        (folder / "waiters-2.json").write_text("{}")
    services: dict[str, Any] = {name: {} for name in ("kms", "streams.dynamodb", "api.sagemaker")}
    endpoints = {"partitions": [{"partition": "aws", "services": services}]}
    (data / "endpoints.json").write_text(json.dumps(endpoints))
    (data / "_retry.json").write_text("{}")
    return data


def read(file: Path) -> Any:
    return json.loads(file.read_text())


def test_only_the_services_that_are_called_remain(data: Path, tmp_path: Path) -> None:
    keep_used_models(tmp_path)
    assert {folder.name for folder in data.iterdir() if folder.is_dir()} == SERVICES
    assert (data / "_retry.json").exists()
    assert (data / "kms" / "2020-01-01" / "waiters-2.json").exists()
    (partition,) = read(data / "endpoints.json")["partitions"]
    assert set(partition["services"]) == {"kms", "streams.dynamodb"}


def test_documentation_goes_and_a_member_of_that_name_stays(data: Path, tmp_path: Path) -> None:
    keep_used_models(tmp_path)
    model = read(data / "kms" / "2020-01-01" / "service-2.json")
    assert model == {**SHORT, "metadata": {"endpointPrefix": "kms"}}


class Sent(Exception):
    """A request was on its way."""


def send(**_request: Any) -> None:
    raise Sent


@pytest.mark.parametrize(
    ("service", "call"),
    [
        ("dynamodb", "list_tables"),
        ("dynamodbstreams", "list_streams"),
        ("events", "list_rules"),
        ("kms", "list_keys"),
        ("s3", "list_buckets"),
        ("sqs", "list_queues"),
    ],
)
def test_what_is_left_of_botocores_own_descriptions_is_enough_for_a_call(
    tmp_path: Path, service: str, call: str
) -> None:
    layer = tmp_path / "python" / "botocore" / "data"
    whole = Path(botocore.__file__).parent / "data"
    unused = {folder.name for folder in whole.iterdir() if folder.is_dir()} - SERVICES
    shutil.copytree(whole, layer, ignore=lambda *_: unused)
    keep_used_models(tmp_path)
    session = botocore.session.Session()
    left = Loader(extra_search_paths=[str(layer)], include_default_search_paths=False)
    session.register_component("data_loader", left)
    session.register("before-send", send)
    client = session.create_client(
        service, "eu-central-1", aws_access_key_id="test", aws_secret_access_key="test"
    )
    with pytest.raises(Sent):
        getattr(client, call)()


def test_a_second_time_changes_nothing(data: Path, tmp_path: Path) -> None:
    keep_used_models(tmp_path)
    once = {file: file.read_bytes() for file in data.rglob("*.json")}
    keep_used_models(tmp_path)
    assert {file: file.read_bytes() for file in data.rglob("*.json")} == once


@pytest.mark.usefixtures("data")
def test_a_service_that_botocore_lacks_is_refused(tmp_path: Path) -> None:
    (tmp_path / "python/botocore/data/kms").rename(tmp_path / "elsewhere")
    with pytest.raises(DeployFailed, match="no description of kms"):
        keep_used_models(tmp_path)


def test_the_services_are_those_that_the_functions_make_clients_of(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: set[str] = set()
    monkeypatch.setattr(clients, "_client", made.add)
    for make in vars(clients).values():
        if isfunction(make) and str(make.__annotations__.get("return")).endswith("Client"):
            make()
    assert made == SERVICES
