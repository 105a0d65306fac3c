"""A country may ask for a proof of identity; what is kept of one counts for this person only."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest

from civic.contracts.base64url import encode
from civic.contracts.events import Decision, ValidationRequest
from civic.identity.model.codes import Code
from civic.identity.model.eligibility import Past, decide
from civic.identity.model.likeness import likeness_of
from civic.identity.model.proof import ProofLevel, ProofMethod
from civic.identity.model.proving import Standing
from civic.identity.model.receipt import Receipt
from civic.identity.model.registration import Evidence
from civic.identity.model.rows import Proof
from civic.identity.model.rules import RuleSet
from civic.identity.usecases.proving import EVIDENCE_LIFETIME, examine
from tests.fakes.pipeline import NOW, RULES, Consumer, Pipeline
from tests.fakes.proving import (
    ANSWERED,
    ISSUER,
    SUBSTANTIAL,
    answer,
    claims,
    evidence,
    public,
    signed,
    trust,
)
from tests.fakes.reviewing import ACCEPTED
from tests.fakes.reviewing import decide as people_decide
from tests.strategies.registrations import address, person


def asking(level: str) -> RuleSet:
    """Return the rules, with a proof for Germany."""
    document = RULES.model_dump(by_alias=True)
    document["countries"]["DE"]["proof"] = level
    return RuleSet.model_validate(document)


class Proving(Pipeline):
    """A pipeline whose country asks for a proof."""

    def __init__(self, level: str = "substantial") -> None:
        super().__init__()
        self.validation = replace(self.validation, rules=asking(level))
        self.trust.replace(trust())

    def proof(self, **changes: Any) -> Evidence:
        return evidence(self.evidence, answer(signed(claims(**changes))))

    def registered(self, **changes: object) -> Receipt:
        receipt = self.register(person(**changes))
        self.drain()
        return receipt

    def corrected(self, receipt: Receipt, **changes: object) -> None:
        before = len(self.bus.events)
        self.rectify(receipt, person(**changes))
        self.drain(before)


@pytest.fixture
def pipeline() -> Proving:
    return Proving()


def outcome(pipeline: Pipeline, receipt: Receipt) -> tuple[Decision, list[str]]:
    verdict = pipeline.status(receipt).verdict
    assert verdict is not None
    return verdict.decision, [f"{one.code} {one.pointer}" for one in verdict.reasons]


def test_levels_are_in_order() -> None:
    assert all(lower < higher for lower, higher in pairwise(ProofLevel))
    assert ProofLevel.BASIC < ProofLevel.HIGH
    assert ProofLevel.HIGH >= ProofLevel.HIGH
    with pytest.raises(TypeError):
        _ = ProofLevel.HIGH < "none"


def test_without_a_proof_nobody_is_accepted_where_one_is_needed(pipeline: Proving) -> None:
    receipt = pipeline.registered()
    assert outcome(pipeline, receipt) == (Decision.REJECTED, ["proof_missing /evidence"])


def test_where_none_is_needed_none_is_asked_for() -> None:
    pipeline = Proving("none")
    assert outcome(pipeline, pipeline.registered()) == (Decision.ACCEPTED, [])


def test_a_proof_of_the_level_is_enough_and_is_kept(pipeline: Proving) -> None:
    receipt = pipeline.registered(evidence=pipeline.proof(acr=SUBSTANTIAL))
    assert outcome(pipeline, receipt) == (Decision.ACCEPTED, [])
    like = likeness_of(person(), pipeline.validation.peppers.current())
    method, level = ProofMethod.OIDC, ProofLevel.SUBSTANTIAL
    assert pipeline.status(receipt).proof == Proof(method, level, ISSUER, ANSWERED.date(), like)


def test_a_proof_of_a_lower_level_is_not_enough() -> None:
    pipeline = Proving("high")
    receipt = pipeline.registered(evidence=pipeline.proof(acr=SUBSTANTIAL))
    assert outcome(pipeline, receipt) == (Decision.REJECTED, ["proof_level_low /evidence"])
    pipeline.corrected(receipt, evidence=pipeline.proof())
    assert outcome(pipeline, receipt) == (Decision.ACCEPTED, [])


@pytest.mark.parametrize("acr", [None, "https://id.example/loa/low"])
def test_a_level_that_was_only_asked_for_is_not_enough(pipeline: Proving, acr: str | None) -> None:
    receipt = pipeline.registered(evidence=pipeline.proof(acr=acr))
    assert outcome(pipeline, receipt) == (Decision.REJECTED, ["proof_level_low /evidence"])
    assert pipeline.status(receipt).proof is None


def test_a_proof_of_somebody_else_waits_for_people(pipeline: Proving) -> None:
    for changes, found in (
        ({"given_name": "Karla"}, ["proof_contradicts /full_name"]),
        ({"birthdate": "1984-08-13"}, ["proof_contradicts /date_of_birth"]),
        (
            {"given_name": "Karla", "birthdate": "1984-08-13"},
            ["proof_contradicts /date_of_birth", "proof_contradicts /full_name"],
        ),
    ):
        receipt = pipeline.registered(evidence=pipeline.proof(**changes))
        assert outcome(pipeline, receipt) == (Decision.REVIEW, found)
        assert pipeline.status(receipt).proof is None


def test_somebody_elses_proof_counts_for_nobody_also_where_none_is_needed() -> None:
    pipeline = Proving("none")
    receipt = pipeline.registered(evidence=pipeline.proof(given_name="Karla"))
    assert outcome(pipeline, receipt) == (Decision.REVIEW, ["proof_contradicts /full_name"])


def test_a_name_is_the_same_in_every_spelling(pipeline: Proving) -> None:
    receipt = pipeline.registered(
        full_name="MÜLLER, Jürgen",
        evidence=pipeline.proof(given_name="Jurgen", family_name="Mueller"),
    )
    assert outcome(pipeline, receipt) == (Decision.ACCEPTED, [])


def test_a_birth_date_known_in_part_is_not_contradicted_by_the_whole(pipeline: Proving) -> None:
    receipt = pipeline.registered(date_of_birth="1984-08", evidence=pipeline.proof())
    assert outcome(pipeline, receipt)[1] == ["birth_date_partial /date_of_birth"]
    receipt = pipeline.registered(date_of_birth="1984-09", evidence=pipeline.proof())
    assert "proof_contradicts /date_of_birth" in outcome(pipeline, receipt)[1]


def test_a_proof_stands_for_later_corrections(pipeline: Proving) -> None:
    receipt = pipeline.registered(evidence=pipeline.proof())
    kept = pipeline.status(receipt).proof
    pipeline.now += timedelta(days=40)
    pipeline.corrected(receipt, address=address(lines=("Domstraße 1",)))
    assert outcome(pipeline, receipt) == (Decision.ACCEPTED, [])
    assert pipeline.status(receipt).proof == kept


def test_old_evidence_sent_again_takes_nothing_from_a_proof_that_stands(pipeline: Proving) -> None:
    proof = pipeline.proof()
    receipt = pipeline.registered(evidence=proof)
    pipeline.now += timedelta(days=40)
    pipeline.corrected(receipt, evidence=proof, phone_number="+49 30 901821")
    assert outcome(pipeline, receipt) == (Decision.ACCEPTED, [])


def test_a_changed_name_asks_anew_and_costs_nobody_their_vote(pipeline: Proving) -> None:
    receipt = pipeline.registered(evidence=pipeline.proof())
    pipeline.corrected(receipt, full_name="Erika Gabler")
    assert outcome(pipeline, receipt) == (Decision.REVIEW, ["proof_missing /evidence"])
    assert pipeline.status(receipt).standing is Decision.ACCEPTED
    pipeline.corrected(
        receipt, full_name="Erika Gabler", evidence=pipeline.proof(family_name="Gabler")
    )
    assert outcome(pipeline, receipt) == (Decision.ACCEPTED, [])


def test_a_changed_birth_date_asks_anew(pipeline: Proving) -> None:
    receipt = pipeline.registered(evidence=pipeline.proof())
    pipeline.corrected(receipt, date_of_birth=date(1984, 8, 13))
    assert outcome(pipeline, receipt) == (Decision.REVIEW, ["proof_missing /evidence"])


def test_a_lower_proof_does_not_take_the_place_of_a_better_one() -> None:
    pipeline = Proving("high")
    receipt = pipeline.registered(evidence=pipeline.proof())
    pipeline.corrected(receipt, evidence=pipeline.proof(acr=SUBSTANTIAL))
    assert outcome(pipeline, receipt) == (Decision.ACCEPTED, [])
    proof = pipeline.status(receipt).proof
    assert proof is not None
    assert proof.level is ProofLevel.HIGH


def test_whom_people_accepted_without_is_not_asked_again_until_something_changes(
    pipeline: Proving,
) -> None:
    receipt = pipeline.registered()
    pipeline.http(
        "POST /registrations/{id}/review",
        path={"id": receipt.id},
        token=receipt.access_token,
    )
    people_decide(pipeline, receipt, ACCEPTED)
    pipeline.drain()
    assert outcome(pipeline, receipt)[0] is Decision.ACCEPTED
    pipeline.corrected(receipt, phone_number="+49 30 901821")
    assert outcome(pipeline, receipt) == (Decision.ACCEPTED, [])
    for changes in (
        {"full_name": "Erika Gabler"},
        {"date_of_birth": date(1984, 8, 13)},
        {"address": address(lines=("Domstraße 1",))},
    ):
        pipeline.corrected(receipt, **changes)
        assert outcome(pipeline, receipt) == (Decision.REVIEW, ["proof_missing /evidence"])


def test_what_people_accepted_does_not_settle_a_proof_of_somebody_else() -> None:
    settled = frozenset({"full_name", "date_of_birth", "address"})
    past = Past(settled=settled, proof=Standing(ProofLevel.HIGH, ("full_name",), given=True))
    found = decide(person(), NOW, asking("high"), past)
    assert [one.code for one in found.reasons] == [Code.PROOF_CONTRADICTS]
    seen = replace(past, settled=settled | {"evidence"})
    assert decide(person(), NOW, asking("high"), seen).reasons == ()


def bad(pipeline: Proving) -> Iterator[tuple[str, Evidence]]:
    token = signed(claims())
    seal, method = pipeline.evidence, ProofMethod.OIDC
    yield "forged token", evidence(seal, answer(signed(claims(), "attacker")))
    yield "forged statement", evidence(seal, answer(token, "attacker"))
    yield "statement of another answer", evidence(seal, replace(answer("x"), body=token))
    yield "replayed under another nonce", evidence(seal, answer(token, nonce="another"))
    yield "another provider", evidence(seal, answer(token, provider="nobody"))
    yield "another method", evidence(seal, answer(token, method=ProofMethod.WALLET))
    yield (
        "another method said",
        Evidence(method=ProofMethod.WALLET, sealed=evidence(seal, answer(token)).sealed),
    )
    yield "not ours", Evidence(method=method, sealed=encode(b"x" * 100))
    yield "not sealed", Evidence(method=method, sealed=encode(answer(token).to_bytes()))
    yield "sealed by anybody", Evidence(method=method, sealed=encode(seal.seal(b"{}")))
    yield "not base64url", Evidence(method=method, sealed="A")


def test_evidence_that_does_not_verify_is_as_good_as_none(pipeline: Proving) -> None:
    for what, given in bad(pipeline):
        receipt = pipeline.registered(evidence=given)
        found = outcome(pipeline, receipt)
        assert found == (Decision.REJECTED, ["proof_refused /evidence"]), what
        assert pipeline.status(receipt).proof is None
    # Nothing came back to the queue, or the pipeline would not have been drained.


def test_evidence_counts_for_a_day(pipeline: Proving) -> None:
    given = person(evidence=pipeline.proof())
    answered = ANSWERED.replace(microsecond=0)
    proofs = pipeline.validation.proofs
    for age, counts in (
        (timedelta(minutes=-6), False),
        (timedelta(minutes=-4), True),
        (EVIDENCE_LIFETIME, True),
        (EVIDENCE_LIFETIME + timedelta(seconds=1), False),
    ):
        examined = examine(proofs, given, answered + age)
        assert (examined.proven is not None, examined.refused) == (counts, not counts)


def test_a_provider_that_is_no_longer_trusted_proves_nothing(pipeline: Proving) -> None:
    proof = pipeline.proof()
    pipeline.trust.replace(trust().model_copy(update={"oidc": {}}))
    receipt = pipeline.registered(evidence=proof)
    assert outcome(pipeline, receipt) == (Decision.REJECTED, ["proof_refused /evidence"])


def test_a_statement_key_that_was_taken_away_states_nothing(pipeline: Proving) -> None:
    proof = pipeline.proof()
    another = {"statement_keys": (public("another"),)}
    pipeline.trust.replace(trust().model_copy(update=another))
    receipt = pipeline.registered(evidence=proof)
    assert outcome(pipeline, receipt) == (Decision.REJECTED, ["proof_refused /evidence"])


def test_a_request_that_is_delivered_again_is_decided_the_same(pipeline: Proving) -> None:
    receipt = pipeline.registered(evidence=pipeline.proof())
    before = pipeline.status(receipt)
    pipeline.trust.replace(trust().model_copy(update={"oidc": {}}))
    for request in pipeline.bus.of(ValidationRequest):
        assert pipeline.deliver(Consumer.VALIDATOR, request)
    assert pipeline.status(receipt) == before
