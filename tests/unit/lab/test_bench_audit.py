"""What `civic bench audit` counts: small logs, by hand."""

import json
from dataclasses import replace
from math import ceil, log2

import pytest
from botocore.exceptions import ClientError

from civic.lab.bench import audit, audit_growth, audit_requests
from civic.lab.bench.audit import audit_document, measure_audit, sizes_of
from civic.lab.bench.audit_chain import Chain, appends_per_second, proof_bytes, verify_member
from civic.lab.bench.audit_growth import grow
from civic.lab.bench.audit_requests import CountedBucket, LogLoad, count_requests, shared_load
from civic.lab.bench.bill import Bill
from civic.lab.bench.prices import PriceTable
from civic.lab.bench.run import Run
from civic.lab.bench.votes import Votes
from civic.lab.bench.votes_instructions import VoteInstructions
from civic.terminal.failures import SettingInvalid
from civic.verifier.errors import ProofRefused


@pytest.fixture
def prices() -> PriceTable:
    return PriceTable.load()


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have short batches, and nothing in the log before counting begins."""
    monkeypatch.setattr(audit_growth, "BATCH", 100)
    monkeypatch.setattr(audit_requests, "GROWN", 0)
    monkeypatch.setattr(audit_requests, "_COUNTED", 4)
    monkeypatch.setattr(audit_requests, "_AT_LEAST", 0)
    monkeypatch.setattr(audit_requests, "_LATENCY", 0.001)


class Silent:
    def begin(self, _name: str, _steps: int) -> "Silent":
        return self

    def __call__(self) -> None:
        pass


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
    (found,) = grow([batch], lambda: None)
    assert found.puts_per_vote == puts / batch


@pytest.mark.usefixtures("small")
def test_proofs_are_no_longer_than_the_tree_is_high() -> None:
    for found in grow([100, 300, 1_000], lambda: None):
        assert found.proof_bytes == 32 * ceil(log2(found.size))
        assert found.proof_bytes / 2 < found.proof_bytes_mean <= found.proof_bytes
        assert found.verify_us > 0


@pytest.mark.usefixtures("small")
def test_proofs_that_are_timed_do_verify(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_growth, "inclusion_proof", lambda *_: [bytes(32)] * 7)
    with pytest.raises(ProofRefused):
        grow([100], lambda: None)


def test_a_member_of_a_chain_is_shown_by_everything_after_it() -> None:
    entries = [bytes([number]) for number in range(5)]
    before, chain = Chain(), Chain()
    before.extend(entries[:2])
    chain.extend(entries)
    assert verify_member(entries[2], before.head, entries[3:], chain.head)
    assert not verify_member(b"other", before.head, entries[3:], chain.head)
    assert not verify_member(entries[2], before.head, entries[4:], chain.head)


def test_a_chain_has_a_checkpoint_every_ten_thousand() -> None:
    chain = Chain()
    chain.extend(bytes(1) for _ in range(25_000))
    assert (chain.size, len(chain.checkpoints)) == (25_000, 2)


def test_a_chain_takes_one_append_per_round_trip_whoever_writes() -> None:
    assert appends_per_second(1, 1) == 1_000
    assert appends_per_second(2, 2) == 250
    assert proof_bytes(1_000) == 32 * 501


@pytest.mark.usefixtures("small")
def test_requests_are_counted_under_the_real_adapters(prices: PriceTable) -> None:
    found = count_requests(LogLoad(256), prices)
    # Journal, bundle, tile, the incomplete tile above, checkpoint, newest checkpoint.
    assert found.per_vote["s3_puts"] == 6 / 256
    assert found.per_vote["kms_sign"] == found.per_vote["events"] == 1 / 256
    assert found.dollars["s3_puts"] == pytest.approx(6 / 256 * 5)
    assert found.dollars["kms_sign"] == pytest.approx(1 / 256 * 15)
    assert found.total == pytest.approx(sum(found.dollars.values()))


@pytest.mark.usefixtures("small")
def test_writers_who_take_turns_read_what_the_others_wrote(prices: PriceTable) -> None:
    alone, several = (count_requests(LogLoad(256, writers), prices) for writers in (1, 3))
    assert several.per_vote["s3_gets"] > alone.per_vote["s3_gets"]
    assert several.per_vote["s3_puts"] == alone.per_vote["s3_puts"]


@pytest.mark.usefixtures("small")
def test_writers_who_get_in_each_others_way_repeat_requests(prices: PriceTable) -> None:
    turns, at_once = (
        count_requests(LogLoad(50, 4, together), prices) for together in (False, True)
    )
    assert at_once.per_vote["s3_puts"] > turns.per_vote["s3_puts"]
    assert at_once.per_vote["lambda_requests"] == turns.per_vote["lambda_requests"]


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
def test_the_section_tells_what_is_missed_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "BATCH", 100)
    document = json.loads(json.dumps(audit_document(measure_audit([100, 300], Silent()))))
    for name in ("entries_per_second", "proof_bytes", "verify_us", "puts_per_vote"):
        assert set(document[name]) == set(document["chain"][name]) == {"100", "300"}
    assert document["targets"][0]["met"] is False
    rates = document["details"]["by_votes_per_second"]
    assert [rates[rate]["load"]["batch"] for rate in ("1000", "100", "10")] == [2_000, 200, 20]
    assert [rates[rate]["met"] for rate in ("1000", "100", "10")] == [False, False, False]


@pytest.mark.parametrize("text", ["", "many", "0", "-10000", "15000", "1e8", "inf"])
def test_sizes_that_the_log_cannot_have_are_refused(text: str) -> None:
    with pytest.raises(SettingInvalid, match="--sizes"):
        sizes_of(text)


def test_sizes_may_be_given_in_any_order() -> None:
    assert sizes_of("1e6,10000,1e6") == [10_000, 1_000_000]


@pytest.mark.usefixtures("small")
def test_the_log_is_a_line_of_its_own_in_what_votes_cost(prices: PriceTable) -> None:
    assert shared_load(prices) == LogLoad(200, 10)
    log = count_requests(LogLoad(200), prices)
    bill = Bill({"api": 1.0}, {"api": 1.0})
    run = Run(requests=1)
    found = Votes(
        1, prices, run, run, run, bill, bill, bill, log, VoteInstructions(None, None, "none")
    )
    figures = found.figures()
    assert figures.dollars_per_million == 1
    assert figures.dollars_with_log_per_million == 1 + log.total
    dearer = replace(found, log=replace(log, dollars=log.dollars | {"s3_puts": 9.0}))
    assert dearer.figures_by_code().dollars_with_log_per_million > 10
