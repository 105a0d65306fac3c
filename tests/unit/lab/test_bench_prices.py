import pytest

from civic.lab.bench.bill import Design, bill, renewals_per_registration
from civic.lab.bench.counted_aws import BusEvent
from civic.lab.bench.ledger import Ledger, Line, Tally
from civic.lab.bench.prices import Load, PriceTable, dominant
from civic.lab.bench.run import Run
from civic.lab.bench.targets import Target, judge

LOAD = Load(fill=1, registrations_per_second=10, environments=3)


@pytest.fixture
def prices() -> PriceTable:
    return PriceTable.load()


def test_the_shipped_table_names_its_region_and_every_load(prices: PriceTable) -> None:
    assert prices.region == "us-east-1"
    assert set(prices.loads) == {"low", "loaded"}


def test_quantity_times_price_is_dollars_per_million(prices: PriceTable) -> None:
    dollars = prices.dollars_per_million({"api": 1, "kms": 15, "write_units": 3, "logs": 1e-6})

    assert dollars == pytest.approx({"kms": 45.0, "write_units": 1.875, "api": 1.0, "logs": 0.5})
    assert list(dollars) == ["kms", "write_units", "api", "logs"]


def test_a_quantity_without_a_price_is_an_error(prices: PriceTable) -> None:
    with pytest.raises(KeyError):
        prices.dollars_per_million({"carrier_pigeons": 1})


def test_dominant_lines_make_up_three_quarters() -> None:
    assert dominant({"a": 50, "b": 30, "c": 15, "d": 5}) == ["a", "b"]
    assert dominant({}) == []


def test_renewals_are_shared_by_the_registrations_of_a_cache_period() -> None:
    assert renewals_per_registration(LOAD) == pytest.approx(3 / (10 * 600))


def one_run() -> Run:
    run = Run(requests=2)
    run.invocations.update({"gateway": 2, "validator": 1})
    run.messages.update({"gateway": 2, "validator": 2})
    run.ledger.tallies[Line("gateway", "dynamodb", "PutItem")] = Tally(calls=4, write_units=4)
    run.ledger.tallies[Line("validator", "dynamodb", "GetItem")] = Tally(calls=2, read_units=2)
    run.log_bytes.update({"gateway": 2000})
    return run


def test_a_run_is_priced_per_registration(prices: PriceTable) -> None:
    renewal = Ledger()
    renewal.tallies[Line("validator", "kms", "Decrypt")] = Tally(calls=1)
    design = Design(memory_mb={"gateway": 1024, "validator": 512}, renewal=renewal)

    priced = bill(one_run(), design, LOAD, prices)

    assumed = prices.duration
    start = assumed.invocation_ms + assumed.cold_share * assumed.cold_ms
    gateway = 4 * assumed.call_ms["dynamodb"] + 2 * assumed.message_ms["gateway"] + 2 * start
    validator = 2 * assumed.call_ms["dynamodb"] + 2 * assumed.message_ms["validator"] + start
    platform = sum(len(line) for line in prices.platform.lines)
    assert priced.quantities == pytest.approx(
        {
            "api": 1,
            "lambda_requests": 1.5,
            "lambda_duration": (gateway + validator / 2) / 1000 / 2,
            "events": 0,
            "event_archive": 0,
            "sqs": 0,
            "write_units": 2,
            "read_units": 1,
            "kms": 3 / 6000,
            "logs": (1000 + 1.5 * platform) / 1e9,
            "xray": 0,
        }
    )
    assert priced.total == pytest.approx(sum(priced.dollars.values()))


def test_tracing_takes_the_first_of_a_second_and_a_share_of_the_rest(prices: PriceTable) -> None:
    design = Design(memory_mb={"gateway": 512, "validator": 512}, traced=True)

    priced = bill(one_run(), design, LOAD, prices)

    # 15 invocations a second for 10 registrations.
    assert priced.quantities["xray"] == pytest.approx((1 + 0.05 * 14) / 10)


def test_events_and_messages_are_billed_by_the_started_64_kilobytes() -> None:
    run = Run()
    run.publish(BusEvent("s", "T", "x" * 10))
    run.publish(BusEvent("s", "T", "x" * 64 * 1024))
    run.send("x")
    run.receive(["x" * 40_000, "x" * 40_000])

    assert run.events == {"T": 2}
    assert run.events_billed == 3
    # One send; a receive of two chunks; one delete.
    assert run.sqs_requests == 4


def test_targets_tell_by_how_much_they_are_missed() -> None:
    targets = [Target(key, key, 10) for key in ("met", "missed", "unknown")]

    judged = judge({"met": 10, "missed": 12.5, "unknown": None}, targets)

    assert [(one.met, one.missed_by) for one in judged] == [
        (True, None),
        (False, 2.5),
        (None, None),
    ]
