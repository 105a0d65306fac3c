"""What `civic bench audit` counts, on small logs counted by hand."""

import json
from math import ceil, log2

import pytest
from botocore.exceptions import ClientError

from civic.lab.bench import audit, audit_growth, audit_requests
from civic.lab.bench.audit import measure_audit, sizes_of
from civic.lab.bench.audit_growth import Chain, grow
from civic.lab.bench.audit_requests import CountedBucket, LogLoad, count_requests, shared_load
from civic.lab.bench.prices import PriceTable
from civic.terminal.failures import SettingInvalid
from civic.verifier.errors import ProofRefused


@pytest.fixture
def prices() -> PriceTable:
    return PriceTable.load()


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Use short batches, and an empty log before counting begins."""
    monkeypatch.setattr(audit_growth, "BATCH", 100)
    monkeypatch.setattr(audit_requests, "GROWN", 0)
    monkeypatch.setattr(audit_requests, "_COUNTED", 4)
    monkeypatch.setattr(audit_requests, "_AT_LEAST", 0)
    monkeypatch.setattr(audit_requests, "_LATENCY", 0.001)


@pytest.mark.parametrize(
    ("batch", "puts"),
    [
        # Journal, checkpoint, newest checkpoint; an incomplete bundle and an incomplete tile.
        (100, 3 + 2),
        # Two bundles, two tiles, and the incomplete one above.
        (512, 3 + 2 + 2 + 1),
    ],
)
def test_every_object_of_a_batch_is_counted(
    monkeypatch: pytest.MonkeyPatch, batch: int, puts: int
) -> None:
    monkeypatch.setattr(audit_growth, "BATCH", batch)
    found = grow([batch], lambda: None)
    assert found["puts_per_vote"] == {batch: puts / batch}


@pytest.mark.usefixtures("small")
def test_proofs_are_no_longer_than_the_tree_is_high() -> None:
    found = grow([100, 300, 1_000], lambda: None)
    for size, longest in found["proof_bytes"].items():
        assert longest == 32 * ceil(log2(size))
        assert longest / 2 < found["proof_bytes_mean"][size] <= longest
        assert found["verify_us"][size] > 0
    assert len(found["proof_bytes"]) == 3


@pytest.mark.usefixtures("small")
def test_proofs_that_are_timed_do_verify(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_growth, "inclusion_proof", lambda *_: [bytes(32)] * 7)
    with pytest.raises(ProofRefused):
        grow([100], lambda: None)


def test_a_chain_has_a_checkpoint_every_ten_thousand() -> None:
    chain = Chain()
    chain.extend(bytes(1) for _ in range(25_000))
    assert (chain.size, len(chain.checkpoints)) == (25_000, 2)


def test_a_member_of_a_chain_is_shown_by_a_hash_for_each_later_entry() -> None:
    assert Chain.proof_bytes(1_000) == 32 * 501
    assert Chain.us_per_link() > 0


@pytest.mark.usefixtures("small")
def test_requests_are_counted_under_the_real_adapters(prices: PriceTable) -> None:
    found = count_requests(LogLoad(256), prices)
    # Journal, bundle, tile, the incomplete tile above, checkpoint, newest checkpoint.
    assert found.bill.units["s3_puts"] == 6 / 256
    assert found.bill.units["kms_sign"] == found.bill.units["events"] == 1 / 256
    assert found.bill.dollars["s3_puts"] == pytest.approx(6 / 256 * 5)
    assert found.bill.dollars["kms_sign"] == pytest.approx(1 / 256 * 15)
    assert found.details()["puts_per_vote"] == 6 / 256


@pytest.mark.usefixtures("small")
def test_writers_who_take_turns_read_what_the_others_wrote(prices: PriceTable) -> None:
    alone, several = (count_requests(LogLoad(256, writers), prices) for writers in (1, 3))
    assert several.bill.units["s3_gets"] > alone.bill.units["s3_gets"]
    assert several.bill.units["s3_puts"] == alone.bill.units["s3_puts"]


@pytest.mark.usefixtures("small")
def test_writers_who_get_in_each_others_way_repeat_requests(prices: PriceTable) -> None:
    turns, at_once = (
        count_requests(LogLoad(50, 4, together), prices) for together in (False, True)
    )
    assert at_once.bill.units["s3_puts"] > turns.bill.units["s3_puts"]
    assert at_once.bill.units["lambda_requests"] == turns.bill.units["lambda_requests"]


def test_a_refused_request_is_one_as_well() -> None:
    bucket = CountedBucket()
    first = bucket.put_object(Key="a", Body=b"abc", IfNoneMatch="*")
    bucket.put_object(Key="a", Body=b"abcd", IfMatch=first["ETag"])
    for condition in ({"IfNoneMatch": "*"}, {"IfMatch": first["ETag"]}):
        with pytest.raises(ClientError, match="PreconditionFailed"):
            bucket.put_object(Key="a", Body=b"x", **condition)
    with pytest.raises(ClientError, match="NoSuchKey"):
        bucket.get_object(Key="b")
    assert bucket.get_object(Key="a", Range="bytes=1-2")["Body"].read() == b"bc"
    assert bucket.requests == {"s3_puts": 4, "s3_gets": 2}


@pytest.mark.usefixtures("small")
def test_the_section_says_what_is_missed_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "BATCH", 100)
    section = measure_audit([100, 300], lambda *_: lambda: None)
    document = json.loads(json.dumps(section.document()))
    for name in ("entries_per_second", "proof_bytes", "verify_us", "puts_per_vote"):
        assert set(document[name]) == set(document["chain"][name]) == {"100", "300"}
    assert document["targets"][0]["met"] is False
    rates = document["details"]["by_votes_per_second"]
    assert [rates[rate]["load"]["batch"] for rate in ("1000", "100", "10")] == [2_000, 200, 20]
    puts = [rates[rate]["puts_per_vote"] for rate in ("1000", "100", "10")]
    assert puts == sorted(puts)
    assert document["details"]["shards_at_once"]["load"]["at_once"] is True


def test_votes_are_shared_by_the_shards(prices: PriceTable) -> None:
    assert shared_load(prices) == LogLoad(200, 10)
    assert shared_load(prices, at_once=True) == LogLoad(200, 10, at_once=True)


@pytest.mark.parametrize("text", ["", "many", "0", "-10000", "15000", "1e8", "inf"])
def test_sizes_that_the_log_cannot_have_are_refused(text: str) -> None:
    with pytest.raises(SettingInvalid, match="--sizes"):
        sizes_of(text)


def test_sizes_may_be_given_in_any_order() -> None:
    assert sizes_of("1e6,10000,1e6") == [10_000, 1_000_000]
