"""What every store of the office's areas does."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, Protocol

import pytest

from civic.identity.adapters.area_book_dynamodb import DynamoDbAreaBook, DynamoDbAreaEditor
from civic.identity.errors import StoreUnavailable
from civic.identity.model.area_table import AreaTable, TableVersion
from civic.identity.model.areas import NO_TABLE, AreaEntry, Fineness, Parity, TablePage
from civic.identity.model.registration import Address
from civic.identity.ports.areas import AreaBook, AreaEditor
from civic.lab.memory.areas import MemoryAreas
from civic.runtime import clients
from tests.fakes.aws import Aws
from tests.fakes.fixtures import each_kind

WHOLE = AreaEntry(("N1", "DE-BE"))
PART = AreaEntry(("S1",), "berlin", "torstrasse", 1, 99, Parity.ODD)
TABLE = AreaTable(
    {"DE 10119": (WHOLE, PART), **{f"DE {number}": (WHOLE,) for number in range(20001, 20060)}},
    {"FR": ("DE-ABROAD",), "US ae": ("US-CA",)},
)
FINENESS = {"DE": Fineness.TABLE, "US": Fineness.REGION}


class Areas(AreaBook, AreaEditor, Protocol):
    """Both sides of one store."""


class Deployed(DynamoDbAreaEditor, DynamoDbAreaBook):
    def __init__(self) -> None:
        self.now = datetime(2027, 1, 15, tzinfo=UTC)
        DynamoDbAreaBook.__init__(self, clients.dynamodb(), "office-areas", lambda: self.now)


areas = each_kind("dynamodb", MemoryAreas, Deployed)


def address(postcode: str | None, country: str = "DE") -> Address:
    return Address(lines=("Torstr. 1",), city="Berlin", postcode=postcode, country=country)


def used(version: int, table: AreaTable = TABLE) -> TableVersion:
    return TableVersion(
        version,
        table.digest,
        "2027-01-15T12:00:00+00:00",
        len(table.pages),
        table.areas,
        table.wide,
        before=tuple(range(version - 1, 0, -1)),
        fineness=table.fineness,
    )


def load(areas: Areas, table: AreaTable = TABLE, instead_of: int = 0) -> int:
    version = areas.begin(table.digest)
    areas.write(version, table.pages)
    assert areas.put_in_use(used(version, table), instead_of)
    return version


def test_there_is_no_table_at_first(areas: Areas) -> None:
    assert areas.in_use() is None
    assert areas.page(address("10119")) == NO_TABLE
    assert not areas.has("N1")


def test_table_in_use_says_what_was_loaded(areas: Areas) -> None:
    version = load(areas)
    assert areas.in_use() == used(version)
    assert dict(areas.read(version)) == TABLE.pages
    everywhere = (TABLE.wide, FINENESS)
    assert areas.page(address("DE-10119")) == TablePage(version, (WHOLE, PART), *everywhere)
    assert areas.page(address("10120")) == TablePage(version, (), *everywhere)
    assert areas.page(address(None)) == TablePage(version, (), *everywhere)
    assert [areas.has(area) for area in ("N1", "DE-BE", "DE-ABROAD", "N2")] == [True] * 3 + [False]


def test_pages_that_are_only_written_are_not_in_use(areas: Areas) -> None:
    areas.write(areas.begin(TABLE.digest), TABLE.pages)
    assert areas.page(address("10119")) == NO_TABLE


def test_interrupted_table_is_written_as_the_same_version_again(areas: Areas) -> None:
    assert areas.begin("a") == areas.begin("a") == 1
    assert areas.begin("b") == 2
    assert areas.begin("a") == 3


def test_new_version_follows_the_one_in_use(areas: Areas) -> None:
    assert load(areas) == 1
    assert areas.begin(TABLE.digest) == 2


def test_version_in_use_is_not_replaced_by_who_saw_another_one(areas: Areas) -> None:
    load(areas)
    assert not areas.put_in_use(used(2), instead_of=0)
    assert areas.in_use() == used(1)
    assert areas.put_in_use(used(2), instead_of=1)
    assert not areas.put_in_use(used(3), instead_of=1)
    assert areas.in_use() == used(2)


def test_discarding_keeps_the_named_versions(areas: Areas) -> None:
    for version in (1, 2, 3):
        areas.write(version, {"DE 10119": (replace(WHOLE, areas=(f"V{version}",)),)})
    assert areas.put_in_use(used(3), instead_of=0)
    assert areas.discard({2, 3}) == 1
    assert [dict(areas.read(version)) != {} for version in (1, 2, 3)] == [False, True, True]
    assert areas.in_use() == used(3)


def test_which_version_is_in_use_is_asked_once_a_minute(aws: Aws) -> None:
    areas = Deployed()
    load(areas)
    areas.page(address("10119"))
    before = len(aws.asked("GetItem"))
    areas.page(address("20001"))
    assert len(aws.asked("GetItem")) == before + 1
    load(areas, AreaTable({"DE 20001": (PART,)}), instead_of=1)
    assert areas.page(address("20001")).version == 1
    areas.now += timedelta(minutes=1)
    assert areas.page(address("20001")) == TablePage(2, (PART,), fineness={"DE": Fineness.TABLE})


@pytest.mark.usefixtures("aws")
def test_version_of_an_earlier_release_has_none_before_it_and_divides_nothing() -> None:
    areas = Deployed()
    assert areas.put_in_use(used(3), instead_of=0)
    assert areas.in_use() == used(3)
    row = {"place": {"S": "in_use"}, "version": {"N": "0"}}
    clients.dynamodb().update_item(
        TableName="office-areas",
        Key=row,
        UpdateExpression="REMOVE #before, fineness",
        ExpressionAttributeNames={"#before": "before"},
    )
    known = areas.in_use()
    assert known
    assert (known.version, known.before, known.fineness) == (3, (), {})
    assert areas.page(address("20001")).fineness == {}


def test_first_table_is_found_at_once(aws: Aws) -> None:
    areas = Deployed()
    assert areas.page(address("10119")) == NO_TABLE
    load(areas)
    assert areas.page(address("10119")).version == 1
    assert len(aws.items("office-areas")) == len(TABLE.pages) + 2


def test_rows_that_dynamodb_did_not_take_are_sent_again(aws: Aws) -> None:
    areas, sent = Deployed(), []

    def take_nothing_at_first(**call: Any) -> Any:
        sent.append(json.loads(call["params"]["body"])["RequestItems"])
        if len(sent) > 1:
            return None
        return SimpleNamespace(status_code=200), {"UnprocessedItems": sent[0]}

    aws.hook("dynamodb", "before-call.dynamodb.BatchWriteItem", take_nothing_at_first)
    areas.write(1, TABLE.pages)
    assert sent[0] == sent[1]
    assert dict(areas.read(1)) == TABLE.pages


@pytest.mark.parametrize("operation", ["GetItem", "PutItem", "Scan", "BatchWriteItem"])
def test_outage_is_reported_as_such(aws: Aws, operation: str) -> None:
    areas = Deployed()
    load(areas)
    aws.fail("dynamodb", operation, "InternalServerError")
    calls: dict[str, Callable[[], object]] = {
        "GetItem": lambda: areas.page(address("10119")),
        "PutItem": lambda: areas.put_in_use(used(2), 1),
        "Scan": lambda: areas.discard(set()),
        "BatchWriteItem": lambda: areas.write(2, TABLE.pages),
    }
    with pytest.raises(StoreUnavailable):
        calls[operation]()
