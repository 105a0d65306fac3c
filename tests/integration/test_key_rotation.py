"""Rotation of the wrapping key under a running system."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from civic.client.citizen import Citizen, Receipt
from civic.operator.operations import rewrap_subject_keys, rotate_wrapping_key
from civic.stack.target import Target
from tests.integration.conftest import Command
from tests.integration.functions import renew
from tests.integration.people import idempotency_key, person, renamed
from tests.integration.rows import rows, subject_keys
from tests.integration.waiting import decided, settled, stored


def versions(target: Target) -> set[str]:
    """Return the wrapping keys that wrap the subject keys."""
    return {item["wk"]["S"] for item in rows(target, "SubjectKeysTableName")}


def current(target: Target) -> str:
    (row,) = (
        item for item in rows(target, "WrappingKeysTableName") if item["wk"]["S"] == "current"
    )
    return str(row["version"]["S"])


def register(citizen: Citizen) -> Receipt:
    receipt = citizen.register(person(), idempotency_key())
    decided(citizen, receipt)
    stored(citizen, receipt)
    return receipt


@pytest.fixture(autouse=True)
def _nothing_on_its_way(target: Target) -> Iterator[None]:
    settled(target)
    yield
    settled(target)


def test_rotation_moves_every_subject_key_to_the_new_version(
    target: Target, citizen: Citizen, civic: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    register(citizen)
    before = current(target)
    assert civic("keys", "rotate") == 0
    shown = capsys.readouterr().out
    assert current(target) > before
    assert f"current wrapping key: {current(target)}" in shown
    count = len(rows(target, "SubjectKeysTableName"))
    assert re.search(rf"subject keys: {count}, rewrapped: {count}\b", shown)
    assert versions(target) == {current(target)}


def test_rotated_records_stay_readable(target: Target, citizen: Citizen, civic: Command) -> None:
    receipt = register(citizen)
    rotate_wrapping_key(target)
    assert citizen.data(receipt)["data"] == person()
    assert civic("keys", "rotate", "--rewrap-only") == 0
    assert citizen.data(receipt)["data"] == person()
    citizen.rectify(receipt, renamed())
    assert decided(citizen, receipt, revision=2)["decision"] == "accepted"
    assert stored(citizen, receipt, revision=2)["data"] == renamed()


def test_registrations_after_a_rotation_use_the_new_version(
    target: Target, citizen: Citizen
) -> None:
    version = rotate_wrapping_key(target)
    renew(target, "GatewayFunction")
    (row,) = subject_keys(target, register(citizen))
    assert row["wk"]["S"] == version


def test_registration_under_a_cached_older_version_is_readable_and_rewrapped_later(
    target: Target, citizen: Citizen
) -> None:
    register(citizen)  # now the gateway has cached a version
    version = rotate_wrapping_key(target)
    receipt = register(citizen)
    (row,) = subject_keys(target, receipt)
    assert row["wk"]["S"] < version
    list(rewrap_subject_keys(target))
    (row,) = subject_keys(target, receipt)
    assert row["wk"]["S"] == version
    assert citizen.data(receipt)["data"] == person()


def test_rewrapping_twice_rewraps_nothing(
    target: Target, citizen: Citizen, civic: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    register(citizen)
    civic("keys", "rotate")
    before = rows(target, "SubjectKeysTableName")
    capsys.readouterr()
    assert civic("keys", "rotate", "--rewrap-only") == 0
    assert ", rewrapped: 0" in capsys.readouterr().out
    assert rows(target, "SubjectKeysTableName") == before


def test_rewrapping_broken_off_is_finished_by_the_next_run(
    target: Target, citizen: Citizen, civic: Command
) -> None:
    for _ in range(3):
        register(citizen)
    version = rotate_wrapping_key(target)
    page = invoke_custodian(target, {"action": "rewrap", "page_size": 2})
    assert (page["seen"], page["rewrapped"]) == (2, 2)
    assert page["cursor"]
    assert versions(target) > {version}
    assert civic("keys", "rotate", "--rewrap-only") == 0
    assert versions(target) == {version}


def test_older_versions_stay(target: Target) -> None:
    kept = {item["wk"]["S"] for item in rows(target, "WrappingKeysTableName")}
    version = rotate_wrapping_key(target)
    now = {item["wk"]["S"] for item in rows(target, "WrappingKeysTableName")}
    assert now == kept | {version}


def invoke_custodian(target: Target, command: dict[str, Any]) -> dict[str, Any]:
    answer = target.functions.invoke(
        FunctionName=target.output("KeyCustodianFunctionName"), Payload=json.dumps(command).encode()
    )
    page: dict[str, Any] = json.loads(answer["Payload"].read())
    return page
