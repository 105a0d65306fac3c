"""A message in the ballot queue is read back, and anything else is refused."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civic.voting.adapters.ballot_queue_sqs import body_of, read_body
from civic.voting.errors import SealBroken
from tests.fakes.ballots import ELECTION


@given(st.binary(max_size=50))
def test_sealed_ballot_is_read_back(sealed: bytes) -> None:
    assert read_body(body_of(ELECTION, sealed)) == (ELECTION, sealed)


def test_message_names_the_election_and_nothing_else() -> None:
    assert json.loads(body_of(ELECTION, b"\0\1")).keys() == {"election", "sealed"}


@pytest.mark.parametrize(
    "body",
    [
        "",
        "not JSON",
        "[]",
        "null",
        "{}",
        "[" * 100_000,
        '{"election": "7k3m9qx2w5vb"}',
        '{"election": "7k3m9qx2w5vb", "sealed": 5}',
        '{"election": "7k3m9qx2w5vb", "sealed": "A"}',
        '{"election": "7k3m9qx2w5vb", "sealed": "AA AA"}',
        '{"election": "7k3m9qx2w5vb", "sealed": "\\u00e9\\u00e9\\u00e9\\u00e9"}',
        '{"election": {}, "sealed": "AAAA"}',
        '{"election": [], "sealed": "AAAA"}',
        '{"election": 5, "sealed": "AAAA"}',
        '{"election": null, "sealed": "AAAA"}',
    ],
)
def test_anything_else_is_refused(body: str) -> None:
    with pytest.raises(SealBroken):
        read_body(body)
