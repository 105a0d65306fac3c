"""AWS clients: one per service and environment, impatient, and counted."""

import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from moto import mock_aws

from civic.runtime import clients

SHORTEST_TIMEOUT = 15
"""The time limit of a function in seconds (template.yaml, Globals)."""


class Hesitant(Counter[str]):
    """Counts as slowly as an unlucky thread would."""

    def __getitem__(self, key: str) -> int:
        found = super().__getitem__(key)
        time.sleep(0.001)
        return found


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "eu-central-1",
    }.items():
        monkeypatch.setenv(name, value)
    clients.forget()
    with mock_aws():
        yield
    clients.forget()


def test_client_is_made_once_per_service() -> None:
    assert clients.dynamodb() is clients.dynamodb()
    assert clients.kms() is clients.kms()


def test_client_gives_up_before_a_function_times_out() -> None:
    config: Any = clients.dynamodb().meta.config
    attempts = config.retries["total_max_attempts"]
    assert attempts * (config.connect_timeout + config.read_timeout) < SHORTEST_TIMEOUT


def test_calls_are_counted_by_operation_and_refused_ones_too() -> None:
    clients.calls.clear()
    clients.dynamodb().list_tables()
    clients.events().list_rules()
    clients.s3().list_buckets()
    with pytest.raises(clients.kms().exceptions.NotFoundException):
        clients.kms().describe_key(KeyId="3d4c1f0e-9b57-4c1b-8d0e-2f6f6f1c7a10")
    assert clients.calls == {
        "dynamodb:ListTables": 1,
        "events:ListRules": 1,
        "s3:ListBuckets": 1,
        "kms:DescribeKey": 1,
    }


def test_calls_from_several_threads_are_all_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    # Between reading a count and writing it another thread always gets its turn.
    monkeypatch.setattr(clients, "calls", Hesitant())
    with ThreadPoolExecutor(clients.CONNECTIONS) as threads:
        list(threads.map(lambda _: clients.dynamodb().list_tables(), range(50)))
    assert clients.calls == {"dynamodb:ListTables": 50}


def test_a_thread_for_each_connection_keeps_its_own() -> None:
    config: Any = clients.dynamodb().meta.config
    assert config.max_pool_connections == clients.CONNECTIONS


def test_now_is_aware() -> None:
    moment = clients.now().utcoffset()
    assert moment is not None
    assert not moment
