"""What a run costs, and whether that meets the target."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from civic.lab.bench.deployment import Function
from civic.lab.bench.prices import Design, Load, PriceTable, price
from civic.lab.bench.report import Section, Target
from civic.lab.bench.run import Line, Run, Tally

LOAD = Load(fill=1, per_second=10, environments=3)
VALIDATOR = Function("validator", "module", {}, 512, None, 1, traced=False, silent=False)
FUNCTIONS = {"gateway": replace(VALIDATOR, name="gateway", memory_mb=1024), "validator": VALIDATOR}


@pytest.fixture
def prices() -> PriceTable:
    return PriceTable.load()


def test_the_shipped_table_names_its_region_and_every_load(prices: PriceTable) -> None:
    assert prices.region == "us-east-1"
    assert set(prices.loads) == {"low", "loaded"}


def test_quantity_times_price_is_dollars_per_million(prices: PriceTable) -> None:
    bill = prices.bill({"api": 1, "kms": 15, "write_units": 3, "logs": 1e-6})
    dollars = {"kms": 45.0, "write_units": 1.875, "api": 1.0, "logs": 0.5}
    assert bill.dollars == pytest.approx(dollars)
    assert list(bill.dollars) == list(dollars)
    assert bill.total == pytest.approx(48.375)


def test_a_quantity_without_a_price_is_an_error(prices: PriceTable) -> None:
    with pytest.raises(KeyError):
        prices.bill({"carrier_pigeons": 1})


def one_run() -> Run:
    run = Run(people=2, http=2)
    run.invocations.update({"gateway": 2, "validator": 1})
    run.messages.update({"gateway": 2, "validator": 2})
    run.tallies[Line("gateway", "dynamodb", "PutItem")] = Tally(calls=4, write_units=4)
    run.tallies[Line("validator", "dynamodb", "GetItem")] = Tally(calls=2, read_units=2)
    run.log_bytes.update({"gateway": 2000})
    return run


def test_a_run_is_priced_per_person(prices: PriceTable) -> None:
    renewal = Run()
    renewal.tallies[Line("validator", "kms", "Decrypt")] = Tally(calls=1)

    priced = price(one_run(), Design(FUNCTIONS, renewal=renewal), LOAD, prices)

    assumed = prices.duration
    start = assumed.invocation_ms + assumed.cold_share * assumed.cold_ms
    gateway = 4 * assumed.call_ms["dynamodb"] + 2 * assumed.message_ms["gateway"] + 2 * start
    validator = 2 * assumed.call_ms["dynamodb"] + 2 * assumed.message_ms["validator"] + start
    platform = sum(len(line) for line in prices.platform.lines)
    assert priced.units == pytest.approx(
        {
            "api": 1,
            "lambda_requests": 1.5,
            "lambda_duration": (gateway + validator / 2) / 1000 / 2,
            "events": 0,
            "event_archive": 0,
            "sqs": 0,
            "write_units": 2,
            "read_units": 1,
            # One in each of three environments, for the 6,000 registrations of ten minutes.
            "kms": 3 / 6000,
            "logs": (1000 + 1.5 * platform) / 1e9,
            "xray": 0,
        }
    )
    assert priced.total == pytest.approx(sum(priced.dollars.values()))


def test_tracing_takes_the_first_of_a_second_and_a_share_of_the_rest(prices: PriceTable) -> None:
    traced = {name: replace(one, traced=True) for name, one in FUNCTIONS.items()}
    priced = price(one_run(), Design(traced), LOAD, prices)
    # 15 invocations a second for 10 registrations.
    assert priced.units["xray"] == pytest.approx((1 + 0.05 * 14) / 10)


def test_nobody_pays_for_the_lines_of_a_silent_function(prices: PriceTable) -> None:
    silent = FUNCTIONS | {"gateway": replace(FUNCTIONS["gateway"], silent=True)}
    loud, quiet = (price(one_run(), Design(one), LOAD, prices) for one in (FUNCTIONS, silent))
    platform = sum(len(line) for line in prices.platform.lines)
    assert (loud.units["logs"] - quiet.units["logs"]) * 1e9 == pytest.approx(platform)


def test_targets_say_by_how_much_they_are_missed() -> None:
    judged = [Target("a", "a", 10).judge(measured) for measured in (10, 12.5, None)]
    assert [(one["met"], one["by"]) for one in judged] == [
        (True, None),
        (False, 2.5),
        (None, None),
    ]


def test_a_lower_bound_is_missed_from_below() -> None:
    target = Target("a", "a", 10, at_least=True)
    judged = [target.judge(measured) for measured in (10, 7.5)]
    assert [(one["met"], one["by"]) for one in judged] == [(True, None), (False, 2.5)]
    assert str(target) == "at least 10"


SECTION = Section(
    name="mine",
    figures={"calls": 3.0, "by_size": {10: 1.5, 1000: 0.5}, "unknown": None},
    baseline={"calls": 24.0, "by_size": {10: 2.0, 1000: 4.0}},
    targets=[Target("calls", "calls", 2), Target("by_size", "by size", 1, "B")],
    tables={"Calls": {"gateway": {"calls": 3, "units": 1250.0}}},
    details={"seed": 1},
)


def test_a_figure_by_size_is_judged_at_the_largest() -> None:
    assert [(one["measured"], one["met"]) for one in SECTION.judged()] == [
        (3.0, False),
        (0.5, True),
    ]


def test_everything_that_was_measured_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    SECTION.show(Console(width=120, color_system=None))
    printed = capsys.readouterr().out
    for text in ("1,250", "at most 2", "missed by 1", "by size at 1,000", "24", "met"):
        assert text in printed


def test_a_section_is_merged_into_the_report(tmp_path: Path) -> None:
    report = tmp_path / "out" / "bench.json"
    SECTION.keep(report)
    report.write_text('{"votes": {"kept": 1}, "mine": {"old": 1}}')
    SECTION.keep(report)
    document = json.loads(report.read_text())
    assert document["votes"] == {"kept": 1}
    assert (document["mine"]["calls"], document["mine"]["naive"]["calls"]) == (3, 24)
    assert document["mine"]["details"] == {"seed": 1}
    assert [one["met"] for one in document["mine"]["targets"]] == [False, True]
