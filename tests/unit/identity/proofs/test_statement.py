"""What proofing says of an answer is known to be proofing's, and about this answer."""

import json
from dataclasses import replace
from typing import Any

import pytest

from civic.identity.model.proof import ProofRefused
from civic.identity.proofs.statement import STATEMENT_TYPE, Answer, Statement, digest_of
from tests.fakes.proving import STATEMENT, answer, signed, trust

BODY = "what was answered"


def test_a_statement_of_proofing_is_read_as_it_was_made() -> None:
    made = answer(BODY)
    assert Answer.from_bytes(made.to_bytes()) == made
    assert made.stated(trust()) == replace(STATEMENT, digest=digest_of(BODY))


def test_nothing_of_the_answer_is_in_the_repr() -> None:
    assert BODY not in repr(answer(BODY))


def test_a_statement_that_somebody_else_signed_is_refused() -> None:
    with pytest.raises(ProofRefused):
        answer(BODY, "attacker").stated(trust())
    with pytest.raises(ProofRefused):
        answer(BODY, "national").stated(trust())


def test_a_statement_about_another_answer_is_refused() -> None:
    with pytest.raises(ProofRefused, match="another answer"):
        replace(answer(BODY), body="another").stated(trust())


def test_a_client_assertion_is_no_statement() -> None:
    stated = replace(STATEMENT, digest=digest_of(BODY)).claims()
    for typ in ("JWT", None, "application/" + STATEMENT_TYPE):
        token = signed(stated, "proofing", typ=typ)
        with pytest.raises(ProofRefused, match="another type"):
            Answer(token, BODY).stated(trust())


@pytest.mark.parametrize(
    "changes",
    [
        {"session": ""},
        {"nonce": None},
        {"provider": 5},
        {"method": "telepathy"},
        {"method": ["oidc"]},
        {"answered_at": "yesterday"},
        {"answered_at": 10**30},
        {"digest": None},
    ],
)
def test_a_statement_that_lacks_something_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ProofRefused, match="lacks"):
        Statement.of(STATEMENT.claims() | changes)


@pytest.mark.parametrize(
    "opened",
    [
        b"",
        b"\xff",
        b"[]",
        b"5",
        b'{"statement": "x"}',
        b'{"statement": 5, "answer": "x"}',
        b'{"statement": "x", "answer": 5}',
        json.dumps({"statement": "x", "answer": "\ud800"}).encode(),
        b"[" * 100_000,
    ],
)
def test_what_anybody_else_sealed_is_no_answer(opened: bytes) -> None:
    with pytest.raises(ProofRefused):
        Answer.from_bytes(opened)
