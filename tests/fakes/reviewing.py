"""What staff do in the pipeline, and people who wait for them."""

from dataclasses import replace
from datetime import timedelta

from civic.contracts.events import Decision, ValidationRequest
from civic.contracts.identifiers import RegistrationId, Revision
from civic.identity.model.keys import RecordId, digest_of
from civic.identity.model.receipt import Receipt
from civic.identity.model.renewal import comparison_code
from civic.identity.model.requests import RequestKind
from civic.identity.model.review import Judgement, OfficeReason
from civic.identity.model.rows import DecisionRow
from civic.identity.usecases.comparing import compare, everybody
from civic.identity.usecases.renewing import agree_to_renewal, ask_for_renewal
from civic.identity.usecases.review import OpenedCase, decide_case, list_cases, show_case
from civic.identity.usecases.rights import request_review, restrict
from tests.fakes.pipeline import TRACE, Pipeline
from tests.fakes.views import decision_of
from tests.strategies.registrations import person

ACCEPTED, REJECTED = Decision.ACCEPTED, Decision.REJECTED
JANE, JOHN = "arn:aws:iam::123456789012:user/jane", "arn:aws:iam::123456789012:user/john"
DOUBTFUL = person(national_id="not one")
NEW_TOKEN = "new-access-token"
HOPELESS = person(citizenship_attestation=False)


def in_doubt(pipeline: Pipeline) -> Receipt:
    """Register somebody whose case the rules refer to people."""
    receipt = pipeline.register(DOUBTFUL)
    pipeline.drain()
    return receipt


def contested(pipeline: Pipeline) -> Receipt:
    """Register somebody whom the rules reject, and who contests that."""
    receipt = pipeline.register(HOPELESS)
    pipeline.drain()
    request_review(pipeline.rights, receipt.id, receipt.access_token)
    return receipt


def decide(
    pipeline: Pipeline,
    receipt: Receipt,
    decision: Decision = ACCEPTED,
    by: str = JANE,
    revision: int = 1,
    areas: tuple[str, ...] = (),
    beside: frozenset[RegistrationId] | None = None,
    reason: OfficeReason | None = None,
) -> DecisionRow | None:
    record = RecordId(receipt.id, Revision(revision))
    compared = like(pipeline, receipt) if beside is None else beside
    judgement = Judgement(decision, areas, reason, beside=compared)
    return decide_case(pipeline.review, record, judgement, by, TRACE)


def like(pipeline: Pipeline, receipt: Receipt) -> frozenset[RegistrationId]:
    """Return whom staff see beside somebody."""
    row = pipeline.decisions.get(receipt.id)
    if not isinstance(row, DecisionRow) or row.likeness is None:
        return frozenset()
    stores = pipeline.decisions, pipeline.likenesses
    compared = compare(*stores, row.likeness, receipt.id, row)
    return frozenset(everybody(pipeline.decisions, row, compared))


def take_off(pipeline: Pipeline, receipt: Receipt) -> None:
    """Reject a correction of somebody who is on the roll, which takes two people."""
    for by in (JANE, JOHN):
        assert decision_of(pipeline, receipt.id).acceptance is not None
        decide(pipeline, receipt, REJECTED, by, revision=2)


def show(pipeline: Pipeline, receipt: Receipt) -> OpenedCase:
    return show_case(pipeline.review, receipt.id, JANE)


def listed(pipeline: Pipeline) -> set[RegistrationId]:
    return {case.record.id for case in list_cases(pipeline.review)}


def two_people(pipeline: Pipeline) -> Pipeline:
    pipeline.review = replace(pipeline.review, people_needed=2)
    return pipeline


def correct(pipeline: Pipeline, receipt: Receipt, **changes: object) -> ValidationRequest:
    pipeline.rectify(receipt, person(**changes))
    return pipeline.bus.of(ValidationRequest)[-1]


def standing(pipeline: Pipeline, receipt: Receipt) -> tuple[Decision, int] | None:
    verdict = decision_of(pipeline, receipt.id).verdict
    return (verdict.decision, verdict.round) if verdict else None


def counted(pipeline: Pipeline) -> list[Decision]:
    return [one.decision for one in pipeline.joins.complete()]


def open_requests(pipeline: Pipeline, receipt: Receipt) -> set[RequestKind]:
    requests = pipeline.requests.history(receipt.id).requests
    return {request.kind for request in requests if request.is_open}


def restricted(pipeline: Pipeline, receipt: Receipt) -> Receipt:
    restrict(pipeline.rights, receipt.id, receipt.access_token, TRACE)
    return receipt


def renew(pipeline: Pipeline, receipt: Receipt, token: str = NEW_TOKEN) -> Receipt:
    """Give out a new access token; return the new receipt."""
    digest = digest_of(token)
    ask_for_renewal(pipeline.front_desk, receipt.id, digest, JANE)
    pipeline.now += timedelta(seconds=1)
    agree_to_renewal(pipeline.agreeing, receipt.id, comparison_code(digest), JOHN)
    pipeline.now += timedelta(seconds=1)
    return Receipt(receipt.id, token)
