"""A ballot in canonical form, its commitment and its receipt."""

import hashlib
import hmac
import json
from base64 import b64encode
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civic.contracts.identifiers import Nullifier
from civic.voting.errors import SealBroken
from civic.voting.model.ballot import Ballot, commit
from tests.fakes.ballots import ELECTION, NORTH, OTHER, ballot

ONE, TWO = Nullifier(b"\x01" * 32), Nullifier(b"\x02" * 32)
KEY, OTHER_KEY = b"k" * 32, b"l" * 32

# What JSON escapes, what Python's writer and others treat differently, and what is long in UTF-8.
texts = st.text('aZ"\\/<\n\t\x00\x1f\x7f\u00e9\u2028\uffff\U0001f5f3', min_size=1, max_size=8)
chosen = st.dictionaries(
    st.sampled_from(["c1", "c2", "c10"]), st.lists(texts, min_size=1, max_size=3).map(tuple)
)
ballots = st.builds(Ballot, st.just(ELECTION), st.just(NORTH), chosen, chosen)


def test_canonical_form_is_that_of_rfc_8785() -> None:
    one = Ballot(ELECTION, NORTH, {"c2": ("o4",), "c10": ("o9", "o8")}, {"c2": ('É "\n\x7f\x1f',)})
    assert (
        one.canonical()
        == (
            '{"election":"7k3m9qx2w5vb",'
            '"selections":{"c10":["o9","o8"],"c2":["o4"]},'
            '"style":"north",'
            '"write_ins":{"c2":["É \\"\\n\x7f\\u001f"]}}'
        ).encode()
    )


@given(ballots)
def test_canonical_form_is_sorted_unescaped_json_without_spaces(one: Ballot) -> None:
    # With keys of ASCII only, Python's own writer is RFC 8785 as well.
    canonical = one.canonical()
    again = json.dumps(
        json.loads(canonical), sort_keys=True, separators=(",", ":"), ensure_ascii=False
    )
    assert canonical == again.encode()


@given(ballots)
def test_canonical_form_is_read_back(one: Ballot) -> None:
    assert Ballot.parse(one.canonical()) == one
    assert Ballot.parse(one.canonical().decode()) == one
    assert Ballot.parse(one.canonical()).canonical() == one.canonical()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        b"\xff",
        '{"election":"7k3m9qx2w5vb"}',
        '{"election":"7k3m9qx2w5vb","style":"north","selections":[],"write_ins":{}}',
        '{"election":"7k3m9qx2w5vb","style":"north","selections":{"c1":1},"write_ins":{}}',
    ],
)
def test_what_is_no_ballot_is_not_read(text: str | bytes) -> None:
    with pytest.raises(SealBroken):
        Ballot.parse(text)


def test_ballot_is_silent_about_itself() -> None:
    one = ballot("o1")
    assert "o1" not in repr(one) + repr(commit(one, ONE, KEY))


def test_same_ballot_cast_again_has_the_same_receipt() -> None:
    assert commit(ballot(), ONE, KEY) == commit(Ballot.parse(ballot().canonical()), ONE, KEY)


def test_no_two_voters_and_no_two_choices_share_a_receipt() -> None:
    papers = [ballot("o1"), ballot("o2"), ballot("o1", NORTH), ballot("o1", election=OTHER)]
    receipts = {commit(one, voter, KEY).receipt for one, voter in product(papers, (ONE, TWO))}
    assert len(receipts) == 8
    assert {len(receipt) for receipt in receipts} == {32}


def test_receipt_is_the_leaf_hash_of_a_salted_commitment() -> None:
    made = commit(ballot(), ONE, KEY)
    salt = hmac.new(KEY, ONE + ballot().canonical(), hashlib.sha256).digest()
    commitment = hashlib.sha256(b"civic/commitment/1|" + salt + ballot().canonical()).digest()
    leaf = b"civic/ballot/1\n7k3m9qx2w5vb\n" + b64encode(commitment) + b"\n"
    assert (made.salt, made.entry()) == (salt, leaf)
    assert made.receipt == hashlib.sha256(b"\0" + leaf).digest()


def test_guess_cannot_be_tried_on_a_receipt_without_the_key() -> None:
    made = commit(ballot("o1"), ONE, KEY)
    # Knowing voter and ballot gives another receipt without the key, and the same one with it.
    assert commit(ballot("o1"), ONE, OTHER_KEY).receipt != made.receipt
    assert commit(ballot("o1"), ONE, b"").receipt != made.receipt
    assert commit(ballot("o1"), ONE, KEY).receipt == made.receipt


def test_log_entry_opens_neither_voter_nor_ballot() -> None:
    entry = commit(ballot("o1"), ONE, KEY).entry()
    assert len(entry) == len(commit(ballot("o2", NORTH), TWO, KEY).entry())
    for secret in (ONE, b64encode(ONE), b"o1", ballot("o1").canonical()):
        assert secret not in entry
